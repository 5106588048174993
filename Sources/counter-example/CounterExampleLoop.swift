import Bilevel
import Commands
import Experiments
import Results
import Tensors

/// One outer loop on the counter-example, measured.
struct CounterExampleLoop<Scalar: TensorScalar> {
  let method: CounterExampleMethod
  let settings: CounterExampleSettings

  /// What a loop leaves behind.
  struct Outcome {
    var recorder = MetricRecorder(CounterExampleMetrics.perIteration)
    var status = RunRecord.Status(.completed)
    /// Outer iterations done.
    var iterations = 0
    /// Whether the last step of x was within the tolerance, or within 1e-8 where that is 0.
    var hasSettled = false
    /// The derived point of each coordinate, or why there is none.
    var stationaryPoints: [StationaryPoint] = []
    /// How the linear solves ended, by outcome, and the last one's report.
    var solverOutcomes: [String: Int] = [:]
    var solverReport: LinearSolverReport?
    /// What the last estimate says it did.
    var diagnostics: EstimatorDiagnostics?
    /// Cumulative seconds after each outer iteration, measuring left out.
    var seconds: [Double] = []
  }

  /// The outcome of the loop; `advance` is called after every outer iteration.
  func run(advance: (Int, String) -> Void) throws(MethodError) -> Outcome {
    var outcome = Outcome()
    let problem = settings.counterExample
    let methodSettings = settings.methodSettings(method)
    let steps = settings.inner.steps
    let start: Parameters<Scalar> = Parameters(problem.spread(settings.start.upper))
    let prepared = try methodSettings.prepare(
      problem.bilevel(as: Scalar.self), from: start, innerSteps: steps)
    guard !settings.inner.startsWarm || methodSettings.allowsWarmStart else {
      throw MethodError(
        "The method \(method.name) keeps the start of its inner loop in x, so that it cannot start "
          + "from the last y: set inner.startsWarm=false.")
    }
    let dynamics = try methodSettings.innerDynamics(as: Scalar.self, innerSteps: steps)
    var loop = BilevelIteration(
      problem: prepared.problem, dynamics: dynamics,
      estimator: try methodSettings.estimator(as: Scalar.self, innerSteps: steps),
      optimizer: try settings.outerSettings(method).outerOptimizer(as: Scalar.self),
      from: prepared.start, innerSteps: steps, outerIterations: settings.upper.iterations,
      startsWarm: settings.inner.startsWarm)
    let metrics = CounterExampleMetrics(problem: problem)
    var elapsed = 0.0
    var watch = Stopwatch()
    while let event = loop.next() {
      elapsed += watch.lap()
      outcome.seconds.append(elapsed)
      outcome.iterations = event.iteration + 1
      note(event.estimate.diagnostics, in: &outcome)
      let moved = event.next.adding(event.upper, scaledBy: -1)
      let step = Double(moved.norm) / Double(problem.dimension).squareRoot()
      outcome.hasSettled =
        step <= (settings.upper.tolerance > 0 ? settings.upper.tolerance : 1e-8)
      if event.iteration % settings.evaluation.every == 0 {
        outcome.recorder.record(
          step: event.iteration,
          metrics.values(upper: event.upper, lower: event.estimate.lower, step: step))
      }
      advance(event.iteration + 1, "|x - x*| \(metrics.upperError(event.upper))")
      if Interruption.isRequested {
        outcome.status = .init(
          .interrupted,
          reason: "Interrupted after \(outcome.iterations) of \(loop.outerIterations) iterations.")
        return outcome
      }
      if settings.upper.tolerance > 0, outcome.hasSettled { break }
      _ = watch.lap()
    }
    if case .nonFinite(let iteration, let what)? = loop.outcome {
      outcome.status = .init(
        .nonFinite,
        reason: "In outer iteration \(iteration) \(what) was not finite: lower the step sizes.")
      return outcome
    }
    finish(&outcome, loop, dynamics, methodSettings, metrics)
    return outcome
  }

  /// F per coordinate beyond which a run counts as diverged: X alone bounds F by about 10^4.
  private static var divergenceLimit: Double { 1e12 }

  /// The metrics at the last x, and the derived point beside it.
  private func finish(
    _ outcome: inout Outcome, _ loop: BilevelIteration<Scalar>,
    _ dynamics: any InnerDynamics<Scalar>, _ method: MethodSettings,
    _ metrics: CounterExampleMetrics
  ) {
    let lower: Parameters<Scalar>
    if self.method.movesLowerVariable {
      lower = loop.problem.initialLower.value(upper: loop.upper)
    } else {
      lower = dynamics.lowerVariable(
        of: dynamics.atOuterIteration(loop.iteration)
          .run(steps: settings.inner.steps, upper: loop.upper, of: loop.problem))
    }
    var values = metrics.values(
      upper: loop.upper, lower: lower, step: outcome.recorder.latest["outerStep"] ?? 0)
    values["outerStep"] = nil
    if let value = values["upperObjective"], value > Self.divergenceLimit {
      outcome.status = .init(
        .diverged,
        reason: "F grew to \(value) per coordinate, beyond the limit of \(Self.divergenceLimit): "
          + "lower the step sizes.")
    }
    outcome.stationaryPoints = stationaryPoints(method, iterations: outcome.iterations)
    let derived = outcome.stationaryPoints.compactMap(\.value)
    if derived.count == metrics.problem.dimension {
      let x = loop.upper.tensors[0].scalars.map { Double($0) }
      values["stationaryPoint"] = derived.reduce(0, +) / Double(derived.count)
      values["stationaryError"] = CounterExampleMetrics.rootMeanSquare(
        zip(x, derived).map { $0 - $1 })
    }
    let solves = outcome.solverOutcomes.values.reduce(0, +)
    if solves > 0 {
      values["solverConvergedFraction"] =
        Double(outcome.solverOutcomes["converged"] ?? 0) / Double(solves)
    }
    outcome.recorder.record(step: outcome.iterations, values)
  }

