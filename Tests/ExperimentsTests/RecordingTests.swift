import Bilevel
import Results
import Testing

@testable import Experiments

@Suite("Solver tally")
struct SolverTallyTests {
  private func report(
    _ outcome: LinearSolverOutcome, residual: Double = 0, rightSide: Double = 2, steps: Int = 3
  ) -> LinearSolverReport {
    LinearSolverReport(
      solver: "conjugate gradients", outcome: outcome, steps: steps, residualNorm: residual,
      rightSideNorm: rightSide)
  }

  private func tally(_ reports: [LinearSolverReport]) -> SolverTally {
    var result = SolverTally()
    for report in reports {
      result.add(
        EstimatorDiagnostics(
          innerSteps: 1, differentiatedSteps: 0, storage: "none", storedBytes: 0,
          linearSolves: [report]))
    }
    return result
  }

  private static let outcomes: [LinearSolverOutcome] = [
    .converged, .maximumSteps, .nonFinite, .breakdown(.nonPositiveCurvature),
    .breakdown(.singularInconsistent), .breakdown(.divergence),
  ]

  @Test("Nothing solved is nothing to say")
  func empty() {
    let tally = SolverTally()
    #expect(tally.value == nil && tally.sentence == nil && tally.failure == nil)
    #expect(SolverTally(nil) == tally && SolverTally(tally.checkpoint) == tally)
  }

  @Test("Outcomes are counted, and the largest relative residual kept")
  func counts() {
    let tally = tally([
      report(.converged, residual: 0.02), report(.maximumSteps, residual: 1),
      report(.maximumSteps, residual: 0.5), report(.converged, residual: 5, rightSide: 0),
      report(.converged, residual: 0.01, steps: 9),
    ])
    #expect(tally.outcomes == ["converged": 3, "maximum-steps": 2])
    #expect(tally.largestResidual == 0.5)
    #expect(
      tally.value == [
        "solver": "conjugate gradients", "outcomes": ["converged": 3, "maximum-steps": 2],
        "lastOutcome": "converged", "lastSteps": 9, "lastResidual": 0.01,
        "largestRelativeResidual": 0.5,
        "advice": .string(LinearSolverOutcome.maximumSteps.advice),
      ])
    #expect(
      tally.sentence
        == "2 of 5 linear solves (conjugate gradients) did not converge; the largest relative "
        + "residual was 0.5. \(LinearSolverOutcome.maximumSteps.advice)")
    #expect(tally.failure == nil)
  }

  @Test("Every solve of a meta-batch counts")
  func metaBatch() {
    var tally = SolverTally()
    tally.add(
      EstimatorDiagnostics(
        innerSteps: 1, differentiatedSteps: 0, storage: "none", storedBytes: 0,
        linearSolves: Self.outcomes.map { report($0) }))
    #expect(tally.outcomes.values.reduce(0, +) == 6 && tally.outcomes.count == 6)
  }

  @Test("Solves that converged need no sentence")
  func quiet() {
    let tally = tally([report(.converged), report(.converged)])
    #expect(tally.sentence == nil && tally.value?["advice"] == nil)
  }

  @Test("A residual that is not a number is the largest, whatever follows")
  func notANumber() {
    let tally = tally([
      report(.nonFinite, residual: .nan), report(.converged, residual: 0.5), report(.converged),
    ])
    #expect(tally.largestResidual.isNaN)
  }

  @Test("A run fails where its last solve grew or was not finite, and only there")
  func failures() {
    for outcome in Self.outcomes {
      let fails = outcome == .nonFinite || outcome == .breakdown(.divergence)
      #expect((tally([report(.converged), report(outcome)]).failure != nil) == fails, "\(outcome)")
      #expect(tally([report(outcome), report(.converged)]).failure == nil)
    }
    #expect(
      tally([report(.breakdown(.divergence))]).failure
        == "The last linear solve ended as divergence, so the hypergradient is not usable: "
        + LinearSolverBreakdown.divergence.advice)
  }

  @Test("A checkpoint holds all of it")
  func checkpoint() throws {
    for outcome in Self.outcomes {
      #expect(LinearSolverOutcome(named: outcome.name) == outcome)
      for residual in [0.1 + 0.2, .infinity, 0] {
        let tally = tally([report(outcome, residual: residual), report(.converged)])
        let text = tally.checkpoint.canonicalText
        let read = try Value(parsing: .init(text.utf8), source: "test")
        #expect(SolverTally(read) == tally)
      }
    }
    #expect(LinearSolverOutcome(named: "unheard-of") == nil)
    #expect(SolverTally(["state": 3]) == nil)
  }
}

@Suite("Metric recorder")
struct MetricRecorderTests {
  @Test("Curves grow in order, the last value is the final one, empty curves are left out")
  func curves() {
    var recorder = MetricRecorder([
      .init(name: "a", unit: "1", betterWhen: .higher),
      .init(name: "b", unit: "s", betterWhen: .lower),
      .init(name: "unused", unit: "1", betterWhen: .neither),
    ])
    recorder.record(step: 0, ["a": 3, "b": 1])
    recorder.record(Measurement("a", at: 5, 2))
    recorder.record(Measurement("a", at: 5, .nan))
    #expect(recorder.metrics.count == 3)
    #expect(recorder.recorded.map(\.name) == ["a", "b"])
    #expect(recorder.recorded[0].steps == [0, 5, 5])
    #expect(recorder.recorded[0].values.prefix(2) == [3, 2])
    #expect(recorder.latest["a"]?.isNaN == true && recorder.latest["b"] == 1)
    #expect(recorder.latest.count == 2)
  }

