import Foundation
import Reporting
import Results
import TestSupport
import Testing

/// Runs that broke down, seeds that are not shared, processors and budgets that differ, references that keep
/// no parts: what is drawn and said of them must not be what is said of whole runs.
@Suite("What pages and figures make of runs that are not alike")
struct FairEvidenceTests {
  private static func run(
    _ method: String, _ seed: UInt64, _ accuracy: Double = 0.8, diverged: Bool = false,
    budget: String = "paper"
  ) -> RunRecord {
    RecordFixture.record(
      method: method, displayName: MethodStyle.displayName(method), seed: seed, innerSteps: 100,
      budget: budget, accuracy: accuracy,
      status: diverged ? .init(.diverged, reason: "F grew") : .init(.completed), dataset: "mnist",
      synthetic: false)
  }

  private static func runs(_ method: String, _ accuracy: Double, seeds: Range<UInt64> = 0..<3)
    -> [RunRecord]
  {
    seeds.map { run(method, $0, accuracy + 0.001 * Double($0)) }
  }

  private static func evidence(
    _ runs: [RunRecord], references: [Reference] = [], published: [PublishedValue] = []
  ) -> Evidence {
    Evidence(runs: runs, references: references, published: published, claims: [])
  }

  private static func answer(_ statement: String, _ runs: [RunRecord]) throws -> Answer {
    let answers = ReportPage(of: evidence(runs)).page.blocks.flatMap { block -> [Answer] in
      if case .answers(let answers) = block { answers } else { [] }
    }
    return try #require(answers.first { $0.statement.contains(statement) })
  }

  @Test(
    "Where all runs of a rival broke down, the first screen says so, and not that it was not run")
  func allBrokeDown() throws {
    let broken = (UInt64(0)..<3).map { Self.run("rhg", $0, 0.1, diverged: true) }
    let answer = try Self.answer("than with RHG", Self.runs("bda", 0.9) + broken)
    #expect(answer.verdict == .undecided)
    #expect(answer.evidence.contains("RHG broke down with the seeds 0, 1, 2"), "\(answer)")
  }

  @Test("A rival's seed that broke down is named")
  func rivalBrokeDown() throws {
    let runs = Self.runs("bda", 0.9) + Self.runs("rhg", 0.8, seeds: 0..<2)
    let answer = try Self.answer("than with RHG", runs + [Self.run("rhg", 2, 0.1, diverged: true)])
    #expect(answer.evidence.contains("RHG broke down with the seed 2, which"), "\(answer)")
    let all = Self.runs("bda", 0.9) + Self.runs("validation-only", 0.85)
    let other = try Self.answer(
      "clean images alone", all + [Self.run("filtered", 0, 0.1, diverged: true)])
    #expect(other.verdict == .holds)
    #expect(other.evidence.contains("Filtered broke down with the seed 0, which"), "\(other)")
  }

  @Test("The rival that shares most seeds is compared, however good another was with one")
  func rivalsArePaired() throws {
    let paired = Self.runs("bda", 0.9) + Self.runs("validation-only", 0.85)
    for seed in [UInt64(0), 9] {
      let lucky = Self.run("filtered", seed, 0.99)
      let answer = try Self.answer("clean images alone", paired + [lucky])
      #expect(answer.verdict == .holds, "seed \(seed): \(answer)")
      #expect(answer.evidence.contains("BDA less Validation only: +5.00 points"), "\(answer)")
      #expect(answer.evidence.contains("fewer seeds in common: Filtered"), "\(answer)")
    }
  }

  @Test("Seconds of two processors are not divided by one another")
  func costsOfOneProcessor() throws {
    func timed(_ method: String, _ seed: UInt64, _ seconds: Double, on cpu: String) -> RunRecord {
      var record = Self.run(method, seed)
      record.environment.cpu = cpu
      record.timing.secondsPerOuterStep = seconds
      return record
    }
    let runs = [
      timed("bda", 0, 6, on: "A"), timed("rhg", 0, 2, on: "A"), timed("bda", 1, 60, on: "A"),
      timed("rhg", 1, 1, on: "B"),
    ]
    let pair = try Self.answer("What BDA costs", runs)
    #expect(pair.evidence.contains("takes 3.0 times as long"), "\(pair)")
    let apart = try Self.answer("What BDA costs", [runs[2], runs[3]])
    #expect(apart.verdict == .notRun && apart.evidence.contains("on one processor"), "\(apart)")
  }

  @Test("The article's table says how runs ended, and which seeds it does not count")
  func grid() throws {
    let published = try JSONDecoder().decode(
      [PublishedValue].self,
      from: Data(
        """
        [{"experiment": "hyper-cleaning", "protocols": ["icml2020"], "dataset": "mnist",
          "method": "rhg", "variant": {"innerSteps": 100}, "metric": "testAccuracy",
          "number": 89.73, "unit": "percent", "status": "memory",
          "source": {"article": "arXiv 2006.04045", "table": "Table 2", "cell": "RHG"}}]
        """.utf8))
    func text(_ runs: [RunRecord]) -> String {
      ReportPage(of: Self.evidence(runs, published: published)).page
        .markdown(figuresIn: "figures") { _ in .missing("no") }
    }
    let broken = (UInt64(0)..<3).map { Self.run("rhg", $0, 0.1, diverged: true) }
    #expect(text(broken).contains("| RHG | 89.73 | (diverged) |"), "\(text(broken))")
    let some = text(Self.runs("rhg", 0.8, seeds: 0..<2) + [broken[2]])
    #expect(some.contains("broke down with the seed 2, which no number here counts"), "\(some)")
    #expect(some.contains("80.05"), "\(some)")
  }

