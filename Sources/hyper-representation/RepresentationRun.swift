import Bilevel
import Commands
import Datasets
import Experiments
import Results
import Tensors

/// One run: one method, one seed, from data to record.
struct RepresentationRun<Scalar: TensorScalar> {
  let method: RepresentationMethod
  let protocolName: String
  let budget: Budget
  let seed: UInt64
  let configuration: Configuration<RepresentationSettings>
  let variant: [String: Value]
  let folder: DataFolder

  private var settings: RepresentationSettings { configuration.settings }

  /// The record of the run; `advance` is called after every outer iteration.
  ///
  /// An interruption ends the run early, with a record that says so.
  func record(advance: (Int, String) -> Void) throws -> RunRecord {
    let peakIsOwn = PeakMemory.reset()
    let total = Stopwatch()
    let data = try RepresentationData<Scalar>(settings, folder: folder, seed: seed)
    let methodSettings = settings.methodSettings(method)
    var outcome = try train(data, methodSettings, advance: advance)
    outcome.diagnostics["peakResidentBytesIncludeEarlierRuns"] = .bool(!peakIsOwn)
    outcome.timing.totalSeconds = total.seconds
    outcome.timing.peakResidentBytes = PeakMemory.bytes
    return RunRecord(
      experiment: "hyper-representation", method: methodRecord(methodSettings),
      seed: seed, budget: budget.rawValue, protocolName: protocolName,
      variant: variant, configuration: configuration.tree,
      datasets: data.uses, environment: .current(scalar: Scalar.name), status: outcome.status,
      metrics: outcome.recorder.recorded, final: outcome.recorder.latest,
      timing: outcome.timing, diagnostics: outcome.diagnostics)
  }

  /// The path of this run's record where it is there, completed, with the same configuration.
  func completedRecord(in output: String) -> String? {
    let digest = configuration.digest
    let identity = RunIdentity(
      experiment: "hyper-representation", method: method.name, protocolName: protocolName,
      variant: variant, budget: budget.rawValue, seed: seed, scalar: Scalar.name,
      datasets: [])
    return RecordStore.completedRun(
      like: identity, configurationDigest: digest, in: output)
  }

  /// What training leaves behind.
  private struct Outcome {
    var recorder = MetricRecorder(RepresentationEvaluation<Scalar>.metrics)
    var status = RunRecord.Status(.completed)
    var timing = RunRecord.Timing(totalSeconds: 0)
    var diagnostics: [String: Value] = [:]

    /// Marks a completed run as diverged where the upper objective ended far above its start: finite
    /// numbers, but no solution.
    mutating func noteDivergence() {
      guard status.kind == .completed,
        let curve = recorder.recorded.first(where: { $0.name == "upperObjective" }),
        let first = curve.values.first, let last = curve.values.last, !(last <= 1_000 * first)
      else { return }
      status = .init(
        .diverged,
        reason: "The upper objective ended at \(last), more than a thousand times its start "
          + "\(first): lower the step sizes.")
    }

    /// Counts how often the linear solver ended in each way.
    mutating func count(_ report: LinearSolverReport) {
      let key = "linearSolver.\(report.outcome)"
      diagnostics[key] = .integer((diagnostics[key]?.integerValue ?? 0) + 1)
    }
  }

  private func train(
    _ data: RepresentationData<Scalar>, _ methodSettings: MethodSettings,
    advance: (Int, String) -> Void
  ) throws -> Outcome {
    var outcome = Outcome()
    let problem = RepresentationProblem(settings, data: data, seed: seed)
    let evaluation = RepresentationEvaluation(
      settings, data: data, problem: problem, seed: seed)
    let steps = settings.inner.steps
    let prepared = try problem.factored.prepare(methodSettings, innerSteps: steps)
    var loop = BilevelIteration(
      problem: prepared.problem, dynamics: prepared.loopDynamics, estimator: prepared.estimator,
      optimizer: try settings.outerSettings.outerOptimizer(as: Scalar.self),
      from: prepared.start, innerSteps: steps, outerIterations: settings.upper.iterations,
      startsWarm: settings.inner.startsWarm && methodSettings.allowsWarmStart)
    let count = problem.factored.start.tensors.count
    func leading(_ x: Parameters<Scalar>) -> Parameters<Scalar> {
      Parameters(Array(x.tensors.prefix(count)))
    }
    var seconds = 0.0
    var watch = Stopwatch()
    while let event = loop.next() {
      seconds += watch.lap()
      outcome.timing.steps.append(event.iteration)
      outcome.timing.seconds.append(seconds)
      if event.iteration % settings.evaluation.every == 0 {
        outcome.recorder.record(
          step: event.iteration,
          evaluation.values(
            upper: leading(event.upper), lower: event.estimate.lower,
            hypergradient: leading(event.estimate.hypergradient)))
      }
      outcome.diagnostics["trajectoryStorage"] = .string(event.estimate.diagnostics.storage)
      outcome.diagnostics["trajectoryBytes"] = .integer(event.estimate.diagnostics.storedBytes)
      if let report = event.estimate.diagnostics.linearSolver { outcome.count(report) }
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
      finish(&outcome, loop, prepared, problem, evaluation, at: leading(loop.upper))
    }
    outcome.timing.secondsPerOuterStep = median(ofSteps: outcome.timing.seconds)
    return outcome
  }

  /// The metrics at the last x, with the method's own inner loop from its own start and from other
  /// initial heads.
  private func finish(
    _ outcome: inout Outcome, _ loop: BilevelIteration<Scalar>,
    _ prepared: FactoredProblem<Scalar>.Prepared, _ problem: RepresentationProblem<Scalar>,
    _ evaluation: RepresentationEvaluation<Scalar>, at x: Parameters<Scalar>
  ) {
    func head(from start: Parameters<Scalar>? = nil) -> Parameters<Scalar> {
      prepared.trainedHead(
        at: loop.upper, of: loop.problem, outerIteration: loop.iteration,
        innerSteps: settings.inner.steps, from: start)
    }
    let y = head()
    var values = evaluation.values(upper: x, lower: y)
    if settings.isSetValued {
      // Draws that training has not seen, from 1 on after its own.
      let draws = (0..<settings.evaluation.heads).map {
        head(from: problem.initialHead(settings.head.draw + 1 + $0))
      }
      values.merge(
        evaluation.setValues(upper: x, lower: y, headsOfOtherDraws: draws)
      ) { $1 }
    }
    outcome.recorder.record(step: loop.iteration, values)
    outcome.noteDivergence()
  }

  private func median(ofSteps cumulative: [Double]) -> Double? {
    let steps = zip(cumulative, [0] + cumulative).map { $0 - $1 }.sorted()
    return steps.isEmpty ? nil : steps[steps.count / 2]
  }

  private func format(_ value: Double) -> String {
    value.isFinite ? "\((value * 1e4).rounded() / 1e4)" : "\(value)"
  }

  private func methodRecord(_ method: MethodSettings) -> RunRecord.Method {
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
    case .oneStage: estimator["radius"] = .number(method.oneStageRadius)
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
          "iterations": .integer(settings.upper.iterations),
        ], provenance: "protocol \(protocolName)"))
  }
}
