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

  @Test("Against clean images: runs that share all else, whatever it is")
  func cleanImages() throws {
    func record(_ method: String, _ images: Int, fraction: Double?) -> RunRecord {
      var record = RecordFixture.record(method: method, innerSteps: 100)
      record.variant["data.validation"] = .integer(images)
      record.variant["corruption.fraction"] = fraction.map(Value.number)
      return record
    }
    let records =
      ["rhg", "filtered"].flatMap { method in
        [20, 200, 500].map { record(method, $0, fraction: 0.4) }
          + [20, 50].map { record(method, $0, fraction: 0.2) }
      } + [50, 100].map { RecordFixture.record(method: "rhg", innerSteps: $0) }
    let chosen = try #require(
      ChosenFigure.all.first { $0.name == "hyper-cleaning-clean-images" })
    let figure = try #require(
      chosen.figure(of: Evidence(runs: records, references: [], published: [], claims: [])))
    #expect(figure.series.count == 2 && figure.series.allSatisfy { $0.x == [20, 200, 500] })
    #expect(figure.title.contains("fraction=0.4"))
    let few = Evidence(
      runs: [record("rhg", 20, fraction: 0.4)], references: [], published: [], claims: [])
    #expect(chosen.figure(of: few) == nil)
  }

  @Test("Times of another processor are not held against the others")
  func oneProcessor() throws {
    let records = [("rhg", "A"), ("bda", "A"), ("t-rhg", "B")].map { method, processor in
      var record = RecordFixture.record(
        method: method, innerSteps: 100, budget: "paper", dataset: "mnist", synthetic: false)
      record.environment.cpu = processor
      return record
    }
    let evidence = Evidence(runs: records, references: [], published: [], claims: [])
    for name in ["hyper-cleaning-cost", "hyper-cleaning-seconds"] {
      let chosen = try #require(ChosenFigure.all.first { $0.name == name })
      let figure = try #require(chosen.figure(of: evidence))
      #expect(figure.series.map(\.label) == ["RHG", "BDA"], "\(name)")
      #expect(
        figure.sources.last == "Left out: one run that was timed on another processor than A.")
    }
    let steps = try #require(ChosenFigure.all.first { $0.name == "hyper-cleaning-iterations" })
    #expect(steps.figure(of: evidence)?.series.count == 3)
  }

  @Test("The script names its files relative to its folder and quotes every text")
  func script() {
    let script = figure.gnuplotScript
    #expect(script.contains("set title 'It''s a \"title\"' font ',15' noenhanced"))
    #expect(script.contains("'fig-1.dat' index 1 using 1:2 with linespoints"))
    #expect(script.contains("set key below"))
    #expect(script.contains("title 'b''s'"))
    #expect(script.contains("set logscale y") && !script.contains("set logscale x"))
    #expect(script.contains("set output 'fig-1.svg'") && script.contains("set output 'fig-1.png'"))
  }

  @Test("Lines above the axes are as long as the room beside the names of rows")
  func titleWidth() throws {
    var figure = figure
    figure.title = "t\n" + String(repeating: "word ", count: 40)
    func longest() throws -> Int {
      let labels = figure.gnuplotScript.split(separator: "\n").filter { $0.hasPrefix("set label") }
      return try #require(labels.map { $0.split(separator: "'")[1].count }.max())
    }
    let alone = try longest()
    #expect(alone > 80 && alone < 92)
    figure.kind = .rows(["BDA, fixed weights", "RHG"])
    let beside = try longest()
    #expect(beside > 60 && beside < 72)
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
    _ = try folder.program(
      "echo first >&2; echo 'bad line' >&2; exit 1", named: "bin/gnuplot")
    let output = try FigureWriter(searchPath: folder.path("bin"))
      .write(figure, into: folder.path("out"))
    #expect(output.message?.contains("(bad line)") == true, "\(output.message ?? "none")")
    #expect(output.picturePaths.isEmpty)
  }

  @Test("A gnuplot that the system ends is reported with the signal, and is no error")
  func killedGnuplot() throws {
    let folder = try TemporaryFolder()
    defer { withExtendedLifetime(folder) {} }
    _ = try folder.program("kill -9 $$", named: "bin/gnuplot")
    let output = try FigureWriter(searchPath: folder.path("bin"))
      .write(figure, into: folder.path("out"))
    #expect(output.message?.contains("the signal 9") == true, "\(output.message ?? "none")")
    #expect(output.picturePaths.isEmpty)
  }

  @Test("Pictures that come out half are no pictures, and those that were there are kept")
  func halfPictures() throws {
    let folder = try TemporaryFolder()
    defer { withExtendedLifetime(folder) {} }
    // As on a full disk: gnuplot ends with success.
    _ = try folder.program(
      "sed -n \"s/^set output '\\(.*\\)'/\\1/p\" | xargs -n 1 sh -c 'echo \"<svg>\" > \"$0\"'",
      named: "bin/gnuplot")
    _ = try folder.write(Array("good".utf8), to: "out/fig-1.svg")
    let error = #expect(throws: ResultsError.self) {
      try FigureWriter(searchPath: folder.path("bin")).write(figure, into: folder.path("out"))
    }
    #expect(error?.exitCode == 1 && error?.message.contains("fig-1") == true)
    #expect(try String(contentsOfFile: folder.path("out/fig-1.svg"), encoding: .utf8) == "good")
    #expect(try folder.names(in: "out") == ["fig-1.dat", "fig-1.gp", "fig-1.svg"])
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

  @Test("Final values of runs that broke down are no part of a mean")
  func breakdownsHaveNoFinalValue() throws {
    let records = [
      RecordFixture.record(seed: 0, accuracy: 0.6),
      RecordFixture.record(seed: 1, accuracy: 1e6, status: .init(.diverged, reason: "F grew")),
      RecordFixture.record(seed: 0, innerSteps: 40, accuracy: 0.7),
    ]
    let scatter = try #require(
      Figure.figure(
        of: "testAccuracy", in: records, as: .init(against: .measure("secondsPerOuterStep"))))
    #expect(scatter.series.flatMap(\.y).sorted() == [0.6, 0.7])
    let setting = try #require(
      Figure.figure(of: "testAccuracy", in: records, as: .init(against: .setting("innerSteps"))))
    #expect(setting.series.flatMap(\.y).sorted() == [0.6, 0.7])
  }

  @Test("Curves are means over seeds, with bands, against steps or seconds")
  func curves() throws {
    let records = [
      RecordFixture.record(seed: 0, accuracy: 0.6), RecordFixture.record(seed: 1, accuracy: 0.8),
      RecordFixture.record(method: "bda", accuracy: 0.9),
    ]
    let figure = try #require(
      Figure.figure(of: "testAccuracy", in: records))
    #expect(figure.name == "hyper-cleaning-icml2020-digits-smoke-testAccuracy-iteration")
    #expect(figure.title.contains("(synthetic)"))
    #expect(figure.yAxis.label == "test accuracy (fraction)")
    // K20 is common to both, so the title says it and not the legend.
    #expect(figure.title.hasSuffix(", K20"))
    #expect(figure.series.map(\.label) == ["RHG", "BDA"])
    #expect(figure.series[1].band == nil)
    #expect(figure.series[0].x == [0, 1])
    #expect(abs(figure.series[0].y[1] - 0.7) < 1e-12)
    #expect(figure.sources.first?.contains("3 of hyper-cleaning") == true)
    let timed = try #require(
      Figure.figure(of: "testAccuracy", in: records, as: .init(against: .seconds)))
    #expect(timed.series[0].x == [0, 0.5])
    #expect(Figure.figure(of: "nothing", in: records) == nil)
    var slim = records
    for index in slim.indices {
      for metric in slim[index].metrics.indices {
        slim[index].metrics[metric].steps = []
        slim[index].metrics[metric].values = []
      }
    }
    #expect(Figure.figure(of: "testAccuracy", in: slim) == nil)
  }

  @Test("The band is Student's 95 % interval, from three seeds on")
  func band() throws {
    let records = [0.6, 0.7, 0.8].enumerated().map {
      RecordFixture.record(seed: UInt64($0), accuracy: $1)
    }
    let figure = try #require(Figure.figure(of: "testAccuracy", in: records))
    let band = try #require(figure.series[0].band?[1])
    // 4.3027 * 0.1 / sqrt(3)
    #expect(abs(band.upperBound - 0.7 - 0.248414) < 1e-5)
    let two = try #require(Figure.figure(of: "testAccuracy", in: Array(records.prefix(2))))
    #expect(two.series[0].band == nil)
  }

  @Test("A point of a single seed has no band, and the others keep theirs")
  func bandOfSomePoints() throws {
    let records =
      (0..<3).map {
        RecordFixture.record(seed: $0, innerSteps: 100, accuracy: 0.7 + 0.1 * Double($0))
      }
      + [RecordFixture.record(innerSteps: 800, accuracy: 0.9)]
    let figure = try #require(
      Figure.figure(of: "testAccuracy", in: records, as: .init(against: .setting("innerSteps"))))
    let band = try #require(figure.series[0].band)
    #expect(band.map { $0 == nil } == [false, true])
    #expect(figure.gnuplotData.contains("800.0 0.9 NaN NaN"), "\(figure.gnuplotData)")
  }

  @Test("A baseline without steps is a level across the whole figure")
  func levels() throws {
    var baseline = RecordFixture.record(method: "oracle", accuracy: 0.9)
    baseline.method.hypergradient = .none
    baseline.metrics[0].steps = []
    baseline.metrics[0].values = []
    let figure = try #require(
      Figure.figure(of: "testAccuracy", in: [RecordFixture.record(), baseline]))
    #expect(figure.series.map(\.isLevel) == [false, true])
    #expect(figure.gnuplotData.contains("0.0 0.9\n1.0 0.9"))
  }

  @Test("More than ten curves become several figures, with the levels in each")
  func parts() {
    var figure = figure
    figure.series = (0..<23).map { .init(label: "m\($0)", x: [0, 1], y: [0, 1]) }
    figure.series.append(.level("baseline", at: 0.5, style: MethodStyle.of("oracle")))
    let parts = figure.parts
    #expect(parts.map(\.name) == ["fig-1-part1", "fig-1-part2", "fig-1-part3"])
    #expect(parts.allSatisfy { $0.series.count <= 10 && $0.series.last?.isLevel == true })
    #expect(parts.flatMap(\.series).filter { !$0.isLevel }.count == 23)
  }

  @Test("Final values against a setting and against a cost, and one row a method")
  func finals() throws {
    let records = [10, 100].flatMap { steps in
      ["rhg", "bda"].map {
        RecordFixture.record(
          method: $0, innerSteps: steps, accuracy: $0 == "bda" ? 0.9 : 0.8, dataset: "mnist",
          synthetic: false)
      }
    }
    let against = try #require(
      Figure.figure(of: "testAccuracy", in: records, as: .init(against: .setting("innerSteps"))))
    #expect(against.series.map(\.x) == [[10, 100], [10, 100]])
    #expect(against.xAxis.label == "inner steps K" && against.xAxis.isLogarithmic)
    let cost = try #require(
      Figure.figure(of: "testAccuracy", in: records, as: .init(against: .measure("totalSeconds"))))
    #expect(cost.kind == .points && cost.series.count == 4 && cost.series[0].x == [1.5])
    let rows = try #require(
      Figure.rows(of: "testAccuracy", in: Array(records.prefix(2)), published: []))
    #expect(rows.kind == .rows(["RHG", "BDA"]))
    #expect(rows.series.map(\.x) == [[80], [90]] && rows.series.map(\.y) == [[2], [1]])
  }

  @Test("Two metrics share a figure, the second against the right axis")
  func right() throws {
    var request = Figure.Request()
    request.rightMetric = "upperObjective"
    let figure = try #require(
      Figure.figure(of: "testAccuracy", in: [RecordFixture.record()], as: request))
    #expect(figure.series.map(\.isOnRight) == [false, true])
    #expect(figure.rightAxis?.label == "upper objective (nats)")
    #expect(figure.gnuplotScript.contains("axes x1y2"))
  }

  @Test("An axis says what the steps are")
  func steps() throws {
    var record = RecordFixture.record()
    record.metrics[0].name = "testAccuracyByInnerStep"
    record.final = [:]
    let figure = try #require(Figure.figure(of: "testAccuracyByInnerStep", in: [record]))
    #expect(figure.xAxis.label == "inner step")
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
      of: "testAccuracy", in: runs + [RecordFixture.record()])
    #expect(figures.map(\.xAxis.label) == ["outer step", "inner steps K"])
    let swept = try #require(figures.last)
    #expect(swept.xAxis.isLogarithmic && !figures[0].xAxis.isLogarithmic)
    #expect(swept.series.map(\.label) == ["BDA constant", "BDA harmonic"])
    #expect(swept.title.hasSuffix(", start=2"))
    #expect(swept.gnuplotScript.contains(", start=2' at graph 0.5"))
    #expect(swept.name.hasSuffix("-testAccuracy-innerSteps"))
  }

  @Test("A step one seed did not reach is left out, a value that is no number leaves a gap")
  func gaps() throws {
    var longer = RecordFixture.record(seed: 1)
    longer.metrics[0].steps.append(2)
    longer.metrics[0].values.append(0.9)
    let figure = try #require(
      Figure.figure(of: "testAccuracy", in: [RecordFixture.record(), longer]))
    #expect(figure.series[0].x == [0, 1])
    let broken = RecordFixture.record(accuracy: .nan)
    let gap = try #require(Figure.figure(of: "testAccuracy", in: [broken]))
    #expect(gap.series[0].x == [0])
  }
}
