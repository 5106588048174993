import Bilevel
import Experiments
import Results
import Tensors

/// The metrics of hyper-cleaning at one point (x, y).
package struct CleaningEvaluation<Scalar: TensorScalar> {
  /// A sample whose x lies below this is called noisy.
  package let noisyBelow: Double
  /// Which labels are wrong.
  package let truth: CleaningTruth
  /// What is evaluated.
  package let problem: CleaningProblem<Scalar>

  /// The metrics of a problem whose wrong labels are known.
  package init(noisyBelow: Double, truth: CleaningTruth, problem: CleaningProblem<Scalar>) {
    self.noisyBelow = noisyBelow
    self.truth = truth
    self.problem = problem
  }

  /// What is measured: names, units and directions.
  package static var metrics: [RunRecord.Metric] {
    [
      .init(name: "upperObjective", unit: "nats", betterWhen: .lower, headline: true),
      .init(name: "lowerObjective", unit: "nats", betterWhen: .lower),
      .init(name: "testAccuracy", unit: "fraction", betterWhen: .higher, headline: true),
      .init(name: "testMacroF1", unit: "fraction", betterWhen: .higher, headline: true),
      .init(name: "validationAccuracy", unit: "fraction", betterWhen: .higher),
      .init(
        name: "detectionF1NoisyPositive", unit: "fraction", betterWhen: .higher, headline: true),
      .init(
        name: "detectionF1CleanPositive", unit: "fraction", betterWhen: .higher, headline: true),
      .init(name: "detectionAUC", unit: "fraction", betterWhen: .higher, headline: true),
      .init(name: "corruptionRate", unit: "fraction", betterWhen: .neither),
      .init(name: "plainTestAccuracy", unit: "fraction", betterWhen: .higher, headline: true),
      .init(name: "retrainedTestAccuracy", unit: "fraction", betterWhen: .higher, headline: true),
      .init(name: "heldOutAccuracy", unit: "fraction", betterWhen: .higher),
    ]
  }

  /// The values at x and at the lower variable y trained under it.
  ///
  /// Detection decides that sample i is noisy where x_i lies below the threshold, and is scored
  /// against the labels that are truly wrong; a baseline that judges labels by other means than
  /// weights is scored by its judgement. An AUC that is not defined, as where no label is wrong, is
  /// absent.
  package func values(
    upper x: Parameters<Scalar>, lower y: Parameters<Scalar>, judgement: LabelJudgement? = nil
  ) -> [String: Double] {
    let scores = judgement?.scores ?? x.tensors[0].scalars.map { Double($0) }
    let called = judgement?.isSuspect ?? scores.map { $0 < noisyBelow }
    let test = self.scores(problem.test, y)
    let isClean = truth.isNoisy.map { !$0 }
    var values = [
      "upperObjective": Double(problem.bilevel.upper.value(upper: x, lower: y)),
      "lowerObjective": Double(problem.bilevel.lower.value(upper: x, lower: y)),
      "testAccuracy": test.accuracy,
      "testMacroF1": test.macroF1,
      "validationAccuracy": self.scores(problem.validation, y).accuracy,
      "detectionF1NoisyPositive": BinaryDetection(decisions: called, truth: truth.isNoisy).f1,
      "detectionF1CleanPositive": BinaryDetection(decisions: called.map { !$0 }, truth: isClean).f1,
      "corruptionRate": truth.corruptionRate,
    ]
    let area = areaUnderROC(scores: scores, isPositive: isClean)
    if !area.isNaN { values["detectionAUC"] = area }
    return values
  }

  /// The fraction of test images that a classifier gets right.
  package func testAccuracy(_ y: Parameters<Scalar>) -> Double { scores(problem.test, y).accuracy }

  private func scores(
    _ samples: ClassifierSamples<Scalar>, _ y: Parameters<Scalar>
  ) -> ClassificationScores {
    ClassificationScores(
      predictions: samples.predictions(y), labels: samples.labels, classCount: truth.classCount)
  }
}
