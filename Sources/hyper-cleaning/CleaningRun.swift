import Bilevel
import Commands
import Datasets
import Experiments
import Results
import Tensors

/// One run: one method, one seed, from data to record.
struct CleaningRun<Scalar: TensorScalar> {
  let method: CleaningMethod
  let protocolName: String
  let budget: Budget
  let seed: UInt64
  let configuration: Configuration<CleaningSettings>
  let variant: [String: Value]
  let folder: DataFolder

  private var settings: CleaningSettings { configuration.settings }

  /// The record of the run; `advance` is called after every outer iteration.
  ///
  /// An interruption ends the run early, with a record that says so.
  func record(advance: (Int, String) -> Void) throws -> RunRecord {
    let peakIsOwn = PeakMemory.reset()
    let total = Stopwatch()
    let (problem, truth, uses) = try prepare()
    var outcome: Outcome
    switch method {
    case .noCleaning, .oracle: outcome = trainBaseline(problem, truth)
    case .preset, .combination:
      outcome = try trainBilevel(problem, truth, advance: advance)
    }
    outcome.diagnostics["peakResidentBytesIncludeEarlierRuns"] = .bool(!peakIsOwn)
    outcome.timing.totalSeconds = total.seconds
    outcome.timing.peakResidentBytes = PeakMemory.bytes
    return RunRecord(
      experiment: "hyper-cleaning", method: methodRecord(outcome.settings),
      seed: seed, budget: budget.rawValue, protocolName: protocolName,
      variant: variant, configuration: configuration.tree,
      datasets: uses, environment: .current(scalar: Scalar.name), status: outcome.status,
      metrics: outcome.recorder.recorded, final: outcome.recorder.latest,
      timing: outcome.timing, diagnostics: outcome.diagnostics)
  }

  /// The path of this run's record where it is there, completed, with the same configuration.
  func completedRecord(in output: String) -> String? {
    let digest = configuration.digest
    let identity = RunIdentity(
      experiment: "hyper-cleaning", method: method.name, protocolName: protocolName,
      variant: variant, budget: budget.rawValue, seed: seed, scalar: Scalar.name,
      datasets: [])
    return RecordStore.completedRun(
      like: identity, configurationDigest: digest, in: output)
  }

  /// What training leaves behind.
  private struct Outcome {
    var recorder = MetricRecorder(CleaningEvaluation<Scalar>.metrics)
    var status = RunRecord.Status(.completed)
    var timing = RunRecord.Timing(totalSeconds: 0)
    var diagnostics: [String: Value] = [:]
    var settings: MethodSettings?

    /// Counts how often the linear solver ended in each way.
    mutating func count(_ report: LinearSolverReport) {
      let key = "linearSolver.\(report.outcome)"
      diagnostics[key] = .integer((diagnostics[key]?.integerValue ?? 0) + 1)
    }
  }

  /// The problem with what its solutions are compared with. The features themselves are released
  /// on return: the problem holds them in its own form.
  private func prepare() throws -> (
    problem: CleaningProblem<Scalar>, truth: CleaningTruth, uses: [RunRecord.DatasetUse]
  ) {
    let data = try CleaningData<Scalar>(settings, folder: folder, seed: seed)
    var fixed = settings
    if method.product == nil { fixed.useFixedWeights() }
    return (CleaningProblem(fixed, data: data, seed: seed), data.truth, data.uses)
  }

  /// K plain gradient steps with fixed weights: without cleaning, every sample has the weight that
  /// the methods start from; the oracle gives 1 to clean samples and 0 to noisy ones. With sigmoid
  /// weights and half of the labels wrong, both sum to n / 2, so one step size suits both.
  private func trainBaseline(
    _ problem: CleaningProblem<Scalar>, _ truth: CleaningTruth
  ) -> Outcome {
    var outcome = Outcome()
    let start = Scalar(settings.upper.start)
    let startWeight = settings.upper.weighting == .sigmoid ? logisticSigmoid(start) : start
    let weights = truth.isNoisy.map { isNoisy -> Scalar in
      method == .oracle ? (isNoisy ? 0 : 1) : startWeight
    }
    let x = Parameters(Tensor(weights))
    let y = GradientDescent<Scalar>(stepSize: Scalar(settings.inner.stepSize))
      .run(steps: settings.inner.steps, upper: x, of: problem.bilevel)
    var measured = settings
    measured.evaluation.noisyBelow = Double(startWeight) / 2
    var values = CleaningEvaluation(settings: measured, truth: truth, problem: problem)
      .values(upper: x, lower: y)
    values["plainTestAccuracy"] = values["testAccuracy"]
    outcome.recorder.record(step: 0, values)
    if !y.isFinite {
      outcome.status = .init(.nonFinite, reason: "The lower variable is not finite.")
    }
    return outcome
  }

