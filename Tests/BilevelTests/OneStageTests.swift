import Bilevel
import TestSupport
import Testing

@Suite("One-stage hypergradients")
struct OneStageTests {
  static let point = DynamicsTests.point
  static let weights = [
    DescentWeights<Double>(upper: 0, lower: 0.1), DescentWeights<Double>(upper: 0.06, lower: 0.05),
  ]

  func oneStage<Scalar: TensorScalar>(
    _ problem: BilevelProblem<Scalar>, _ weights: DescentWeights<Scalar>, radius: Scalar,
    at x: Parameters<Scalar>
  ) -> HypergradientEstimate<Scalar> {
    OneStageHypergradient(weights: weights, radius: radius).estimate(
      problem, dynamics: GradientDescent(stepSize: 0.1), upper: x, innerSteps: 3)
  }

  /// F_x - h_xy F_y from exact second derivatives.
  func exact(
    _ problem: BilevelProblem<Double>, _ weights: DescentWeights<Double>, at x: Parameters<Double>
  ) -> Parameters<Double> {
    let y = GradientDescent<Double>(stepSize: 0.1).run(steps: 3, upper: x, of: problem)
    let top = problem.upper.gradients(upper: x, lower: y)
    let aggregated = AggregatedObjective(
      upper: problem.upper, lower: problem.lower, weights: weights)
    let mixed = aggregated.lowerGradientPullback(upper: x, lower: y, top.lower).upper
    return top.upper.adding(mixed, scaledBy: -1)
  }

  func error(_ weights: DescentWeights<Double>, radius: Double) -> Double {
    let problem = curvedProblem()
    return oneStage(problem, weights, radius: radius, at: Self.point).hypergradient
      .adding(exact(problem, weights, at: Self.point), scaledBy: -1).norm
  }

  @Test("The error against the exact mixed product falls as the square of the radius")
  func order() {
    for weights in Self.weights {
      for radius in [0.2, 0.05, 0.0125] {
        let ratio = error(weights, radius: radius) / error(weights, radius: radius / 4)
        // 16 in the limit; the next term of the expansion is r^2 smaller.
        #expect(abs(ratio - 16) < 1.5, "r = \(radius): \(ratio)")
      }
      #expect(error(weights, radius: 0.01) < 1e-4)
    }
  }

  @Test("Rounding takes over below the radius that the documentation names")
  func rounding() {
    for weights in Self.weights {
      let best = error(weights, radius: 1e-5)
      #expect(best < 1e-10)
      #expect(error(weights, radius: 1e-11) > 10 * best)
      #expect(error(weights, radius: 1e-2) > 10 * best)
    }
  }

  @Test("The official code's mismatch of radius and divisor is another number")
  func officialMismatch() {
    let problem = curvedProblem()
    let weights = Self.weights[0]
    let right = oneStage(problem, weights, radius: 0.01, at: Self.point)
    let top = problem.upper.gradients(upper: Self.point, lower: right.lower)
    // y moved by delta itself, divided as if it had been moved by 0.01.
    let moved = oneStage(problem, weights, radius: top.lower.norm, at: Self.point)
    let official = top.upper.adding(
      moved.hypergradient.adding(top.upper, scaledBy: -1), scaledBy: 100 * top.lower.norm)
    #expect(largestDeviation(official.tensors, right.hypergradient.tensors) > 0.1)
  }

  @Test("On a quadratic it is exact: one truncated step taken at y_K")
  func quadratic() {
    let subject = QuadraticProblem()
    let x = subject.point(7)
    let estimate = oneStage(
      subject.problem, DescentWeights(upper: 0, lower: 0.1), radius: 0.01, at: x)
    let truncated = ReverseHypergradient<Double>(history: .last(1)).estimate(
      subject.problem, dynamics: GradientDescent(stepSize: 0.1), upper: x, innerSteps: 3)
    #expect(
      largestDeviation(estimate.hypergradient.tensors, truncated.hypergradient.tensors) < 1e-11)
  }

  @Test("The default radius serves Float too")
  func float() {
    let problem = counterExample(start: (Float(0.3), Float(2)))
    let x = Parameters(Tensor<Float>([1.5]))
    let weights = DescentWeights<Float>(upper: 0.06, lower: 0.05)
    let estimate = oneStage(problem, weights, radius: 0.01, at: x)
    let y = estimate.lower.flattened()
    // F_xy = (0, -1), f_xy = (-1, 0).
    let expected = (1.5 - y[1]) + 0.06 * (y[1] - 1.5) + 0.05 * (y[0] - 1)
    #expect(abs(estimate.hypergradient.flattened()[0] - expected) < 1e-4)
  }

  @Test("A vanishing upper gradient leaves F_x, a NaN stays visible")
  func edges() {
    let problem = counterExample(start: (1.0, 0.5))
    let still = OneStageHypergradient<Double>(weights: Self.weights[0]).estimate(
      problem, dynamics: GradientDescent(stepSize: 0.1), upper: Parameters(Tensor([0.5])),
      innerSteps: 0)
    #expect(still.hypergradient.flattened() == [0])
    let broken = OneStageHypergradient<Double>(weights: Self.weights[0]).estimate(
      problem, dynamics: GradientDescent(stepSize: 0.1), upper: Parameters(Tensor([.nan])),
      innerSteps: 1)
    #expect(!broken.isFinite)
  }
}
