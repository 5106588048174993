import Files
import Foundation
import Results
import TestSupport
import Testing

@Suite("Claims")
struct ClaimTests {
  @Test("Values and intervals without randomness: the tolerance widens, and its edge is inside")
  func exactLevels() {
    let records = [RecordFixture.record(accuracy: 0.75)]
    func outcome(_ kind: Claim.Kind, _ expected: Claim.Expectation, _ absolute: Double)
      -> Claim.Outcome
    {
      let claim = RecordFixture.claim(kind, expected, absolute: absolute)
      return ClaimVerdict(claim, records: records).outcome
    }
    #expect(outcome(.value, .value(0.75), 0) == .reproduced)
    #expect(outcome(.value, .value(0.5), 0.25) == .reproduced)
    #expect(outcome(.value, .value(0.5), 0.249) == .notReproduced)
    #expect(outcome(.value, .value(1), 0.25) == .reproduced)
    #expect(outcome(.value, .value(1), 0.249) == .notReproduced)
    #expect(outcome(.interval, .interval(lower: 0.75, upper: 0.9), 0) == .reproduced)
    #expect(outcome(.interval, .interval(lower: 0.5, upper: 0.75), 0) == .reproduced)
    #expect(outcome(.interval, .interval(lower: 0.8, upper: 0.9), 0) == .notReproduced)
    #expect(outcome(.interval, .interval(lower: 0.8, upper: 0.9), 0.0625) == .reproduced)
    #expect(outcome(.interval, .interval(lower: 0.5, upper: 0.7), 0) == .notReproduced)
    #expect(outcome(.interval, .interval(lower: 0.5, upper: 0.7), 0.0625) == .reproduced)
  }

  @Test("Over seeds the 95 % interval of the mean decides: inside, outside, across an edge")
  func levelsOverSeeds() {
    // Mean 0.82, s = 0.02, n = 3: the half width is 4.3027 * 0.02 / sqrt(3) = 0.04968.
    let records = [0.80, 0.82, 0.84].enumerated().map {
      RecordFixture.record(seed: UInt64($0.offset), accuracy: $0.element)
    }
    func outcome(_ lower: Double, _ upper: Double) -> Claim.Outcome {
      let claim = RecordFixture.claim(
        .interval, .interval(lower: lower, upper: upper), seeds: [0, 1, 2], minimumSeeds: 3)
      return ClaimVerdict(claim, records: records).outcome
    }
    #expect(outcome(0.7703, 0.8697) == .reproduced)
    #expect(outcome(0.7704, 0.8697) == .undecided)
    #expect(outcome(0.7703, 0.8696) == .undecided)
    #expect(outcome(0.83, 0.9) == .undecided)
    #expect(outcome(0.8697, 0.9) == .notReproduced)
    #expect(outcome(0.7, 0.7703) == .notReproduced)
    #expect(outcome(0.7, 0.7704) == .undecided)
  }

  @Test("A run with settings of somebody's own decides nothing where others are stored")
  func settingsOfOnesOwn() {
    var own = RecordFixture.record(accuracy: 0.5)
    own.variant["inner.momentum"] = 0.5
    let usual = RecordFixture.record(accuracy: 0.75)
    let claim = RecordFixture.claim(.value, .value(0.75), absolute: 0)
    func outcome(_ records: [RunRecord], _ known: [RunRecord]) -> Claim.Outcome {
      ClaimVerdict(claim, records: records, preferring: Set(known.map(\.identity))).outcome
    }
    #expect(outcome([own], [usual]) == .notRun)
    #expect(outcome([own, usual], [usual]) == .reproduced)
    // Where it is what is stored, it is what the claim means.
    #expect(outcome([own], [own, usual]) == .notReproduced)
  }

  @Test("What is not a number is not near one")
  func notANumber() {
    let records = [RecordFixture.record(accuracy: .nan)]
    func outcome(_ expected: Claim.Expectation, _ kind: Claim.Kind = .value) -> Claim.Outcome {
      ClaimVerdict(RecordFixture.claim(kind, expected), records: records).outcome
    }
    #expect(outcome(.value(0.8)) == .notReproduced)
    #expect(outcome(.value(.nan)) == .reproduced)
    #expect(outcome(.interval(lower: 0, upper: 1), .interval) == .notReproduced)
    let infinite = [RecordFixture.record(accuracy: .infinity)]
    let claim = RecordFixture.claim(.value, .value(.infinity))
    #expect(ClaimVerdict(claim, records: infinite).outcome == .reproduced)
  }

