extension Table {
  /// The table in GitHub's Markdown: title, table, notes as a list.
  public var markdown: String {
    var lines = ["**\(Self.markdownEscaped(title))**", ""]
    let headings = columns.map { Self.markdownEscaped(heading(of: $0, plusMinus: "±")) }
    let bars = columns.map { $0.kind == .text ? "---" : "---:" }
    let body = rows.map { row in
      row.map { Self.markdownEscaped(words(in: $0, plusMinus: "±")) }
    }
    for cells in [headings, bars] + body {
      lines.append("| " + cells.joined(separator: " | ") + " |")
    }
    if !notes.isEmpty { lines.append("") }
    lines += notes.map { "- " + Self.markdownEscaped($0) }
    return lines.joined(separator: "\n") + "\n"
  }

  static func markdownEscaped(_ text: String) -> String {
    escaped(text) { character in
      switch character {
      case "|", "\\", "`", "*", "_", "<", ">": "\\" + String(character)
      case "\n", "\r", "\r\n": " "
      default: nil
      }
    }
  }
}
