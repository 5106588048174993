import Files
import Results

extension Table {
  /// The table as an HTML `table` element with its title before it, headings with their scope, and
  /// notes as a list behind it; without style, so that a page gives it its own.
  package var html: String {
    let title = Self.htmlEscaped(caption(plusMinus: "±"))
    let width = columns.count > Self.mostColumns ? " class=\"wide\"" : ""
    var lines = [
      "<p class=\"caption\">\(title)</p>",
      "<div class=\"table\" tabindex=\"0\"><table\(width) aria-label=\"\(title)\">",
    ]
    let kinds = columns.indices.map(kind)
    let headings = zip(columns, kinds).map { column, kind in
      "<th scope=\"col\"\(kind)>\(Self.htmlEscaped(heading(of: column, plusMinus: "±")))</th>"
    }
    lines.append("<thead><tr>\(headings.joined())</tr></thead>")
    lines.append("<tbody>")
    for row in rows {
      let cells = zip(row, kinds).enumerated().map { index, pair -> String in
        let (cell, kind) = pair
        let text = Self.htmlEscaped(words(in: cell, plusMinus: "±"))
        if index == 0 { return "<th scope=\"row\">\(text)</th>" }
        if case .missing = cell { return "<td class=\"missing\">\(text)</td>" }
        return "<td\(kind)>\(text)</td>"
      }
      lines.append("<tr>\(cells.joined())</tr>")
    }
    lines.append("</tbody></table></div>")
    if !notes.isEmpty {
      lines.append(
        "<ul class=\"notes\">" + notes.map { "<li>\(Self.htmlEscaped($0))</li>" }.joined() + "</ul>"
      )
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// What a style needs to know of a column: numbers stand on the right, short words on one line, and
  /// sentences need room beside each other.
  private func kind(_ index: Int) -> String {
    guard columns[index].kind == .text else { return " class=\"number\"" }
    let longest = rows.map { words(in: $0[index], plusMinus: "±").count }.max() ?? 0
    return switch longest {
    case ...Self.mostShort: " class=\"short\""
    case ...Self.mostMedium: ""
    default: " class=\"long\""
    }
  }

  /// The columns that fit a page in its usual type.
  private static let mostColumns = 9
  /// The characters of the longest cell in a column of short words.
  private static let mostShort = 24
  /// The characters of the longest cell in a column without sentences.
  private static let mostMedium = 48

  /// The text as HTML holds it, on one line.
  static func htmlEscaped(_ text: String) -> String {
    HTML.escaped(escaped(text) { $0 == "\n" || $0 == "\r" ? " " : nil })
  }
}