  private func trainBilevel(
    _ problem: CleaningProblem<Scalar>, _ truth: CleaningTruth, advance: (Int, String) -> Void
  ) throws -> Outcome {
    var outcome = Outcome()
    guard let product = method.product else { return outcome }
    let evaluation = CleaningEvaluation(settings: settings, truth: truth, problem: problem)
    let methodSettings = settings.methodSettings(method, product)
    outcome.settings = methodSettings
    let steps = settings.inner.steps
    let dynamics = try methodSettings.innerDynamics(as: Scalar.self, innerSteps: steps)
    let prepared = try methodSettings.prepare(
      problem.bilevel, from: problem.start, innerSteps: steps)
    var loop = BilevelIteration(
      problem: prepared.problem, dynamics: dynamics,
      estimator: try methodSettings.estimator(as: Scalar.self, innerSteps: steps),
      optimizer: try settings.outerSettings.outerOptimizer(as: Scalar.self),
      from: prepared.start, innerSteps: steps, outerIterations: settings.upper.iterations,
      startsWarm: settings.inner.startsWarm && methodSettings.allowsWarmStart,
      redrawingLower: methodSettings.allowsWarmStart ? problem.redraw : nil)
    var lastLower: Parameters<Scalar>?
    var seconds = 0.0
    var watch = Stopwatch()
    while let event = loop.next() {
      seconds += watch.lap()
      lastLower = event.estimate.lower
      outcome.timing.steps.append(event.iteration)
      outcome.timing.seconds.append(seconds)
      if event.iteration % settings.evaluation.every == 0 {
        outcome.recorder.record(
          step: event.iteration,
          evaluation.values(upper: event.upper, lower: event.estimate.lower))
      }
      outcome.diagnostics["trajectoryStorage"] = .string(event.estimate.diagnostics.storage)
      outcome.diagnostics["trajectoryBytes"] = .integer(event.estimate.diagnostics.storedBytes)
      if let report = event.estimate.diagnostics.linearSolver {
        outcome.count(report)
      }
      advance(event.iteration + 1, "F \(format(Double(event.estimate.upperValue)))")
      if Interruption.isRequested {
        outcome.status = .init(
          .interrupted,
          reason: "Interrupted after \(event.iteration + 1) of \(loop.outerIterations) iterations.")
        break
      }
      _ = watch.lap()
    }
    if case .nonFinite(let iteration, let what)? = loop.outcome {
      outcome.status = .init(
        .nonFinite,
        reason: "In outer iteration \(iteration) \(what) was not finite: lower the step sizes.")
    } else {
      // Where y moves together with x, the last y is the result; elsewhere the inner loop is run
      // once more at the last x.
      let moved = product.hypergradient.movesLowerVariable ? lastLower : nil
      finish(&outcome, loop, dynamics, problem, evaluation, lower: moved)
    }
    outcome.timing.secondsPerOuterStep = median(ofSteps: outcome.timing.seconds)
    return outcome
  }

  /// The metrics at the last x: with the method's own inner loop, and retrained by plain gradient
  /// descent, which shows what the learned weights alone are worth.
  private func finish(
    _ outcome: inout Outcome, _ loop: BilevelIteration<Scalar>,
    _ dynamics: any InnerDynamics<Scalar>, _ problem: CleaningProblem<Scalar>,
    _ evaluation: CleaningEvaluation<Scalar>, lower: Parameters<Scalar>?
  ) {
    let y =
      lower
      ?? dynamics.lowerVariable(
        of: dynamics.atOuterIteration(loop.iteration)
          .run(steps: settings.inner.steps, upper: loop.upper, of: loop.problem))
    var values = evaluation.values(upper: loop.upper, lower: y)
    // The user's x: some methods append components of their own.
    let weights = Parameters(loop.upper.tensors[0])
    let plain = GradientDescent<Scalar>(stepSize: Scalar(settings.inner.stepSize))
      .run(steps: settings.inner.steps, upper: weights, of: problem.bilevel)
    values["plainTestAccuracy"] =
      evaluation.values(upper: weights, lower: plain)["testAccuracy"]
    outcome.recorder.record(step: loop.iteration, values)
  }

  private func median(ofSteps cumulative: [Double]) -> Double? {
    let steps = zip(cumulative, [0] + cumulative).map { $0 - $1 }.sorted()
    return steps.isEmpty ? nil : steps[steps.count / 2]
  }

  private func format(_ value: Double) -> String {
    value.isFinite ? "\((value * 1e4).rounded() / 1e4)" : "\(value)"
  }

  private func methodRecord(_ method: MethodSettings?) -> RunRecord.Method {
    guard let method else {
      return RunRecord.Method(
        name: self.method.name, displayName: self.method.displayName,
        dynamics: .init(
          name: DynamicsKind.gradientDescent.rawValue,
          parameters: [
            "innerSteps": .integer(settings.inner.steps),
            "innerStepSize": .number(settings.inner.stepSize),
          ], provenance: self.method.citation),
        hypergradient: .none, outerOptimizer: .none)
    }
    var parameters: [String: Value] = [
      "innerSteps": .integer(settings.inner.steps),
      "innerStepSize": .number(method.innerStepSize),
    ]
    if method.dynamics.aggregates {
      parameters["upperStepSize"] = .number(method.upperStepSize)
      parameters["schedule"] = .string(method.schedule.rawValue)
      parameters["alpha"] = .number(method.alpha)
    }
    var estimator: [String: Value] = [:]
    switch method.hypergradient {
    case .truncatedReverse:
      estimator["history"] = .integer(method.history ?? (settings.inner.steps + 1) / 2)
    case .conjugateGradient, .neumann, .fixedPoint:
      estimator["solverSteps"] = .integer(method.solverSteps)
      estimator["damping"] = .number(method.damping)
    case .oneStage:
      estimator["radius"] = .number(method.oneStageRadius)
    default: break
    }
    return RunRecord.Method(
      name: self.method.name, displayName: self.method.displayName,
      dynamics: .init(
        name: method.dynamics.rawValue, parameters: parameters,
        provenance: "protocol \(protocolName)"),
      hypergradient: .init(
        name: method.hypergradient.rawValue, parameters: estimator,
        provenance: self.method.citation),
      outerOptimizer: .init(
        name: settings.upper.optimizer.rawValue,
        parameters: [
          "learningRate": .number(settings.upper.learningRate),
          "inverseTimeDecay": .number(settings.upper.inverseTimeDecay),
          "iterations": .integer(settings.upper.iterations),
        ], provenance: "protocol \(protocolName)"))
  }
}
