import Results

/// What a figure says about where it comes from.
enum FigureSource {
  /// The records in one line: how many, of which experiment, protocol, budget, methods and seeds.
  static func words(of records: [RunRecord]) -> String {
    guard let first = records.first else { return "Records: none." }
    var methods: [String] = []
    for name in records.map(\.method.name) where !methods.contains(name) { methods.append(name) }
    let seeds = Set(records.map(\.seed)).sorted().map(String.init).joined(separator: ", ")
    let data =
      first.datasetNames.isEmpty ? "" : ", data \(first.datasetNames.joined(separator: "+"))"
    let synthetic = first.isSynthetic ? " (synthetic)" : ""
    return
      "Records: \(records.count) of \(first.experiment), protocol \(first.protocolName), budget "
      + "\(first.budget)\(data)\(synthetic); methods \(methods.joined(separator: ", ")); seeds "
      + "\(seeds)."
  }
}
