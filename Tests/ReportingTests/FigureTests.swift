import Foundation
import Reporting
import Results
import TestSupport
import Testing

@Suite("Figures")
struct FigureTests {
  private let figure = Figure(
    name: "fig-1", title: "It's a \"title\"", xAxis: .init("step"),
    yAxis: .init("error (1)", isLogarithmic: true),
    series: [
      .init(label: "a", x: [0, 1], y: [1, 0.5], band: [0.5...2, 0.25...0.75]),
      .init(label: "b's", x: [0, 1], y: [.nan, 3]),
    ])

  @Test("Data, literally: blocks, bands, gaps")
  func data() {
    #expect(
      figure.gnuplotData == """
        # a
        0.0 1.0 0.5 2.0
        1.0 0.5 0.25 0.75


        # b's
        0.0 NaN
        1.0 3.0

        """)
  }

  @Test("The script names its files relative to its folder and quotes every text")
  func script() {
    let script = figure.gnuplotScript
    #expect(script.contains("set title 'It''s a \"title\"' font ',11' noenhanced"))
    #expect(
      script.contains(
        "'fig-1.dat' index 1 using 1:2 with linespoints pointtype 6 pointsize 1.2 linewidth 2"))
    #expect(script.contains("title 'b''s'"))
    #expect(script.contains("set logscale y") && !script.contains("set logscale x"))
    #expect(script.contains("set output 'fig-1.svg'") && script.contains("set output 'fig-1.png'"))
  }

  @Test("Without gnuplot, data and script are written and the message says what to do")
  func withoutGnuplot() throws {
    let folder = try TemporaryFolder()
    defer { withExtendedLifetime(folder) {} }
    let output = try FigureWriter(searchPath: folder.path).write(figure, into: folder.path)
    #expect(output.picturePaths.isEmpty)
    #expect(output.message?.contains("apt-get install gnuplot-nox") == true)
    #expect(try folder.names() == ["fig-1.dat", "fig-1.gp"])
  }

  @Test("A gnuplot that fails is reported with its last line, and is no error")
  func failingGnuplot() throws {
    let folder = try TemporaryFolder()
    defer { withExtendedLifetime(folder) {} }
    let program = try folder.write(
      Array("#!/bin/sh\necho first >&2; echo 'bad line' >&2; exit 1\n".utf8), to: "bin/gnuplot")
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program)
    let output = try FigureWriter(searchPath: folder.path("bin"))
      .write(figure, into: folder.path("out"))
    #expect(output.message?.contains("(bad line)") == true)
    #expect(output.picturePaths.isEmpty)
  }

  private static let hasGnuplot = (ProcessInfo.processInfo.environment["PATH"] ?? "")
    .split(separator: ":").contains {
      FileManager.default.isExecutableFile(atPath: "\($0)/gnuplot")
    }

  @Test("With gnuplot, both pictures appear", .enabled(if: hasGnuplot, "gnuplot is not installed"))
  func withGnuplot() throws {
    let folder = try TemporaryFolder()
    defer { withExtendedLifetime(folder) {} }
    let output = try FigureWriter().write(figure, into: folder.path)
    #expect(output.message == nil)
    #expect(output.picturePaths.count == 2)
    for path in output.picturePaths {
      let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
      #expect(bytes.count > 1000)
    }
    let picture = try Data(contentsOf: URL(fileURLWithPath: folder.path("fig-1.png")))
    #expect(Array(picture.prefix(4)) == [0x89, 0x50, 0x4e, 0x47])
  }

  @Test("Curves are means over seeds, with bands, against steps or seconds")
  func curves() throws {
    let records = [
      RecordFixture.record(seed: 0, accuracy: 0.6), RecordFixture.record(seed: 1, accuracy: 0.8),
      RecordFixture.record(method: "bda", accuracy: 0.9),
    ]
    let figure = try #require(
      Figure.curves(of: "testAccuracy", in: records, against: .iteration))
    #expect(figure.name == "hyper-cleaning-icml2020-digits-smoke-testAccuracy-iteration")
    #expect(figure.title.contains("(synthetic)"))
    #expect(figure.yAxis.label == "test accuracy (fraction)")
    #expect(figure.series.map(\.label) == ["BDA K20", "RHG K20"])
    #expect(figure.series[0].band == nil)
    #expect(figure.series[1].x == [0, 1])
    #expect(abs(figure.series[1].y[1] - 0.7) < 1e-12)
    #expect(figure.series[1].band?[1] == 0.6...0.8)
    let timed = try #require(Figure.curves(of: "testAccuracy", in: records, against: .seconds))
    #expect(timed.series[1].x == [0, 0.5])
    #expect(Figure.curves(of: "nothing", in: records, against: .iteration) == nil)
    let slim = records.map { $0.slimmed() }
    #expect(Figure.curves(of: "testAccuracy", in: slim, against: .iteration) == nil)
  }

  @Test("A swept setting is the abscissa, and what all curves share is in the title")
  func sweeps() throws {
    let runs = ["harmonic", "constant"].map { schedule in
      var record = RecordFixture.record(method: "bda")
      record.variant = [
        "sweep": "innerSteps", "aggregation.schedule": .string(schedule), "start": 2,
      ]
      return record
    }
    let figures = Figure.all(
      of: "testAccuracy", in: runs + [RecordFixture.record()], against: .iteration)
    #expect(figures.map(\.xAxis.label) == ["outer step", "inner steps K"])
    let swept = try #require(figures.last)
    #expect(swept.xAxis.isLogarithmic && !figures[0].xAxis.isLogarithmic)
    #expect(swept.series.map(\.label) == ["BDA constant", "BDA harmonic"])
    #expect(swept.title.hasSuffix("\nstart=2"))
    #expect(swept.gnuplotScript.contains(#"' . "\n" . 'start=2' font"#))
    #expect(swept.name.hasSuffix("-testAccuracy-innerSteps"))
  }

  @Test("A step one seed did not reach is left out, a value that is no number leaves a gap")
  func gaps() throws {
    var longer = RecordFixture.record(seed: 1)
    longer.metrics[0].steps.append(2)
    longer.metrics[0].values.append(0.9)
    let figure = try #require(
      Figure.curves(
        of: "testAccuracy", in: [RecordFixture.record(), longer], against: .iteration))
    #expect(figure.series[0].x == [0, 1])
    let broken = RecordFixture.record(accuracy: .nan)
    let gap = try #require(Figure.curves(of: "testAccuracy", in: [broken], against: .iteration))
    #expect(gap.series[0].x == [0])
  }
}
