import Files
import Foundation
import Results

/// Two sets of runs held against each other: what moved, by how much, and whether that is beyond its
/// tolerance.
package struct RecordComparison: Sendable {
  /// One final value that is not the same in both.
  package struct Move: Sendable {
    /// Which run.
    package let identity: RunIdentity
    /// The metric's name.
    package let metric: String
    /// Its value before and after.
    package let values: (before: Double, after: Double)
    /// How far it may move; nil where no tolerance is known, and then it may not move at all.
    package let allowance: Double?
    /// Whether it moved beyond that, and then whether it did for the better.
    package let outcome: ReferenceComparison.Outcome
  }

  /// One run that is not there, or not in the same way, on both sides.
  package struct Difference: Sendable {
    /// Which run.
    package let identity: RunIdentity
    /// What is different, in words.
    package let words: String
    /// `deviates` where it no longer completes, `improved` where it now does, `missing` where a value
    /// is on one side only, and where the run is not finished after.
    package let outcome: ReferenceComparison.Outcome
    /// Whether the method itself breaks down after, and did not in this way before.
    package var isBreakdown = false
  }

  /// What the two sets are called.
  package let names: (before: String, after: String)
  /// What moved, by run and metric.
  package let moves: [Move]
  /// How many final values are the same in both.
  package let equalCount: Int
  /// How many runs broke down in the same way in both, whatever their last numbers are.
  package let equalBreakdownCount: Int
  /// Runs that only the first has.
  package let onlyBefore: [RunIdentity]
  /// Runs that only the second has.
  package let onlyAfter: [RunIdentity]
  /// Runs that ended in different ways, or lack a value on one side.
  package let differences: [Difference]

  /// Compares two sets of runs; `tolerances` are by budget.
  package init(
    _ before: [RunRecord], _ after: [RunRecord], names: (String, String),
    tolerances: [String: ToleranceFile]
  ) {
    self.names = (names.0, names.1)
    func byIdentity(_ records: [RunRecord]) -> [RunIdentity: RunRecord] {
      Dictionary(records.map { ($0.identity, $0) }, uniquingKeysWith: { _, last in last })
    }
    let (first, second) = (byIdentity(before), byIdentity(after))
    onlyBefore = first.keys.filter { second[$0] == nil }.sorted()
    onlyAfter = second.keys.filter { first[$0] == nil }.sorted()
    var moves: [Move] = []
    var equal = 0
    var equalBreakdowns = 0
    var differences: [Difference] = []
    for identity in onlyAfter {
      guard let kind = second[identity]?.status.kind, kind.isBreakdown else { continue }
      differences.append(
        Difference(
          identity: identity,
          words: "ended as \(kind.rawValue) after, and nothing before says that it may",
          outcome: .missing, isBreakdown: true))
    }
    for identity in first.keys.filter({ second[$0] != nil }).sorted() {
      guard let old = first[identity], let new = second[identity] else { continue }
      if let difference = Self.ends(old, new) {
        differences.append(difference)
        continue
      }
      // Where a method breaks down its last numbers say nothing of it.
      guard !new.status.kind.isBreakdown else {
        equalBreakdowns += 1
        continue
      }
      let file = tolerances[identity.budget]
      for name in Set(old.final.keys).union(new.final.keys).sorted() {
        guard let one = old.final[name], let other = new.final[name] else {
          let side = old.final[name] == nil ? "before" : "after"
          differences.append(
            Difference(
              identity: identity, words: "\(name) is not there \(side)", outcome: .missing))
          continue
        }
        let units = (old.metric(named: name)?.unit, new.metric(named: name)?.unit)
        if let before = units.0, let after = units.1, before != after {
          differences.append(
            Difference(
              identity: identity,
              words: "\(name) is in the unit \(before) before and in \(after) after",
              outcome: .deviates))
          continue
        }
        if one == other || (one.isNaN && other.isNaN) {
          equal += 1
          continue
        }
        let entry = file?.entry(
          experiment: identity.experiment, metric: name, method: identity.method)
        let isWithin =
          entry.map { $0.ignored == true || $0.tolerance.accepts(other, expected: one) } ?? false
        let better = (new.metric(named: name) ?? old.metric(named: name))?.betterWhen
        let isBetter = better == .higher ? other > one : better == .lower ? other < one : false
        moves.append(
          Move(
            identity: identity, metric: name, values: (one, other),
            allowance: entry.map {
              $0.ignored == true ? .infinity : $0.tolerance.allowance(at: one)
            },
            outcome: isWithin ? .within : isBetter ? .improved : .deviates))
      }
    }
    self.moves = moves
    equalCount = equal
    equalBreakdownCount = equalBreakdowns
    self.differences = differences
  }

  /// How two ends of a run differ, judged as a check does; nil where both ended in the same way and
  /// were not interrupted, which is no result.
  private static func ends(_ old: RunRecord, _ new: RunRecord) -> Difference? {
    let kinds = (old.status.kind, new.status.kind)
    guard kinds.0 != kinds.1 else {
      return kinds.1 != .interrupted
        ? nil
        : Difference(
          identity: new.identity, words: "is not finished on either side; run it again",
          outcome: .missing)
    }
    let words = "ended as \(kinds.0.rawValue) before and as \(kinds.1.rawValue) after"
    return switch kinds.1 {
    case .completed: Difference(identity: new.identity, words: words, outcome: .improved)
    case .interrupted:
      Difference(identity: new.identity, words: words + "; run it again", outcome: .missing)
    case .diverged, .nonFinite:
      Difference(identity: new.identity, words: words, outcome: .deviates, isBreakdown: true)
    }
  }

  /// As of a check: 3 where a run breaks down after and did not in this way before, 2 where a value
  /// moved beyond its tolerance and not for the better, 5 where a run or a value is on one side only or
  /// a run is not finished, 4 where everything beyond tolerance is better, 0 else.
  package var exitCode: Int32 {
    let outcomes = moves.map(\.outcome) + differences.map(\.outcome)
    if differences.contains(where: \.isBreakdown) { return 3 }
    if outcomes.contains(.deviates) { return 2 }
    let isEmpty = outcomes.isEmpty && equalCount == 0 && equalBreakdownCount == 0
    if isEmpty || !onlyBefore.isEmpty || !onlyAfter.isEmpty || outcomes.contains(.missing) {
      return 5
    }
    return outcomes.contains(.improved) ? 4 : 0
  }

  /// The comparison for readers: what moved beyond tolerance, what is on one side only, counts, and
  /// what the exit code means; moves within tolerance in a verbose text alone. What comes from records
  /// steers no terminal and begins no line.
  package func text(isVerbose: Bool = false) -> String {
    var lines: [String] = []
    for move in moves where isVerbose || move.outcome != .within {
      lines.append("\(move.identity): \(Self.words(move))")
    }
    lines += differences.map { "\($0.identity): \($0.words)" }
    lines += Self.listed(onlyBefore, "only in \(names.before)", isVerbose)
    lines += Self.listed(onlyAfter, "only in \(names.after)", isVerbose)
    if !lines.isEmpty { lines.append("") }
    let within = moves.filter { $0.outcome == .within }.count
    let better = moves.filter { $0.outcome == .improved }.count
    let worse = moves.count - within - better
    let broken =
      equalBreakdownCount == 0
      ? "" : "\(equalBreakdownCount) runs broke down in the same way on both sides; "
    lines.append(
      "From \(names.before) to \(names.after): \(equalCount) final values are the same, \(within) "
        + "moved within their tolerances, \(worse) beyond, \(better) beyond and better; \(broken)"
        + "\(onlyBefore.count) runs are gone, \(onlyAfter.count) are new.")
    lines.append("Exit code \(exitCode): \(CheckReport.meaning(ofExitCode: exitCode)).")
    return lines.map(PrintableText.line).joined(separator: "\n") + "\n"
  }

  private static func listed(_ runs: [RunIdentity], _ words: String, _ isVerbose: Bool) -> [String]
  {
    let shown = isVerbose ? runs.count : min(runs.count, 10)
    let rest = runs.count - shown
    return runs.prefix(shown).map { "\($0): \(words)" }
      + (rest > 0 ? ["(and \(rest) more runs \(words))"] : [])
  }

  private static func words(_ move: Move) -> String {
    let change = move.values.after - move.values.before
    let sign = change > 0 ? "+" : ""
    let allowed =
      move.allowance.map { $0.isFinite ? "allowed ± \(short($0))" : "not compared" }
      ?? "no tolerance is stored for it"
    let outcome =
      switch move.outcome {
      case .within: "within"
      case .improved: "beyond, and better"
      default: "beyond"
      }
    return "\(move.metric) \(short(move.values.before)) -> \(short(move.values.after)) "
      + "(\(sign)\(short(change)), \(allowed)): \(outcome)"
  }

  private static func short(_ value: Double) -> String {
    value.isNaN ? "nan" : String(format: "%.6g", value)
  }
}
