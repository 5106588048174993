/// The order in which methods stand in tables and figures: those asked for, then the usual one, then all
/// others.
struct MethodOrder {
  private let ranks: [String: Int]
  private let end: Int

  /// The order that begins with some methods.
  init(first: [String] = [], thenUsual: Bool = true) {
    let names = first + (thenUsual ? Self.usual : [])
    ranks = Dictionary(zip(names, names.indices), uniquingKeysWith: min)
    end = names.count
  }

  /// Where a method stands; all that are not in the order stand together at its end.
  func rank(of method: String) -> Int { ranks[method] ?? end }

  /// Baselines, then the order of the paper.
  private static let usual = [
    "no-cleaning", "oracle", "maml", "meta-sgd", "reptile", "rhg", "t-rhg", "fhg", "cg", "neumann",
    "one-stage", "bda",
  ]
}
