extension Table {
  /// The table as aligned text without rules, for a terminal: the title, the headings, the rows, of
  /// which at most so many; notes are not part of it.
  public func plainLines(mostRows: Int = .max) -> [String] {
    let headings = columns.map { heading(of: $0, plusMinus: "±") }
    let body = rows.prefix(mostRows).map { row in
      row.map { words(in: $0, plusMinus: "±") }
    }
    let widths = columns.indices.map { index in
      ([headings] + body).map { $0[index].count }.reduce(0, max)
    }
    var lines = [caption(plusMinus: "±")]
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
}
