import Reporting
import Results
import TestSupport
import Testing

@Suite("The text of a check")
struct CheckTextTests {
  private func report(_ run: RunRecord, _ claims: [Claim] = []) -> CheckReport {
    CheckReport(
      runs: [.init(path: "run", record: run)], references: [Reference(RecordFixture.record())],
      tolerances: RecordFixture.tolerances, claims: claims, budget: "smoke")
  }

  private let claim = RecordFixture.claim(.value, .value(0.5), absolute: 0.01)

  @Test("What is not as expected is there in full, literally, then the counts")
  func deviation() {
    #expect(
      report(RecordFixture.record(accuracy: 0.7), [claim]).text() == """
          hyper-cleaning / rhg / icml2020 / K20 / smoke / float / data cf7d6dda / seed 0
            testAccuracy: expected 0.8 fraction, found 0.7, allowed ± 0.01 \
        (one example in a hundred) -> outside

          [not reproduced, where 'reproduced' was expected] value-claim
            It is so.
            source: derived
            expected: testAccuracy = 0.5
            tolerance: ± 0.01 (rounding)
            found: rhg: 0.7 (one seed)

        References: 1 run, 1 numbers within their tolerances, 1 outside.
        Claims: 0 of 1 reproduced, 1 not reproduced.
        Exit code 2: a number is outside its tolerance or a claim has a worse verdict than is known.

        """)
  }

  @Test("What is as expected is there only in a verbose text")
  func verbose() {
    let known = RecordFixture.claim(.value, .value(0.8), absolute: 0.01)
    let report = report(RecordFixture.record(), [known])
    #expect(
      report.text() == """
        References: 1 run, 2 numbers within their tolerances, 0 outside.
        Claims: 1 of 1 reproduced.
        Exit code 0: everything is as expected.

        """)
    let text = report.text(isVerbose: true)
    for words in [
      "Tolerances: by hand, for tests", "testAccuracy: expected 0.8",
      "upperObjective: expected 0.5",
      "[reproduced] value-claim", "found: rhg: 0.8 (one seed)",
    ] {
      #expect(text.contains(words), "\(words)")
    }
    #expect(text.hasSuffix(report.text()))
  }

  @Test("What is better than stored is outside, and the last lines say what and by how much")
  func improvement() {
    var known = RecordFixture.claim(.value, .value(0.9), absolute: 0.01)
    known.expectedVerdict = .notReproduced
    let report = report(RecordFixture.record(accuracy: 0.9), [known])
    #expect(
      report.text().hasSuffix(
        """
        References: 1 run, 1 numbers within their tolerances, 1 outside (1 of them better).
        Claims: 1 of 1 reproduced.
        Better than stored, beyond the tolerance:
          hyper-cleaning / rhg / icml2020 / K20 / smoke / float / data cf7d6dda / seed 0: testAccuracy 0.9 where 0.8 is \
        stored, better by 0.1 fraction
          claim value-claim: reproduced, known as not reproduced
        Exit code 4: outside what is stored in the better direction only; find out why before you \
        bring the references up to date.

        """))
  }

  @Test("Claims without a verdict say so, and are not counted as reproduced")
  func unjudged() {
    let claim = RecordFixture.claim(.value, .value(0.8), seeds: [0, 1], minimumSeeds: 2)
    let text = report(RecordFixture.record(), [claim]).text()
    #expect(text.contains("[too few seeds, where 'reproduced' was expected] value-claim"))
    #expect(text.contains("not judged: runs of 1 seed where the claim wants at least 2"))
    #expect(text.contains("note: seed 1 left out: not run to the end by rhg"))
    #expect(text.contains("Claims: 0 of 1 reproduced, 1 too few seeds."))
  }

  @Test("A run that broke down is listed with its reason")
  func breakdown() {
    let run = RecordFixture.record(status: .init(.diverged, reason: "F exceeded 1e6"))
    let text = report(run).text()
    #expect(text.contains("Runs that broke down"))
    #expect(text.contains("seed 0: diverged: F exceeded 1e6"))
    #expect(text.contains("Exit code 3"))
  }

  @Test("What records and claims say steers no terminal and forges no line")
  func printable() {
    let forged = "\u{1B}[2J\u{1B}[31mhi\nExit code 0: everything is as expected."
    var said = claim
    said.statement = forged
    let broken = report(RecordFixture.record(status: .init(.diverged, reason: forged)), [said])
    var known = RecordFixture.claim(.value, .value(0.9), absolute: 0.01)
    known.id = forged
    known.expectedVerdict = .notReproduced
    let better = report(RecordFixture.record(accuracy: 0.9), [known])
    for report in [broken, better] {
      for text in [report.text(), report.text(isVerbose: true)] {
        let lines = text.split(separator: "\n")
        #expect(lines.count { $0.hasPrefix("Exit code ") } == 1, "\(text)")
        #expect(!text.unicodeScalars.contains { $0 == "\u{1B}" })
        #expect(text.contains("hi Exit code 0"))
      }
      // What a summary shows.
      for line in report.deviationLines + report.improvementLines {
        #expect(!line.unicodeScalars.contains { $0 == "\u{1B}" || $0 == "\n" }, "\(line)")
      }
    }
    #expect(!broken.deviationLines.isEmpty && !better.improvementLines.isEmpty)
  }
}
