import Bilevel
import Experiments
import Results
import Tensors

/// The metrics of hyper-cleaning at one point (x, y).
struct CleaningEvaluation<Scalar: TensorScalar> {
  /// A sample whose x lies below this is called noisy.
  let noisyBelow: Double
  let truth: CleaningTruth
  let problem: CleaningProblem<Scalar>

  /// What is measured: names, units and directions.
  static var metrics: [RunRecord.Metric] {
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
    ]
  }

  /// The values at x and at the lower variable y trained under it.
  ///
  /// Detection decides that sample i is noisy where x_i lies below the threshold, and is scored
  /// against the labels that are truly wrong.
  func values(upper x: Parameters<Scalar>, lower y: Parameters<Scalar>) -> [String: Double] {
    let weights = x.tensors[0].scalars.map { Double($0) }
    let called = weights.map { $0 < noisyBelow }
    let test = ClassificationScores(
      predictions: problem.testLogits(y).argumentsOfRowMaxima(), labels: truth.testLabels,
      classCount: truth.classCount)
    let validation = ClassificationScores(
      predictions: problem.validationLogits(y).argumentsOfRowMaxima(),
      labels: truth.validationLabels, classCount: truth.classCount)
    let isClean = truth.isNoisy.map { !$0 }
    return [
      "upperObjective": Double(problem.bilevel.upper.value(upper: x, lower: y)),
      "lowerObjective": Double(problem.bilevel.lower.value(upper: x, lower: y)),
      "testAccuracy": test.accuracy,
      "testMacroF1": test.macroF1,
      "validationAccuracy": validation.accuracy,
      "detectionF1NoisyPositive": BinaryDetection(decisions: called, truth: truth.isNoisy).f1,
      "detectionF1CleanPositive": BinaryDetection(decisions: called.map { !$0 }, truth: isClean).f1,
      "detectionAUC": areaUnderROC(scores: weights, isPositive: isClean),
      "corruptionRate": truth.corruptionRate,
    ]
  }
}
