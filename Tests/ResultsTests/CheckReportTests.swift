import Results
import TestSupport
import Testing

@Suite("Checks and their exit codes")
struct CheckReportTests {
  private func code(
    _ runs: [RunRecord], _ references: [RunRecord], _ claims: [Claim] = [],
    experiment: String? = nil, passesOver: Bool = false
  ) -> Int32 {
    CheckReport(
      runs: runs.map { StoredRecord(path: $0.relativePath, record: $0) },
      references: references.map(Reference.init), tolerances: RecordFixture.tolerances,
      claims: claims, budget: "smoke", experiment: experiment, passesOverUnreferenced: passesOver
    ).exitCode
  }

  private let good = RecordFixture.record()
  private let better = RecordFixture.record(accuracy: 0.9)
  private let worse = RecordFixture.record(accuracy: 0.7)
  private let diverged = RecordFixture.record(status: .init(.diverged))

  @Test("Each situation has its code")
  func codes() {
    #expect(code([good], [good]) == 0)
    #expect(code([worse], [good]) == 2)
    #expect(code([diverged], [good]) == 3)
    #expect(code([better], [good]) == 4)
    #expect(code([], [good]) == 5)
    #expect(code([good], []) == 5)
    #expect(code([], []) == 5)
  }

  @Test("3 goes before 2, 2 before 5, 5 before 4")
  func precedence() {
    let other = RecordFixture.record(method: "bda")
    let otherWorse = RecordFixture.record(method: "bda", accuracy: 0.7)
    let third = RecordFixture.record(method: "fhg")
    #expect(code([diverged, otherWorse], [good, other, third]) == 3)
    #expect(code([worse], [good, other]) == 2)
    #expect(code([better], [good, other]) == 5)
    #expect(code([better, otherWorse], [good, other]) == 2)
    #expect(code([better, other], [good, other]) == 4)
  }

  @Test("Claims count with the verdict they are known to have")
  func claims() {
    let value = RecordFixture.claim(.value, .value(0.8), absolute: 0.01)
    let wrong = RecordFixture.claim(.value, .value(0.5), absolute: 0.01)
    var honest = wrong
    honest.expectedVerdict = .notReproduced
    var pessimist = value
    pessimist.expectedVerdict = .notReproduced
    #expect(code([good], [good], [value]) == 0)
    #expect(code([good], [good], [wrong]) == 2)
    #expect(code([good], [good], [honest]) == 0)
    #expect(code([good], [good], [pessimist]) == 4)
    #expect(code([good], [good], [RecordFixture.ordering()]) == 5)
    #expect(code([good], [good], [RecordFixture.ordering(expectedVerdict: .notRun)]) == 0)
  }

  @Test("A worse verdict than is known is 2, a better one 4, none where one is known 5")
  func verdicts() {
    let runs = [good, RecordFixture.record(method: "bda", accuracy: 0.9)]
    // 0.1 better, exactly: beyond 0.05, at 0.1 within rounding of it, below 0.2.
    func code(margin: Double, known: Claim.Outcome?, tolerance: Double = 0, seeds: Int = 1) -> Int32
    {
      let claim = RecordFixture.ordering(
        margin: margin, seeds: [0, 1], minimumSeeds: seeds, absolute: tolerance,
        expectedVerdict: known)
      return self.code(runs, runs, [claim])
    }
    let codes: [(margin: Double, tolerance: Double, codes: [Int32])] = [
      // Known as reproduced, undecided, not reproduced, too few seeds, not run.
      (0.05, 0, [0, 4, 4, 4, 4]), (0.11, 0.02, [2, 2, 0, 2, 2]),
    ]
    let known: [Claim.Outcome] = [
      .reproduced, .undecided, .notReproduced, .tooFewSeeds, .notRun,
    ]
    for (margin, tolerance, expected) in codes {
      #expect(known.map { code(margin: margin, known: $0, tolerance: tolerance) } == expected)
    }
    #expect(known.map { code(margin: 0.05, known: $0, seeds: 2) } == [5, 5, 5, 0, 5])
    let equal = [good, RecordFixture.record(method: "bda")]
    let undecided = known.map {
      self.code(equal, equal, [RecordFixture.ordering(margin: 0, expectedVerdict: $0)])
    }
    #expect(undecided == [2, 0, 4, 2, 2])
  }

  @Test("A breakdown that the reference or a claim expects is no failure")
  func expectedBreakdown() {
    #expect(code([diverged], [diverged]) == 0)
    #expect(code([good], [diverged]) == 4)
    let claim = RecordFixture.claim(.status, .status(.diverged))
    #expect(code([diverged], [diverged], [claim]) == 0)
    #expect(code([good], [good], [claim]) == 2)
    // The claim excuses the breakdown (not 3); the missing reference is still said.
    #expect(code([diverged], [], [claim]) == 5)
    let nonFinite = RecordFixture.record(status: .init(.nonFinite))
    #expect(code([nonFinite], [good], [claim]) == 3)
  }

  @Test("On request runs without reference are passed over, even broken ones, but serve claims")
  func unreferenced() {
    let mine = RecordFixture.record(method: "mine", status: .init(.diverged))
    let bda = RecordFixture.record(method: "bda", accuracy: 0.9)
    #expect(code([good, mine], [good]) == 3)
    #expect(code([good, mine], [good], passesOver: true) == 0)
    #expect(code([mine], [good], passesOver: true) == 5)
    #expect(code([good, bda], [good], [RecordFixture.ordering()], passesOver: true) == 0)
    #expect(code([good], [good], [RecordFixture.ordering()], passesOver: true) == 5)
  }

  @Test("Other budgets and experiments are left aside")
  func limits() {
    let paper = RecordFixture.record(budget: "paper", status: .init(.diverged))
    var paperClaim = RecordFixture.ordering()
    paperClaim.budget = "paper"
    #expect(code([good, paper], [good], [paperClaim]) == 0)
    var foreign = worse
    foreign.experiment = "few-shot"
    #expect(code([good, foreign], [good]) == 5)
    #expect(code([good, foreign], [good], experiment: "hyper-cleaning") == 0)
  }
}
