import Bilevel
import TestSupport
import Testing

/// A smooth problem with curvature everywhere, in two components of x and of y.
func curvedProblem() -> BilevelProblem<Double> {
  BilevelProblem(
    upper: ExpressionObjective { x, y in
      let product = x[0] * y[0]
      return (product.sine() + y[0] * y[0] * x[0]).sum() + (y[1] * y[1] * x[1]).sum()
    },
    lower: ExpressionObjective { x, y in
      let gap = y[0] - x[0]
      let mixed = y[1] * x[1]
      return 0.5 * (gap * gap).sum() + 0.2 * (gap * gap * gap * gap).sum()
        + (mixed.cosine() + 0.5 * (y[1] * y[1])).sum()
    },
    initialLower: ExpressionInitialLower { x in [0.5 * x[0] + 0.1, x[1]] })
}

@Suite("Inner dynamics and their derivatives")
struct DynamicsTests {
  static let aggregation = DescentAggregation<Double>(
    schedule: AggregationSchedule(.harmonic, alpha: 0.4), upperStepSize: 0.2, lowerStepSize: 0.15)

  static let dynamics: [(String, any InnerDynamics<Double>)] = [
    ("heavy ball", HeavyBall(stepSize: 0.15, momentum: 0.6)),
    ("heavy-ball aggregation", HeavyBall(aggregation, momentum: 0.5)),
    ("l1", ProximalGradient(stepSize: 0.15, penalty: .l1(weight: 0.3))),
    ("l1 aggregation", ProximalGradient(aggregation, penalty: .l1(weight: 0.3))),
    ("box", ProximalGradient(stepSize: 0.15, penalty: .box(lower: -0.4, upper: 0.5))),
    ("projected on a box", ProjectedDynamics(aggregation, onto: Box(lower: -0.3, upper: 0.6))),
    ("projected on a ball", ProjectedDynamics(aggregation, onto: Ball(radius: 0.8))),
    (
      "heavy ball on a simplex",
      ProjectedDynamics(HeavyBall(aggregation, momentum: 0.5), onto: Simplex(total: 1.2))
    ),
    (
      "heavy ball on a capped simplex",
      ProjectedDynamics(HeavyBall(aggregation, momentum: 0.5), onto: CappedSimplex(total: 0.7))
    ),
  ]

  static let point = Parameters([Tensor<Double>([0.7, -0.4, 0.2]), Tensor<Double>([0.5, -0.3])])

  @Test("Reverse equals forward equals central differences of phi_K")
  func hypergradients() {
    for (name, dynamics) in Self.dynamics {
      check(name, curvedProblem(), dynamics, Self.point)
    }
  }

