import Reporting
import Results
import Testing

@Suite("Tables in three formats")
struct TableTests {
  /// Every kind of cell, and characters that each format must escape.
  private let table = Table(
    title: "A_b & <c> 100 %",
    columns: [
      .init("name|x"), .init("loss", unit: "nats", kind: .number),
      .init("acc", unit: "percent", kind: .measured(.std)),
      .init("acc", unit: "percent", kind: .published),
    ],
    rows: [
      [
        .text("a,\"b\"\n~^\\{$#}"), .number(0.123_456_789, decimals: 3),
        .measured(.init(mean: 89.123, spread: .plusMinus(0.25), count: 3, decimals: 2)),
        .published(90.12, status: .memory, decimals: 2),
      ],
      [
        .missing("not run"), .number(.infinity, decimals: 1),
        .measured(.init(mean: 88, spread: nil, count: 1, decimals: 2)),
        .missing("none published"),
      ],
    ],
    notes: ["A * note_"])

  @Test("Markdown, literally")
  func markdown() {
    #expect(
      table.markdown == #"""
        **A\_b & \<c\> 100 %**

        | name\|x        | loss (nats) | acc (percent), mean ± std | acc (percent), published |
        | -------------- | ----------: | ------------------------: | -----------------------: |
        | a,"b" ~^\\{$#} |       0.123 |      89.12 ± 0.25 (n = 3) |           90.12 [memory] |
        | (not run)      |         inf |             88.00 (n = 1) |         (none published) |

        - A \* note\_

        """#)
  }

  @Test("In HTML short words keep their line, sentences get room, many columns a smaller type")
  func classes() {
    let words = [
      "K100", "a setting of forty characters, more or less", String(repeating: "long ", count: 12),
    ]
    let row = ["rhg"] + words
    let table = Table(title: "t", columns: row.map { .init($0) }, rows: [row.map { .text($0) }])
    #expect(table.html.contains("<td class=\"short\">K100</td>"))
    #expect(table.html.contains("<td>a setting"))
    #expect(table.html.contains("<td class=\"long\">long long"))
    #expect(!table.html.contains("class=\"wide\""))
    let wide = Table(
      title: "t", columns: (0..<10).map { .init("\($0)") }, rows: [(0..<10).map { .text("\($0)") }])
    #expect(wide.html.contains("<table class=\"wide\""))
  }

  @Test(
    "Numbers too small for their decimals keep two digits",
    arguments: [
      (2.61e-5, "2.6e-05"), (0.000_31, "0.00031"), (0.0123, "0.0123"), (0, "0.0000"),
    ])
  func small(value: Double, wanted: String) {
    let table = Table(
      title: "t", columns: table.columns.suffix(1), rows: [[.number(value, decimals: 4)]],
      notes: [])
    #expect(table.markdown.contains(" \(wanted) |"), "\(table.markdown)")
  }

  @Test("CSV, literally: full precision, units, quotes, CR LF")
  func csv() {
    let lines = [
      "name|x,loss (nats),acc mean (percent),acc std (percent),acc n,"
        + "acc published (percent),acc status,acc missing",
      "\"a,\"\"b\"\" ~^\\{$#}\",0.123456789,89.123,0.25,3,90.12,memory,",
      "not run,inf,88.0,,1,,,none published",
    ]
    #expect(table.csv() == lines.map { $0 + "\r\n" }.joined())
    let named = table.csv(isNamed: true).split(separator: "\r\n")
    #expect(named[0] == "table," + lines[0])
    #expect(named[2] == "A_b & <c> 100 %," + lines[2], "\(named)")
  }

  @Test("What steers a terminal is not passed on, and a cell stays on its line")
  func controlCharacters() {
    let table = Table(
      title: "red \u{1b}[31m", columns: [.init("two\nlines"), .init("bell\u{7}")],
      rows: [[.text("a\r\nb"), .missing("c\u{9b}d")]], notes: ["e\u{0}f"])
    for text in [table.markdown, table.html, table.latex, table.csv(isNamed: true)] {
      let steering = text.unicodeScalars.filter {
        $0.properties.generalCategory == .control && $0 != "\n" && $0 != "\r"
      }
      #expect(steering.isEmpty, "\(text)")
      #expect(text.contains("two lines"), "\(text)")
    }
  }

  @Test("LaTeX, literally: booktabs, each character escaped once")
  func latex() {
    #expect(
      table.latex == ##"""
        \begin{table}
          \centering
          \caption{A\_b \& \textless{}c\textgreater{} 100 \%}
          \begin{tabular}{lrrr}
            \toprule
            name\textbar{}x & loss (nats) & acc (percent), mean $\pm$ std & acc (percent), published \\
            \midrule
            a,"b" \textasciitilde{}\textasciicircum{}\textbackslash{}\{\$\#\} & 0.123 & 89.12 $\pm$ 0.25 (n = 3) & 90.12 {[}memory{]} \\
            (not run) & inf & 88.00 (n = 1) & (none published) \\
            \bottomrule
          \end{tabular}
          \par\smallskip\footnotesize A * note\_
        \end{table}

        """##)
  }

  @Test("A bootstrap interval has two columns in CSV and brackets elsewhere")
  func interval() {
    let measured = Table.Measured(mean: 2, spread: .interval(1.5, 2.5), count: 4, decimals: 1)
    let table = Table(
      title: "t", columns: [.init("a", kind: .measured(.bootstrap))], rows: [[.measured(measured)]])
    #expect(
      table.csv() == "a mean,a 95 % bootstrap lower,a 95 % bootstrap upper,a n\r\n2.0,1.5,2.5,4\r\n"
    )
    #expect(table.markdown.contains("| 2.0 [1.5, 2.5] |"))
    #expect(table.markdown.contains("; mean [95 % bootstrap interval] over 4 seeds**"))
  }
}
