import Bilevel
import TestSupport
import Testing

@Suite("Hypergradients: closed forms and identities")
struct HypergradientTests {
  /// K steps of a contraction add rounding only: a hundred units in the last place is generous.
  static let rounding = 1e-13

  static let dynamics: [(String, any InnerDynamics<Double>)] =
    [("gradient descent", GradientDescent<Double>(stepSize: 0.3))]
    + AggregationSchedule.Rule.allCases.map { rule in
      (
        rule.rawValue,
        DescentAggregation<Double>(
          schedule: AggregationSchedule(rule, alpha: 0.6), upperStepSize: 0.4,
          lowerStepSize: 0.3)
      )
    }

  @Test("Reverse and forward equal the quadratic problem's closed form", arguments: [0, 1, 7, 60])
  func closedForm(steps: Int) {
    let subject = QuadraticProblem()
    let x = subject.point()
    let expected = Tensor(subject.closedForm(at: x, steps: steps, stepSize: 0.3))
    let estimators: [any HypergradientEstimator<Double>] = [
      ReverseHypergradient<Double>(), ForwardHypergradient<Double>(tangentsPerBlock: 2),
    ]
    for estimator in estimators {
      let estimate = estimator.estimate(
        subject.problem, dynamics: GradientDescent(stepSize: 0.3), upper: x, innerSteps: steps)
      #expect(
        largestDeviation(estimate.hypergradient.tensors, [expected]) < Self.rounding,
        "\(estimator)")
    }
  }

  @Test("Every dynamics: reverse equals forward, and both central differences of phi_K")
  func reverseEqualsForward() {
    let subject = QuadraticProblem()
    let x = subject.point(2)
    for (name, dynamics) in Self.dynamics {
      let reverse = ReverseHypergradient<Double>().estimate(
        subject.problem, dynamics: dynamics, upper: x, innerSteps: 12, outerIteration: 3,
        memory: nil)
      let forward = ForwardHypergradient<Double>().estimate(
        subject.problem, dynamics: dynamics, upper: x, innerSteps: 12, outerIteration: 3,
        memory: nil)
      #expect(reverse.lower == forward.lower, "\(name)")
      #expect(reverse.upperValue == forward.upperValue, "\(name)")
      #expect(
        largestDeviation(reverse.hypergradient.tensors, forward.hypergradient.tensors)
          < Self.rounding, "\(name)")
      let differences = centralDifferenceGradient(at: x.tensors) { moved in
        let moved = Parameters(moved)
        let end = dynamics.run(
          steps: 12, upper: moved, of: subject.problem, outerIteration: 3)
        return subject.problem.upper.value(upper: moved, lower: end)
      }
      #expect(largestDeviation(reverse.hypergradient.tensors, differences) < 1e-8, "\(name)")
    }
  }

  @Test("A truncated sweep with full history is the full sweep; with less it differs")
  func truncation() {
    let subject = QuadraticProblem()
    let x = subject.point(3)
    for (name, dynamics) in Self.dynamics {
      func gradient(_ history: ReverseHypergradient<Double>.History) -> Parameters<Double> {
        ReverseHypergradient<Double>(history: history).estimate(
          subject.problem, dynamics: dynamics, upper: x, innerSteps: 9
        ).hypergradient
      }
      #expect(gradient(.last(9)) == gradient(.full), "\(name)")
      #expect(gradient(.last(20)) == gradient(.full), "\(name)")
      #expect(gradient(.last(2)) != gradient(.full), "\(name)")
      let direct = subject.problem.upper.gradients(
        upper: x, lower: dynamics.run(steps: 9, upper: x, of: subject.problem)
      ).upper
      #expect(gradient(.last(0)) == direct, "\(name): no history leaves F_x alone")
    }
  }

  @Test("alpha = 0 is RHG, bit for bit", arguments: AggregationSchedule.Rule.allCases)
  func withoutAggregation(rule: AggregationSchedule.Rule) {
    let subject = QuadraticProblem()
    let x = subject.point(4)
    let aggregated = DescentAggregation<Double>(
      schedule: AggregationSchedule(rule, alpha: 0), upperStepSize: 0.4, lowerStepSize: 0.3)
    let left = ReverseHypergradient<Double>().estimate(
      subject.problem, dynamics: aggregated, upper: x, innerSteps: 15)
    let right = ReverseHypergradient<Double>().estimate(
      subject.problem, dynamics: GradientDescent(stepSize: 0.3), upper: x, innerSteps: 15)
    #expect(left.hypergradient == right.hypergradient)
    #expect(left.lower == right.lower)
  }

  @Test("Every storage gives the same hypergradient, and says what it kept")
  func storage() {
    let subject = QuadraticProblem()
    let x = subject.point(5)
    func estimate(
      _ storage: ReverseHypergradient<Double>.Storage
    ) -> HypergradientEstimate<Double> {
      ReverseHypergradient<Double>(storage: storage).estimate(
        subject.problem, dynamics: GradientDescent(stepSize: 0.3), upper: x, innerSteps: 50)
    }
    let full = estimate(.linearizations)
    let states = estimate(.states)
    let checkpoints = estimate(.checkpoints)
    for other in [states, checkpoints] {
      #expect(other.hypergradient == full.hypergradient)
      #expect(other.lower == full.lower)
    }
    let stateBytes = 5 * MemoryLayout<Double>.stride
    #expect(states.diagnostics.storedBytes == 50 * stateBytes)
    // sqrt(50) rounds up to 8: seven checkpoints and one segment of eight.
    #expect(checkpoints.diagnostics.storedBytes == (7 + 8) * stateBytes)
    #expect(full.diagnostics.storedBytes > states.diagnostics.storedBytes)
    #expect(estimate(.automatic(byteBudget: 1 << 20)).diagnostics.storage == "linearizations")
    #expect(estimate(.automatic(byteBudget: 50 * stateBytes)).diagnostics.storage == "states")
    #expect(estimate(.automatic(byteBudget: 100)).diagnostics.storage == "checkpoints")
  }

  @Test("Steps that are computed again know their number, whatever is stored")
  func storageOfSchedules() {
    let subject = QuadraticProblem()
    let dynamics = DescentAggregation<Double>(
      schedule: AggregationSchedule(.harmonic, alpha: 0.8), upperStepSize: 0.3, lowerStepSize: 0.3)
    let storages: [ReverseHypergradient<Double>.Storage] = [.linearizations, .states, .checkpoints]
    let found = storages.map {
      ReverseHypergradient<Double>(storage: $0).estimate(
        subject.problem, dynamics: dynamics, upper: subject.point(5), innerSteps: 20
      ).hypergradient
    }
    for other in found.dropFirst() {
      #expect(largestDeviation(other.tensors, found[0].tensors) < 1e-12)
    }
  }

  @Test("A start that depends on x contributes: y_0(x) = x is MAML")
  func initialLowerDependsOnUpper() {
    let target = Tensor<Double>([1, -2, 0.5])
    let problem = BilevelProblem<Double>(
      upper: ExpressionObjective { _, y in (y[0] * y[0] * y[0]).sum() },
      lower: ExpressionObjective { _, y in
        let gap = y[0] - .constant(target)
        return (gap * gap * gap * gap).sum()
      },
      initialLower: ExpressionInitialLower { $0 })
    let x = Parameters(Tensor<Double>([0.3, -1.2, 0.9]))
    let reverse = ReverseHypergradient<Double>().estimate(
      problem, dynamics: GradientDescent(stepSize: 0.02), upper: x, innerSteps: 5)
    let forward = ForwardHypergradient<Double>().estimate(
      problem, dynamics: GradientDescent(stepSize: 0.02), upper: x, innerSteps: 5)
    let differences = centralDifferenceGradient(at: x.tensors) { start in
      var y = start[0].scalars
      for _ in 0..<5 {
        for index in y.indices {
          let gap = y[index] - target.scalars[index]
          y[index] -= 0.02 * 4 * gap * gap * gap
        }
      }
      return y.reduce(0) { $0 + $1 * $1 * $1 }
    }
    #expect(largestDeviation(reverse.hypergradient.tensors, differences) < 1e-8)
    #expect(
      largestDeviation(reverse.hypergradient.tensors, forward.hypergradient.tensors)
        < Self.rounding)
  }

  @Test("A diverging inner loop is a value, not a trap")
  func divergence() {
    let subject = QuadraticProblem()
    let estimate = ReverseHypergradient<Double>().estimate(
      subject.problem, dynamics: GradientDescent(stepSize: 1e6), upper: subject.point(),
      innerSteps: 200)
    #expect(!estimate.isFinite)
  }
}
