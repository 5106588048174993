import Bilevel
import Tensors
import TestSupport
import Testing

@testable import Experiments
@testable import FewShotLearning

/// The inner step size as a part of x, for representation methods.
@Suite("Learned inner rate, in Double")
struct LearnedRateTests {
  private let task = SmallTask()
  /// Differences of F with step 1e-6: rounding about 1e-10, truncation below.
  private let tolerance = 1e-8

  private func learner(
    _ dynamics: any InnerDynamics<Double>, learnsRate: Bool = true
  ) -> RepresentationLearner<Double> {
    RepresentationLearner(
      network: task.network, ways: 3, dynamics: dynamics,
      estimator: ReverseHypergradient(storage: .linearizations), innerSteps: 3, testStepSize: 0.5,
      learnsRate: learnsRate)
  }

  private static let aggregation = DescentAggregation<Double>(
    schedule: AggregationSchedule(.harmonic, alpha: 0.6), upperStepSize: 0.5, lowerStepSize: 0.5)

  @Test("Its hypergradient is that of the whole inner loop, the rate included")
  func differences() {
    #expect(task.deviation(learner(GradientDescent(stepSize: 0.5))) < tolerance)
    #expect(task.deviation(learner(Self.aggregation)) < tolerance)
    // A rate whose start differs from the steps that it scales makes no difference to the check.
    let moved = RateScaledDynamics<Double>(GradientDescent(stepSize: 0.1), stepSize: 0.1)
    #expect(moved.layout == .current)
  }

  @Test("At its start everything else is as without it")
  func start() {
    let (with, without) = (
      learner(GradientDescent(stepSize: 0.5)),
      learner(GradientDescent(stepSize: 0.5), learnsRate: false)
    )
    let x = task.point(without)
    let extended = Parameters(x.tensors + [Tensor(0.5)])
    #expect(with.parameterNames == without.parameterNames + ["rate"])
    let found = with.estimate(upper: extended, episode: task.episode, outerIteration: 0)
    let expected = without.estimate(upper: x, episode: task.episode, outerIteration: 0)
    #expect(abs(found.upperValue - expected.upperValue) < 1e-14)
    #expect(
      largestDeviation(
        Array(found.hypergradient.tensors.dropLast()), expected.hypergradient.tensors) < 1e-13)
    #expect(
      with.adaptation(
        upper: extended, episode: task.episode, steps: 0...3, normalisation: .transductive)
        == without.adaptation(
          upper: x, episode: task.episode, steps: 0...3, normalisation: .transductive))
    // Another rate is another test.
    let other = Parameters(x.tensors + [Tensor(0.1)])
    #expect(
      with.adaptation(
        upper: other, episode: task.episode, steps: 0...3, normalisation: .transductive)
        != without.adaptation(
          upper: x, episode: task.episode, steps: 0...3, normalisation: .transductive))
  }

  @Test("Descent at a learned rate is descent with that step size, and its products are transposes")
  func scaling() {
    let problem = BilevelProblem<Double>(
      upper: ExpressionObjective { x, y in (x[0] * y[0]).sum() },
      lower: ExpressionObjective { x, y in
        (0.25 * (y[0] * y[0] * y[0] * y[0]) + x[0] * y[0]).sum()
      },
      initialLower: ConstantInitialLower(Parameters(Tensor([0.3, -0.2]))))
    let x = Parameters<Double>([Tensor([0.7, 0.4]), Tensor(0.05)])
    let y = Parameters<Double>(Tensor([0.9, -1.1]))
    let scaled = RateScaledDynamics<Double>(GradientDescent(stepSize: 0.2), stepSize: 0.2)
    let plain = GradientDescent<Double>(stepSize: 0.05)
    let index = StepIndex(1)
    let step = scaled.linearizeStep(index, from: y, upper: x, of: problem)
    #expect(
      largestDeviation(
        step.next.tensors, plain.step(index, from: y, upper: x, of: problem).tensors) < 1e-15)
    let p = Parameters<Double>(Tensor([0.3, 1.7]))
    let (dy, dx) = (
      Parameters<Double>(Tensor([-0.4, 0.6])),
      Parameters<Double>([Tensor([1.1, -0.8]), Tensor(0.9)])
    )
    let back = step.pullback(p)
    let forward = step.pushforward(state: dy, upper: dx)
    #expect(abs(p.dot(forward) - back.state.dot(dy) - back.upper.dot(dx)) < 1e-14)
  }
}