  @Test("Variants make subjects; of several runs the one without further settings is meant")
  func variants() {
    let records = [
      RecordFixture.record(innerSteps: 10, accuracy: 0.7),
      RecordFixture.record(innerSteps: 100, accuracy: 0.9),
    ]
    var claim = RecordFixture.ordering(["rhg"], margin: 0.1)
    claim.variants = [["innerSteps": 100], ["innerSteps": 10]]
    #expect(ClaimVerdict(claim, records: records).outcome == .reproduced)
    claim.variants?.reverse()
    #expect(ClaimVerdict(claim, records: records).outcome == .notReproduced)
    var further = RecordFixture.record(innerSteps: 100, accuracy: 0.1)
    further.variant["problem"] = "reduced"
    claim.variants?.reverse()
    #expect(ClaimVerdict(claim, records: records + [further]).outcome == .reproduced)
    // A variant that nothing was run at is not taken for another.
    claim.variants = [["innerSteps": 100], ["innerSteps": 11]]
    #expect(ClaimVerdict(claim, records: records).outcome == .notRun)
    // Without variants the claim does not say which run it is about.
    let vague = ClaimVerdict(RecordFixture.claim(.value, .value(0.8)), records: records)
    #expect(vague.outcome == .notRun)
    #expect(vague.reason?.contains("'K10', 'K100'") == true)
  }

  @Test("A sweep over a further setting leaves a baseline without K unambiguous")
  func baselineBesideSweep() {
    let settings: [[String: Value]] = [
      [:], ["data.validation": 20], ["data.validation": 50],
    ]
    let records = settings.enumerated().map { index, variant in
      var record = RecordFixture.record(method: "filtered", accuracy: index == 0 ? 0.8 : 0.1)
      record.variant = variant
      record.configuration = ["stepSize": 0.1]
      record.method.hypergradient = .none
      return record
    }
    var claim = RecordFixture.claim(.value, .value(0.8))
    claim.methods = ["filtered"]
    claim.variants = [["innerSteps": 100]]
    #expect(ClaimVerdict(claim, records: records).outcome == .reproduced)
    let without = Array(records.dropFirst())
    #expect(ClaimVerdict(claim, records: without).reason?.contains("must name one") == true)
  }

  @Test("What was not run is said, never guessed")
  func notRun() {
    let missing = ClaimVerdict(
      RecordFixture.ordering(seeds: [0, 1]), records: [RecordFixture.record(method: "bda")])
    #expect(missing.outcome == .notRun)
    #expect(missing.reason?.contains("no finished record of rhg with seeds 0, 1") == true)
    let unknown = RecordFixture.claim(.value, .value(1), metric: "speed")
    #expect(
      ClaimVerdict(unknown, records: [RecordFixture.record()]).reason?.contains("'speed'") == true)
    #expect(ClaimVerdict(RecordFixture.ordering(), records: []).outcome == .notRun)
    for (budget, protocolName) in [("paper", "icml2020"), ("smoke", "other")] {
      let other = RecordFixture.record(protocolName: protocolName, budget: budget)
      let claim = RecordFixture.claim(.value, .value(0.8))
      #expect(ClaimVerdict(claim, records: [other]).outcome == .notRun)
    }
  }

  @Test("A seed on which a method broke down is not left out: that would flatter the method")
  func breakdown() {
    let records = [
      RecordFixture.record(seed: 0), RecordFixture.record(seed: 1),
      RecordFixture.record(seed: 2, status: .init(.diverged)),
    ]
    let claim = RecordFixture.claim(.value, .value(0.8), seeds: [0, 1, 2], minimumSeeds: 2)
    let verdict = ClaimVerdict(claim, records: records)
    #expect(verdict.outcome == .notRun)
    #expect(verdict.reason?.contains("seed 2 ended as diverged") == true)
  }

  @Test("Fewer seeds than the claim wants is a verdict of its own, and an unfinished run is none")
  func tooFewSeeds() {
    var records = [RecordFixture.record(seed: 0), RecordFixture.record(seed: 1)]
    let claim = RecordFixture.claim(.value, .value(0.8), seeds: [0, 1, 2], minimumSeeds: 3)
    let verdict = ClaimVerdict(claim, records: records)
    #expect(verdict.outcome == .tooFewSeeds)
    #expect(
      verdict.reason == "runs of 2 seeds where the claim wants at least 3 of seeds 0, 1, 2")
    #expect(!verdict.isAsExpected && verdict.isBetterThanExpected == nil)
    records.append(RecordFixture.record(seed: 2, status: .init(.interrupted)))
    #expect(ClaimVerdict(claim, records: records).outcome == .tooFewSeeds)
    records[2] = RecordFixture.record(seed: 2)
    #expect(ClaimVerdict(claim, records: records).outcome == .reproduced)
    // Seeds that the claim does not name do not count.
    records[2] = RecordFixture.record(seed: 3)
    #expect(ClaimVerdict(claim, records: records).outcome == .tooFewSeeds)
  }

  @Test("A claim about how runs end")
  func status() {
    let broken = [RecordFixture.record(status: .init(.diverged))]
    let claim = RecordFixture.claim(.status, .status(.diverged))
    #expect(ClaimVerdict(claim, records: broken).outcome == .reproduced)
    #expect(ClaimVerdict(claim, records: [RecordFixture.record()]).outcome == .notReproduced)
    let both = RecordFixture.claim(.status, .status(.diverged), seeds: [0, 1], minimumSeeds: 2)
    #expect(ClaimVerdict(both, records: broken).outcome == .tooFewSeeds)
    let mixed = broken + [RecordFixture.record(seed: 1)]
    #expect(ClaimVerdict(both, records: mixed).outcome == .notReproduced)
  }
}
