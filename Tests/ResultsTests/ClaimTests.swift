import Files
import Foundation
import Results
import TestSupport
import Testing

@Suite("Claims")
struct ClaimTests {
  private let records = [
    RecordFixture.record(method: "bda", seed: 0, accuracy: 0.90),
    RecordFixture.record(method: "bda", seed: 1, accuracy: 0.84),
    RecordFixture.record(method: "rhg", seed: 0, accuracy: 0.86),
    RecordFixture.record(method: "rhg", seed: 1, accuracy: 0.85),
  ]

  @Test("Values and intervals are judged by the mean over seeds")
  func values() {
    func outcome(_ expected: Claim.Expectation, _ absolute: Double) -> Claim.Outcome {
      var kind = Claim.Kind.value
      if case .interval = expected { kind = .interval }
      let claim = RecordFixture.claim(
        kind, expected, method: "bda", seeds: [0, 1], absolute: absolute)
      return ClaimVerdict(claim, records: records).outcome
    }
    #expect(outcome(.value(0.87), 1e-9) == .reproduced)
    #expect(outcome(.value(0.88), 0.005) == .notReproduced)
    #expect(outcome(.value(0.88), 0.011) == .reproduced)
    #expect(outcome(.interval(lower: 0.8, upper: 0.9), 0) == .reproduced)
    #expect(outcome(.interval(lower: 0.88, upper: 0.9), 0) == .notReproduced)
    #expect(outcome(.interval(lower: 0.88, upper: 0.9), 0.011) == .reproduced)
    #expect(outcome(.interval(lower: 0.8, upper: 0.86), 0) == .notReproduced)
  }

  @Test("Orderings are judged by differences paired by seed, against the margin")
  func orderings() {
    // Differences 0.04 and -0.01: mean 0.015.
    func outcome(_ methods: [String], _ margin: Double) -> Claim.Outcome {
      let claim = RecordFixture.ordering(methods, margin: margin, seeds: [0, 1])
      return ClaimVerdict(claim, records: records).outcome
    }
    #expect(outcome(["bda", "rhg"], 0.01) == .reproduced)
    #expect(outcome(["bda", "rhg"], 0.02) == .notReproduced)
    #expect(outcome(["rhg", "bda"], 0) == .notReproduced)
    let verdict = ClaimVerdict(RecordFixture.ordering(seeds: [0, 1]), records: records)
    #expect(verdict.found == ["bda better than rhg by 0.015 ± 0.0353553 (std, n = 2)"])
  }

  @Test("Where lower is better, the order turns round")
  func lower() {
    let records = [
      RecordFixture.record(method: "bda", objective: 0.3),
      RecordFixture.record(method: "rhg", objective: 0.5),
    ]
    var claim = RecordFixture.ordering(margin: 0.1)
    claim.metric = "upperObjective"
    #expect(ClaimVerdict(claim, records: records).outcome == .reproduced)
    claim.direction = .higher
    #expect(ClaimVerdict(claim, records: records).outcome == .notReproduced)
  }

  @Test("Variants make subjects too: the same method, better at larger K")
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
    // Of several runs that have the settings, the one without further settings is meant.
    var further = RecordFixture.record(innerSteps: 100, accuracy: 0.1)
    further.variant["problem"] = "reduced"
    claim.variants?.reverse()
    #expect(ClaimVerdict(claim, records: records + [further]).outcome == .reproduced)
    // Without variants the claim does not say which run it is about.
    let vague = ClaimVerdict(RecordFixture.claim(.value, .value(0.8)), records: records)
    #expect(vague.outcome == .notRun)
    #expect(vague.reason?.contains("'K10', 'K100'") == true)
  }

  @Test("What was not run is said, never guessed")
  func notRun() {
    let missing = ClaimVerdict(RecordFixture.ordering(seeds: [0, 1, 2]), records: records)
    #expect(missing.outcome == .notRun)
    #expect(missing.reason?.contains("bda with seed 2") == true)
    let broken = [RecordFixture.record(status: .init(.diverged))]
    let verdict = ClaimVerdict(RecordFixture.claim(.value, .value(0.8)), records: broken)
    #expect(verdict.outcome == .notRun)
    #expect(verdict.reason?.contains("diverged") == true)
    let unknown = RecordFixture.claim(.value, .value(1), metric: "speed")
    #expect(ClaimVerdict(unknown, records: records).reason?.contains("'speed'") == true)
    #expect(ClaimVerdict(RecordFixture.ordering(), records: []).outcome == .notRun)
  }

  @Test("A claim about how runs end")
  func status() {
    let broken = [RecordFixture.record(status: .init(.diverged))]
    let claim = RecordFixture.claim(.status, .status(.diverged))
    #expect(ClaimVerdict(claim, records: broken).outcome == .reproduced)
    #expect(ClaimVerdict(claim, records: [RecordFixture.record()]).outcome == .notReproduced)
  }

  @Test("Files: kind and expectation must agree, ids are unique, no folder means no claims")
  func files() throws {
    let folder = try TemporaryFolder()
    defer { withExtendedLifetime(folder) {} }
    #expect(try ClaimFile.load(referenceFolder: folder.path).isEmpty)
    func write(_ claims: [Claim]) throws {
      try AtomicFile.write(
        Value(encoding: ClaimFile(claims: claims)).prettyText,
        to: folder.path("claims/a.json"))
    }
    try write([RecordFixture.ordering()])
    #expect(try ClaimFile.load(referenceFolder: folder.path) == [RecordFixture.ordering()])
    try write([RecordFixture.ordering(), RecordFixture.ordering()])
    let twice = #expect(throws: ResultsError.self) {
      try ClaimFile.load(referenceFolder: folder.path)
    }
    #expect(twice?.message.contains("'order' is used twice") == true)
    for claim in [
      RecordFixture.claim(.value, .margin(1)), RecordFixture.ordering(["bda"]),
      RecordFixture.claim(.interval, .interval(lower: 2, upper: 1)),
    ] {
      try write([claim])
      let error = #expect(throws: ResultsError.self) {
        try ClaimFile.load(referenceFolder: folder.path)
      }
      #expect(error?.message.contains("contradicts itself") == true)
    }
  }
}
