import Results
import TestSupport
import Testing

@testable import Reporting

@Suite("The page in Markdown")
struct PageMarkdownTests {
  private func text(_ blocks: [Page.Block], title: String = "Page") -> String {
    Page(title: title, blocks: blocks).markdown(figuresIn: "figures") { _ in .svg("") }
  }

  private static let hostile = "<b>_x_</b> *y* [a](b) | ~~z~~ &lt; \\ two\nlines `a_<b>` end"
  private static let escaped =
    #"\<b\>\_x\_\</b\> \*y\* \[a](b) \| \~\~z\~\~ \&lt; \\ two lines `a_<b>` end"#

  @Test("Text is text in every block, and code between backticks is code")
  func escaping() throws {
    let (hostile, escaped) = (Self.hostile, Self.escaped)
    let runs = [RecordFixture.record(), RecordFixture.record(seed: 1)]
    var figure = try #require(Figure.figure(of: "testAccuracy", in: runs))
    figure.title = "<i> and [more](x)"
    figure.name = "name"
    let blocks: [(Page.Block, String)] = [
      (.heading(hostile, level: 2, anchor: "a"), "## \(escaped)"),
      (.paragraph(hostile), escaped),
      (.list([hostile, "plain"]), "* \(escaped)\n* plain"),
      (
        .answers([Answer(verdict: .holds, statement: hostile, evidence: hostile)]),
        "* **holds**: \(escaped) \(escaped)"
      ),
      (
        .figure(figure, caption: hostile),
        #"![\<i\> and \[more](x)](figures/name.svg)"# + "\n\n\(escaped)"
      ),
      (
        .details("<b>", [.paragraph(hostile)]),
        "<details><summary>&lt;b&gt;</summary>\n\n\(escaped)\n\n</details>"
      ),
      (.code(["a_b <c> *"]), "    a_b <c> *"),
    ]
    for (block, wanted) in blocks {
      let found = text([block])
      #expect(found == "# Page\n\n\(wanted)\n", "\(found)")
    }
    #expect(text([], title: hostile) == "# \(escaped)\n")
  }

  @Test(
    "No text begins a heading or a list",
    arguments: [
      ("# a", "\\# a"), ("- a", "\\- a"), ("+ a", "\\+ a"), ("    a", "a"), ("1. a", "1\\. a"),
      ("12) a", "12\\) a"), ("1.5 a", "1\\.5 a"), ("2 of 3", "2 of 3"), ("> a", "\\> a"),
      ("", ""), ("7", "7"),
    ])
  func beginnings(words: String, wanted: String) {
    #expect(text([.paragraph(words), .paragraph("end")]) == "# Page\n\n\(wanted)\n\nend\n")
  }
}
