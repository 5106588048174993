import Foundation
import Results

/// The tables of one experiment, protocol, budget and data set.
struct SettingTable {
  let setting: ResultsTable.Setting
  let records: [RunRecord]
  let published: [PublishedValue]
  let options: ResultsTable.Options

  /// The runs of one row or cell: one method at one variant, over seeds.
  struct Group {
    let method: String
    let displayName: String
    let variant: String
    let settings: [String]
    let innerSteps: Int?
    let runs: [RunRecord]
  }

  /// The measures shown: those asked for, or the headline metrics and the costs, or all of them, in
  /// the order of first appearance. What no record has is left out unless asked for.
  var metricNames: [String] {
    if !options.metrics.isEmpty { return options.metrics }
    let described = records.flatMap(\.metrics)
    let onlyHeadlines = !options.showsAllMetrics && described.contains { $0.headline == true }
    var names: [String] = []
    for metric in described where !onlyHeadlines || metric.headline == true {
      if !names.contains(metric.name) { names.append(metric.name) }
    }
    return (names + RunRecord.costs.map(\.name)).filter { name in
      records.contains { $0.measure(named: name) != nil }
    }
  }

  private var groups: [Group] {
    let order = MethodOrder(first: options.methods, thenUsual: options.methods.isEmpty)
    let byKey = Dictionary(grouping: records) { [$0.method.name, $0.identity.variant] }
    let words = SettingWords(records)
    let groups = byKey.values.compactMap { runs -> Group? in
      guard let first = runs.first else { return nil }
      return Group(
        method: first.method.name, displayName: first.method.displayName,
        variant: first.identity.variant, settings: words.words(of: first),
        innerSteps: first.innerSteps, runs: runs)
    }
    return groups.sorted { left, right in
      let ranks = [left, right].map { order.rank(of: $0.method) }
      if ranks[0] != ranks[1] { return ranks[0] < ranks[1] }
      if left.method != right.method { return left.method < right.method }
      let steps = [left, right].map { $0.innerSteps ?? 0 }
      return steps[0] != steps[1] ? steps[0] < steps[1] : left.variant < right.variant
    }
  }

  // MARK: - Layouts

  /// Rows: methods and variants. Columns: each metric, and its published numbers where there are.
  func metricsTable() -> Table {
    let groups = groups
    let shared = shared(groups.map(\.settings))
    let showsVariant = groups.contains { $0.settings != shared }
    var columns = [Table.Column("method")]
    if showsVariant { columns.append(Table.Column("variant")) }
    var rows = groups.map { group in
      [Table.Cell.text(group.displayName)]
        + (showsVariant ? [.text(words(group.settings, without: shared))] : [])
    }
    var used: [PublishedValue] = []
    for name in metricNames {
      let display = display(of: name)
      columns.append(
        Table.Column(display.name, unit: display.unit, kind: .measured(options.spread)))
      for (index, group) in groups.enumerated() {
        rows[index].append(measuredCell(name, display, group))
      }
      let values = groups.map { group in publishedValue(name, display, group) }
      guard values.contains(where: { $0 != nil }) else { continue }
      columns.append(Table.Column(display.name, unit: display.unit, kind: .published))
      for (index, value) in values.enumerated() { rows[index].append(cell(value, display)) }
      used += values.compactMap { $0 }
    }
    return Table(
      title: ([setting.title(heading: options.heading)] + shared).joined(separator: ", "),
      columns: columns, rows: rows,
      notes: notes(groups, used))
  }

  /// The settings that all rows share, which are said once, in the title.
  private func shared(_ rows: [[String]]) -> [String] {
    rows.dropFirst().reduce(rows.first ?? []) { shared, row in shared.filter(row.contains) }
  }

  /// What sets a row apart from the others of its method.
  private func words(_ settings: [String], without shared: [String]) -> String {
    let own = settings.filter { !shared.contains($0) }
    return own.isEmpty ? "preset" : own.joined(separator: ", ")
  }

  /// Rows: methods. Columns: each K, and its published numbers where there are.
  func innerStepsTable(metric name: String) -> Table {
    let groups = groups
    let display = display(of: name)
    let steps = Set(groups.compactMap(\.innerSteps)).sorted()
    var methods: [Group] = []
    for group in groups where !methods.contains(where: { $0.method == group.method }) {
      methods.append(group)
    }
    var columns = [Table.Column("method")]
    var rows = methods.map { [Table.Cell.text($0.displayName)] }
    var used: [PublishedValue] = []
    var hidden = 0
    var shown: [(name: String, settings: [String])] = []
    for count in steps {
      columns.append(
        Table.Column("K = \(count)", unit: display.unit, kind: .measured(options.spread)))
      // Of several variants at one K the one that departs in nothing else stands in the cell; where there
      // is none, the cell says so.
      let cells = methods.map { method -> (Table.Cell, PublishedValue?) in
        let here = groups.filter { $0.method == method.method && $0.innerSteps == count }
        let fewest = here.map(\.settings.count).min()
        let plain = here.filter { $0.settings.count == fewest }
        guard let group = plain.first else {
          return (.missing(method.innerSteps == nil ? "takes no K" : "not run"), nil)
        }
        if plain.count > 1 { return (.missing("\(here.count) variants"), nil) }
        hidden += here.count - 1
        let settings = group.settings.filter { $0 != "K\(count)" }
        shown.append(("\(group.displayName) at K = \(count)", settings))
        return (measuredCell(name, display, group), publishedValue(name, display, group))
      }
      for (index, cell) in cells.enumerated() { rows[index].append(cell.0) }
      guard cells.contains(where: { $0.1 != nil }) else { continue }
      columns.append(Table.Column("K = \(count)", unit: display.unit, kind: .published))
      for (index, value) in cells.enumerated() { rows[index].append(cell(value.1, display)) }
      used += cells.compactMap(\.1)
    }
    let shared = shared(shown.map(\.settings))
    var others = shown.filter { $0.settings != shared }.map { name, settings in
      "\(name) is the variant \(words(settings, without: shared))."
    }
    if hidden > 0 {
      others.append(
        "\(hidden) further variants at these K are not shown; the table without columns of inner steps "
          + "has them.")
    }
    return Table(
      title: (["\(display.name): \(setting.title)"] + shared).joined(separator: ", "),
      columns: columns, rows: rows, notes: notes(groups, used) + others)
  }

