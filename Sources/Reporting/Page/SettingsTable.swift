import Results

/// The parts and parameters of methods, with where each part comes from.
struct SettingsTable {
  let records: [RunRecord]

  /// One row a method and setting; runs of which only a reference is stored have none.
  func table(titled title: String) -> Table {
    var seen: Set<[String]> = []
    var rows: [[Table.Cell]] = []
    let order = MethodOrder()
    let sorted = records.sorted { left, right in
      let ranks = [left, right].map { order.rank(of: $0.method.name) }
      return ranks[0] != ranks[1] ? ranks[0] < ranks[1] : left.identity < right.identity
    }
    for record in sorted {
      let method = record.method
      let parts = [method.dynamics, method.hypergradient, method.outerOptimizer]
      guard parts.contains(where: { $0 != .none }) else { continue }
      let words = [method.displayName] + parts.map(Self.words)
      if seen.insert(words).inserted { rows.append(words.map { .text($0) }) }
    }
    return Table(
      title: title,
      columns: ["method", "inner dynamics", "hypergradient", "outer optimiser"].map {
        Table.Column($0)
      }, rows: rows)
  }

  private static func words(_ part: RunRecord.Component) -> String {
    guard part != .none else { return "none" }
    let parameters = part.parameters.sorted { $0.key < $1.key }
      .map { "\($0) \($1.stringValue ?? $1.canonicalText)" }
    let settings = parameters.isEmpty ? "" : " (\(parameters.joined(separator: ", ")))"
    return "\(part.name)\(settings); from: \(part.provenance)"
  }
}
