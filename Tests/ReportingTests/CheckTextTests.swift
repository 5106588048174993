import Reporting
import Results
import TestSupport
import Testing

@Suite("The text of a check")
struct CheckTextTests {
  private func report(_ run: RunRecord, _ claims: [Claim] = []) -> CheckReport {
    let reference = RecordFixture.record()
    return CheckReport(
      runs: [.init(path: "run", record: run)],
      references: [.init(path: "reference", record: reference)],
      tolerances: RecordFixture.tolerances, claims: claims, budget: "smoke")
  }

  @Test("Expected, found, tolerance, reason and verdict are all there, literally")
  func full() {
    let claim = RecordFixture.claim(.value, .value(0.5), absolute: 0.01)
    let text = report(RecordFixture.record(accuracy: 0.7), [claim]).text()
    #expect(
      text == """
        References, budget smoke
          Tolerances: by hand, for tests

          hyper-cleaning / rhg / icml2020 / K20 / smoke / seed 0
            testAccuracy: expected 0.8 fraction, found 0.7, allowed ± 0.01 \
        (one example in a hundred) -> deviates
            upperObjective: expected 0.5 nats, found 0.5, allowed ± 0.05 \
        (sums are taken in another order) -> within

        Claims, budget smoke

          [not reproduced, where 'reproduced' was expected] value-claim
            It is so.
            source: derived
            expected: testAccuracy = 0.5
            tolerance: ± 0.01 (rounding)
            found: rhg: 0.7 (one seed)

        References: 1 within, 0 improved, 1 deviates, 0 missing, 0 ignored. \
        Claims: 0 reproduced, 1 not reproduced, 0 not run. \
        Exit code 2: a number is outside its tolerance or a claim is not reproduced.

        """)
  }

  @Test("A brief text leaves out what agrees and keeps what does not")
  func brief() {
    let claim = RecordFixture.claim(.value, .value(0.7), absolute: 0.01)
    let text = report(RecordFixture.record(accuracy: 0.7), [claim]).text(isBrief: true)
    #expect(text.contains("testAccuracy") && !text.contains("upperObjective"))
    #expect(!text.contains("value-claim"))
    #expect(text.contains("Exit code 2"))
  }

  @Test("A run that broke down is listed with its reason")
  func breakdown() {
    let run = RecordFixture.record(status: .init(.diverged, reason: "F exceeded 1e6"))
    let text = report(run).text()
    #expect(text.contains("Runs that broke down"))
    #expect(text.contains("seed 0: diverged: F exceeded 1e6"))
    #expect(text.contains("Exit code 3"))
  }
}
