import Foundation
import Reporting
import Results
import TestSupport
import Testing

@Suite("The page")
struct ReportPageTests {
  /// Three seeds of four methods on MNIST, BDA ahead of RHG by one point on each seed.
  private static func records(_ methods: [String: Double] = ["rhg": 0.80, "bda": 0.81])
    -> [RunRecord]
  {
    methods.keys.sorted().flatMap { method in
      (0..<3).map { seed in
        RecordFixture.record(
          method: method, displayName: MethodStyle.displayName(method), seed: UInt64(seed),
          innerSteps: 100, budget: "paper",
          accuracy: (methods[method] ?? 0) + 0.001 * Double(seed), dataset: "mnist",
          synthetic: false)
      }
    }
  }

  private static func page(
    _ records: [RunRecord], references: [Reference] = [], claims: [Claim] = []
  ) -> Page {
    ReportPage(
      of: Evidence(runs: records, references: references, published: [], claims: claims)
    ).page
  }

  private static func answers(_ page: Page) -> [Answer] {
    page.blocks.flatMap { block -> [Answer] in
      if case .answers(let answers) = block { answers } else { [] }
    }
  }

  @Test("The first screen says what holds and by how much, from differences paired by seed")
  func answer() throws {
    let answers = Self.answers(Self.page(Self.records()))
    let first = try #require(answers.first { $0.statement.contains("better than with RHG") })
    #expect(first.verdict == .holds)
    #expect(first.evidence.contains("BDA less RHG: +1.00 points (95 % interval +1.00 to +1.00, 3"))
    let other = try #require(answers.first { $0.statement.contains("clean images alone") })
    #expect(other.verdict == .notRun)
    let cost = try #require(answers.first { $0.statement == "What BDA costs." })
    #expect(cost.evidence.contains("1.0 times as long as RHG"))
  }

  @Test("A worse BDA does not hold, and synthetic data never counts as holding")
  func verdicts() throws {
    let worse = Self.answers(Self.page(Self.records(["rhg": 0.82, "bda": 0.81])))
    #expect(worse.first { $0.statement.contains("than with RHG") }?.verdict == .doesNotHold)
    let synthetic = (0..<3).flatMap { seed in
      ["rhg", "bda"].map {
        RecordFixture.record(method: $0, seed: UInt64(seed), accuracy: $0 == "bda" ? 0.9 : 0.8)
      }
    }
    let answers = Self.answers(Self.page(synthetic))
    #expect(answers.first { $0.statement.contains("than with RHG") }?.verdict == .syntheticOnly)
    #expect(!answers.contains { $0.verdict == .holds })
  }

  @Test(
    "Where one run decides, a tie and what is no number decide nothing", arguments: [0.3, .nan])
  func exact(error: Double) throws {
    let runs = [("rhg", error), ("bda", error)].map { method, value in
      var record = RecordFixture.record(method: method, budget: "paper", synthetic: false)
      record.experiment = "counter-example"
      record.datasets = []
      record.metrics = [.init(name: "upperError", unit: "1", betterWhen: .lower)]
      record.final = ["upperError": value]
      return record
    }
    func verdict(_ runs: [RunRecord]) -> Answer.Verdict? {
      Self.answers(Self.page(runs)).first { $0.statement.contains("go to the wrong point") }?
        .verdict
    }
    #expect(verdict(runs) == .undecided)
    var nearer = runs
    nearer[1].final["upperError"] = 0.1
    nearer[0].final["upperError"] = 0.3
    #expect(verdict(nearer) == .holds)
  }

  @Test("A method that broke down with a seed is not plainly better, and the page says with which")
  func brokenSeeds() throws {
    var runs = Self.records(["rhg": 0.8, "bda": 0.85])
    var broken = try #require(runs.first { $0.method.name == "bda" })
    broken.seed = 77
    broken.status = .init(.diverged, reason: "F grew")
    broken.final["testAccuracy"] = 0.1
    broken.timing.secondsPerOuterStep = 1e6
    func answers(_ runs: [RunRecord]) -> [Answer] { Self.answers(Self.page(runs)) }
    let held = answers(runs).filter { $0.verdict == .holds }
    #expect(!held.isEmpty)
    runs.append(broken)
    let now = answers(runs)
    for answer in held {
      let same = try #require(now.first { $0.statement == answer.statement })
      #expect(same.verdict == .undecided)
      #expect(same.evidence.contains("broke down with the seed 77"), "\(same.evidence)")
    }
    // Nor is its time a cost of the method.
    let text = Self.page(runs).markdown(figuresIn: "figures") { _ in .missing("no") }
    #expect(!text.contains("1000000") && !text.contains("250000"), "\(text)")
  }

