import Files

extension Page {
  /// The page as one HTML document that needs nothing else: style and figures are in it, there is no
  /// script and no link that leaves the page; light or dark as the reader's system is.
  ///
  /// `picture` is a figure's SVG as gnuplot wrote it, or why it was not drawn.
  package func html(picture: (Figure) -> Picture) -> String {
    let entries = blocks.compactMap { block -> String? in
      guard case .heading(let text, 2, let anchor) = block else { return nil }
      return "<li><a href=\"#\(anchor)\">\(Table.htmlEscaped(text))</a></li>"
    }
    let lines =
      [
        "<!DOCTYPE html>", "<html lang=\"en\">", "<head>", "<meta charset=\"utf-8\">",
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">",
        "<meta name=\"color-scheme\" content=\"light dark\">",
        "<title>\(Table.htmlEscaped(title))</title>", "<style>", PageStyle.text, "</style>",
        "</head>", "<body>", "<main>", "<h1>\(Table.htmlEscaped(title))</h1>",
        "<nav aria-label=\"Contents\"><ul>\(entries.joined())</ul></nav>",
      ] + Self.lines(of: blocks, picture) + ["</main>", "</body>", "</html>"]
    return lines.joined(separator: "\n") + "\n"
  }

  /// A figure's picture.
  package enum Picture {
    /// An SVG document.
    case svg(String)
    /// A sentence that says why there is none.
    case missing(String)
  }

  private static func lines(of blocks: [Block], _ picture: (Figure) -> Picture) -> [String] {
    var lines: [String] = []
    var isInFigures = false
    for block in blocks {
      // Figures that follow each other stand side by side where there is room.
      let isFigure = if case .figure = block { true } else { false }
      if isFigure != isInFigures { lines.append(isFigure ? "<div class=\"figures\">" : "</div>") }
      isInFigures = isFigure
      lines += self.lines(of: block, picture)
    }
    return isInFigures ? lines + ["</div>"] : lines
  }

  private static func lines(of block: Block, _ picture: (Figure) -> Picture) -> [String] {
    switch block {
    case .heading(let text, let level, let anchor):
      return ["<h\(level) id=\"\(anchor)\">\(inline(text))</h\(level)>"]
    case .paragraph(let text): return ["<p>\(inline(text))</p>"]
    case .list(let items):
      return ["<ul>"] + items.map { "<li>\(inline($0))</li>" } + ["</ul>"]
    case .answers(let answers):
      return ["<ul class=\"answers\">"]
        + answers.map { answer in
          let name = answer.verdict.rawValue.replacing(" ", with: "-")
          return "<li><span class=\"verdict \(name)\">\(answer.verdict.rawValue)</span> "
            + "<span><strong>\(inline(answer.statement))</strong> \(inline(answer.evidence))</span></li>"
        } + ["</ul>"]
    case .table(let table): return [table.html]
    case .figure(let figure, let caption):
      let drawn =
        switch picture(figure) {
        case .svg(let text): inlined(text, figure)
        case .missing(let reason): "<p class=\"missing\">Not drawn: \(plain(reason))</p>"
        }
      return [
        "<figure>", "<div class=\"picture\" tabindex=\"0\">", drawn, "</div>",
        "<figcaption>\(inline(caption))</figcaption>", "</figure>",
      ]
    case .code(let commands):
      return [
        "<pre tabindex=\"0\"><code>\(commands.map(plain).joined(separator: "\n"))</code></pre>"
      ]
    case .details(let title, let inner):
      return ["<details><summary>\(inline(title))</summary>"] + lines(of: inner, picture)
        + ["</details>"]
    }
  }

  private static func plain(_ text: String) -> String {
    Table.htmlEscaped(PrintableText.line(text))
  }

  /// Words with what stands between backticks as code.
  private static func inline(_ text: String) -> String {
    text.split(separator: "`", omittingEmptySubsequences: false).enumerated().map { index, part in
      let words = Table.htmlEscaped(String(part))
      return index % 2 == 1 ? "<code>\(words)</code>" : words
    }.joined()
  }

  /// The picture as part of the page: without prolog and ground, black as the page's text colour,
  /// and with names that no other picture has.
  private static func inlined(_ svg: String, _ figure: Figure) -> String {
    guard let start = svg.range(of: "<svg") else { return svg }
    return String(svg[start.lowerBound...])
      .replacing(/<rect x="0" y="0" width="\d+" height="\d+" fill="#ffffff"\/>/, with: "")
      .replacing(/<title>[^<]*<\/title>/, with: "")
      .replacing("id='", with: "id='\(figure.name)-").replacing(
        "id=\"", with: "id=\"\(figure.name)-"
      )
      .replacing("href='#", with: "href='#\(figure.name)-")
      .replacing("'black'", with: "'currentColor'").replacing("\"black\"", with: "\"currentColor\"")
      .replacing(
        "<svg ", with: "<svg role=\"img\" aria-label=\"\(Table.htmlEscaped(figure.headline))\" ",
        maxReplacements: 1)
  }
}
