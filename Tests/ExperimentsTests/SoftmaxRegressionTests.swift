import Bilevel
import Experiments
import Networks
import TestSupport
import Testing

/// One shape and storage of softmax regression.
struct SoftmaxSubject: Sendable, CustomTestStringConvertible {
  let samples: Int
  let features: Int
  let classes: Int
  let weighting: SampleWeighting
  let storage: FeatureMatrix<Double>.Storage

  var testDescription: String {
    "n = \(samples), d = \(features), c = \(classes), \(weighting.rawValue), \(storage.rawValue)"
  }

  static let all: [SoftmaxSubject] = FeatureMatrix<Double>.Storage.allCases.flatMap { storage in
    [
      SoftmaxSubject(
        samples: 1, features: 1, classes: 1, weighting: .sigmoid, storage: storage),
      SoftmaxSubject(
        samples: 7, features: 5, classes: 3, weighting: .sigmoid, storage: storage),
      SoftmaxSubject(
        samples: 300, features: 9, classes: 10, weighting: .identity, storage: storage),
      SoftmaxSubject(
        samples: 33, features: 12, classes: 16, weighting: .uniform, storage: storage),
      SoftmaxSubject(
        samples: 21, features: 4, classes: 37, weighting: .sigmoid, storage: storage),
    ]
  }

  /// The closed form, the expression it must equal, and a point.
  func make() -> (
    closed: SoftmaxRegressionObjective<Double>, expression: ExpressionObjective<Double>,
    x: Parameters<Double>, y: Parameters<Double>
  ) {
    var stream = RandomStream(seed: 21, purpose: testDescription)
    let dense: Tensor<Double> = stream.uniform([samples, features], in: -1..<1)
    let matrix = dense.map { $0 < -0.2 ? 0 : $0 }
    let labels = (0..<samples).map { _ in stream.integer(below: classes) }
    return (
      SoftmaxRegressionObjective(
        samples: SoftmaxRegressionSamples(
          features: matrix, labels: labels, classCount: classes, storage: storage),
        weighting: weighting),
      networkClassificationExpression(
        network: FullyConnectedNetwork(widths: [features, classes], activation: .identity),
        features: matrix, labels: labels, weighting: weighting),
      Parameters(stream.uniform([samples], in: -1..<1)),
      Parameters([
        stream.uniform([features, classes], in: -1..<1), stream.uniform([classes], in: -1..<1),
      ])
    )
  }
}

@Suite("Softmax regression in closed form equals its expression, in Double")
struct SoftmaxRegressionTests {
  /// Sums of a few hundred terms of order one, in another order.
  static let rounding = 1e-13

  @Test("Value and gradients", arguments: SoftmaxSubject.all)
  func gradients(subject: SoftmaxSubject) { comparison(subject).expectEqualGradients() }

  @Test("Fixed at x the objective is the same, to the bit", arguments: SoftmaxSubject.all)
  func fixedWeights(_ subject: SoftmaxSubject) { comparison(subject).expectSameWhenFixed() }

  @Test("Second-order products, kept and fused, back and forward", arguments: SoftmaxSubject.all)
  func products(subject: SoftmaxSubject) { comparison(subject).expectEqualProducts(seed: 22) }

  @Test("Fixed at one x, an objective refuses to answer for another")
  func fixedElsewhere() async {
    await #expect(processExitsWith: .failure) {
      let (closed, _, x, y) = SoftmaxSubject.all[1].make()
      _ = closed.fixed(at: x).lowerGradient(upper: x.scaled(by: 2), lower: y)
    }
  }

  private func comparison(_ subject: SoftmaxSubject) -> ClosedFormSubject {
    let (closed, expression, x, y) = subject.make()
    return ClosedFormSubject(
      closed: closed, expression: expression, x: x, y: y, rounding: Self.rounding)
  }

  @Test("Hypergradients of every method agree between the two")
  func hypergradients() {
    let (closed, expression, x, start) = SoftmaxSubject.all[1].make()
    let (validation, validationExpression, _, _) = SoftmaxSubject(
      samples: 11, features: 5, classes: 3, weighting: .uniform, storage: .sparse
    ).make()
    let fused = BilevelProblem(
      upper: validation, lower: closed, initialLower: ConstantInitialLower(start))
    let generic = BilevelProblem(
      upper: validationExpression, lower: expression, initialLower: ConstantInitialLower(start))
    let aggregation = DescentAggregation<Double>(
      schedule: AggregationSchedule(.harmonic, alpha: 0.5), upperStepSize: 0.3,
      lowerStepSize: 0.5)
    let dynamics: [any InnerDynamics<Double>] = [GradientDescent(stepSize: 0.5), aggregation]
    let estimators: [any HypergradientEstimator<Double>] = [
      ReverseHypergradient<Double>(storage: .states),
      ReverseHypergradient<Double>(storage: .linearizations),
      ReverseHypergradient<Double>(history: .last(4)), ForwardHypergradient<Double>(),
    ]
    for dynamics in dynamics {
      for estimator in estimators {
        let left = estimator.estimate(fused, dynamics: dynamics, upper: x, innerSteps: 20)
        let right = estimator.estimate(generic, dynamics: dynamics, upper: x, innerSteps: 20)
        #expect(
          largestDeviation(left.hypergradient.tensors, right.hypergradient.tensors)
            < Self.rounding)
        #expect(abs(left.upperValue - right.upperValue) < Self.rounding)
      }
    }
  }
}
