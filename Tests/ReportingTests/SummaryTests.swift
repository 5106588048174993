import Reporting
import Results
import TestSupport
import Testing

@Suite("The summary on one screen")
struct SummaryTests {
  private func summary(
    _ runs: [RunRecord], _ references: [RunRecord], _ claims: [Claim] = []
  ) -> [String] {
    func check(_ experiment: String?) -> CheckReport {
      CheckReport(
        runs: runs.map { StoredRecord(path: $0.relativePath, record: $0) },
        references: references.map(Reference.init), tolerances: RecordFixture.tolerances,
        claims: claims, budget: "smoke", experiment: experiment)
    }
    return Summary(
      records: runs, published: [], budget: "smoke", check: check(nil),
      checkOf: { check($0) }, places: ["Tables: there."]
    ).lines()
  }

  private let pair = [
    RecordFixture.record(method: "bda", accuracy: 0.9), RecordFixture.record(),
    RecordFixture.record(method: "fhg"),
  ]

  @Test("Each experiment has its table and counts, literally; then counts of all, places, code")
  func literal() {
    #expect(
      summary(pair, pair, [RecordFixture.ordering()]).joined(separator: "\n") == """
        counter-example: no runs of budget smoke.

        hyper-cleaning (table 2), digits (synthetic), K20; one seed
          method  test accuracy (percent)  upper objective (nats)
          RHG                       80.00                  0.5000
          BDA                       90.00                  0.5000
          References: 3 runs, 6 numbers within their tolerances, 0 outside. \
        Claims: 1 of 1 reproduced.

        hyper-representation: no runs of budget smoke.

        few-shot: no runs of budget smoke.

        References: 3 runs, 6 numbers within their tolerances, 0 outside.
        Claims: 1 of 1 reproduced.
        Tables: there.
        Exit code 0: everything is as expected.
        """)
  }

  @Test("Runs that the article's table does not show are counted")
  func others() {
    let lines = summary([RecordFixture.record(protocolName: "own")], [])
    #expect(lines.contains { $0.hasPrefix("hyper-cleaning: 1 run of budget smoke, none of which") })
  }

  @Test("What deviates is there in full where it fits, and counted where it does not")
  func deviations() {
    let worse = RecordFixture.record(accuracy: 0.7)
    let few = summary([pair[0], worse, pair[2]], pair)
    #expect(few.contains { $0.contains("testAccuracy: expected 0.8 fraction, found 0.7") })
    let many = (0..<100).map { RecordFixture.record(seed: $0, accuracy: 0.5) }
    let lines = summary(many, (0..<100).map { RecordFixture.record(seed: $0) })
    #expect(lines.count == 50)
    #expect(lines.contains { $0.hasSuffix("more lines)") })
    #expect(lines.last?.hasPrefix("Exit code 2") == true)
    #expect(lines[48] == "Tables: there.")
  }

  @Test("Improvements stay among the last lines, however many deviations there are")
  func improvements() {
    let references = (0..<100).map { RecordFixture.record(seed: $0) }
    let runs = (0..<100).map { RecordFixture.record(seed: $0, accuracy: $0 < 3 ? 0.9 : 0.5) }
    let lines = summary(runs, references)
    #expect(lines.count == 50)
    let gains = lines.suffix(6).filter { $0.contains("better by 0.1 fraction") }
    #expect(gains.count == 3)
    let better = summary(
      references.map { record in
        var record = record
        record.final["testAccuracy"] = 0.9
        return record
      }, references)
    #expect(better.count == 50)
    #expect(better.last?.hasPrefix("Exit code 4") == true)
  }
}