  @Test("A seed that broke down neither shortens a curve nor takes part in its mean, and is named")
  func brokenCurve() throws {
    var broken = Self.run("rhg", 2, -4, diverged: true)
    // Whether it has a curve of its own, or broke down before it had one.
    for steps in [[0, 2], [0]] {
      broken.metrics[0].steps = steps
      broken.metrics[0].values = steps.map { _ in -4 }
      let figure = try #require(
        Figure.figure(of: "testAccuracy", in: Self.runs("rhg", 0.8, seeds: 0..<2) + [broken]))
      #expect(figure.series.count == 1 && figure.series[0].x == [0, 1])
      #expect(figure.series[0].y[0] == 0.1)
      #expect(
        figure.sources.last == "RHG broke down with the seed 2, which no curve shows.",
        "\(figure.sources)")
    }
    // Where nothing else is there, how it broke down is what there is to see.
    let alone = try #require(
      Figure.figure(of: "testAccuracy", in: [Self.run("rhg", 2, 0.2, diverged: true)]))
    #expect(alone.series[0].y == [0.1, 0.2])
    #expect(alone.sources.last == "RHG broke down with the seed 2.")
  }

  @Test("Only baselines are levels: a run without its curve is named instead")
  func levelsAreBaselines() throws {
    let whole = Self.runs("rhg", 0.8)
    var references = [Self.run("rhg", 7, 0.7), Self.run("reptile", 0, 0.5)].map(Reference.init)
    var baseline = Self.run("validation-only", 0, 0.9)
    baseline.method.hypergradient = .none
    baseline.metrics = baseline.metrics.map { metric in
      var metric = metric
      (metric.steps, metric.values) = ([], [])
      return metric
    }
    references.append(Reference(baseline))
    let records = Self.evidence(whole + [baseline], references: references).records
    let figure = try #require(Figure.figure(of: "testAccuracy", in: records))
    #expect(figure.series.filter(\.isLevel).map(\.label) == ["Validation only"])
    #expect(
      figure.sources.last == "No curve is stored of: RHG (seed 7), Reptile (seed 0).",
      "\(figure.sources)")
  }

  @Test("A curve against something else than outer steps has no levels")
  func noLevelsByInnerStep() throws {
    func renamed(_ record: RunRecord) -> RunRecord {
      var record = record
      record.metrics[0].name = "testAccuracyByInnerStep"
      record.final = ["testAccuracyByInnerStep": 0.9]
      return record
    }
    var baseline = renamed(Self.run("untrained", 0))
    baseline.method.hypergradient = .none
    baseline.metrics[0].steps = []
    baseline.metrics[0].values = []
    let figure = try #require(
      Figure.figure(of: "testAccuracyByInnerStep", in: [renamed(Self.run("rhg", 0)), baseline]))
    #expect(figure.series.filter(\.isLevel).isEmpty)
  }

  @Test("Every curve stands beside every level in some part")
  func partsKeepLevels() {
    var figure = Figure(
      name: "f", title: "t", xAxis: .init("x"), yAxis: .init("y"),
      series: (0..<7).map { .init(label: "c\($0)", x: [0, 1], y: [0, 1]) })
    figure.series += (0..<12).map { .level("l\($0)", at: 0.5, style: MethodStyle.of("oracle")) }
    let parts = figure.parts
    #expect(parts.allSatisfy { $0.series.count <= 10 })
    for curve in 0..<7 {
      for level in 0..<12 {
        #expect(
          parts.contains { part in
            let labels = part.series.map(\.label)
            return labels.contains("c\(curve)") && labels.contains("l\(level)")
          }, "c\(curve) beside l\(level)")
      }
    }
  }

  @Test("Runs of two budgets are no seeds of one another in a figure of a sweep")
  func sweepOfOneBudget() throws {
    let records = ["smoke", "short"].map { budget in
      var record = Self.run("rhg", 0, budget: budget)
      record.experiment = "counter-example"
      record.datasets = []
      record.variant = ["sweep": "innerSteps", "inner.stepSize": "0.5", "y1": "0"]
      record.metrics = [
        RunRecord.Metric(
          name: "upperError", unit: "1", betterWhen: .lower, steps: [8, 16],
          values: budget == "short" ? [0.5, 0.25] : [5, 2.5])
      ]
      record.final = ["upperError": record.metrics[0].values[1]]
      return record
    }
    let drawn = ChosenFigure.all.filter { $0.experiment == "counter-example" }
      .compactMap { $0.figure(of: Self.evidence(records)) }
      .filter { $0.series.contains { $0.x == [8, 16] } }
    #expect(!drawn.isEmpty)
    for figure in drawn { #expect(figure.series.map(\.y) == [[0.5, 0.25]], "\(figure.name)") }
  }

  @Test("A reference has the K of its configuration where a run of its method has one")
  func referencesKeepTheirSteps() {
    func run(_ seed: UInt64) -> RunRecord {
      var record = Self.run("t-rhg", seed)
      record.experiment = "few-shot"
      record.variant = [:]
      record.method.dynamics.parameters = ["innerSteps": 5]
      return RunRecord(
        experiment: record.experiment, method: record.method, seed: seed, budget: record.budget,
        protocolName: record.protocolName, variant: [:],
        configuration: ["inner": ["steps": 5]], datasets: record.datasets,
        environment: record.environment, status: record.status, metrics: record.metrics,
        final: record.final, timing: record.timing)
    }
    let evidence = Self.evidence([run(1)], references: [Reference(run(0))])
    #expect(evidence.records.map(\.innerSteps) == [5, 5])
    let shown = evidence.principal(experiment: "few-shot", protocolName: "icml2020")
    #expect(shown.map(\.seed) == [0, 1])
  }
}
