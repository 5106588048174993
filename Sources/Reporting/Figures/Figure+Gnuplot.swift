import Files
import Foundation

extension Figure {
  /// The curves as gnuplot reads them: where they come from as comments, then one block per curve
  /// (two blank lines between), columns x, y, and lower and upper edge of the band where there is
  /// one.
  package var gnuplotData: String {
    var blocks: [String] = []
    for series in series {
      var lines = ["# \(PrintableText.line(series.label))"]
      for (x, y, band) in rows(of: series) {
        var fields = [x, y]
        if series.band != nil, !series.isLevel {
          fields += [band?.lowerBound ?? .nan, band?.upperBound ?? .nan]
        }
        lines.append(fields.map(Self.field).joined(separator: " "))
      }
      if series.x.isEmpty { lines.append("NaN NaN") }
      blocks.append(lines.joined(separator: "\n") + "\n")
    }
    return comments + blocks.joined(separator: "\n\n")
  }

  /// The script that draws `<name>.svg` and `<name>.png` from `<name>.dat` in the current folder.
  package var gnuplotScript: String {
    let (headline, context) = titleLines
    var lines = [
      "# Draws \(name).svg and \(name).png: gnuplot \(name).gp", "set datafile missing 'NaN'",
      // Blank lines keep room for the context, which is written over them in a smaller type.
      "set title \(Self.quotedLines(headline + context.map { _ in " " })) font ',15' noenhanced",
      "set xlabel \(Self.quotedLines([xAxis.label, " "])) noenhanced",
      "set ylabel \(Self.quoted(yAxis.label)) noenhanced", "set border 3 linewidth 1",
      "set tics nomirror out", "set grid linecolor rgb '#999999' linewidth 0.5 dashtype 3",
      legend.script, "set autoscale xfix",
    ]
    if let rightAxis {
      lines += [
        "set y2label \(Self.quoted(rightAxis.label)) noenhanced", "set y2tics nomirror out",
        "set border 11 linewidth 1",
      ]
    }
    if case .rows(let names) = kind {
      let tics = names.enumerated().map { "\(Self.quoted($1)) \(names.count - $0)" }
      lines += [
        "set ytics (\(tics.joined(separator: ", "))) noenhanced",
        "set yrange [0.4:\(Double(names.count) + 0.6)]", "set offsets graph 0.03, graph 0.03, 0, 0",
      ]
    }
    if kind == .points {
      lines.append("set offsets graph 0.06, graph 0.06, graph 0.06, graph 0.06")
    }
    for (index, line) in context.enumerated() {
      let height = 0.9 * Double(context.count - index) - 0.3
      lines.append(
        "set label \(index + 1) \(Self.quoted(line)) at graph 0.5, graph 1 center font ',12' "
          + "offset 0,\(height) noenhanced")
    }
    lines += axes
    let height = 350 + 20 * headline.count + 17 * context.count + legend.height + extraHeight
    lines += [
      "set terminal svg size \(Self.width),\(height) dynamic font 'sans-serif,15' background rgb 'white'",
      "set output '\(name).svg'", plot,
      "if (strstrt(GPVAL_TERMINALS, 'pngcairo')) {",
      "  set terminal pngcairo size \(Self.width * 3 / 2),\(height * 3 / 2) font 'sans,15' fontscale 1.0 "
        + "background rgb 'white'",
      "} else {", "  set terminal png size \(Self.width * 3 / 2),\(height * 3 / 2) font ',15'", "}",
      "set output '\(name).png'", "replot", "unset output",
    ]
    return comments + lines.joined(separator: "\n") + "\n"
  }

  // MARK: - Parts of the script

  /// Where the figure comes from, as lines that gnuplot passes over.
  private var comments: String { sources.map { "# \(PrintableText.line($0))\n" }.joined() }

  /// The rows of a curve's block; a level spans the abscissae of all others.
  private func rows(of series: Series) -> [(Double, Double, ClosedRange<Double>?)] {
    guard series.isLevel, let value = series.y.first else {
      return series.x.indices.map { (series.x[$0], series.y[$0], series.band?[$0]) }
    }
    let all = self.series.filter { !$0.isLevel }.flatMap(\.x)
      .filter { $0.isFinite && (!xAxis.isLogarithmic || $0 > 0) }
    let ends = [all.min() ?? 0, all.max() ?? 1]
    return ends.map { ($0, value, nil) }
  }