  @Test("The main table's title names the data that its rows are of, whichever comes first")
  func mainData() {
    var other = RecordFixture.record(
      budget: "paper", accuracy: 0.5, dataset: "fashion-mnist", synthetic: false)
    other.variant["data.name"] = "fashion-mnist"
    let text = Self.page(Self.records() + [other]).markdown(figuresIn: "figures") { _ in
      .missing("no")
    }
    let main = text.components(separatedBy: "Ours, method by method").dropFirst().first ?? ""
    let title = main.split(separator: "\n").first { $0.contains("protocol icml2020") } ?? ""
    #expect(title.contains("mnist") && !title.contains("fashion-mnist"), "\(title)")
    #expect(!text.contains("fashion-mnist, budget paper, fashion-mnist"))
  }

  @Test("Differences are to the standard's setting with most seeds, not to a run that broke")
  func standardWithMostSeeds() {
    var broken = RecordFixture.record(
      method: "rhg", innerSteps: 100, budget: "paper", accuracy: 0.2, dataset: "mnist",
      synthetic: false)
    broken.variant["inner.stepSize"] = 0.1
    var records = Self.records()
    for index in records.indices {
      records[index].variant["inner.stepSize"] = records[index].method.name == "rhg" ? 0.4 : 0.3
    }
    let text = Self.page(records + [broken]).markdown(figuresIn: "figures") { _ in .missing("no") }
    #expect(text.contains("+1.00 [+1.00, +1.00]"), "\(text)")
    #expect(!text.contains("+61.00"))
  }

  @Test("The strongest baseline that was run is the one that counts, and the others are named")
  func strongest() throws {
    let runs = Self.records(["rhg": 0.8, "bda": 0.81, "validation-only": 0.83, "filtered": 0.82])
    let answers = Self.answers(Self.page(runs))
    let answer = try #require(answers.first { $0.statement.contains("clean images alone") })
    #expect(answer.verdict == .doesNotHold)
    #expect(answer.evidence.contains("BDA less Validation only: -2.00 points"))
    #expect(answer.evidence.contains("Not run: Loss ranking, Self-filtered, Self-confidence."))
  }

  @Test("Every question of an experiment is answered at the K of most methods")
  func questionsShareTheirK() {
    let swept = [50, 100].flatMap { steps in
      ["bda", "rhg"].map { RecordFixture.record(method: $0, innerSteps: steps) }
    }
    let others = ["cg", "neumann"].map { RecordFixture.record(method: $0, innerSteps: 100) }
    let evidence = Evidence(runs: swept + others, references: [], published: [], claims: [])
    let asked = evidence.principal(
      experiment: "hyper-cleaning", protocolName: "icml2020", methods: ["bda", "rhg"])
    #expect(asked.map(\.method.name).sorted() == ["bda", "rhg"])
    #expect(asked.allSatisfy { $0.innerSteps == 100 })
    let all = evidence.principal(experiment: "hyper-cleaning", protocolName: "icml2020")
    #expect(all.count == 4 && all.allSatisfy { $0.innerSteps == 100 })
  }

  @Test("A search with many runs answers no question that the protocol's own runs can answer")
  func searchesDecideNothing() throws {
    func run(_ method: String, _ seed: UInt64, _ data: String, _ accuracy: Double) -> RunRecord {
      RecordFixture.record(
        method: method, seed: seed, budget: "paper", accuracy: accuracy, dataset: data,
        synthetic: false)
    }
    let own = (0..<3).flatMap { seed in
      ["bda", "rhg"].map { run($0, UInt64(seed), "mnist", $0 == "bda" ? 0.9 : 0.8) }
    }
    // On another data set, and on the same one with other images; there BDA is the worse.
    let searched = [0.05, 0.1, 0.2, 0.4].flatMap { stepSize in
      ["another", "mnist"].flatMap { data in
        (100..<103).flatMap { seed in
          ["bda", "rhg"].map { name -> RunRecord in
            var record = run(name, UInt64(seed), data, name == "bda" ? 0.3 : 0.7)
            record.variant["inner.stepSize"] = .number(stepSize)
            record.variant["data.split"] = "random"
            return record
          }
        }
      }
    }
    let answers = Self.answers(Self.page(own + searched))
    let first = try #require(answers.first { $0.statement.contains("better than with RHG") })
    #expect(first.verdict == .holds)
    #expect(first.evidence.contains("on mnist") && first.evidence.contains("90.00 % (BDA)"))
    // Where there is only a search, it counts no setting twice.
    let evidence = Evidence(runs: searched, references: [], published: [], claims: [])
    let asked = evidence.principal(experiment: "hyper-cleaning", protocolName: "icml2020")
    #expect(asked.count == 6)
  }

