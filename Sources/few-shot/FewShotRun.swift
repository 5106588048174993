import Bilevel
import Commands
import Datasets
import Experiments
import Foundation
import Networks
import Results
import Tensors

/// One run: one method, one seed, from data to record.
struct FewShotRun<Scalar: TensorScalar & HDF5Element> {
  let method: FewShotMethod
  let protocolName: String
  let budget: Budget
  let seed: UInt64
  let configuration: Configuration<FewShotSettings>
  let variant: [String: Value]
  let data: FewShotData
  let outputFolder: String

  private var settings: FewShotSettings { configuration.settings }
  private var digest: String { configuration.digest }

  private var identity: RunIdentity {
    RunIdentity(
      experiment: "few-shot", method: method.name, protocolName: protocolName, variant: variant,
      budget: budget.rawValue, seed: seed, scalar: Scalar.name,
      datasets: [data.use])
  }

  /// Where the run's checkpoint lies.
  var checkpointPath: String {
    let path = "\(outputFolder)/\(identity.relativePath)"
    return (path.hasSuffix(".json") ? String(path.dropLast(5)) : path) + ".checkpoint.h5"
  }

  /// What is measured: names, units and directions.
  static var metrics: [RunRecord.Metric] {
    [
      .init(name: "upperObjective", unit: "nats", betterWhen: .lower, headline: true),
      .init(name: "validationAccuracy", unit: "fraction", betterWhen: .higher, headline: true),
      .init(name: "validationLoss", unit: "nats", betterWhen: .lower),
      .init(name: "testAccuracy", unit: "fraction", betterWhen: .higher, headline: true),
      .init(name: "testAccuracyHalfWidth", unit: "fraction", betterWhen: .lower, headline: true),
      .init(name: "testAccuracyDeviation", unit: "fraction", betterWhen: .neither),
      .init(name: "testLoss", unit: "nats", betterWhen: .lower),
      .init(name: "testAccuracyByInnerStep", unit: "fraction", betterWhen: .higher),
    ]
  }

  /// The record of the run; `advance` is called after every outer iteration.
  ///
  /// Continues from a checkpoint with the same configuration where there is one and `resumes` is set.
  /// An interruption ends the run early, with a checkpoint and a record that says so.
  func record(resumes: Bool, advance: (Int, String) -> Void) throws -> RunRecord {
    let peakIsOwn = PeakMemory.reset()
    let total = Stopwatch()
    var outcome = Outcome()
    outcome.progress.metrics = Self.metrics
    try train(&outcome, resumes: resumes, advance: advance)
    var timing = RunRecord.Timing(totalSeconds: total.seconds)
    timing.steps = outcome.progress.steps
    timing.seconds = outcome.progress.seconds
    timing.secondsPerOuterStep = median(ofSteps: outcome.progress.seconds)
    timing.peakResidentBytes = PeakMemory.bytes
    let recorded = outcome.progress.metrics.filter { !$0.values.isEmpty }
    return RunRecord(
      experiment: "few-shot", method: methodRecord, seed: seed,
      budget: budget.rawValue, protocolName: protocolName, variant: variant,
      configuration: configuration.tree,
      datasets: [data.use], environment: environment(), status: outcome.status,
      metrics: recorded, final: outcome.progress.latest, timing: timing,
      diagnostics: [
        "bestIteration": .integer(outcome.progress.bestIteration),
        "iterations": .integer(outcome.iterations),
        "resumedAt": .integer(outcome.resumedAt),
        "peakResidentBytesIncludeEarlierRuns": .bool(!peakIsOwn),
      ])
  }

  /// The path of this run's record where it is there, completed, with the same configuration.
  func completedRecord() -> String? {
    let path = "\(outputFolder)/\(identity.relativePath)"
    guard let record = try? RunRecord(readingFrom: path), record.status.kind == .completed,
      record.configurationDigest == digest
    else { return nil }
    return path
  }

  private struct Outcome {
    var progress = MetaProgress()
    var status = RunRecord.Status(.completed)
    var iterations = 0
    var resumedAt = 0
  }

  private func environment() -> RunRecord.Environment {
    var environment = RunRecord.Environment.current(scalar: Scalar.name)
    environment.libpng = libpngVersion()
    return environment
  }

