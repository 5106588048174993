import Bilevel
import TestSupport
import Testing

@Suite("Implicit hypergradients")
struct ImplicitHypergradientTests {
  let subject = QuadraticProblem()

  func estimate(
    _ solver: any LinearSolver<Double>, at x: Parameters<Double>, steps: Int = 400
  ) -> HypergradientEstimate<Double> {
    ImplicitHypergradient<Double>(solver: solver).estimate(
      subject.problem, dynamics: GradientDescent(stepSize: 0.3), upper: x, innerSteps: steps)
  }

  @Test("At the lower solution every solver gives the direct solution's hypergradient")
  func direct() {
    let x = subject.point()
    let expected = [Tensor(subject.implicitGradient(at: x))]
    let solvers: [any LinearSolver<Double>] = [
      ConjugateGradient(maximumSteps: 5),
      NeumannSeries(terms: 300, stepSize: 0.3),
      FixedPointIteration(maximumSteps: 300, stepSize: 0.3),
    ]
    for solver in solvers {
      let estimate = estimate(solver, at: x)
      #expect(
        largestDeviation(estimate.hypergradient.tensors, expected) < 1e-12, "\(solver.name)")
      #expect(estimate.diagnostics.linearSolves.first?.solver == solver.name)
    }
    // The checker on a broken subject: too few steps are not the direct solution.
    let few = estimate(ConjugateGradient(maximumSteps: 2), at: x)
    #expect(largestDeviation(few.hypergradient.tensors, expected) > 1e-4)
    #expect(few.diagnostics.linearSolves.first?.outcome == .maximumSteps)
  }

  @Test("At a fixed point, T-RHG over H steps is the Neumann series up to the power H - 1")
  func truncationIsNeumann() {
    var subject = QuadraticProblem()
    let x = subject.point(6)
    subject.start = Tensor(subject.solution(at: x))
    for history in [1, 2, 5, 20] {
      let truncated = ReverseHypergradient<Double>(history: .last(history)).estimate(
        subject.problem, dynamics: GradientDescent(stepSize: 0.3), upper: x, innerSteps: 30)
      let series = ImplicitHypergradient<Double>(
        solver: NeumannSeries(terms: history - 1, stepSize: 0.3)
      ).estimate(
        subject.problem, dynamics: GradientDescent(stepSize: 0.3), upper: x, innerSteps: 30)
      #expect(
        largestDeviation(truncated.hypergradient.tensors, series.hypergradient.tensors) < 1e-13)
    }
  }

  @Test("A warm start of q saves steps, and the loop hands it on and stores it")
  func warmStart() {
    func loop(_ startsWarm: Bool) -> OuterLoop<Double> {
      BilevelEstimate(
        problem: subject.problem, dynamics: GradientDescent(stepSize: 0.3),
        estimator: ImplicitHypergradient(
          solver: FixedPointIteration(
            maximumSteps: 500, stepSize: 0.3, relativeTolerance: 1e-6),
          startsWarm: startsWarm), innerSteps: 100
      ).loop(
        optimizer: GradientStep(learningRate: .constant(0.05)), from: subject.point(),
        iterations: 25)
    }
    func steps(_ loop: OuterLoop<Double>) -> [Int] {
      loop.map { $0.estimate.diagnostics.linearSolves.first?.steps ?? 0 }
    }
    let (warm, cold) = (steps(loop(true)), steps(loop(false)))
    #expect(warm.first == cold.first)
    #expect(warm.dropFirst().reduce(0, +) < cold.dropFirst().reduce(0, +) - 25)

    var whole = loop(true)
    var checkpoint: OuterLoop<Double>.Checkpoint?
    while let event = whole.next() { if event.iteration == 7 { checkpoint = whole.checkpoint } }
    #expect(checkpoint?.iteration == 8)
    #expect(checkpoint?.memory?["adjoint"]?.count == subject.target.count)
    var resumed = loop(true)
    if let checkpoint { resumed.resume(from: checkpoint) }
    while resumed.next() != nil {}
    #expect(resumed.upper == whole.upper)
    // Without the memory the continuation differs: the checkpoint is what makes it identical.
    var forgetful = loop(true)
    if var checkpoint {
      checkpoint.memory = nil
      forgetful.resume(from: checkpoint)
    }
    while forgetful.next() != nil {}
    #expect(forgetful.upper != whole.upper)
  }

  @Test("Aggregated: the exact gradient of F along the minimiser of alpha F + (1 - alpha) f")
  func aggregated() {
    let problem = counterExample(start: (0.3, -0.7), dimension: 2)
    let x = Parameters(Tensor<Double>([0.4, 1.7]))
    let alpha = 0.3
    let dynamics = DescentAggregation<Double>(
      schedule: AggregationSchedule(.constant, alpha: alpha), upperStepSize: 0.5,
      lowerStepSize: 0.5)
    let estimate = ImplicitHypergradient<Double>(
      solver: ConjugateGradient(maximumSteps: 10, relativeTolerance: 1e-12),
      objective: .aggregated(alpha: alpha)
    ).estimate(problem, dynamics: dynamics, upper: x, innerSteps: 400)
    #expect(estimate.diagnostics.linearSolves.first?.outcome == .converged)
    // psi_y = 0: y1 = alpha + (1 - alpha) x and y2 = x, so F = 1/2 |(1 - alpha) (x - 1)|^2.
    let expected = x.flattened().map { (1 - alpha) * (1 - alpha) * ($0 - 1) }
    #expect(largestDeviation(estimate.hypergradient.tensors, [Tensor(expected)]) < 1e-12)
    let reverse = ReverseHypergradient<Double>().estimate(
      problem, dynamics: dynamics, upper: x, innerSteps: 400)
    #expect(
      largestDeviation(estimate.hypergradient.tensors, reverse.hypergradient.tensors) < 1e-12)
  }

  @Test(
    "Whichever weights an outer iteration has, the objective that its loop descends is differentiated",
    arguments: [AggregationSchedule.Rule.constant, .outerHarmonic, .outerPower])
  func outerIterations(rule: AggregationSchedule.Rule) throws {
    let problem = counterExample(start: (0.3, -0.7), dimension: 2)
    let x = Parameters(Tensor<Double>([0.4, 1.7]))
    var settings = MethodSettings(steps: 400, stepSize: 0.5)
    settings.aggregation = .init(schedule: rule, alpha: 0.6, upperStepSize: 0.4)
    settings.solver.steps = 400
    settings.solver.tolerance = 1e-14
    func hypergradient(_ name: String) throws -> [Tensor<Double>] {
      let method = try MethodCatalogue.standard.method(named: name)
      return try method.hypergradientEstimator(settings, as: Double.self).estimate(
        problem, dynamics: try method.innerDynamics(settings, as: Double.self), upper: x,
        innerSteps: 400, outerIteration: 2, memory: nil
      ).hypergradient.tensors
    }
    let exact = try hypergradient("bda")
    for name in ["bda-cg", "bda-neumann"] {
      #expect(largestDeviation(try hypergradient(name), exact) < 1e-10, "\(name)")
    }
  }

  @Test("The counter-example: conjugate gradients break down, damping and Neumann hide it")
  func counterExampleOutcomes() {
    let problem = counterExample(start: (0.0, 0.0))
    let x = Parameters(Tensor<Double>([0.4]))
    func estimate(
      _ solver: any LinearSolver<Double>, damping: Double = 0
    ) -> HypergradientEstimate<Double> {
      ImplicitHypergradient<Double>(solver: solver, damping: damping).estimate(
        problem, dynamics: GradientDescent(stepSize: 0.5), upper: x, innerSteps: 100)
    }
    let solver = ConjugateGradient<Double>(maximumSteps: 20, relativeTolerance: 1e-10)
    let broken = estimate(solver)
    #expect(
      broken.diagnostics.linearSolves.first?.outcome == .breakdown(.singularInconsistent))
    #expect(broken.isFinite)
    // (1 + d) q1 = y1 - 1, and f_xy q = -q1: g = (x - y2) + (x - 1) / (1 + d).
    let damped = estimate(solver, damping: 0.25)
    #expect(damped.diagnostics.linearSolves.first?.outcome == .converged)
    #expect(
      abs(damped.hypergradient.tensors[0].scalars[0] - (0.4 + (0.4 - 1) / 1.25)) < 1e-12)
    // The null-space component never enters f_xy q, so Neumann agrees with RHG's limit.
    let series = estimate(NeumannSeries(terms: 80, stepSize: 0.5))
    #expect(series.diagnostics.linearSolves.first?.outcome == .maximumSteps)
    #expect(abs(series.hypergradient.tensors[0].scalars[0] - (2 * 0.4 - 1)) < 1e-12)
  }
}
