import Results

/// Methods side by side on one problem: final values with intervals over seeds, differences to one
/// of them paired by seed, and what they cost.
struct MethodSummary {
  let evidence: Evidence
  /// The runs of one protocol, budget and data set.
  let records: [RunRecord]
  /// The metrics shown, those that no run has left out.
  let metrics: [String]
  /// The method that the others are compared with.
  let standard: String
  /// Methods that a reader looks for; without runs they have a row that says so.
  let expected: [String]

  /// One row: a method in one setting.
  private struct Row {
    let method: String
    let displayName: String
    let settings: String
    let runs: [RunRecord]
  }

  func table(titled title: String) -> Table {
    let shown = metrics.filter { name in records.contains { $0.final[name] != nil } }
    let rows = self.rows
    let hasSettings = rows.contains { !$0.settings.isEmpty }
    let hasCosts = records.contains { $0.timing.totalSeconds.isFinite }
    var columns = [Table.Column("method")]
    if hasSettings { columns.append(Table.Column("setting")) }
    columns.append(Table.Column("seeds"))
    for name in shown {
      let (words, unit, _, _) = display(of: name)
      columns.append(Table.Column(words, unit: unit, kind: .number))
      if isJudging(name) {
        columns.append(
          Table.Column(
            "less \(MethodStyle.displayName(standard)), paired", unit: unit, kind: .number))
      }
    }
    if hasCosts {
      columns += [
        Table.Column("median outer step", unit: "seconds", kind: .number),
        Table.Column("whole run", unit: "seconds", kind: .number),
        Table.Column("peak memory", unit: "MB", kind: .number),
      ]
    }
    columns.append(Table.Column("from"))
    let cells = rows.map { row -> [Table.Cell] in
      var cells = [Table.Cell.text(row.displayName)]
      if hasSettings { cells.append(.text(row.settings)) }
      guard !row.runs.isEmpty else {
        return cells
          + Array(repeating: .missing("not run"), count: columns.count - cells.count)
      }
      cells.append(.text(Self.list(row.runs.map(\.seed))))
      for name in shown {
        cells.append(level(name, row.runs))
        if isJudging(name) { cells.append(difference(name, row, rows)) }
      }
      if hasCosts {
        cells += [
          cost("secondsPerOuterStep", row.runs, 1), cost("totalSeconds", row.runs, 1),
          cost("peakResidentBytes", row.runs, 1e-6),
        ]
      }
      let origins = Set(row.runs.map { evidence.origin(of: $0).words }).sorted()
      cells.append(.text(origins.joined(separator: ", ")))
      return cells
    }
    return Table(title: title, columns: columns, rows: cells, notes: notes)
  }

  // MARK: - Rows

  private var rows: [Row] {
    let order = MethodOrder(first: expected)
    let words = SettingWords(records)
    let groups = Dictionary(grouping: records) { [$0.method.name, $0.identity.variant] }
    let present = groups.values.compactMap { runs -> Row? in
      guard let first = runs.first else { return nil }
      return Row(
        method: first.method.name, displayName: first.method.displayName,
        settings: words.own(of: first).joined(separator: ", "),
        runs: runs.sorted { $0.seed < $1.seed })
    }
    let names = Set(present.map(\.method))
    let absent = expected.filter { !names.contains($0) }.map {
      Row(method: $0, displayName: MethodStyle.displayName($0), settings: "", runs: [])
    }
    return (present + absent).sorted { left, right in
      let ranks = [left, right].map { order.rank(of: $0.method) }
      if ranks[0] != ranks[1] { return ranks[0] < ranks[1] }
      if left.method != right.method { return left.method < right.method }
      return left.settings.compare(right.settings, options: [.numeric, .forcedOrdering])
        == .orderedAscending
    }
  }

  /// What all rows share, which the title says.
  var sharedSettings: [String] {
    SettingWords(records).shared
  }

