import Bilevel
import TestSupport
import Testing

@Suite("Steps know where they stand")
struct StepIndexTests {
  static let shrinking = DescentAggregation<Double>(
    schedule: AggregationSchedule(.outerHarmonic, alpha: 0.8), upperStepSize: 0.2,
    lowerStepSize: 0.2)

  /// What the weights of outer iteration 3 are, written out: alpha / 4.
  static let fourth = DescentAggregation<Double>(
    schedule: AggregationSchedule(.constant, alpha: 0.2), upperStepSize: 0.2, lowerStepSize: 0.2)

  static func wrapped(
    _ base: DescentAggregation<Double>
  ) -> [(String, any InnerDynamics<Double>)] {
    [
      ("plain", base), ("heavy ball", HeavyBall(base, momentum: 0.5)),
      ("proximal", ProximalGradient(base, penalty: .l1(weight: 0.1))),
      ("projected", ProjectedDynamics(base, onto: Ball(radius: 0.9))),
      (
        "projected heavy ball",
        ProjectedDynamics(HeavyBall(base, momentum: 0.5), onto: Ball(radius: 0.9))
      ),
    ]
  }

  static let estimators: [(String, any HypergradientEstimator<Double>)] = [
    ("reverse", ReverseHypergradient()), ("states", ReverseHypergradient(storage: .states)),
    ("checkpoints", ReverseHypergradient(storage: .checkpoints)),
    ("truncated", ReverseHypergradient(history: .last(2))),
    ("forward", ForwardHypergradient(tangentsPerBlock: 2)),
    ("pessimistic", PessimisticTruncation()),
    ("one-stage", OneStageHypergradient(weights: DescentWeights(upper: 0.1, lower: 0.1))),
    ("implicit", ImplicitHypergradient(solver: NeumannSeries(terms: 3, stepSize: 0.2))),
    ("first-order", FirstOrderHypergradient()), ("reptile", ReptileDirection()),
  ]