  @Test("A question about another problem is answered by the runs of that problem alone")
  func otherProblem() throws {
    func run(_ method: String, _ seed: UInt64, few: Bool) -> RunRecord {
      let isOurs = method == "bda"
      var record = RecordFixture.record(
        method: method, seed: seed, budget: "paper", accuracy: isOurs == few ? 0.7 : 0.9,
        dataset: "mnist", synthetic: false)
      if few {
        record.variant["data.validation"] = 200
        record.variant["corruption.fraction"] = 0.4
      }
      return record
    }
    let runs = (0..<3).flatMap { seed in
      ["bda", "no-cleaning"].flatMap { name in
        [true, false].map { run(name, UInt64(seed), few: $0) }
      }
    }
    let answers = Self.answers(Self.page(runs))
    let usual = try #require(answers.first { $0.statement.hasPrefix("It classifies better") })
    #expect(usual.verdict == .holds && !usual.evidence.contains("data.validation"))
    let few = try #require(answers.first { $0.statement.contains("two hundred clean images") })
    #expect(few.verdict == .doesNotHold, "\(few)")
    #expect(few.evidence.contains("corruption.fraction 0.4, data.validation 200"), "\(few)")
    let without = Self.answers(Self.page(runs.filter { $0.variant["data.validation"] == nil }))
    let absent = try #require(without.first { $0.statement.contains("two hundred clean images") })
    #expect(absent.verdict == .notRun)
  }

  @Test("MAML takes the best setting that it was run in with as many seeds, and the page names it")
  func bestSettingOfTheRival() throws {
    func run(_ method: String, _ seed: UInt64, _ accuracy: Double, rate: Double?) -> RunRecord {
      var record = RecordFixture.record(
        method: method, seed: seed, budget: "short", accuracy: accuracy, dataset: "omniglot",
        synthetic: false)
      record.experiment = "few-shot"
      if let rate { record.variant["outer.learningRate"] = .number(rate) }
      return record
    }
    let runs = (UInt64(0)..<3).flatMap { seed -> [RunRecord] in
      let noise = Double(seed) / 1000
      return [
        run("bda", seed, 0.95 + noise, rate: nil), run("maml", seed, 0.7 + noise, rate: nil),
        run("maml", seed, 0.9 + 2 * noise, rate: 0.003),
      ]
    }
    // One seed of a search is no setting with as many.
    let search = run("maml", 0, 0.99, rate: 0.01)
    let answers = Self.answers(Self.page(runs + [search]))
    let answer = try #require(answers.first { $0.statement.contains("than with MAML") })
    #expect(
      answer.evidence.contains("90.20 % (MAML with outer.learningRate 0.003)"), "\(answer.evidence)"
    )
    #expect(answer.verdict == .holds)
  }

  @Test("References alone make a page; a completed run takes the place of its reference")
  func references() {
    let references = Self.records().map(Reference.init)
    let page = Self.page([], references: references)
    let text = page.markdown(figuresIn: "figures") { _ in .missing("no") }
    #expect(text.contains("stored reference") && !text.contains("run here"))
    let both = Evidence(
      runs: Array(Self.records().prefix(1)), references: references, published: [], claims: [])
    #expect(both.records.count == 6)
    #expect(both.records.map { both.origin(of: $0) }.filter { $0 == .run }.count == 1)
    // An interrupted run says less than the reference of the same run.
    var broken = Self.records()[0]
    broken.status = .init(.interrupted, reason: "by the user")
    let kept = Evidence(runs: [broken], references: references, published: [], claims: [])
    #expect(kept.records.allSatisfy { kept.origin(of: $0) == .reference })
  }

  @Test("What was not run says so, and an experiment without records does")
  func notRun() {
    let text = Self.page(Self.records()).markdown(figuresIn: "figures") { _ in .missing("no") }
    #expect(text.contains("| Validation only | (not run)"))
    #expect(text.contains("Not run: there is no record of it."))
  }

  @Test("The same evidence makes the same page, and the page has no script and leaves for nowhere")
  func deterministic() {
    let claim = RecordFixture.ordering()
    let pages = (0..<2).map { _ in Self.page(Self.records().shuffled(), claims: [claim]) }
    let texts = pages.map { page in page.html { .svg("<svg viewBox=\"0 0 1 1\">\($0.name)</svg>") }
    }
    #expect(texts[0] == texts[1])
    #expect(!texts[0].contains("<script") && !texts[0].contains("http-equiv"))
    #expect(texts[0].matches(of: /(src|href)="(?!#)/).isEmpty)
    #expect(texts[0].contains("prefers-color-scheme: dark"))
    #expect(texts[0].contains("<svg role=\"img\""))
  }

  @Test("Text from records is text on the page, never markup")
  func escaping() {
    var record = Self.records()[0]
    record.method.displayName = "<b>&\"x\"</b>"
    let html = Self.page([record]).html { _ in .missing("no") }
    #expect(!html.contains("<b>&"))
    #expect(html.contains("&lt;b&gt;&amp;&quot;x&quot;&lt;/b&gt;"))
    #expect(html.contains("Not drawn: no"))
  }
}
