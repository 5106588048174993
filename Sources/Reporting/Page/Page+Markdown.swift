extension Page {
  /// The page in GitHub's Markdown; figures are links to `<folder>/<name>.svg`, those that were not
  /// drawn are said to be so.
  package func markdown(figuresIn folder: String, isDrawn: (Figure) -> Bool) -> String {
    var lines = ["# \(title)", ""]
    lines += Self.lines(of: blocks, folder, isDrawn)
    while lines.last == "" { lines.removeLast() }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func lines(
    of blocks: [Block], _ folder: String, _ isDrawn: (Figure) -> Bool
  ) -> [String] {
    blocks.flatMap { block -> [String] in
      switch block {
      case .heading(let text, let level, _):
        return [String(repeating: "#", count: level) + " " + text, ""]
      case .paragraph(let text): return [text, ""]
      case .list(let items): return items.map { "* " + $0 } + [""]
      case .answers(let answers):
        return answers.map { "* **\($0.verdict.rawValue)**: \($0.statement) \($0.evidence)" } + [""]
      case .table(let table): return [table.compactMarkdown]
      case .figure(let figure, let caption):
        let picture =
          isDrawn(figure)
          ? "![\(Table.markdownEscaped(figure.headline))](\(folder)/\(figure.name).svg)"
          : "(The figure \(figure.name) was not drawn: gnuplot is not installed.)"
        return [picture, "", caption, ""]
      case .code(let commands): return commands.map { "    " + Table.printable($0) } + [""]
      case .details(let title, let inner):
        return ["<details><summary>\(Table.htmlEscaped(title))</summary>", ""]
          + lines(of: inner, folder, isDrawn) + ["</details>", ""]
      }
    }
  }
}

extension Figure {
  /// The first line of the title: the statement that the figure is for.
  var headline: String {
    title.split(separator: "\n").first.map(String.init) ?? title
  }
}