  private func stationaryPoints(
    _ method: MethodSettings, iterations: Int
  ) -> [StationaryPoint] {
    let problem = settings.counterExample
    guard !settings.inner.startsWarm else {
      return [.absent("Warm starts move y_0 while phi_K is minimised.")]
    }
    // Coordinates with equal starts have equal points.
    let period = min(
      problem.dimension,
      problem.firstStart.count * problem.secondStart.count)
    let points = (0..<period).map { index in
      StationaryPoint(
        method, on: problem,
        start: (
          problem.firstStart[index % problem.firstStart.count],
          problem.secondStart[index % problem.secondStart.count]
        ), innerSteps: settings.inner.steps, outerIteration: max(0, iterations - 1))
    }
    return (0..<problem.dimension).map { points[$0 % period] }
  }

  private func note(_ diagnostics: EstimatorDiagnostics, in outcome: inout Outcome) {
    outcome.diagnostics = diagnostics
    guard let report = diagnostics.linearSolver else { return }
    outcome.solverReport = report
    outcome.solverOutcomes[report.outcome.name, default: 0] += 1
  }
}

extension LinearSolverOutcome {
  /// The outcome in one word, for records.
  var name: String {
    switch self {
    case .converged: "converged"
    case .maximumSteps: "maximum-steps"
    case .breakdown(let kind): kind.rawValue
    case .nonFinite: "non-finite"
    }
  }
}

/// What is measured at one point (x, y): distances per coordinate, so that n does not matter.
struct CounterExampleMetrics {
  let problem: CounterExampleProblem

  /// Names, units and directions of what is recorded per outer iteration and at the end.
  static var perIteration: [RunRecord.Metric] {
    [
      .init(name: "x", unit: "1", betterWhen: .neither, headline: true),
      .init(name: "upperError", unit: "1", betterWhen: .lower, headline: true),
      .init(name: "lowerError", unit: "1", betterWhen: .lower, headline: true),
      .init(name: "firstLowerError", unit: "1", betterWhen: .lower),
      .init(name: "secondLowerError", unit: "1", betterWhen: .lower),
      .init(name: "upperObjective", unit: "1", betterWhen: .neither, headline: true),
      .init(name: "lowerGap", unit: "1", betterWhen: .lower),
      .init(name: "outerStep", unit: "1", betterWhen: .neither),
      .init(name: "stationaryPoint", unit: "1", betterWhen: .neither, headline: true),
      .init(name: "stationaryError", unit: "1", betterWhen: .lower),
      .init(name: "solverConvergedFraction", unit: "fraction", betterWhen: .neither),
    ]
  }

  /// The mean coordinate of x, root-mean-square distances to the optimum, F(x, y) and
  /// f(x, y) - min f(x, .), the last two divided by n.
  func values<Scalar: TensorScalar>(
    upper x: Parameters<Scalar>, lower y: Parameters<Scalar>, step: Double
  ) -> [String: Double] {
    let x = x.tensors[0].scalars.map { Double($0) }
    let first = y.tensors[0].scalars.map { Double($0) }
    let second = y.tensors[1].scalars.map { Double($0) }
    let count = Double(x.count)
    let best = problem.optimalLower
    let firstError = Self.rootMeanSquare(first.map { $0 - best.first })
    let secondError = Self.rootMeanSquare(second.map { $0 - best.second })
    let gap = Self.rootMeanSquare(zip(x, second).map { $0 - $1 })
    let distance = Self.rootMeanSquare(first.map { $0 - 1 })
    let lowerGap = Self.rootMeanSquare(zip(x, first).map { $0 - $1 })
    let targetGap = Self.rootMeanSquare(second.map { $0 - problem.target })
    return [
      "x": x.reduce(0, +) / count,
      "upperError": Self.rootMeanSquare(x.map { $0 - problem.optimalUpper }),
      "firstLowerError": firstError,
      "secondLowerError": secondError,
      "lowerError": (firstError * firstError + secondError * secondError).squareRoot(),
      "upperObjective": (gap * gap + distance * distance) / 2,
      "lowerGap": (lowerGap * lowerGap + problem.strongConvexity * targetGap * targetGap) / 2,
      "outerStep": step,
    ]
  }

  /// |x - x*| / sqrt(n), rounded for progress lines.
  func upperError<Scalar: TensorScalar>(_ x: Parameters<Scalar>) -> Double {
    let error = Self.rootMeanSquare(
      x.tensors[0].scalars.map { Double($0) - problem.optimalUpper })
    return error.isFinite ? (error * 1e4).rounded() / 1e4 : error
  }

  /// The root of the mean square.
  static func rootMeanSquare(_ values: [Double]) -> Double {
    (values.reduce(0) { $0 + $1 * $1 } / Double(max(1, values.count))).squareRoot()
  }
}