  @Test("Weights of outer iteration 3 arrive through every estimator and every wrapper")
  func outerIteration() {
    let (problem, x) = (curvedProblem(), DynamicsTests.point)
    for ((name, shrinking), (_, fourth)) in zip(
      Self.wrapped(Self.shrinking), Self.wrapped(Self.fourth))
    {
      for (estimatorName, estimator) in Self.estimators {
        func estimate(
          _ dynamics: any InnerDynamics<Double>, _ n: Int
        ) -> HypergradientEstimate<Double> {
          estimator.estimate(
            problem, dynamics: dynamics, upper: x, innerSteps: 5, outerIteration: n, memory: nil)
        }
        let (now, expected, first) = (
          estimate(shrinking, 3), estimate(fourth, 0), estimate(shrinking, 0)
        )
        #expect(
          largestDeviation(now.hypergradient.tensors, expected.hypergradient.tensors) < 1e-13,
          "\(name), \(estimatorName)")
        #expect(largestDeviation(now.lower.tensors, expected.lower.tensors) < 1e-13)
        #expect(
          largestDeviation(now.hypergradient.tensors, first.hypergradient.tensors) > 1e-4,
          "\(name), \(estimatorName): iteration 3 is iteration 0")
      }
    }
  }

  @Test("The outer loop counts, and restarts counting from a checkpoint")
  func loop() throws {
    let subject = QuadraticProblem()
    var loop = BilevelEstimate(
      problem: subject.problem, dynamics: Self.shrinking, estimator: ReverseHypergradient(),
      innerSteps: 4
    ).loop(
      optimizer: GradientStep(learningRate: .constant(0.1)), from: subject.point(), iterations: 6)
    while let event = loop.next() {
      let expected = ReverseHypergradient<Double>().estimate(
        subject.problem, dynamics: Self.shrinking, upper: event.upper, innerSteps: 4,
        outerIteration: event.iteration, memory: nil)
      #expect(event.estimate.hypergradient == expected.hypergradient)
    }
    #expect(loop.iteration == 6)
  }

  @Test("A sweep of one step equals its linearisation's pullback, for every dynamics")
  func sweeps() throws {
    var stream = RandomStream(seed: 41, purpose: "sweeps")
    let settings: MethodSettings = {
      var settings = MethodSettings(steps: 6, stepSize: 0.15)
      settings.aggregation = .init(schedule: .outerPower, alpha: 0.4, upperStepSize: 0.2)
      settings.inner.momentum = 0.5
      settings.proximal.size = 0.3
      return settings
    }()
    var subjects:
      [(String, any InnerDynamics<Double>, BilevelProblem<Double>, Parameters<Double>)] =
        []
    for entry in MethodCatalogue.standard.dynamics + [NamedNesterov()] {
      for kind in [MethodSettings.LowerSetChoice.none, .simplex] {
        var settings = settings
        settings.project(onto: kind, size: 1.2)
        let method = Method(entry, NamedReverse())
        let (problem, x) = try method.prepare(
          curvedProblem(), from: DynamicsTests.point, settings)
        subjects.append(
          (
            "\(entry.name), \(kind)", try method.innerDynamics(settings, as: Double.self), problem,
            x
          ))
      }
    }
    for (name, dynamics, problem, x) in subjects {
      let index = StepIndex(3, outerIteration: 2)
      let state = dynamics.run(steps: 2, upper: x, of: problem)
      func random(like point: Parameters<Double>) -> Parameters<Double> {
        Parameters(point.tensors.map { stream.uniform($0.shape, in: -1..<1) })
      }
      let (p, gathered) = (random(like: state), random(like: x))
      let step = dynamics.linearizeStep(index, from: state, upper: x, of: problem)
      #expect(
        largestDeviation(
          step.next.tensors,
          dynamics.step(index, from: state, upper: x, of: problem).tensors) < 1e-15, "\(name)")
      let products = step.pullback(p)
      let expected = gathered.adding(products.upper)
      for kept in [true, false] {
        var (cotangent, upper) = (p, gathered)
        if kept {
          step.sweepBack(&cotangent, addingTo: &upper)
        } else {
          dynamics.sweepBack(
            index, from: state, upper: x, of: problem, &cotangent, addingTo: &upper)
        }
        #expect(largestDeviation(cotangent.tensors, products.state.tensors) < 1e-14, "\(name)")
        #expect(largestDeviation(upper.tensors, expected.tensors) < 1e-14, "\(name)")
      }
      // <p, A ds + B dx> = <A'p, ds> + <B'p, dx>.
      let (ds, dx) = (random(like: state), random(like: x))
      let forward = p.dot(step.pushforward(state: ds, upper: dx))
      #expect(abs(forward - products.state.dot(ds) - products.upper.dot(dx)) < 1e-13, "\(name)")
      #expect(
        abs(p.dot(step.pushforward(state: nil, upper: dx)) - products.upper.dot(dx)) < 1e-13)
      #expect(
        abs(p.dot(step.pushforward(state: ds, upper: nil)) - products.state.dot(ds)) < 1e-13)
      #expect(step.bytes > 0, "\(name)")
    }
  }

  @Test("A truncated sweep leaves out the start's derivative, a full one adds it")
  func truncatedStart() {
    let (problem, x) = (curvedProblem(), DynamicsTests.point)
    var constant = problem
    constant.initialLower = ConstantInitialLower(problem.initialLower.value(upper: x))
    for (name, dynamics) in Self.wrapped(Self.shrinking) {
      func gradient(
        _ history: ReverseHypergradient<Double>.History, _ problem: BilevelProblem<Double>
      ) -> Parameters<Double> {
        ReverseHypergradient<Double>(history: history).estimate(
          problem, dynamics: dynamics, upper: x, innerSteps: 5
        ).hypergradient
      }
      #expect(gradient(.last(4), problem) == gradient(.last(4), constant), "\(name)")
      #expect(gradient(.last(5), problem) != gradient(.last(5), constant), "\(name)")
      #expect(gradient(.last(5), problem) == gradient(.full, problem), "\(name)")
    }
  }
}
