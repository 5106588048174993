import Bilevel
import TestSupport
import Testing

@Suite("Successors: value-function methods and pessimistic truncation")
struct LaterMethodsTests {
  static func limit(
    _ method: String, start: Double = 0, iterations: Int = 4000, rate: Double = 0.05,
    innerSteps: Int = 8
  ) throws -> (x: Double, estimate: HypergradientEstimate<Double>?) {
    var loop = try BuiltMethod(
      MethodCatalogue.standard.method(named: method),
      MethodSettings(steps: innerSteps, stepSize: 0.5),
      on: counterExample(start: (start, start)), from: Parameters(Tensor([3.0]))
    ).loop(GradientStep(learningRate: .constant(rate)), iterations: iterations)
    var last: HypergradientEstimate<Double>?
    while let event = loop.next() { last = event.estimate }
    return (loop.upper.flattened()[0], last)
  }

  @Test("All three reach x = 1 on the counter-example, where RHG stops at (1 + y2) / 2")
  func counterExampleLimit() throws {
    for method in ["v-pbgd", "bome", "iaptt"] {
      for start in [0.0, 2.0] {
        let (x, estimate) = try Self.limit(method, start: start)
        #expect(abs(x - 1) < 2e-2, "\(method) from \(start): \(x)")
        #expect((estimate?.upperValue ?? 1) < 1e-3, "\(method) from \(start)")
      }
    }
    #expect(abs(try Self.limit("rhg").x - 0.5) < 1e-3)
  }

  @Test("The penalty direction is the gradient of F + gamma (f - v) where w is exact")
  func penaltyDirection() {
    let subject = QuadraticProblem()
    let (problem, start) = subject.problem.learningInitialization(from: subject.point())
    let gamma = 3.0
    let estimate = ValueFunctionPenalty<Double>(
      rule: .penalty(from: gamma, to: gamma, iterations: 0)
    ).estimate(
      problem, dynamics: GradientDescent(stepSize: 0.3), upper: start, innerSteps: 400)
    let differences = centralDifferenceGradient(at: start.tensors) { point in
      let (x, y) = (Parameters(point[0]), Parameters(point[1]))
      let minimum = Parameters(Tensor(subject.solution(at: x)))
      let original = subject.problem
      return original.upper.value(upper: x, lower: y) + gamma
        * (original.lower.value(upper: x, lower: y)
          - original.lower.value(upper: x, lower: minimum))
    }
    #expect(largestDeviation(estimate.hypergradient.tensors, differences) < 1e-8)
    #expect(estimate.lower == Parameters(subject.start))
    #expect(estimate.diagnostics.penaltyMultiplier == gamma)
  }

  @Test("The penalty constant rises linearly, and w goes on from the last w")
  func penaltySchedule() {
    let subject = QuadraticProblem()
    let (problem, start) = subject.problem.learningInitialization(from: subject.point())
    let estimator = ValueFunctionPenalty<Double>(rule: .penalty(from: 1, to: 3, iterations: 4))
    var memory: EstimatorMemory<Double>?
    var multipliers: [Double] = []
    for n in 0..<6 {
      let estimate = estimator.estimate(
        problem, dynamics: GradientDescent(stepSize: 0.3), upper: start, innerSteps: 2,
        outerIteration: n, memory: memory)
      memory = estimate.memory
      multipliers.append(estimate.diagnostics.penaltyMultiplier ?? .nan)
    }
    #expect(multipliers == [1, 1.5, 2, 2.5, 3, 3])
    // Six estimates of two steps are twelve steps from y_0.
    let twelve = GradientDescent<Double>(stepSize: 0.3)
      .run(steps: 12, upper: subject.point(), of: subject.problem)
    #expect(largestDeviation(memory?["minimizer"]?.tensors ?? [], twelve.tensors) < 1e-14)
  }

