import Files
import Results

extension Table {
  /// The table as comma-separated values (RFC 4180): units in the header, numbers in full
  /// precision, lines ended by CR LF.
  ///
  /// A measured column becomes mean, spread and number of seeds; a published one becomes number
  /// and status. Where a cell is missing these are empty, and a column `<name> missing` says why.
  /// Notes are not part of it, and the title only where it is asked for.
  ///
  /// - Parameter isNamed: whether a first column, `table`, repeats the title in every row, as it should
  ///   where several tables are written one after another.
  package func csv(isNamed: Bool = false) -> String {
    let gaps = columns.indices.map { index in
      rows.contains { if case .missing = $0[index] { true } else { false } }
    }
    var lines = [zip(columns, gaps).flatMap { Self.csvHeadings(of: $0, hasGaps: $1) }]
    for row in rows {
      lines.append(
        zip(zip(row, columns), gaps).flatMap { pair, hasGaps in
          Self.csvFields(of: pair.0, in: pair.1, hasGaps: hasGaps)
        })
    }
    if isNamed {
      for index in lines.indices { lines[index].insert(index == 0 ? "table" : title, at: 0) }
    }
    return lines.map { CSV.line($0) + "\r\n" }.joined()
  }

  private static func csvHeadings(of column: Column, hasGaps: Bool) -> [String] {
    let unit = column.unit.map { " (\($0))" } ?? ""
    var headings: [String]
    switch column.kind {
    case .text, .number: headings = [column.name + unit]
    case .published: headings = ["\(column.name) published\(unit)", "\(column.name) status"]
    case .measured(let spread) where spread.isInterval:
      let kind = spread == .bootstrap ? "95 % bootstrap" : "95 %"
      headings = [
        "\(column.name) mean\(unit)", "\(column.name) \(kind) lower\(unit)",
        "\(column.name) \(kind) upper\(unit)", "\(column.name) n",
      ]
    case .measured(let spread):
      headings = [
        "\(column.name) mean\(unit)", "\(column.name) \(spread.displayName)\(unit)",
        "\(column.name) n",
      ]
    }
    if hasGaps, column.kind != .text { headings.append("\(column.name) missing") }
    return headings
  }

  private static func csvFields(of cell: Cell, in column: Column, hasGaps: Bool) -> [String] {
    let width = csvHeadings(of: column, hasGaps: false).count
    var fields: [String]
    var reason = ""
    switch cell {
    case .text(let text): fields = [text]
    case .number(let value, _): fields = [full(value)]
    case .published(let value, let status, _): fields = [full(value), status.rawValue]
    case .measured(let measured):
      switch measured.spread {
      case .plusMinus(let spread): fields = [full(measured.mean), full(spread)]
      case .interval(let lower, let upper):
        fields = [full(measured.mean), full(lower), full(upper)]
      case nil: fields = [full(measured.mean)]
      }
      fields += Array(repeating: "", count: max(0, width - 1 - fields.count))
      fields.append(String(measured.count))
    case .missing(let text):
      if column.kind == .text { return [text] }
      fields = []
      reason = text
    }
    fields += Array(repeating: "", count: max(0, width - fields.count))
    return hasGaps && column.kind != .text ? fields + [reason] : fields
  }

  /// The shortest text that reads back to the same number.
  private static func full(_ value: Double) -> String {
    value.isFinite ? String(value) : fixed(value, 0)
  }
}
