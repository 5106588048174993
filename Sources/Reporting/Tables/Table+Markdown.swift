extension Table {
  /// The table in GitHub's Markdown: title, table, notes as a list; columns are padded, so that it
  /// reads as well on a terminal.
  package var markdown: String { markdown(isPadded: true) }

  /// The same without padding, for files that nobody reads as text.
  package var compactMarkdown: String { markdown(isPadded: false) }

  private func markdown(isPadded: Bool) -> String {
    var lines = ["**\(Self.markdownEscaped(caption(plusMinus: "±")))**", ""]
    let headings = columns.map { Self.markdownEscaped(heading(of: $0, plusMinus: "±")) }
    let body = rows.map { row in
      row.map { Self.markdownEscaped(words(in: $0, plusMinus: "±")) }
    }
    let widths = columns.indices.map { index in
      isPadded ? ([headings] + body).map { $0[index].count }.reduce(3, max) : 3
    }
    let bars = zip(columns, widths).map { column, width in
      column.kind == .text
        ? String(repeating: "-", count: width) : String(repeating: "-", count: width - 1) + ":"
    }
    for cells in [headings, bars] + body {
      let padded = zip(zip(cells, widths), columns).map { pair, column in
        let space = String(repeating: " ", count: max(0, pair.1 - pair.0.count))
        return column.kind == .text ? pair.0 + space : space + pair.0
      }
      lines.append("| " + padded.joined(separator: " | ") + " |")
    }
    if !notes.isEmpty { lines.append("") }
    lines += notes.map { "- " + Self.markdownEscaped($0) }
    return lines.joined(separator: "\n") + "\n"
  }

  static func markdownEscaped(_ text: String) -> String {
    escaped(text) { character in
      switch character {
      case "|", "\\", "`", "*", "_", "<", ">": "\\" + String(character)
      case "\n", "\r": " "
      default: nil
      }
    }
  }
}
