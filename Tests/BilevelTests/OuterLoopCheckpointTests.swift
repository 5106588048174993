import Bilevel
import TestSupport
import Testing

@Suite("The outer loop: checkpoints, ends and estimates of one's own")
struct OuterLoopCheckpointTests {
  static let subject = QuadraticProblem()

  /// What is compared, bit for bit.
  struct Trace: Equatable {
    var upper: [Parameters<Double>] = []
    var hypergradients: [Parameters<Double>] = []
    var lower: [Parameters<Double>] = []
    var end: OuterLoop<Double>.Checkpoint?
    var outcome: OuterLoop<Double>.Outcome?
  }

  /// Runs a loop to its end; `isLast` is a caller's own rule for ending early.
  static func trace(
    _ loop: inout OuterLoop<Double>,
    until isLast: (OuterLoop<Double>.Event) -> Bool = { _ in false }
  ) -> Trace {
    var trace = Trace()
    while let event = loop.next() {
      trace.upper.append(event.upper)
      trace.hypergradients.append(event.estimate.hypergradient)
      trace.lower.append(event.estimate.lower)
      if isLast(event) { break }
    }
    (trace.end, trace.outcome) = (loop.checkpoint, loop.outcome)
    return trace
  }

  /// A loop that is cut after every iteration and continued by a fresh one equals the unbroken one.
  static func checkResuming(
    _ name: String, _ make: () throws -> OuterLoop<Double>,
    until isLast: (OuterLoop<Double>.Event) -> Bool = { _ in false }
  ) rethrows {
    var whole = try make()
    let unbroken = trace(&whole, until: isLast)
    for cut in 1..<unbroken.upper.count {
      var first = try make()
      for _ in 0..<cut { _ = first.next() }
      var second = try make()
      second.resume(from: first.checkpoint)
      let rest = trace(&second, until: isLast)
      #expect(rest.upper == Array(unbroken.upper.dropFirst(cut)), "\(name), cut at \(cut)")
      #expect(rest.hypergradients == Array(unbroken.hypergradients.dropFirst(cut)), "\(name)")
      #expect(rest.lower == Array(unbroken.lower.dropFirst(cut)), "\(name)")
      #expect(rest.end == unbroken.end && rest.outcome == unbroken.outcome, "\(name)")
    }
  }

  static func starts() -> [(String, BilevelEstimate<Double>.Start)] {
    [
      ("own", .own), ("warm", .warm),
      (
        "redrawn",
        .redrawn { n in
          var stream = RandomStream(seed: UInt64(n), purpose: "start")
          return Parameters(stream.uniform([5], in: -1..<1))
        }
      ),
    ]
  }

  @Test("Every method resumed from any checkpoint continues bit for bit, whatever its start")
  func everyMethod() throws {
    var settings = MethodSettings(steps: 3, stepSize: 0.2)
    settings.solver.startsWarm = true
    settings.aggregation.schedule = .outerHarmonic
    (settings.penalty.initialWeight, settings.penalty.iterations) = (0.1, 3)
    for method in MethodCatalogue.standard.runnable {
      for (name, start) in Self.starts() {
        if case .own = start {} else if !method.allowsOtherStart(under: settings) { continue }
        try Self.checkResuming("\(method.name), \(name)") {
          try BuiltMethod(method, settings, on: Self.subject.problem, from: Self.subject.point())
            .loop(Adam(learningRate: .inverseTime(0.05, decay: 0.1)), iterations: 3, start: start)
        }
      }
    }
  }

