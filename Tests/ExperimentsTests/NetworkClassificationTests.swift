import Bilevel
import Experiments
import Networks
import TestSupport
import Testing

/// One network and its samples.
struct NetworkSubject: Sendable, CustomTestStringConvertible {
  let samples: Int
  let widths: [Int]
  let activation: Activation
  let weighting: SampleWeighting
  let storage: WideFeatureMatrix<Double>.Storage

  var testDescription: String {
    "n = \(samples), \(widths), \(activation.rawValue), \(weighting.rawValue), \(storage.rawValue)"
  }

  static let all: [NetworkSubject] = WideFeatureMatrix<Double>.Storage.allCases.flatMap { storage in
    Activation.allCases.flatMap { activation in
      [
        // No hidden layer, one, two and three; widths around a register; more than one block.
        (5, [3, 4], SampleWeighting.sigmoid), (7, [5, 6, 3], .sigmoid),
        (650, [4, 16, 17], .identity), (33, [12, 15, 33, 10], .uniform),
        (21, [6, 31, 16, 7, 2], .sigmoid), (1, [1, 1, 1], .sigmoid),
      ].map {
        NetworkSubject(
          samples: $0.0, widths: $0.1, activation: activation, weighting: $0.2, storage: storage)
      }
    }
  }

  func make<Scalar: TensorScalar>(
    as type: Scalar.Type
  ) -> (
    closed: NetworkClassificationObjective<Scalar>, expression: ExpressionObjective<Scalar>,
    x: Parameters<Scalar>, y: Parameters<Scalar>
  ) {
    var stream = RandomStream(seed: 23, purpose: testDescription)
    let dense: Tensor<Scalar> = stream.uniform([samples, widths[0]], in: -1..<1)
    let features = dense.map { $0 < -0.2 ? 0 : $0 }
    let labels = (0..<samples).map { _ in stream.integer(below: widths[widths.count - 1]) }
    let network = FullyConnectedNetwork(widths: widths, activation: activation)
    let x = Parameters<Scalar>(stream.uniform([samples], in: -1..<1))
    let y = Parameters<Scalar>(network.parameterShapes.map { stream.uniform($0, in: -0.7..<0.7) })
    return (
      networkClassificationObjective(
        network: network, features: features, labels: labels, weighting: weighting,
        storage: storage == .dense ? .dense : .sparse),
      networkClassificationExpression(
        network: network, features: features, labels: labels, weighting: weighting), x, y
    )
  }
}

@Suite("Networks in closed form equal their expression, in Double")
struct NetworkClassificationTests {
  /// Sums of a few hundred terms of order one, in another order, through up to four layers.
  static let rounding = 3e-13

  @Test("Value and gradients", arguments: NetworkSubject.all)
  func gradients(subject: NetworkSubject) { comparison(subject).expectEqualGradients() }

  @Test("Fixed at x the objective is the same, to the bit", arguments: NetworkSubject.all)
  func fixedWeights(_ subject: NetworkSubject) { comparison(subject).expectSameWhenFixed() }

  @Test("Second-order products, kept and fused, back and forward", arguments: NetworkSubject.all)
  func products(subject: NetworkSubject) { comparison(subject).expectEqualProducts(seed: 24) }

  private func comparison(_ subject: NetworkSubject) -> ClosedFormSubject {
    let (closed, expression, x, y) = subject.make(as: Double.self)
    return ClosedFormSubject(
      closed: closed, expression: expression, x: x, y: y, rounding: Self.rounding)
  }

  @Test("A hypergradient through descent aggregation agrees between the two")
  func hypergradient() {
    let subject = NetworkSubject(
      samples: 40, widths: [5, 6, 3], activation: .hyperbolicTangent, weighting: .sigmoid,
      storage: .sparse)
    let upper = NetworkSubject(
      samples: 30, widths: [5, 6, 3], activation: .hyperbolicTangent, weighting: .uniform,
      storage: .dense)
    let (closed, expression, x, start) = subject.make(as: Double.self)
    let (validation, validationExpression, _, _) = upper.make(as: Double.self)
    let dynamics = DescentAggregation<Double>(
      schedule: AggregationSchedule(.harmonic, alpha: 0.5), upperStepSize: 0.3, lowerStepSize: 0.5)
    for storage in [ReverseHypergradient<Double>.Storage.states, .linearizations] {
      let estimator = ReverseHypergradient<Double>(storage: storage)
      let found = estimator.estimate(
        BilevelProblem(
          upper: validation, lower: closed, initialLower: ConstantInitialLower(start)),
        dynamics: dynamics, upper: x, innerSteps: 12)
      let expected = estimator.estimate(
        BilevelProblem(
          upper: validationExpression, lower: expression,
          initialLower: ConstantInitialLower(start)),
        dynamics: dynamics, upper: x, innerSteps: 12)
      #expect(
        largestDeviation(found.hypergradient.tensors, expected.hypergradient.tensors)
          < Self.rounding)
      #expect(abs(found.upperValue - expected.upperValue) < Self.rounding)
    }
  }

  @Test("The bits do not depend on the number of threads")
  func threads() {
    let subject = NetworkSubject(
      samples: 2000, widths: [20, 30, 10], activation: .sigmoid, weighting: .sigmoid,
      storage: .dense)
    let (closed, _, x, y) = subject.make(as: Float.self)
    let one = withThreads(1) { closed.gradients(upper: x, lower: y).lower }
    let product = withThreads(1) { closed.lowerGradientPullback(upper: x, lower: y, one).lower }
    for threads in [2, 3] {
      #expect(withThreads(threads) { closed.gradients(upper: x, lower: y).lower } == one)
      #expect(
        withThreads(threads) { closed.lowerGradientPullback(upper: x, lower: y, one).lower }
          == product)
    }
  }
}
