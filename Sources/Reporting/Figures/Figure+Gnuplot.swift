extension Figure {
  /// The curves as gnuplot reads them: one block per curve (two blank lines between), columns x, y,
  /// and lower and upper edge of the band where there is one.
  package var gnuplotData: String {
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
  package var gnuplotScript: String {
    var curves: [String] = []
    for (index, series) in series.enumerated() {
      let source = "'\(name).dat' index \(index)"
      if series.band != nil {
        curves.append(
          "\(source) using 1:3:4 with filledcurves linecolor \(index % 8 + 1) "
            + "fillstyle transparent solid 0.15 noborder notitle")
      }
      // Colours and dashes have cycles without a common divisor, so that forty curves differ, and a
      // curve under another one shows through its gaps. Points are drawn where there are few of
      // them, open and in three sizes for the same reason; they show where something was measured.
      let style =
        series.x.count <= 12
        ? "linespoints pointtype \(Self.openPoints[index % Self.openPoints.count]) "
          + "pointsize \(["0.8", "1.2", "1.6"][index % 3])" : "lines"
      curves.append(
        "\(source) using 1:2 with \(style) linewidth 2 linecolor \(index % 8 + 1) "
          + "dashtype \(index % 5 + 1) title \(Self.quoted(series.label))")
    }
    let plot = "plot " + curves.joined(separator: ", \\\n  ")
    var lines = [
      "# Draws \(name).svg and \(name).png: gnuplot \(name).gp",
      "set datafile missing 'NaN'",
      "set title \(Self.quotedLines(title)) font ',11' noenhanced",
      "set xlabel \(Self.quoted(xAxis.label)) noenhanced",
      "set ylabel \(Self.quoted(yAxis.label)) noenhanced",
      "set key outside right top Left reverse samplen 3 noenhanced",
      "set grid",
      "set autoscale xfix",
    ]
    for (index, colour) in Self.colours.enumerated() {
      lines.append("set linetype \(index + 1) linecolor rgb '\(colour)'")
    }
    if xAxis.isLogarithmic { lines.append("set logscale x") }
    if yAxis.isLogarithmic { lines.append("set logscale y") }
    if xAxis.isLogarithmic || yAxis.isLogarithmic {
      lines.append(
        "set format \(xAxis.isLogarithmic && yAxis.isLogarithmic ? "" : xAxis.isLogarithmic ? "x " : "y ")"
          + "'%g'")
    }
    if let minimum = yAxis.minimum { lines.append("set yrange [\(minimum):*]") }
    lines += [
      "set terminal svg size 1000,520 background rgb 'white'", "set output '\(name).svg'", plot,
      "if (strstrt(GPVAL_TERMINALS, 'pngcairo')) {",
      "  set terminal pngcairo size 1000,520", "} else {", "  set terminal png size 1000,520", "}",
      "set output '\(name).png'", "replot", "unset output",
    ]
    return lines.joined(separator: "\n") + "\n"
  }

  /// Eight colours that readers with any colour vision tell apart, dark enough on white.
  private static let colours = [
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000", "#56B4E9", "#B8860B", "#7F3C8D",
  ]

  /// Square, circle, triangle, inverted triangle, diamond, pentagon, plus, cross and star.
  private static let openPoints = [4, 6, 8, 10, 12, 14, 1, 2, 3]

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
