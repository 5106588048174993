import Foundation
import Reporting
import Results
import TestSupport
import Testing

@Suite("What makes another problem of a run")
struct ProblemSettingsTests {
  private func run(
    _ method: String, _ seed: UInt64, _ own: [String: Value] = [:]
  ) -> RunRecord {
    var record = RecordFixture.record(
      method: method, seed: seed, budget: "paper", accuracy: own.isEmpty ? 0.9 : 0.5,
      dataset: "mnist", synthetic: false)
    record.variant.merge(own) { _, new in new }
    if !own.isEmpty { record.datasets[0].sha256 = "cd34" }
    return record
  }

  private func published(_ variant: String) throws -> PublishedValue {
    let text = """
      {"schemaVersion": 1, "values": [{"experiment": "hyper-cleaning", "protocols": ["icml2020"],
      "dataset": "mnist", "method": "bda", "variant": \(variant), "metric": "testAccuracy",
      "number": 90, "unit": "percent", "status": "memory",
      "source": {"article": "ICML 2020", "table": "Table 2", "cell": "bda"}}]}
      """
    return try #require(
      try FileFormat.published.decode(
        Data(text.utf8), as: PublishedFile.self, source: "published.json"
      ).values.first)
  }

  static let others: [(String, Value)] = [
    ("validation", "own-file"), ("problem", "reduced"), ("problem.dimension", 10),
    ("data.validation", 50), ("corruption.fraction", 0.4), ("network.hidden", 30),
    ("extractor.kind", "linear"), ("split.rule", "seeded"),
  ]

  @Test("No published number stands beside a run of another problem", arguments: others)
  func noPublishedNumber(key: String, value: Value) throws {
    let usual = try published(#"{"innerSteps": 20}"#)
    #expect(usual.matches(run("bda", 0)))
    #expect(!usual.matches(run("bda", 0, [key: value])))
    #expect(usual.matches(run("bda", 0, ["inner.stepSize": 0.3])))
  }

  @Test("A published number of such a problem stands beside it, a list of one included")
  func publishedOfTheProblem() throws {
    let hidden = try published(#"{"innerSteps": 20, "network.hidden": [30]}"#)
    var record = run("bda", 0, ["network.hidden": 30])
    record.configuration = ["network": ["hidden": [30]]]
    #expect(hidden.matches(record))
    #expect(!hidden.matches(run("bda", 0)))
  }

  @Test(
    "Runs of another problem are not among those that an experiment is judged by",
    arguments: others)
  func principal(key: String, value: Value) {
    let usual = (UInt64(0)..<3).flatMap { seed in ["bda", "rhg"].map { run($0, seed) } }
    // A method that was run on the other problem alone.
    let other = (UInt64(0)..<3).map { run("t-rhg", $0, [key: value]) }
    let evidence = Evidence(runs: usual + other, references: [], published: [], claims: [])
    let asked = evidence.principal(experiment: "hyper-cleaning", protocolName: "icml2020")
    #expect(Set(asked.map(\.method.name)) == ["bda", "rhg"], "\(asked.map(\.identity))")
  }

  @Test("The article's own table has no run with a validation set of one's own")
  func articleTable() throws {
    let table = try #require(ArticleTable.all.first { $0.experiment == "hyper-cleaning" })
    let own = run("rhg", 0, ["validation": "own-file"])
    #expect(table.tables(records: [own], published: []).isEmpty)
    let tables = table.tables(records: [own, run("rhg", 0)], published: [])
    #expect(tables.map(\.rows.count) == [1])
    #expect(tables.first?.markdown.contains("90.00") == true)
  }
}
