import Results

extension Table {
  /// The table as aligned text without rules, for a terminal: the title with what the numbers are,
  /// the headings, the rows, of which at most so many. Notes are not part of it, and what was never
  /// published is a dash.
  package func plainLines(mostRows: Int = .max) -> [String] {
    let headings = columns.map { column in
      if column.kind == .published { return "published" }
      guard let unit = column.unit, unit != "1" else { return column.name }
      return "\(column.name) (\(unit))"
    }
    let body = rows.prefix(mostRows).map { row in
      zip(row, columns).map { cell, column in
        if column.kind == .published, case .missing = cell { return "-" }
        return words(in: cell, plusMinus: "±")
      }
    }
    let widths = columns.indices.map { index in
      ([headings] + body).map { $0[index].count }.reduce(0, max)
    }
    var lines = [caption(plusMinus: "±") + (sharedCount == nil ? varyingCounts : "")]
    for cells in [headings] + body {
      let padded = zip(zip(cells, widths), columns).map { pair, column in
        let space = String(repeating: " ", count: pair.1 - pair.0.count)
        return column.kind == .text ? pair.0 + space : space + pair.0
      }
      let line = padded.joined(separator: "  ")
      lines.append("  " + line.replacing(/\s+$/, with: ""))
    }
    if rows.count > body.count { lines.append("  (and \(rows.count - body.count) more rows)") }
    return lines
  }

  /// What the numbers are where their counts of seeds differ.
  private var varyingCounts: String {
    for column in columns {
      if case .measured(let spread) = column.kind {
        return spread.isInterval
          ? "; mean [\(spread.displayName)] over n seeds"
          : "; mean ± \(spread.displayName) over n seeds"
      }
    }
    return ""
  }
}