  @Test("BOME's direction keeps the barrier: <direction, q> is at least eta |q|^2")
  func barrier() {
    let subject = QuadraticProblem()
    for seed in UInt64(1)...5 {
      let (problem, start) = subject.problem.learningInitialization(from: subject.point(seed))
      let estimate = ValueFunctionPenalty<Double>(rule: .dynamicBarrier(ratio: 0.5)).estimate(
        problem, dynamics: GradientDescent(stepSize: 0.3), upper: start, innerSteps: 5)
      let x = subject.point(seed)
      let end = GradientDescent<Double>(stepSize: 0.3).run(steps: 5, upper: x, of: subject.problem)
      let y = Parameters(subject.start)
      let at = subject.problem.lower.gradients(upper: x, lower: y)
      let below = subject.problem.lower.gradients(upper: x, lower: end)
      let gap = Parameters(
        at.upper.adding(below.upper, scaledBy: -1).tensors + at.lower.tensors)
      let top = subject.problem.upper.gradients(upper: x, lower: y)
      let descent = Parameters(top.upper.tensors + top.lower.tensors)
      let multiplier = estimate.diagnostics.penaltyMultiplier ?? .nan
      #expect(multiplier >= 0)
      #expect(
        largestDeviation(
          estimate.hypergradient.tensors, descent.adding(gap, scaledBy: multiplier).tensors)
          < 1e-14)
      let progress = estimate.hypergradient.dot(gap)
      #expect(progress >= 0.5 * gap.dot(gap) - 1e-12)
      // Either the barrier is active, with equality, or the multiplier is zero.
      #expect(multiplier == 0 || abs(progress - 0.5 * gap.dot(gap)) < 1e-10)
    }
  }

  @Test("Pessimistic truncation is the gradient of the largest F along the trajectory")
  func pessimisticTruncation() {
    let subject = QuadraticProblem()
    var selections: Set<Int> = []
    for seed in UInt64(1)...6 {
      let (problem, start) = subject.problem.learningInitialization(
        from: subject.point(seed).scaled(by: 3))
      let dynamics = GradientDescent<Double>(stepSize: 0.3)
      let estimate = PessimisticTruncation<Double>().estimate(
        problem, dynamics: dynamics, upper: start, innerSteps: 9)
      func values(_ point: Parameters<Double>) -> [Double] {
        (1...9).map { k in
          problem.upper.value(
            upper: point, lower: dynamics.run(steps: k, upper: point, of: problem))
        }
      }
      let differences = centralDifferenceGradient(at: start.tensors) {
        values(Parameters($0)).max() ?? .nan
      }
      #expect(largestDeviation(estimate.hypergradient.tensors, differences) < 1e-8)
      #expect(estimate.upperValue == values(start).last)
      let selected = estimate.diagnostics.selectedStep ?? 0
      #expect(values(start)[selected - 1] == values(start).max())
      selections.insert(selected)
    }
    // The points were chosen so that the cut is not always at the same place.
    #expect(selections.count > 1)
  }

  @Test("Extra components reach neither objective nor X's projection")
  func extendedUpper() {
    let subject = QuadraticProblem()
    var constrained = subject.problem
    constrained.upperFeasibleSet = Box(lower: -0.1, upper: 0.1)
    let x = subject.point()
    let (problem, start) = constrained.learningInitialization(from: x)
    let y = Parameters(subject.target)
    #expect(
      problem.lower.value(upper: start, lower: y) == constrained.lower.value(upper: x, lower: y))
    let projected = problem.upperFeasibleSet.project(start)
    #expect(projected.tensors[0] == constrained.upperFeasibleSet.project(x).tensors[0])
    #expect(projected.tensors[1] == subject.start)
    let forward = ForwardHypergradient<Double>().estimate(
      problem, dynamics: GradientDescent(stepSize: 0.3), upper: start, innerSteps: 4)
    let reverse = ReverseHypergradient<Double>(storage: .linearizations).estimate(
      problem, dynamics: GradientDescent(stepSize: 0.3), upper: start, innerSteps: 4)
    #expect(
      largestDeviation(forward.hypergradient.tensors, reverse.hypergradient.tensors) < 1e-13)
  }
}