  @Test("A caller's tolerance on the step ends a resumed loop where it ends the unbroken one")
  func tolerance() {
    func isLast(_ event: OuterLoop<Double>.Event) -> Bool {
      event.next.adding(event.upper, scaledBy: -1).norm < 0.02
    }
    func loop() -> OuterLoop<Double> {
      BilevelEstimate(
        problem: Self.subject.problem, dynamics: GradientDescent(stepSize: 0.3),
        estimator: ReverseHypergradient(), innerSteps: 5, start: .warm
      ).loop(
        optimizer: GradientStep(learningRate: .constant(0.2), momentum: 0.3),
        from: Self.subject.point(), iterations: 500)
    }
    var whole = loop()
    let count = Self.trace(&whole, until: isLast).upper.count
    #expect(count > 3 && count < 500)
    Self.checkResuming("tolerance", loop, until: isLast)
  }

  @Test("What a checkpoint holds is needed: without a part, the continuation differs")
  func parts() throws {
    func loop() -> OuterLoop<Double> {
      BilevelEstimate(
        problem: Self.subject.problem,
        dynamics: DescentAggregation(
          schedule: AggregationSchedule(.outerHarmonic, alpha: 0.5), upperStepSize: 0.2,
          lowerStepSize: 0.2),
        estimator: ReverseHypergradient(), innerSteps: 3, start: .warm
      ).loop(
        optimizer: Adam(learningRate: .constant(0.05)), from: Self.subject.point(), iterations: 8)
    }
    var whole = loop()
    for _ in 0..<4 { _ = whole.next() }
    let checkpoint = whole.checkpoint
    let end = Self.trace(&whole).end?.upper
    let damages: [(inout OuterLoop<Double>.Checkpoint) -> Void] = [
      { $0.memory = nil }, { $0.optimizer = OuterOptimizerMemory(iteration: 4) },
      { $0.optimizer.iteration = 0 }, { $0.upper.scale(by: 1.001) }, { $0.iteration = 3 },
      { _ in },
    ]
    for (index, damage) in damages.enumerated() {
      var (damaged, resumed) = (checkpoint, loop())
      damage(&damaged)
      resumed.resume(from: damaged)
      #expect((Self.trace(&resumed).end?.upper == end) == (index == damages.count - 1))
    }
  }

  @Test("A non-finite estimate ends the loop with x, memory and optimiser unchanged")
  func nonFinite() {
    let broken: [(String, @Sendable (inout HypergradientEstimate<Double>) -> Void)] = [
      ("the lower variable y_K", { $0.lower.scale(by: .nan) }),
      ("the upper objective F", { $0.upperValue = .infinity }),
      ("the hypergradient", { $0.hypergradient.scale(by: .infinity) }),
    ]
    let estimate = BilevelEstimate(
      problem: Self.subject.problem, dynamics: GradientDescent(stepSize: 0.3),
      estimator: ReverseHypergradient<Double>(), innerSteps: 3, start: .warm)
    for (what, damage) in broken {
      var loop = OuterLoop<Double>(
        estimate: { x, n, memory in
          var result = estimate(x, n, memory)
          if n == 2 {
            damage(&result)
            result.memory = ["last lower variable": result.lower]
          }
          return result
        }, optimizer: Adam(learningRate: .constant(0.05)), from: Self.subject.point(),
        iterations: 9)
      _ = loop.next()
      _ = loop.next()
      let before = loop.checkpoint
      let last = loop.next()
      #expect(last?.iteration == 2 && last?.next == before.upper && last?.upper == before.upper)
      #expect(loop.outcome == .nonFinite(iteration: 2, what: what))
      #expect(loop.next() == nil && loop.upper == before.upper)
      #expect(loop.memory == before.memory && loop.optimizer.memory == before.optimizer)
    }
  }

