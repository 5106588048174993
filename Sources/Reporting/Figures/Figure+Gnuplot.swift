extension Figure {
  /// The curves as gnuplot reads them: one block per curve (two blank lines between), columns x, y,
  /// and lower and upper edge of the band where there is one.
  public var gnuplotData: String {
    var blocks: [String] = []
    for series in series {
      var lines = ["# \(Self.oneLine(series.label))"]
      for index in series.x.indices {
        var fields = [series.x[index], series.y[index]]
        if let band = series.band?[index] { fields += [band.lowerBound, band.upperBound] }
        lines.append(fields.map(Self.field).joined(separator: " "))
      }
      if series.x.isEmpty { lines.append("NaN NaN") }
      blocks.append(lines.joined(separator: "\n") + "\n")
    }
    return blocks.joined(separator: "\n\n")
  }

  /// The script that draws `<name>.svg` and `<name>.png` from `<name>.dat` in the current folder.
  public var gnuplotScript: String {
    var curves: [String] = []
    for (index, series) in series.enumerated() {
      let source = "'\(name).dat' index \(index)"
      if series.band != nil {
        curves.append(
          "\(source) using 1:3:4 with filledcurves linecolor \(index % 8 + 1) "
            + "fillstyle transparent solid 0.15 noborder notitle")
      }
      // Eight colours tell eight curves apart; dashes tell the next eight from them. Points are drawn
      // where there are few of them, and then show where something was measured.
      let style = series.x.count <= 12 ? "linespoints pointtype \(index % 13 + 4)" : "lines"
      curves.append(
        "\(source) using 1:2 with \(style) linewidth 2 linecolor \(index % 8 + 1) "
          + "dashtype \(index / 8 + 1) title \(Self.quoted(series.label))")
    }
    let plot = "plot " + curves.joined(separator: ", \\\n  ")
    var lines = [
      "# Draws \(name).svg and \(name).png: gnuplot \(name).gp",
      "set datafile missing 'NaN'",
      "set title \(Self.quotedLines(title)) font ',11' noenhanced",
      "set xlabel \(Self.quoted(xAxis.label)) noenhanced",
      "set ylabel \(Self.quoted(yAxis.label)) noenhanced",
      "set key outside right noenhanced",
      "set grid",
    ]
    if xAxis.isLogarithmic { lines.append("set logscale x") }
    if yAxis.isLogarithmic { lines.append("set logscale y") }
    if xAxis.isLogarithmic || yAxis.isLogarithmic {
      lines.append(
        "set format \(xAxis.isLogarithmic && yAxis.isLogarithmic ? "" : xAxis.isLogarithmic ? "x " : "y ")"
          + "'%g'")
    }
    if let minimum = yAxis.minimum { lines.append("set yrange [\(minimum):*]") }
    lines += [
      "set terminal svg size 900,500 background rgb 'white'", "set output '\(name).svg'", plot,
      "if (strstrt(GPVAL_TERMINALS, 'pngcairo')) {",
      "  set terminal pngcairo size 900,500", "} else {", "  set terminal png size 900,500", "}",
      "set output '\(name).png'", "replot", "unset output",
    ]
    return lines.joined(separator: "\n") + "\n"
  }

  private static func field(_ value: Double) -> String { value.isFinite ? String(value) : "NaN" }

  private static func oneLine(_ text: String) -> String {
    Table.escaped(text) { $0.isNewline ? " " : nil }
  }

  /// Single-quoted lines joined by line breaks, which gnuplot knows in double quotes alone.
  private static func quotedLines(_ text: String) -> String {
    text.split(separator: "\n").map { quoted(String($0)) }.joined(separator: #" . "\n" . "#)
  }

  /// A single-quoted gnuplot string: nothing is special in it but the quote, which is doubled.
  private static func quoted(_ text: String) -> String {
    "'" + Table.escaped(oneLine(text)) { $0 == "'" ? "''" : nil } + "'"
  }
}
