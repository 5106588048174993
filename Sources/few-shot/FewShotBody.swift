import Bilevel
import Commands
import Datasets
import Experiments
import Networks
import Results
import Tensors

/// One run of few-shot: the outer loop over meta-batches, validations on the way, and the test at the
/// x with the best validation accuracy.
struct FewShotBody<Scalar: TensorScalar>: RunBody {
  private let settings: RunSettings<FewShotSettings>
  private let learner: any TaskLearner<Scalar>
  private let validation: EpisodeSampler
  private let test: EpisodeSampler
  var loop: OuterLoop<Scalar>
  var state = BodyState<Scalar>()

  /// Episodes that are evaluated between two looks at whether somebody wants to stop.
  private static var episodesAtOnce: Int { 12 }

  init(_ run: Run<FewShotSettings>, data: FewShotData) throws {
    settings = run.settings
    guard let method = run.arm.method else {
      throw MethodError("The baseline \(run.arm.name) is none of few-shot's.")
    }
    learner = try FewShotLearner.learner(
      method, settings, network: FewShotLearner.network(settings.own, for: method),
      ways: settings.task.ways, as: Scalar.self)
    var stream = RandomStream(seed: run.seed, purpose: "initial upper variable")
    let start = learner.initialUpper(using: &stream)
    let estimate = MetaBatchEstimate(
      learner: learner,
      sampler: try data.sampler(.training, settings.own, seed: run.seed),
      metaBatch: settings.task.metaBatch,
      momentRate: settings.evaluation.normalisation == .running
        ? Scalar(settings.network.runningRate) : 0)
    validation = try data.sampler(.validation, settings.own, seed: run.seed)
    test = try data.sampler(.test, settings.own, seed: run.seed)
    loop = estimate.loop(
      optimizer: try settings.outerOptimizer(of: method, as: Scalar.self), from: start,
      iterations: settings.outer.iterations, tolerance: settings.outer.tolerance)
    state.points["best"] = start
  }

  var metrics: [RunRecord.Metric] {
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

  // MARK: - On the way

  mutating func observe(_ event: OuterLoop<Scalar>.Event) throws -> Observation {
    let value = Double(event.estimate.upperValue)
    guard event.estimate.isFinite else { return Observation(detail: "F \(value)") }
    var measurements = [Measurement("upperObjective", at: event.iteration, value)]
    let isLast = loop.iteration == loop.iterations || loop.outcome == .completed
    if loop.iteration % settings.evaluation.every == 0 || isLast {
      measurements += try validate()
    }
    let accuracy = state.values["validationAccuracy"]?.doubleValue
    let patience = settings.evaluation.patience
    return Observation(
      measurements,
      detail: "F \(shortened(value))"
        + (accuracy.map { ", validation \(shortened(100 * $0)) %" } ?? ""),
      stops: patience > 0 && count("validationsWithoutGain") >= patience)
  }

  private func count(_ name: String) -> Int { state.values[name]?.integerValue ?? 0 }

  /// The scores of x_n on validation episodes; the best x so far is kept.
  private mutating func validate() throws -> [Measurement] {
    let steps = settings.inner.steps
    let episodes = settings.evaluation.validationEpisodes
    var all: [[AdaptedScore]] = []
    while all.count < episodes {
      try Interruption.checkpoint()
      all += learner.scores(
        upper: loop.upper, sampler: validation,
        episodes: all.count..<min(all.count + Self.episodesAtOnce, episodes), steps: steps,
        normalisation: normalisation(NormalisationMoments(memory: loop.memory)))
    }
    let scores = EpisodeScores(all)
    let accuracy = scores.accuracy(afterStep: steps)
    state.values["validationAccuracy"] = .number(accuracy)
    if accuracy > state.values["bestAccuracy"]?.doubleValue ?? -1 {
      state.values["bestAccuracy"] = .number(accuracy)
      state.values["bestIteration"] = .integer(loop.iteration)
      state.values["validationsWithoutGain"] = .integer(0)
      state.points["best"] = loop.upper
      for (name, point) in NormalisationMoments(memory: loop.memory)?.memory ?? [:] {
        state.points["best " + name] = point
      }
    } else {
      state.values["validationsWithoutGain"] = .integer(count("validationsWithoutGain") + 1)
    }
    return [
      Measurement("validationAccuracy", at: loop.iteration, accuracy),
      Measurement("validationLoss", at: loop.iteration, scores.loss(afterStep: steps)),
    ]
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

  // MARK: - The test

  var closingSteps: Int {
    (settings.evaluation.testEpisodes + Self.episodesAtOnce - 1) / Self.episodesAtOnce
  }

  /// Some episodes of the test at the x with the best validation accuracy; with the last of them, the
  /// scores after T plain inner steps, and by step.
  mutating func close(
    step: Int, stage: Int, after ending: OuterLoop<Scalar>.Outcome
  ) -> Closing {
    guard ending == .completed, let best = state.points["best"] else { return Closing() }
    let (steps, extra) = (settings.inner.steps, settings.evaluation.extraSteps)
    let first = step * Self.episodesAtOnce
    let episodes = settings.evaluation.testEpisodes
    let memory = Dictionary(
      uniqueKeysWithValues: state.points.compactMap { name, point in
        name.hasPrefix("best ") ? (String(name.dropFirst(5)), point) : nil
      })
    let scores = learner.scores(
      upper: best, sampler: test, episodes: first..<min(first + Self.episodesAtOnce, episodes),
      steps: steps + extra, normalisation: normalisation(NormalisationMoments(memory: memory)))
    var all = state.values["test"]?.arrayValue ?? []
    all += scores.map { episode in
      .array(episode.flatMap { [.number($0.loss), .number($0.accuracy)] })
    }
    state.values["test"] = .array(all)
    guard step + 1 == closingSteps else { return Closing() }
    state.values["test"] = nil
    return Closing(
      measurements(of: EpisodeScores(all.map(Self.scores))),
      notes: ["bestIteration": .integer(count("bestIteration"))])
  }

  private static func scores(_ value: Value) -> [AdaptedScore] {
    let numbers = (value.arrayValue ?? []).compactMap(\.doubleValue)
    return stride(from: 0, to: numbers.count - 1, by: 2).map {
      AdaptedScore(loss: numbers[$0], accuracy: numbers[$0 + 1])
    }
  }

  private func measurements(of scores: EpisodeScores) -> [Measurement] {
    let (steps, n) = (settings.inner.steps, loop.iteration)
    var result = [
      Measurement("testAccuracy", at: n, scores.accuracy(afterStep: steps)),
      Measurement("testLoss", at: n, scores.loss(afterStep: steps)),
    ]
    if settings.evaluation.testEpisodes > 1 {
      result += [
        Measurement("testAccuracyHalfWidth", at: n, scores.accuracyHalfWidth(afterStep: steps)),
        Measurement("testAccuracyDeviation", at: n, scores.accuracyDeviation(afterStep: steps)),
      ]
    }
    return result
      + (0...(steps + settings.evaluation.extraSteps)).map {
        Measurement("testAccuracyByInnerStep", at: $0, scores.accuracy(afterStep: $0))
      }
  }
}