  @Test("A meta-batch is an estimate of one's own: the mean over tasks with y_0(x) = x")
  func metaBatch() {
    let targets = (0..<6).map { Tensor([Double($0) - 2, 0.5 * Double($0)]) }
    @Sendable func task(_ target: Tensor<Double>) -> BilevelProblem<Double> {
      let loss = ExpressionObjective<Double> { _, y in
        let gap = y[0] - .constant(target)
        return 0.5 * (gap * gap).sum()
      }
      return BilevelProblem(
        upper: loss, lower: loss, initialLower: ExpressionInitialLower { $0 })
    }
    func loop() -> OuterLoop<Double> {
      OuterLoop(
        estimate: { x, n, _ in
          // Tasks 2n and 2n + 1, round and round.
          let batch = [2 * n, 2 * n + 1].map { targets[$0 % targets.count] }
          let estimates = batch.map {
            ReverseHypergradient<Double>().estimate(
              task($0), dynamics: GradientDescent(stepSize: 0.2), upper: x, innerSteps: 3,
              outerIteration: n, memory: nil)
          }
          var mean = estimates[0]
          mean.hypergradient.add(estimates[1].hypergradient)
          mean.hypergradient.scale(by: 0.5)
          mean.upperValue = (mean.upperValue + estimates[1].upperValue) / 2
          return mean
        }, optimizer: GradientStep(learningRate: .constant(0.5)),
        from: Parameters(Tensor([9, 9])), iterations: 30)
    }
    var whole = loop()
    let trace = Self.trace(&whole)
    #expect(trace.outcome == .completed && trace.upper.count == 30)
    // phi of one task is c |x - target|^2 / 2 with c = 0.8^6: the first step is known.
    let mean = Parameters(Tensor([-1.5, 0.25]))
    let expected = trace.upper[0]
      .adding(trace.upper[0].adding(mean, scaledBy: -1), scaledBy: -0.5 * 0.262144)
    #expect(largestDeviation(trace.upper[1].tensors, expected.tensors) < 1e-14)
    // Round and round, x ends near the mean of all targets.
    #expect((whole.upper.adding(Parameters(Tensor([0.5, 1.25])), scaledBy: -1)).norm < 1)
    Self.checkResuming("meta-batch", loop)
  }

  @Test("Every x of a loop lies in X, the first included")
  func projection() {
    var problem = Self.subject.problem
    problem.upperFeasibleSet = Box(lower: -0.05, upper: 0.1)
    let loop = BilevelEstimate(
      problem: problem, dynamics: GradientDescent(stepSize: 0.3),
      estimator: ReverseHypergradient<Double>(), innerSteps: 4
    ).loop(
      optimizer: GradientStep(learningRate: .constant(0.5)),
      from: Self.subject.point().scaled(by: 100), iterations: 6)
    func isInside(_ x: Parameters<Double>) -> Bool {
      x.flattened().allSatisfy { (-0.05...0.1).contains($0) }
    }
    #expect(!isInside(Self.subject.point().scaled(by: 100)))
    for event in loop {
      #expect(isInside(event.upper) && isInside(event.next))
      let free = event.upper.adding(event.estimate.hypergradient, scaledBy: -0.5)
      #expect(event.next == problem.upperFeasibleSet.project(free))
    }
  }

  @Test("A redrawn start is that of its iteration, and of the last one once the loop is done")
  func redrawn() {
    let estimate = BilevelEstimate(
      problem: Self.subject.problem, dynamics: GradientDescent(stepSize: 0.3),
      estimator: ReverseHypergradient<Double>(), innerSteps: 0,
      start: .redrawn { Parameters(Tensor(repeating: Double($0), shape: [5])) })
    var loop = estimate.loop(
      optimizer: GradientStep(learningRate: .constant(0.1)), from: Self.subject.point(),
      iterations: 3)
    while let event = loop.next() {
      #expect(
        event.estimate.lower.flattened() == Array(repeating: Double(event.iteration), count: 5))
    }
    func start(_ problem: BilevelProblem<Double>) -> Double {
      problem.initialLower.value(upper: loop.upper).flattened()[0]
    }
    #expect(start(estimate.finished(after: 3, loop.memory)) == 2)
    #expect(start(estimate.finished(after: 0, nil)) == 0)
    #expect(start(estimate.started(at: 3, loop.memory)) == 3)
  }
}