  private var notes: [String] {
    var notes = [
      "Mean and Student's 95 % interval over the seeds; differences are paired by seed."
    ]
    if records.contains(where: \.isSynthetic) {
      notes.append(
        "Synthetic data stands in for real data: nothing here is comparable with an article.")
    }
    for record in records where record.status.kind != .completed {
      let reason = record.status.reason.map { ": \($0)" } ?? ""
      notes.append(
        "\(record.method.displayName), seed \(record.seed): \(record.status.kind.rawValue)\(reason)"
      )
    }
    return notes
  }

  // MARK: - Cells

  /// Whether a metric has a better direction, so that differences mean something.
  private func isJudging(_ metric: String) -> Bool {
    records.lazy.compactMap { $0.metric(named: metric)?.betterWhen }.first != .neither
  }

  /// In how many settings two rows differ.
  private static func changes(_ left: Row, _ right: Row) -> Int {
    guard let one = left.runs.first?.variant, let other = right.runs.first?.variant else {
      return 99
    }
    return Set(one.keys).union(other.keys).filter { one[$0] != other[$0] }.count
  }

  private func display(of metric: String) -> (String, String?, Double, Int) {
    let unit = records.lazy.compactMap { $0.unit(ofMeasure: metric) }.first ?? ""
    let words = SettingTable.words(metric)
    return unit == "fraction"
      ? (words, "percent", 100, 2) : (words, unit.isEmpty || unit == "1" ? nil : unit, 1, 4)
  }

  private func level(_ metric: String, _ runs: [RunRecord]) -> Table.Cell {
    let values = runs.filter { $0.status.kind == .completed }.compactMap { $0.final[metric] }
    guard !values.isEmpty else {
      let kinds = Set(runs.map(\.status.kind)).subtracting([.completed]).map(\.rawValue).sorted()
      return .missing(kinds.isEmpty ? "not recorded" : kinds.joined(separator: ", "))
    }
    let (_, _, scale, decimals) = display(of: metric)
    let statistics = Statistics(values.map { $0 * scale })
    return .text(Self.words(statistics, decimals, isSigned: false))
  }

  private func difference(_ metric: String, _ row: Row, _ rows: [Row]) -> Table.Cell {
    guard row.method != standard else { return .missing("itself") }
    let candidates = rows.filter { $0.method == standard && !$0.runs.isEmpty }
    // The standard from the same start, with the same number of steps; of two that are as near the one
    // with more seeds, or a single run that broke down would be what all others are held against.
    let same = candidates.min { left, right in
      let changes = [left, right].map { Self.changes($0, row) }
      return changes[0] != changes[1]
        ? changes[0] < changes[1] : left.runs.count > right.runs.count
    }
    guard let same, let found = PairedDifference(metric, of: row.runs, less: same.runs) else {
      return .missing("not paired")
    }
    let (_, _, scale, decimals) = display(of: metric)
    let statistics = Statistics(found.statistics.values.map { $0 * scale })
    return .text(Self.words(statistics, decimals, isSigned: true))
  }

  private func cost(_ measure: String, _ runs: [RunRecord], _ scale: Double) -> Table.Cell {
    // As of the values beside them: what broke down has the cost of the steps before it did.
    let values = runs.filter { $0.status.kind == .completed }
      .compactMap { $0.measure(named: measure) }
    guard !values.isEmpty else { return .missing("not kept") }
    let mean = Statistics(values).mean * scale
    return .text(Table.fixed(mean, mean < 1 ? 4 : mean < 100 ? 2 : 0))
  }

  static func words(_ statistics: Statistics, _ decimals: Int, isSigned: Bool) -> String {
    func text(_ value: Double) -> String {
      let text = Table.fixed(value, decimals)
      return isSigned && !text.hasPrefix("-") && text != "nan" ? "+" + text : text
    }
    guard let interval = statistics.studentInterval(), statistics.count > 1 else {
      return text(statistics.mean)
    }
    return "\(text(statistics.mean)) [\(text(interval.lowerBound)), \(text(interval.upperBound))]"
  }

  private static func list(_ seeds: [UInt64]) -> String {
    let seeds = Set(seeds).sorted()
    guard let first = seeds.first, let last = seeds.last, seeds.count > 3,
      last - first == UInt64(seeds.count - 1)
    else { return seeds.map(String.init).joined(separator: ", ") }
    return "\(first) to \(last)"
  }
}