  // MARK: - Cells

  /// The name, the unit and the decimals a measure is shown with.
  struct Display {
    let name: String
    let unit: String
    let decimals: Int
    let recorded: String
  }

  private func display(of metric: String) -> Display {
    let recorded = records.lazy.compactMap { $0.unit(ofMeasure: metric) }.first ?? ""
    let (unit, decimals) =
      switch recorded {
      case "fraction", "percent": ("percent", 2)
      case "bytes": ("MB", 0)
      case "seconds": ("seconds", 4)
      default: (recorded, 4)
      }
    let name =
      switch metric {
      // The record keeps the median over the outer steps; the table's mean is over seeds.
      case "secondsPerOuterStep": "median outer step"
      case "peakResidentBytes": "peak memory"
      default: Self.words(metric)
      }
    return Display(name: name, unit: unit, decimals: decimals, recorded: recorded)
  }

  private func measuredCell(_ metric: String, _ display: Display, _ group: Group) -> Table.Cell {
    let completed = group.runs.filter { $0.status.kind == .completed }
    guard !completed.isEmpty else {
      let kinds = Set(group.runs.map(\.status.kind.rawValue)).sorted()
      return .missing(kinds.joined(separator: ", "))
    }
    let values = completed.compactMap { run -> Double? in
      let unit = run.unit(ofMeasure: metric) ?? display.recorded
      return run.measure(named: metric).flatMap {
        Units.convert($0, from: unit, to: display.unit)
      }
    }
    guard !values.isEmpty else { return .missing("not recorded") }
    let statistics = Statistics(values)
    let spread: Table.Spread? =
      switch options.spread {
      case .std: statistics.standardDeviation.map { .plusMinus($0) }
      case .sem: statistics.standardError.map { .plusMinus($0) }
      case .bootstrap:
        statistics.bootstrapInterval().map { .interval($0.lowerBound, $0.upperBound) }
      case .student:
        statistics.studentInterval().map { .interval($0.lowerBound, $0.upperBound) }
      }
    return .measured(
      Table.Measured(
        mean: statistics.mean, spread: spread, count: statistics.count,
        decimals: display.decimals))
  }

  /// The published value for a cell; the first listed wins where several sources give one.
  private func publishedValue(
    _ metric: String, _ display: Display, _ group: Group
  ) -> PublishedValue? {
    guard let run = group.runs.first else { return nil }
    return published.first {
      $0.metric == metric && $0.matches(run) && $0.number(in: display.unit) != nil
    }
  }

  private func cell(_ value: PublishedValue?, _ display: Display) -> Table.Cell {
    guard let value, let number = value.number(in: display.unit) else {
      return .missing("none published")
    }
    return .published(number, status: value.status, decimals: display.decimals)
  }

  // MARK: - Notes

  private func notes(_ groups: [Group], _ used: [PublishedValue]) -> [String] {
    var notes: [String] = []
    if setting.isSynthetic {
      notes.append("Ours is measured on synthetic data, which stands in for real data.")
    }
    for status in PublishedValue.Status.allCases where used.contains(where: { $0.status == status })
    {
      notes.append("[\(status.rawValue)]: \(status.meaning).")
    }
    var sources: [String] = []
    for value in used {
      let source = "\(value.source.article), \(value.source.table)"
      if !sources.contains(source) { sources.append(source) }
    }
    if !sources.isEmpty {
      let data = Set(used.map(\.dataset)).sorted().joined(separator: ", ")
      let warning = setting.isSynthetic ? "; not comparable with ours on synthetic data" : ""
      notes.append("Published on \(data): \(sources.joined(separator: "; "))\(warning).")
    }
    for group in groups {
      for run in group.runs where run.status.kind != .completed {
        let name = ([group.displayName] + group.settings).joined(separator: " ")
        let reason = run.status.reason.map { ": \($0)" } ?? ""
        notes.append("\(name), seed \(run.seed): \(run.status.kind.rawValue)\(reason)")
      }
    }
    return notes
  }

  /// A metric's name as words: "testAccuracy" is "test accuracy", "detectionAUC" "detection AUC".
  static func words(_ name: String) -> String {
    var result = ""
    let characters = Array(name)
    for (index, character) in characters.enumerated() {
      guard character.isUppercase, index > 0 else {
        result.append(character)
        continue
      }
      let follows = index + 1 < characters.count ? characters[index + 1] : nil
      let isAcronym = characters[index - 1].isUppercase || follows?.isLowercase != true
      if !characters[index - 1].isUppercase { result += " " }
      result += isAcronym ? String(character) : character.lowercased()
    }
    return result
  }
}