  // MARK: - Training

  private func train(
    _ outcome: inout Outcome, resumes: Bool, advance: (Int, String) -> Void
  ) throws {
    let learner = try method.learner(
      settings, network: settings.imageNetwork(method), ways: settings.task.ways,
      as: Scalar.self)
    var stream = RandomStream(seed: seed, purpose: "initial upper variable")
    let start = learner.initialUpper(using: &stream)
    var loop = MetaTraining(
      learner: learner, sampler: try data.sampler(\.train, "training", settings, seed: seed),
      metaBatch: settings.upper.metaBatch,
      optimizer: try settings.outerSettings(method).outerOptimizer(as: Scalar.self), from: start,
      momentRate: settings.evaluation.normalisation == .running
        ? Scalar(settings.network.runningRate) : 0)
    let validation = try data.sampler(\.validation, "validation", settings, seed: seed)
    let test = try data.sampler(\.test, "test", settings, seed: seed)
    var best = start
    var bestMoments: NormalisationMoments<Scalar>?
    if resumes, FileManager.default.fileExists(atPath: checkpointPath) {
      let checkpoint = try MetaCheckpoint<Scalar>(
        readingFrom: checkpointPath, like: start,
        normalisedFilters: learner.network.normalisedFilters)
      if checkpoint.configurationDigest == digest {
        loop.resume(
          iteration: checkpoint.iteration, upper: checkpoint.upper,
          optimizer: checkpoint.optimizer, moments: checkpoint.moments)
        best = checkpoint.best
        bestMoments = checkpoint.bestMoments
        outcome.progress = checkpoint.progress
        outcome.resumedAt = checkpoint.iteration
      }
    }
    func save() throws {
      try MetaCheckpoint(
        iteration: loop.iteration, upper: loop.upper, optimizer: loop.optimizer.memory,
        best: best, moments: loop.moments, bestMoments: bestMoments, progress: outcome.progress,
        configurationDigest: digest
      ).write(to: checkpointPath)
    }
    var seconds = outcome.progress.seconds.last ?? 0
    let patience = settings.evaluation.patience
    while loop.iteration < settings.upper.iterations {
      if patience > 0, outcome.progress.validationsWithoutGain >= patience { break }
      var watch = Stopwatch()
      let iteration = loop.iteration
      let estimate = loop.step()
      seconds += watch.lap()
      outcome.iterations = loop.iteration
      guard estimate.isFinite else {
        outcome.status = .init(
          .nonFinite,
          reason: "In outer iteration \(iteration) the estimate was not finite: lower the step "
            + "sizes.")
        return
      }
      outcome.progress.steps.append(iteration)
      outcome.progress.seconds.append(seconds)
      outcome.progress.record("upperObjective", step: iteration, Double(estimate.value))
      let isLast = loop.iteration == settings.upper.iterations
      if loop.iteration % settings.evaluation.every == 0 || isLast {
        if validate(learner, validation, loop, &outcome.progress) {
          best = loop.upper
          bestMoments = loop.moments
        }
      }
      let accuracy = outcome.progress.latest["validationAccuracy"]
      advance(
        loop.iteration,
        "F \(rounded(Double(estimate.value)))"
          + (accuracy.map { ", validation \(rounded(100 * $0)) %" } ?? ""))
      if Interruption.isRequested {
        try save()
        outcome.status = .init(
          .interrupted,
          reason: "Interrupted after \(loop.iteration) of \(settings.upper.iterations) iterations; "
            + "the same command with --resume continues from \(checkpointPath).")
        return
      }
      if loop.iteration % settings.evaluation.checkpointEvery == 0, !isLast { try save() }
    }
    outcome.iterations = loop.iteration
    evaluate(
      learner, test, at: best, bestMoments, step: loop.iteration, &outcome.progress)
    try? FileManager.default.removeItem(atPath: checkpointPath)
  }

  /// How images are normalised at evaluation.
  private func normalisation(
    _ moments: NormalisationMoments<Scalar>?
  ) -> EvaluationNormalisation<Scalar> {
    switch settings.evaluation.normalisation {
    case .transductive: .transductive
    case .inductive: .inductive
    // Before the first step there is no average yet.
    case .running: moments.map { .running($0) } ?? .transductive
    }
  }

