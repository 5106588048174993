import Files
import Results

extension Table {
  /// The table as an HTML `table` element with its title before it, headings with their scope, and
  /// notes as a list behind it; without style, so that a page gives it its own.
  package var html: String {
    let title = Self.htmlEscaped(caption(plusMinus: "±"))
    var lines = [
      "<p class=\"caption\">\(title)</p>",
      "<div class=\"table\" tabindex=\"0\"><table aria-label=\"\(title)\">",
    ]
    let headings = columns.map { column in
      "<th scope=\"col\"\(Self.kind(column))>\(Self.htmlEscaped(heading(of: column, plusMinus: "±")))"
        + "</th>"
    }
    lines.append("<thead><tr>\(headings.joined())</tr></thead>")
    lines.append("<tbody>")
    for row in rows {
      let cells = zip(row, columns).enumerated().map { index, pair -> String in
        let (cell, column) = pair
        let text = Self.htmlEscaped(words(in: cell, plusMinus: "±"))
        if index == 0 { return "<th scope=\"row\">\(text)</th>" }
        if case .missing = cell { return "<td class=\"missing\">\(text)</td>" }
        return "<td\(Self.kind(column))>\(text)</td>"
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

  private static func kind(_ column: Column) -> String {
    column.kind == .text ? "" : " class=\"number\""
  }

  /// The text as HTML holds it, on one line.
  static func htmlEscaped(_ text: String) -> String {
    HTML.escaped(escaped(text) { $0 == "\n" || $0 == "\r" ? " " : nil })
  }
}