  /// The checker: reverse and forward mode against each other and against differences.
  func check(
    _ name: String, _ problem: BilevelProblem<Double>, _ dynamics: any InnerDynamics<Double>,
    _ x: Parameters<Double>, steps: Int = 6, outerIteration n: Int = 0
  ) {
    let storages: [ReverseHypergradient<Double>.Storage] = [.linearizations, .states, .checkpoints]
    let forward = ForwardHypergradient<Double>(tangentsPerBlock: 3).estimate(
      problem, dynamics: dynamics, upper: x, innerSteps: steps, outerIteration: n,
      memory: nil)
    for storage in storages {
      let reverse = ReverseHypergradient<Double>(storage: storage).estimate(
        problem, dynamics: dynamics, upper: x, innerSteps: steps, outerIteration: n,
        memory: nil)
      #expect(reverse.lower == forward.lower, "\(name)")
      // Six steps, a few hundred operations each.
      #expect(
        largestDeviation(reverse.hypergradient.tensors, forward.hypergradient.tensors) < 1e-13,
        "\(name), \(storage)")
    }
    let differences = centralDifferenceGradient(at: x.tensors) { moved in
      let moved = Parameters(moved)
      let end = dynamics.lowerVariable(
        after: steps, upper: moved, of: problem, outerIteration: n)
      return problem.upper.value(upper: moved, lower: end)
    }
    #expect(largestDeviation(forward.hypergradient.tensors, differences) < 1e-8, "\(name)")
  }

  @Test("Learned weights and step sizes are differentiated like the rest of x")
  func learned() {
    for rule in AggregationSchedule.Rule.allCases {
      for weights in [LearnedAggregation<Double>.Weights.shared, .perStep(count: 6)] {
        for learnsStepSizes in [false, true] {
          let dynamics = LearnedAggregation<Double>(
            rule: rule, weights: weights, upperStepSize: 0.2, lowerStepSize: 0.15,
            learnsStepSizes: learnsStepSizes)
          check(
            "\(rule), \(weights), \(learnsStepSizes)",
            curvedProblem().ignoringTrailingUpper(dynamics.trailingComponents),
            dynamics, dynamics.extend(Self.point, alpha: 0.4), outerIteration: 2)
        }
      }
    }
  }

  @Test("Learned weights at their start move y as the schedule does")
  func learnedStart() {
    for rule in AggregationSchedule.Rule.allCases {
      let learned = LearnedAggregation<Double>(
        rule: rule, weights: .shared, upperStepSize: 0.2, lowerStepSize: 0.15,
        learnsStepSizes: true)
      let plain = DescentAggregation<Double>(
        schedule: AggregationSchedule(rule, alpha: 0.4), upperStepSize: 0.2, lowerStepSize: 0.15)
      let left = learned.run(
        steps: 9, upper: learned.extend(Self.point, alpha: 0.4),
        of: curvedProblem().ignoringTrailingUpper(2))
      let right = plain.run(steps: 9, upper: Self.point, of: curvedProblem())
      #expect(largestDeviation(left.tensors, right.tensors) < 1e-14, "\(rule)")
    }
  }

  @Test("Learning the weight makes phi_K fall nearly to zero where plain descent leaves 1/4")
  func learnedDescends() {
    let problem = counterExample(start: (0.0, 0.0)).ignoringTrailingUpper(1)
    let dynamics = LearnedAggregation<Double>(
      rule: .constant, weights: .shared, upperStepSize: 0.5, lowerStepSize: 0.5)
    var loop = BilevelEstimate(
      problem: problem, dynamics: dynamics, estimator: ReverseHypergradient(), innerSteps: 16
    ).loop(
      optimizer: Adam(learningRate: .constant(0.02)),
      from: dynamics.extend(Parameters(Tensor([0.5])), alpha: 0.1), iterations: 400)
    var last = Double.infinity
    while let event = loop.next() { last = event.estimate.upperValue }
    // alpha = 0 leaves 1/4; the constant weight that suits both levels reaches nearly 0.
    #expect(last < 1e-3)
    #expect(dynamics.learned(in: loop.upper).alpha[0] > 0.1)
  }

  @Test("Heavy ball without momentum is its base; with it, faster on an ill-conditioned quadratic")
  func heavyBall() {
    let plain = GradientDescent<Double>(stepSize: 0.15)
    let still = HeavyBall(plain, momentum: 0)
    let problem = curvedProblem()
    #expect(
      still.lowerVariable(after: 7, upper: Self.point, of: problem)
        == plain.run(steps: 7, upper: Self.point, of: problem))
    let slow = BilevelProblem<Double>(
      upper: ExpressionObjective { _, y in y[0].sum() },
      lower: ExpressionObjective { _, y in
        (0.5 * (Variable.constant(Tensor([1, 0.01])) * y[0] * y[0])).sum()
      },
      initialLower: ConstantInitialLower(Parameters(Tensor([1, 1]))))
    let x = Parameters(Tensor<Double>([0]))
    let descent = GradientDescent<Double>(stepSize: 1).run(steps: 100, upper: x, of: slow).norm
    let heavy = HeavyBall<Double>(stepSize: 1, momentum: 0.8)
    let accelerated = heavy.lowerVariable(after: 100, upper: x, of: slow).norm
    #expect(accelerated < 0.1 * descent)
  }

  @Test("Proximal gradient reaches the lasso solution of an orthogonal design")
  func lasso() {
    let target = Tensor<Double>([1, -0.2, 0.3, -2])
    let problem = BilevelProblem<Double>(
      upper: ExpressionObjective { _, y in y[0].sum() },
      lower: ExpressionObjective { _, y in
        let gap = y[0] - .constant(target)
        return 0.5 * (gap * gap).sum()
      },
      initialLower: ConstantInitialLower(Parameters(.zeros([4]))))
    let end = ProximalGradient<Double>(stepSize: 0.5, penalty: .l1(weight: 0.25))
      .run(steps: 200, upper: Parameters(Tensor<Double>([0])), of: problem)
    #expect(largestDeviation(end.tensors, [Tensor([0.75, 0, 0.05, -1.75])]) < 1e-14)
    #expect(end.tensors[0].scalars[1] == 0)
  }
}