  /// Notes the scores of x_n on validation episodes; whether they are the best so far.
  private func validate(
    _ learner: any TaskLearner<Scalar>, _ sampler: EpisodeSampler, _ loop: MetaTraining<Scalar>,
    _ progress: inout MetaProgress
  ) -> Bool {
    let steps = settings.inner.steps
    let scores = learner.evaluate(
      upper: loop.upper, sampler: sampler, episodes: settings.evaluation.validationEpisodes,
      steps: steps, normalisation: normalisation(loop.moments))
    let accuracy = scores.accuracy(afterStep: steps)
    progress.record("validationAccuracy", step: loop.iteration, accuracy)
    progress.record("validationLoss", step: loop.iteration, scores.loss(afterStep: steps))
    if accuracy > progress.bestAccuracy {
      progress.bestAccuracy = accuracy
      progress.bestIteration = loop.iteration
      progress.validationsWithoutGain = 0
      return true
    }
    progress.validationsWithoutGain += 1
    return false
  }

  /// The test at the x with the best validation accuracy: after T plain inner steps, and by step.
  private func evaluate(
    _ learner: any TaskLearner<Scalar>, _ sampler: EpisodeSampler, at x: Parameters<Scalar>,
    _ moments: NormalisationMoments<Scalar>?, step: Int, _ progress: inout MetaProgress
  ) {
    let steps = settings.inner.steps
    let scores = learner.evaluate(
      upper: x, sampler: sampler, episodes: settings.evaluation.testEpisodes,
      steps: steps + settings.evaluation.extraSteps,
      normalisation: normalisation(moments))
    progress.record("testAccuracy", step: step, scores.accuracy(afterStep: steps))
    progress.record("testLoss", step: step, scores.loss(afterStep: steps))
    if settings.evaluation.testEpisodes > 1 {
      progress.record(
        "testAccuracyHalfWidth", step: step, scores.accuracyHalfWidth(afterStep: steps))
      progress.record(
        "testAccuracyDeviation", step: step, scores.accuracyDeviation(afterStep: steps))
    }
    for t in 0...(steps + settings.evaluation.extraSteps) {
      progress.record("testAccuracyByInnerStep", step: t, scores.accuracy(afterStep: t))
    }
  }

  // MARK: - Description

  private func median(ofSteps cumulative: [Double]) -> Double? {
    let steps = zip(cumulative, [0] + cumulative).map { $0 - $1 }.sorted()
    return steps.isEmpty ? nil : steps[steps.count / 2]
  }

  private func rounded(_ value: Double) -> String {
    value.isFinite ? "\((value * 1e3).rounded() / 1e3)" : "\(value)"
  }

  private var methodRecord: RunRecord.Method {
    var dynamics: [String: Value] = [
      "innerSteps": .integer(settings.inner.steps),
      "innerStepSize": .number(settings.inner.stepSize),
    ]
    var estimator: [String: Value] = [:]
    if case .representation(let preset) = method {
      if preset.dynamics == .descentAggregation {
        dynamics["upperStepSize"] = .number(settings.aggregation.upperStepSize)
        dynamics["schedule"] = .string(settings.aggregation.schedule.rawValue)
        dynamics["alpha"] = .number(settings.aggregation.alpha)
      }
      if preset.hypergradient == .truncatedReverse {
        estimator["history"] = .integer(
          settings.truncation.history ?? (settings.inner.steps + 1) / 2)
      }
    }
    if method == .implicitMAML {
      dynamics["proximity"] = .number(settings.implicit.proximity)
      estimator["solverSteps"] = .integer(settings.implicit.solverSteps)
    }
    let upper = settings.outerSettings(method)
    return RunRecord.Method(
      name: method.name, displayName: method.displayName,
      dynamics: .init(
        name: method.parts.dynamics, parameters: dynamics, provenance: "protocol \(protocolName)"),
      hypergradient: .init(
        name: method.parts.hypergradient, parameters: estimator, provenance: method.citation),
      outerOptimizer: .init(
        name: upper.optimizer.rawValue,
        parameters: [
          "learningRate": .number(upper.rate),
          "metaBatch": .integer(settings.upper.metaBatch),
          "iterations": .integer(settings.upper.iterations),
        ], provenance: "protocol \(protocolName)"))
  }
}
