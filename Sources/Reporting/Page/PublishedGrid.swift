import Results

/// An article's table beside ours: one table for each source, data set and metric of the published
/// numbers, with a cell for every number that was published, run by us or not.
struct PublishedGrid {
  let evidence: Evidence
  let experiment: String

  /// One printed table.
  private struct Place: Hashable, Comparable {
    let article: String
    let table: String
    let dataset: String
    let metric: String
    let protocolName: String

    static func < (left: Place, right: Place) -> Bool {
      [left.article, left.table, left.dataset, left.metric, left.protocolName]
        .lexicographicallyPrecedes(
          [right.article, right.table, right.dataset, right.metric, right.protocolName])
    }
  }

  /// The tables: those of the article of this suite first.
  var tables: [Table] {
    let values = evidence.published.filter { $0.experiment == experiment }
    let groups = Dictionary(grouping: values) { value in
      Place(
        article: value.source.article, table: value.source.table, dataset: value.dataset,
        metric: value.metric, protocolName: value.protocols.first ?? "")
    }
    return groups.sorted { left, right in
      let ranks = [left, right].map { $0.key.article.contains("2006.04045") ? 0 : 1 }
      return ranks[0] != ranks[1] ? ranks[0] < ranks[1] : left.key < right.key
    }.map { table(of: $0.value, at: $0.key) }
  }

  private func table(of values: [PublishedValue], at place: Place) -> Table {
    let order = MethodOrder()
    let methods = Set(values.map(\.method)).sorted { left, right in
      let ranks = [left, right].map { order.rank(of: $0) }
      return ranks[0] != ranks[1] ? ranks[0] < ranks[1] : left < right
    }
    let variants = Dictionary(grouping: values) { Self.words($0.variant) }
    let columns = variants.keys.sorted {
      $0.compare($1, options: [.numeric, .forcedOrdering]) == .orderedAscending
    }
    let statuses = Set(values.map(\.status))
    // What is true of every number stands above them.
    let common = statuses.count == 1 ? statuses.first.map { " [\($0.rawValue)]" } : nil
    var headings = [Table.Column("method")]
    for column in columns {
      let name = column.isEmpty ? "" : column + ", "
      headings.append(Table.Column(name + "published" + (common ?? "")))
      headings.append(Table.Column(name + "ours"))
    }
    var notes = PublishedValue.Status.allCases.filter(statuses.contains)
      .map { "[\($0.rawValue)]: \($0.meaning)." }
    let rows = methods.map { method -> [Table.Cell] in
      var cells = [Table.Cell.text(MethodStyle.displayName(method))]
      for column in columns {
        guard let value = variants[column]?.first(where: { $0.method == method }) else {
          cells += [.missing("none"), .missing("none published")]
          continue
        }
        let number = value.number(in: "percent") ?? value.number
        let status = common == nil ? " [\(value.status.rawValue)]" : ""
        cells.append(.text(Table.fixed(number, 2) + status))
        let own = ours(beside: value)
        cells.append(own.cell)
        if let seeds = own.brokenSeeds {
          notes.append(
            "\(MethodStyle.displayName(method))\(column.isEmpty ? "" : ", \(column)"): broke down with "
              + "the \(seeds), which no number here counts.")
        }
      }
      return cells
    }
    return Table(
      title: "\(place.article), \(place.table): \(SettingTable.words(place.metric)) on "
        + "\(place.dataset) in percent, beside ours (protocol \(place.protocolName)); mean and 95 % "
        + "interval",
      columns: headings, rows: rows, notes: notes)
  }

  /// Our mean and interval where real data was run so, else how those runs ended or "not run"; with the
  /// seeds of runs that broke down beside others that did not.
  private func ours(beside value: PublishedValue) -> (cell: Table.Cell, brokenSeeds: String?) {
    for budget in Evidence.budgets {
      let matching = evidence.records.filter { record in
        let kind = record.status.kind
        return record.budget == budget && !record.isSynthetic && record.sweep == nil
          && value.matches(record)
          && (kind.isBreakdown || (kind == .completed && record.final[value.metric] != nil))
      }
      // Of several variants that the number stands beside, the one that changes least.
      let variants = Dictionary(grouping: matching) { $0.identity.variant }
      let best = variants.min { left, right in
        let counts = [left, right].map { $0.value.first?.variant.count ?? 0 }
        return counts[0] != counts[1] ? counts[0] < counts[1] : left.key < right.key
      }
      guard let runs = best?.value else { continue }
      let broken = runs.broken
      if let one = broken.first, broken.count == runs.count {
        return (.missing(one.status.kind.rawValue), nil)
      }
      let numbers = runs.filter { $0.status.kind == .completed }.compactMap { run in
        run.final[value.metric].flatMap {
          Units.convert($0, from: run.unit(ofMeasure: value.metric) ?? "", to: "percent")
        }
      }
      guard !numbers.isEmpty else { continue }
      return (
        .text(Self.words(Statistics(numbers)) + (budget == "paper" ? "" : " (\(budget))")),
        broken.isEmpty ? nil : broken.seedWords
      )
    }
    return (.missing("not run"), nil)
  }

  private static func words(_ statistics: Statistics) -> String {
    let mean = Table.fixed(statistics.mean, 2)
    guard let interval = statistics.studentInterval() else {
      return "\(mean) (\(statistics.reasonWithoutInterval))"
    }
    return
      "\(mean) [\(Table.fixed(interval.lowerBound, 2)), \(Table.fixed(interval.upperBound, 2))]"
  }

  private static func words(_ variant: [String: Value]) -> String {
    if let ways = variant["ways"]?.integerValue, let shots = variant["shots"]?.integerValue {
      return "\(ways)-way \(shots)-shot"
    }
    return variant.sorted { $0.key < $1.key }.map { name, value in
      name == "innerSteps" ? "K = \(value.canonicalText)" : "\(name) = \(value.canonicalText)"
    }.joined(separator: ", ")
  }
}
