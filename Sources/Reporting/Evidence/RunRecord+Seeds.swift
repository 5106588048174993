import Results

extension [RunRecord] {
  /// "seed 2" or "seeds 0, 1", in their order; "" without runs.
  var seedWords: String {
    let seeds = Set(map(\.seed)).sorted().map(String.init)
    guard !seeds.isEmpty else { return "" }
    return "seed\(seeds.count == 1 ? "" : "s") \(seeds.joined(separator: ", "))"
  }

  /// The runs that broke down.
  var broken: [RunRecord] { filter { $0.status.kind.isBreakdown } }
}
