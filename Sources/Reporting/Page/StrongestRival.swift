import Results

/// The strongest of what a method is compared with: of the rivals that share most seeds with it, the one
/// with the best mean over them.
///
/// A rival that was run with one seed says little beside one that was run with all of them, however good
/// that seed was; it is named and not compared.
struct StrongestRival {
  /// Its runs.
  let runs: [RunRecord]
  /// The method's values less its own.
  let difference: PairedDifference
  /// The names of the rivals that share fewer seeds with the method, in alphabetical order.
  let fewerSeeds: [String]
  /// The runs of the rivals that completed in none of their settings, in one of these.
  let broken: [[RunRecord]]

  /// The strongest of some rivals, each in one setting; nil where none shares a seed with the method's runs.
  ///
  /// Seconds are compared on one processor alone, the one that most pairs were timed on.
  init?(of rivals: [[RunRecord]], against question: Question, _ ours: [RunRecord]) {
    let pairs = rivals.compactMap { runs -> (runs: [RunRecord], difference: PairedDifference)? in
      let processors: [String?] =
        question.isCost ? Set(ours.map(\.environment.cpu)).sorted() : [nil]
      let differences = processors.compactMap { processor in
        PairedDifference(
          question.metric,
          of: ours.filter { processor == nil || $0.environment.cpu == processor },
          less: runs.filter { processor == nil || $0.environment.cpu == processor })
      }
      return differences.max { $0.statistics.count < $1.statistics.count }.map { (runs, $0) }
    }
    let most = pairs.map(\.difference.statistics.count).max() ?? 0
    let widest = pairs.filter { $0.difference.statistics.count == most }
    let numbers = widest.filter { !$0.difference.second.isNaN }
    // What is no number is the strongest only where nothing else is there.
    let best =
      numbers.max { left, right in
        left.difference.second * question.orientation(left.runs)
          < right.difference.second * question.orientation(right.runs)
      } ?? widest.first
    guard let best else { return nil }
    runs = best.runs
    difference = best.difference
    let compared = Set(widest.compactMap { $0.runs.first?.method.name })
    let names = rivals.filter { runs in runs.contains { $0.status.kind == .completed } }
      .compactMap { $0.first?.method.name }
    fewerSeeds = Set(names).subtracting(compared).sorted()
    let others = rivals.filter { !names.contains($0[0].method.name) }
    broken = Dictionary(grouping: others) { $0[0].method.name }.sorted { $0.key < $1.key }
      .map { $0.value[0] }
  }
}