  @Test("A last value that is not finite is found where larger or smaller is better")
  func nonFinite() {
    var recorder = MetricRecorder([
      .init(name: "described", unit: "1", betterWhen: .neither),
      .init(name: "loss", unit: "1", betterWhen: .lower),
    ])
    recorder.record(step: 0, ["described": .nan, "loss": .nan])
    #expect(recorder.latestNonFinite == "loss")
    recorder.record(Measurement("loss", at: 1, 1))
    #expect(recorder.latestNonFinite == nil)
  }

  @Test("Metrics are declared once: a second declaration changes neither unit nor curve")
  func declaration() {
    var recorder = MetricRecorder([])
    recorder.declare(.init(name: "a", unit: "1", betterWhen: .higher))
    recorder.record(Measurement("a", at: 1, 7))
    recorder.declare(.init(name: "a", unit: "s", betterWhen: .lower))
    #expect(recorder.metrics.count == 1 && recorder.metrics[0].unit == "1")
    #expect(recorder.metrics[0].values == [7])
  }
}

@Suite("Scores")
struct ScoresTests {
  @Test("Accuracy is plain; a class that is neither present nor predicted is not in macro F1")
  func classification() {
    // Class 0: 2 of 3 found and one false alarm, F1 2/3; class 1: half of 2, F1 1/2; class 2: empty.
    let scores = ClassificationScores(
      predictions: [0, 0, 1, 1, 0], labels: [0, 0, 0, 1, 1], classCount: 3)
    #expect(scores.accuracy == 0.6)
    #expect(abs(scores.macroF1 - (2.0 / 3 + 0.5) / 2) < 1e-15)
    #expect(abs(scores.accuracy - scores.macroF1) > 0.01)
    // Present and never predicted, or predicted and never present: 0.
    let missed = ClassificationScores(predictions: [0, 2], labels: [0, 1], classCount: 3)
    #expect(missed.macroF1 == 1.0 / 3 && missed.accuracy == 0.5)
    let perfect = ClassificationScores(predictions: [0, 1], labels: [0, 1], classCount: 2)
    #expect(perfect.macroF1 == 1 && perfect.accuracy == 1)
  }

  @Test("F1 is that of the positive class")
  func detection() {
    let decisions = [true, true, true, false, false, false, false, false]
    let truth = [true, true, false, true, false, false, false, false]
    let found = BinaryDetection(decisions: decisions, truth: truth)
    #expect(found.truePositives == 2 && found.falsePositives == 1)
    #expect(found.falseNegatives == 1 && found.trueNegatives == 4)
    #expect(found.f1 == 4.0 / 6)
    let flipped = BinaryDetection(decisions: decisions.map { !$0 }, truth: truth.map { !$0 })
    #expect(flipped.f1 == 0.8)
    // Asymmetric errors: two false alarms, no miss.
    #expect(BinaryDetection(decisions: [true, true, true], truth: [true, false, false]).f1 == 0.5)
    let nothing = BinaryDetection(decisions: [false, false], truth: [false, false])
    #expect(nothing.f1 == 0 && nothing.trueNegatives == 2)
  }

  /// The share of pairs, by definition.
  private func byPairs(_ scores: [Double], _ isPositive: [Bool]) -> Double {
    var (sum, count) = (0.0, 0.0)
    for (score, positive) in zip(scores, isPositive) where positive {
      for (other, otherPositive) in zip(scores, isPositive) where !otherPositive {
        sum += score > other ? 1 : score == other ? 0.5 : 0
        count += 1
      }
    }
    return sum / count
  }

  @Test("The area under the ROC curve counts ties as half, in whatever order they come")
  func area() {
    #expect(areaUnderROC(scores: [1, 1], isPositive: [true, false]) == 0.5)
    #expect(areaUnderROC(scores: [1, 1], isPositive: [false, true]) == 0.5)
    #expect(areaUnderROC(scores: [0, 0, 0, 0], isPositive: [true, true, true, false]) == 0.5)
    #expect(areaUnderROC(scores: [2, 1], isPositive: [true, false]) == 1)
    #expect(areaUnderROC(scores: [1, 2], isPositive: [true, false]) == 0)
    var stream = RandomStream(seed: 5, purpose: "ties")
    for _ in 0..<50 {
      let scores = (0..<20).map { _ in Double(stream.integer(below: 5)) }
      let positive = [true, false] + (0..<18).map { _ in stream.integer(below: 2) == 0 }
      #expect(
        abs(areaUnderROC(scores: scores, isPositive: positive) - byPairs(scores, positive))
          < 1e-12, "\(scores) \(positive)")
    }
    #expect(areaUnderROC(scores: [-.infinity, .infinity], isPositive: [false, true]) == 1)
  }

  @Test("There is no area without both classes, or with a score that is no number")
  func noArea() {
    #expect(areaUnderROC(scores: [1, 2], isPositive: [true, true]).isNaN)
    #expect(areaUnderROC(scores: [1, 2], isPositive: [false, false]).isNaN)
    #expect(areaUnderROC(scores: [], isPositive: []).isNaN)
    #expect(areaUnderROC(scores: [1, .nan], isPositive: [true, false]).isNaN)
  }
}
