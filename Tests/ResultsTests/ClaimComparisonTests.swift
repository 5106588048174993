import Results
import TestSupport
import Testing

@Suite("Claims that compare: orderings, equivalences, differences")
struct ClaimComparisonTests {
  /// One record a seed and method; an absent number is an absent run.
  private func records(_ accuracies: [String: [Double?]]) -> [RunRecord] {
    accuracies.flatMap { method, values in
      values.enumerated().compactMap { seed, value in
        value.map { RecordFixture.record(method: method, seed: UInt64(seed), accuracy: $0) }
      }
    }
  }

  private func ordering(
    _ accuracies: [String: [Double?]], _ methods: [String] = ["bda", "rhg"], margin: Double = 0,
    tolerance: Double = 0, minimumSeeds: Int = 3
  ) -> ClaimVerdict {
    let count = accuracies.values.map(\.count).max() ?? 0
    let claim = RecordFixture.ordering(
      methods, margin: margin, seeds: Array(0..<count), minimumSeeds: minimumSeeds,
      absolute: tolerance)
    return ClaimVerdict(claim, records: records(accuracies))
  }

  @Test("An ordering holds beyond the interval, is undecided within, and is contradicted reversed")
  func verdicts() {
    // Differences 0.03, 0.04, 0.05: mean 0.04 ± 4.3027 * 0.01 / sqrt(3) = 0.02484.
    let clear: [String: [Double?]] = ["bda": [0.83, 0.84, 0.85], "rhg": [0.8, 0.8, 0.8]]
    #expect(ordering(clear).outcome == .reproduced)
    #expect(ordering(clear, ["rhg", "bda"]).outcome == .notReproduced)
    #expect(
      ordering(clear).found == [
        "bda better than rhg by 0.04 ± 0.01 (std, n = 3), 95 % interval 0.015 to 0.065"
      ])
    // A margin that rounding would put on the interval's end is told from it.
    let edge = ordering(clear, margin: 0.0151).found.first ?? ""
    #expect(edge.hasSuffix("95 % interval 0.0152 to 0.0648"), "\(edge)")
    let infinite: [String: [Double?]] = ["bda": [.infinity, 0.9, 0.9], "rhg": [0.8, 0.8, 0.8]]
    #expect(ordering(infinite).found.first?.contains("inf") == true)
    #expect(ordering(["bda": [.nan, .nan, .nan], "rhg": [0.8, 0.8, 0.8]]).found.count == 1)
    // Differences 0.00, 0.04, 0.08: the same mean, and the interval reaches below 0.
    let noisy: [String: [Double?]] = ["bda": [0.80, 0.84, 0.88], "rhg": [0.8, 0.8, 0.8]]
    #expect(ordering(noisy).outcome == .undecided)
    #expect(ordering(noisy, ["rhg", "bda"]).outcome == .undecided)
    // Slightly reversed on average is no "at least as good".
    let reversed: [String: [Double?]] = ["bda": [0.79, 0.81, 0.79], "rhg": [0.8, 0.8, 0.8]]
    #expect(ordering(reversed).outcome == .undecided)
  }

  @Test("What holds by infinity holds, where every seed says so; no sign stands before nan")
  func infinite() {
    func verdict(_ values: [Double], _ methods: [String] = ["bda", "rhg"]) -> ClaimVerdict {
      ordering(
        ["bda": values, "rhg": values.map { _ in 0.8 }], methods, minimumSeeds: values.count)
    }
    let all = verdict([.infinity, .infinity, .infinity])
    #expect(all.outcome == .reproduced)
    #expect(all.found == ["bda better than rhg by inf (n = 3, without a finite spread)"])
    #expect(verdict([.infinity]).outcome == .reproduced)
    #expect(verdict([.infinity]).found == ["bda better than rhg by inf (one seed)"])
    #expect(verdict([.infinity], ["rhg", "bda"]).outcome == .notReproduced)
    let some = verdict([.infinity, 0.9, 0.9])
    #expect(some.outcome == .reproduced)
    #expect(some.found.first?.hasSuffix(" to inf (n = 3, without a finite spread)") == true)
    #expect(verdict([.infinity, 0.7, 0.9]).outcome == .undecided)
    #expect(verdict([-.infinity, 0.9, 0.9]).outcome == .undecided)
    #expect(verdict([-.infinity, -.infinity]).outcome == .notReproduced)
    // Two infinities differ by what is no number.
    let nothing = ordering(["bda": [.infinity], "rhg": [.infinity]], minimumSeeds: 1)
    #expect(nothing.outcome == .notReproduced)
    #expect(nothing.found == ["bda better than rhg by nan (one seed)"])
    let mixed = verdict([.nan, 0.9])
    #expect(mixed.outcome == .notReproduced)
    #expect(mixed.found == ["bda better than rhg by nan (n = 2, without a finite spread)"])
  }

  @Test("The margin must be exceeded by the whole interval, and the tolerance comes on top of it")
  func margins() {
    let clear: [String: [Double?]] = ["bda": [0.83, 0.84, 0.85], "rhg": [0.8, 0.8, 0.8]]
    #expect(ordering(clear, margin: 0.0151).outcome == .reproduced)
    #expect(ordering(clear, margin: 0.0152).outcome == .undecided)
    #expect(ordering(clear, margin: 0.0648).outcome == .undecided)
    #expect(ordering(clear, margin: 0.0649).outcome == .notReproduced)
    #expect(ordering(clear, margin: 0.01, tolerance: 0.0051).outcome == .reproduced)
    #expect(ordering(clear, margin: 0.01, tolerance: 0.0052).outcome == .undecided)
    #expect(ordering(clear, margin: 0.06, tolerance: 0.0049).outcome == .notReproduced)
  }

  @Test("Seeds are paired: what seeds have in common does not count as spread")
  func skewedSeeds() {
    // Seeds differ by 0.3, methods by 0.02 on every seed: unpaired intervals would overlap widely.
    let skewed: [String: [Double?]] = ["bda": [0.52, 0.71, 0.83], "rhg": [0.50, 0.69, 0.81]]
    let verdict = ordering(skewed, margin: 0.01)
    #expect(verdict.outcome == .reproduced)
    // The same numbers in another order of seeds have nothing to do with each other.
    let shuffled: [String: [Double?]] = ["bda": [0.52, 0.71, 0.83], "rhg": [0.69, 0.81, 0.50]]
    #expect(ordering(shuffled, margin: 0.01).outcome == .undecided)
  }

  @Test("A seed that one side lacks is left out and said, and does not count")
  func unpairedSeeds() {
    let partial: [String: [Double?]] = [
      "bda": [0.83, 0.84, 0.85, nil], "rhg": [0.8, 0.8, nil, 0.8],
    ]
    let two = ordering(partial, minimumSeeds: 2)
    // Differences 0.03 and 0.04 over two seeds: ± 12.7 * 0.00707 / sqrt(2) = 0.0635.
    #expect(two.outcome == .undecided)
    #expect(two.found.first?.contains("n = 2") == true)
    #expect(
      two.notes == [
        "seed 3 left out: not run to the end by bda", "seed 2 left out: not run to the end by rhg",
      ])
    #expect(ordering(partial, minimumSeeds: 3).outcome == .tooFewSeeds)
    let apart: [String: [Double?]] = ["bda": [0.8, nil], "rhg": [nil, 0.8]]
    let none = ordering(apart, minimumSeeds: 2)
    #expect(none.outcome == .notRun)
    #expect(none.reason?.contains("no seed was run of both sides") == true)
  }

  @Test("Three subjects: each neighbour must be better than the next")
  func threeSubjects() {
    func outcome(_ third: [Double?], _ methods: [String] = ["bda", "rhg", "cg"]) -> Claim.Outcome {
      ordering(
        ["bda": [0.83, 0.84, 0.85], "rhg": [0.8, 0.8, 0.8], "cg": third], methods, margin: 0.01
      ).outcome
    }
    #expect(outcome([0.76, 0.75, 0.74]) == .reproduced)
    #expect(outcome([0.80, 0.79, 0.80]) == .undecided)
    #expect(outcome([0.86, 0.87, 0.88]) == .notReproduced)
    // The first pair is looked at as well, and the last.
    #expect(outcome([0.76, 0.75, 0.74], ["rhg", "bda", "cg"]) == .notReproduced)
    #expect(outcome([0.76, 0.75, 0.74], ["bda", "cg", "rhg"]) == .notReproduced)
    #expect(ordering(["bda": [0.9], "rhg": [0.8]], ["bda", "rhg", "cg"]).outcome == .notRun)
  }

  @Test("Without randomness the difference itself decides, and the exact edge is not beyond it")
  func exact() {
    func outcome(_ bda: Double, margin: Double = 0, tolerance: Double = 0) -> Claim.Outcome {
      ordering(["bda": [bda], "rhg": [0.5]], margin: margin, tolerance: tolerance, minimumSeeds: 1)
        .outcome
    }
    #expect(outcome(0.5) == .undecided)
    #expect(outcome(0.5 + 1e-12) == .reproduced)
    #expect(outcome(0.5 - 1e-12) == .notReproduced)
    #expect(outcome(0.75, margin: 0.25) == .undecided)
    #expect(outcome(0.7501, margin: 0.25) == .reproduced)
    #expect(outcome(0.7499, margin: 0.25) == .notReproduced)
    // What differs by no more than the tolerance is not told apart.
    #expect(outcome(0.625, tolerance: 0.125) == .undecided)
    #expect(outcome(0.626, tolerance: 0.125) == .reproduced)
    // Several seeds of equal differences have no spread: the same rule.
    let equal: [String: [Double?]] = ["bda": [0.75, 0.5, 1], "rhg": [0.5, 0.25, 0.75]]
    #expect(ordering(equal, margin: 0.2).outcome == .reproduced)
    #expect(ordering(equal, margin: 0.25).outcome == .undecided)
    #expect(ordering(equal, margin: 0.3).outcome == .notReproduced)
  }

  @Test("Where lower is better, the order turns round; without a direction there is no order")
  func direction() {
    let records = [
      RecordFixture.record(method: "bda", objective: 0.3),
      RecordFixture.record(method: "rhg", objective: 0.5),
    ]
    var claim = RecordFixture.ordering(margin: 0.1)
    claim.metric = "upperObjective"
    #expect(ClaimVerdict(claim, records: records).outcome == .reproduced)
    claim.direction = .higher
    #expect(ClaimVerdict(claim, records: records).outcome == .notReproduced)
    claim.direction = nil
    let silent = records.map { record in
      var record = record
      record.metrics[1].betterWhen = .neither
      return record
    }
    let verdict = ClaimVerdict(claim, records: silent)
    #expect(verdict.outcome == .notRun)
    #expect(verdict.reason?.contains("no better direction") == true)
    claim.metric = "neverMeasured"
    let absent = ClaimVerdict(claim, records: records)
    #expect(absent.outcome == .notRun)
    #expect(absent.reason?.contains("has the metric 'neverMeasured'") == true)
  }

  private func equivalence(
    _ accuracies: [String: [Double?]], _ methods: [String] = ["bda", "rhg"], margin: Double,
    tolerance: Double = 0
  ) -> Claim.Outcome {
    var claim = RecordFixture.ordering(
      methods, margin: margin, seeds: [0, 1, 2], minimumSeeds: 3, absolute: tolerance)
    claim.kind = .equivalence
    return ClaimVerdict(claim, records: records(accuracies)).outcome
  }

  @Test("An equivalence holds when the interval lies within the margin on both sides")
  func equivalences() {
    // Differences 0.03, 0.04, 0.05: 0.0152 to 0.0648; and the same reversed.
    let apart: [String: [Double?]] = ["bda": [0.83, 0.84, 0.85], "rhg": [0.8, 0.8, 0.8]]
    for methods in [["bda", "rhg"], ["rhg", "bda"]] {
      #expect(equivalence(apart, methods, margin: 0.0649) == .reproduced)
      #expect(equivalence(apart, methods, margin: 0.0648) == .undecided)
      #expect(equivalence(apart, methods, margin: 0.0152) == .undecided)
      #expect(equivalence(apart, methods, margin: 0.0151) == .notReproduced)
      #expect(equivalence(apart, methods, margin: 0.06, tolerance: 0.0049) == .reproduced)
    }
    // No difference on average, but known too badly to say that there is none.
    let noisy: [String: [Double?]] = ["bda": [0.7, 0.8, 0.9], "rhg": [0.8, 0.8, 0.8]]
    #expect(equivalence(noisy, margin: 0.05) == .undecided)
    #expect(
      equivalence(["bda": [0.5, 0.6, 0.7], "rhg": [0.5, 0.6, 0.7]], margin: 0) == .reproduced)
    // Of three subjects all pairs count, the first and the last as well.
    let chain: [String: [Double?]] = [
      "a": [0.50, 0.50, 0.50], "b": [0.52, 0.52, 0.52], "c": [0.54, 0.54, 0.54],
    ]
    #expect(equivalence(chain, ["a", "b", "c"], margin: 0.03) == .notReproduced)
    #expect(equivalence(chain, ["a", "b", "c"], margin: 0.05) == .reproduced)
  }

  @Test("A difference is the first less the second, near the expected number, signed")
  func differences() {
    let apart: [String: [Double?]] = ["bda": [0.83, 0.84, 0.85], "rhg": [0.8, 0.8, 0.8]]
    func outcome(_ difference: Double, _ tolerance: Double, _ methods: [String] = ["bda", "rhg"])
      -> Claim.Outcome
    {
      var claim = RecordFixture.ordering(
        methods, seeds: [0, 1, 2], minimumSeeds: 3, absolute: tolerance)
      claim.kind = .difference
      claim.expected = .difference(difference)
      // Better or worse does not matter: a difference is a number.
      claim.direction = .lower
      return ClaimVerdict(claim, records: records(apart)).outcome
    }
    #expect(outcome(0.04, 0.025) == .reproduced)
    #expect(outcome(0.04, 0.0248) == .undecided)
    #expect(outcome(0.1, 0.05) == .undecided)
    #expect(outcome(0.1, 0.02) == .notReproduced)
    #expect(outcome(-0.04, 0.025) == .notReproduced)
    #expect(outcome(-0.04, 0.025, ["rhg", "bda"]) == .reproduced)
  }
}
