import Files

extension Page {
  /// The page in GitHub's Markdown; figures are links to `<folder>/<name>.svg`, and of those that were not
  /// drawn it says why. Words are escaped, as records hold texts of other people; what stands
  /// between backticks is code, as it is in ``html(picture:)``.
  package func markdown(figuresIn folder: String, picture: (Figure) -> Picture) -> String {
    var lines = ["# \(Self.inline(title))", ""]
    lines += Self.lines(of: blocks, folder, picture)
    while lines.last == "" { lines.removeLast() }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func lines(
    of blocks: [Block], _ folder: String, _ picture: (Figure) -> Picture
  ) -> [String] {
    blocks.flatMap { block -> [String] in
      switch block {
      case .heading(let text, let level, _):
        return [String(repeating: "#", count: level) + " " + inline(text), ""]
      case .paragraph(let text): return [paragraph(text), ""]
      case .list(let items): return items.map { "* " + paragraph($0) } + [""]
      case .answers(let answers):
        return answers.map {
          "* **\($0.verdict.rawValue)**: \(inline($0.statement)) \(inline($0.evidence))"
        } + [""]
      case .table(let table): return [table.compactMarkdown]
      case .figure(let figure, let caption):
        let drawn =
          switch picture(figure) {
          case .svg: "![\(inline(figure.headline))](\(folder)/\(figure.name).svg)"
          case .missing(let reason): "(Not drawn: \(inline(reason)))"
          }
        return [drawn, "", paragraph(caption), ""]
      case .code(let commands): return commands.map { "    " + PrintableText.line($0) } + [""]
      case .details(let title, let inner):
        let summary = Table.htmlEscaped(PrintableText.line(title))
        return ["<details><summary>\(summary)</summary>", ""]
          + lines(of: inner, folder, picture) + ["</details>", ""]
      }
    }
  }

  /// Words at the beginning of a line, where a character more would begin a heading or a list.
  private static func paragraph(_ text: String) -> String {
    let words = inline(String(text.drop { $0.isWhitespace }))
    if let first = words.first, "#+-=".contains(first) { return "\\" + words }
    let digits = words.prefix { $0.isASCII && $0.isNumber }
    let rest = words.dropFirst(digits.count)
    guard !digits.isEmpty, let next = rest.first, next == "." || next == ")" else { return words }
    return "\(digits)\\\(rest)"
  }

  /// Words on one line with what stands between backticks as code and all else as text.
  private static func inline(_ text: String) -> String {
    let parts = PrintableText.line(text).split(separator: "`", omittingEmptySubsequences: false)
    return parts.enumerated().map { index, part -> String in
      guard index % 2 == 1 else { return escaped(String(part)) }
      return part.isEmpty ? "" : "`\(part)`"
    }.joined()
  }

  private static func escaped(_ text: String) -> String {
    Table.escaped(text) { character in
      "\\*_<>[&|~".unicodeScalars.contains(character) ? "\\" + String(character) : nil
    }
  }
}

extension Figure {
  /// The first line of the title: the statement that the figure is for.
  var headline: String {
    title.split(separator: "\n").first.map(String.init) ?? title
  }
}
