extension Table {
  /// The table as a LaTeX float with booktabs rules (`\usepackage{booktabs}`), notes below it.
  package var latex: String {
    let alignment = columns.map { $0.kind == .text ? "l" : "r" }.joined()
    func line(_ cells: [String]) -> String {
      "    " + cells.map(Self.latexEscaped).joined(separator: " & ") + " \\\\"
    }
    var lines = [
      "\\begin{table}", "  \\centering",
      "  \\caption{\(Self.latexEscaped(caption(plusMinus: "±")))}",
      "  \\begin{tabular}{\(alignment)}", "    \\toprule",
      line(columns.map { heading(of: $0, plusMinus: "±") }), "    \\midrule",
    ]
    lines += rows.map { row in line(row.map { words(in: $0, plusMinus: "±") }) }
    lines += ["    \\bottomrule", "  \\end{tabular}"]
    for note in notes {
      lines.append("  \\par\\smallskip\\footnotesize \(Self.latexEscaped(note))")
    }
    lines.append("\\end{table}")
    return lines.joined(separator: "\n") + "\n"
  }

  static func latexEscaped(_ text: String) -> String {
    escaped(text) { character in
      switch character {
      case "&", "%", "$", "#", "_", "{", "}": "\\" + String(character)
      case "\\": "\\textbackslash{}"
      case "~": "\\textasciitilde{}"
      case "^": "\\textasciicircum{}"
      case "<": "\\textless{}"
      case ">": "\\textgreater{}"
      case "|": "\\textbar{}"
      // A bracket at the start of a row would be read as the optional argument of the line break.
      case "[": "{[}"
      case "]": "{]}"
      case "±": "$\\pm$"
      case "\n", "\r": " "
      default: nil
      }
    }
  }
}