  private var axes: [String] {
    var lines: [String] = []
    if xAxis.isLogarithmic { lines += ["set logscale x", "set format x '%g'"] }
    if !xAxis.ticks.isEmpty {
      let ticks = xAxis.ticks.map { String(format: "%g", $0) }.joined(separator: ", ")
      lines.append("set xtics (\(ticks))")
    }
    if yAxis.isLogarithmic { lines += ["set logscale y", "set format y '%g'"] }
    if xAxis.minimum != nil || xAxis.maximum != nil {
      lines.append("set xrange [\(Self.bound(xAxis.minimum)):\(Self.bound(xAxis.maximum))]")
    }
    if yAxis.minimum != nil || yAxis.maximum != nil {
      lines.append("set yrange [\(Self.bound(yAxis.minimum)):\(Self.bound(yAxis.maximum))]")
    }
    return lines
  }

  /// The curves: bands first, so that no band covers a line.
  private var plot: String {
    var bands: [String] = []
    var curves: [String] = []
    for (index, series) in series.enumerated() {
      let source = "'\(name).dat' index \(index)"
      let axes = series.isOnRight ? " axes x1y2" : ""
      let style = series.style
      let colour = "linecolor rgb '\(style.colour)'"
      let title = "title \(Self.quoted(series.label))"
      let mark = "pointtype \(style.mark) pointsize 0.9"
      switch kind {
      case .rows, .points:
        let isRows = kind != .points
        if series.band != nil {
          let bars = isRows ? "1:2:3:4 with xerrorbars" : "1:2:3:4 with yerrorbars"
          curves.append("\(source) using \(bars) \(mark) linewidth 2 \(colour) notitle")
        }
        // The names of rows are at the axis.
        let legend = isRows && series.label.isEmpty ? "notitle" : title
        curves.append("\(source) using 1:2 with points \(mark) linewidth 2 \(colour) \(legend)")
      case .curves:
        if series.band != nil, !series.isLevel {
          bands.append(
            "\(source) using 1:3:4\(axes) with filledcurves \(colour) "
              + "fillstyle transparent solid 0.16 noborder notitle")
        }
        let points = series.x.count
        // Marks where something was measured, and on long curves ten of them, staggered.
        let every = points > 15 ? max(1, points / 10) : 1
        let marks = " pointinterval \(every) \(mark)"
        let line = series.isLevel ? "lines" : "linespoints\(marks)"
        curves.append(
          "\(source) using 1:2\(axes) with \(line) linewidth 2 dashtype \(style.dash) \(colour) "
            + title)
      }
    }
    return "plot " + (bands + curves).joined(separator: ", \\\n  ")
  }

  /// The legend below the axes, in columns that its longest name fits, and the height it takes.
  private var legend: (script: String, height: Int) {
    let labels = series.map(\.label).filter { !$0.isEmpty }
    guard !labels.isEmpty else { return ("set key off", 0) }
    let longest = labels.map(\.count).max() ?? 0
    let columns = max(1, min(4, 7000 / (longest * 82 + 700)))
    let rows = (labels.count + columns - 1) / columns
    return (
      "set key below center horizontal Left reverse samplen 2 spacing 1.1 font ',13' maxcols \(columns) "
        + "noenhanced", 23 * rows
    )
  }

  private var extraHeight: Int {
    guard case .rows(let names) = kind else { return 0 }
    return max(-120, 26 * names.count - 200)
  }

  /// The first line of the title in lines that fit the width, and the rest in lines of a smaller
  /// type. Both stand above the middle of the axes, which the names of rows move to the right.
  private var titleLines: (headline: [String], context: [String]) {
    let parts = title.split(separator: "\n").map(String.init)
    let context = parts.dropFirst().joined(separator: ", ")
    var names = 0
    if case .rows(let labels) = kind { names = labels.map(\.count).max() ?? 0 }
    let width = Double(Self.width) - 40 - 9 * Double(names)
    return (
      Self.wrapped(parts.first ?? "", to: Int(width / 9.2)),
      context.isEmpty ? [] : Self.wrapped(context, to: Int(width / 7.4))
    )
  }

  /// The width of the picture, in points of the screen.
  private static let width = 720

  private static func wrapped(_ text: String, to width: Int) -> [String] {
    var lines: [String] = []
    var line = ""
    for word in text.split(separator: " ") {
      if !line.isEmpty, line.count + word.count >= width {
        lines.append(line)
        line = ""
      }
      line += (line.isEmpty ? "" : " ") + word
    }
    return lines + [line]
  }

  private static func bound(_ value: Double?) -> String { value.map { "\($0)" } ?? "*" }

  private static func field(_ value: Double) -> String { value.isFinite ? String(value) : "NaN" }

  /// Single-quoted lines joined by line breaks, which gnuplot knows in double quotes alone.
  private static func quotedLines(_ lines: [String]) -> String {
    lines.map(quoted).joined(separator: #" . "\n" . "#)
  }

  /// A single-quoted gnuplot string: nothing is special in it but the quote, which is doubled.
  private static func quoted(_ text: String) -> String {
    "'" + Table.escaped(PrintableText.line(text)) { $0 == "'" ? "''" : nil } + "'"
  }
}
