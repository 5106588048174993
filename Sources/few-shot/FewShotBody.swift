import Bilevel
import Commands
import Datasets
import Experiments
import FewShotLearning
import Networks
import Results
import Tensors

/// One run of few-shot: the outer loop over meta-batches, validations on the way, and the test at the
/// x with the best validation accuracy.
///
/// With several trials each is a stage with an outer loop of its own; the test, at the end of the last
/// one, is taken once, at the best validation of all.
struct FewShotBody<Scalar: TensorScalar>: RunBody {
  private let settings: RunSettings<FewShotSettings>
  private let arm: Arm
  private let seed: UInt64
  private let training: EpisodeSampler
  private var learner: any TaskLearner<Scalar>
  /// The trial under way.
  private var trial = 0
  private let validation: EpisodeSampler
  private let test: EpisodeSampler
  var loop: OuterLoop<Scalar>
  var state = BodyState<Scalar>()

  /// Episodes that are evaluated between two looks at whether somebody wants to stop.
  private static var episodesAtOnce: Int { 12 }

  init(_ run: Run<FewShotSettings>, data: FewShotData) throws {
    settings = run.settings
    arm = run.arm
    seed = run.seed
    training = try data.sampler(.training, settings.own, seed: run.seed)
    validation = try data.sampler(.validation, settings.own, seed: run.seed)
    test = try data.sampler(.test, settings.own, seed: run.seed)
    let first = try FewShotTrial<Scalar>(
      0, of: arm, settings, sampler: training, seed: run.seed)
    learner = first.learner
    loop = first.loop
    state.points["best"] = loop.upper
  }

  // MARK: - Trials

  var stages: Int { settings.tuning.trials }

  mutating func begin(stage: Int) throws {
    trial = stage
    guard stage > 0 else { return }
    let next = try FewShotTrial<Scalar>(
      stage, of: arm, settings, sampler: training, seed: seed)
    learner = next.learner
    loop = next.loop
    for name in ["trialAccuracy", "validationAccuracy", "validationsWithoutGain"] {
      state.values[name] = nil
    }
  }

  private var isLastTrial: Bool { trial + 1 == stages }
  private var trains: Bool { FewShotTrial<Scalar>.trains(arm) }

  /// What curves are drawn against: outer iterations, those of earlier trials before it; the trial's
  /// number where nothing is trained.
  private func place(_ iteration: Int) -> Int {
    trains ? trial * settings.outer.iterations + iteration : trial
  }

  var componentNames: (upper: [String], lower: [String]) { (learner.parameterNames, []) }

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
    var measurements = [Measurement("upperObjective", at: place(event.iteration), value)]
    let isLast = loop.iteration == loop.iterations || loop.outcome == .completed
    if loop.iteration % settings.evaluation.every == 0 || isLast {
      measurements += try validate()
    }
    keepResults(measurements, after: event.estimate.diagnostics.linearSolves.last)
    let accuracy = state.values["validationAccuracy"]?.doubleValue
    let patience = settings.evaluation.patience
    return Observation(
      measurements,
      detail: "F \(shortened(value))"
        + (accuracy.map { ", validation \(shortened(100 * $0)) %" } ?? ""),
      stops: patience > 0 && count("validationsWithoutGain") >= patience)
  }

  /// The metrics whose results, with several trials, are the chosen trial's and not the last one's.
  private static var resultsOfChosenTrial: [String] {
    ["upperObjective", "validationAccuracy", "validationLoss"]
  }

  private static func resultName(_ metric: String) -> String { "chosen " + metric }

  /// Keeps what the trial measured last where it is, so far, the chosen one, and whether its last linear
  /// solve failed.
  private mutating func keepResults(
    _ measurements: [Measurement], after solve: LinearSolverReport? = nil
  ) {
    guard stages > 1, state.values["bestAccuracy"] != nil, count("bestTrial") == trial else {
      return
    }
    for measurement in measurements where Self.resultsOfChosenTrial.contains(measurement.metric) {
      state.values[Self.resultName(measurement.metric)] = .number(measurement.value)
    }
    state.values["chosen failure"] = solve?.failure.map { .string($0) }
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
        episodes: all.count..<min(all.count + Self.episodesAtOnce, episodes), steps: steps...steps,
        normalisation: normalisation(NormalisationMoments(memory: loop.memory)))
    }
    let scores = EpisodeScores(all, firstStep: steps)
    let accuracy = scores.accuracy(afterStep: steps)
    state.values["validationAccuracy"] = .number(accuracy)
    // Patience is each trial's own: a late start is no reason to stop.
    if accuracy > state.values["trialAccuracy"]?.doubleValue ?? -1 {
      state.values["trialAccuracy"] = .number(accuracy)
      state.values["validationsWithoutGain"] = .integer(0)
    } else {
      state.values["validationsWithoutGain"] = .integer(count("validationsWithoutGain") + 1)
    }
    if accuracy > state.values["bestAccuracy"]?.doubleValue ?? -1 {
      state.values["bestAccuracy"] = .number(accuracy)
      state.values["bestIteration"] = .integer(loop.iteration)
      state.points["best"] = loop.upper
      if stages > 1 {
        state.values["bestTrial"] = .integer(trial)
        state.points[Self.chosenTrialName] = Parameters(Tensor(Scalar(trial)))
      }
      for (name, point) in NormalisationMoments(memory: loop.memory)?.memory ?? [:] {
        state.points["best " + name] = point
      }
    }
    return [
      Measurement("validationAccuracy", at: place(loop.iteration), accuracy),
      Measurement("validationLoss", at: place(loop.iteration), scores.loss(afterStep: steps)),
    ]
  }

  /// The name of the point that says which trial was the best, for whoever uses what was learned.
  static var chosenTrialName: String { "chosen trial" }

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

  private var testSteps: Int {
    (settings.evaluation.testEpisodes + Self.episodesAtOnce - 1) / Self.episodesAtOnce
  }

  /// What is not trained is validated once the loop, which has no iterations, has ended.
  private var validationSteps: Int { trains ? 0 : 1 }

  var closingSteps: Int { validationSteps + (isLastTrial ? testSteps : 0) }

  /// Some episodes of the test at the x with the best validation accuracy; with the last of them, the
  /// scores after T plain inner steps, and by step.
  mutating func close(
    step: Int, stage: Int, after ending: OuterLoop<Scalar>.Outcome
  ) throws -> Closing {
    if step < validationSteps {
      let measurements = try validate()
      keepResults(measurements)
      return Closing(measurements)
    }
    let step = step - validationSteps
    // Of several trials some may break down: the best of the others is what the search is for.
    let hasBest = stages > 1 && state.values["bestAccuracy"] != nil
    guard ending == .completed || hasBest, let best = state.points["best"] else {
      return Closing()
    }
    let (steps, extra) = (settings.inner.steps, settings.evaluation.extraSteps)
    let first = step * Self.episodesAtOnce
    let episodes = settings.evaluation.testEpisodes
    let memory = Dictionary(
      uniqueKeysWithValues: state.points.compactMap { name, point in
        name.hasPrefix("best ") ? (String(name.dropFirst(5)), point) : nil
      })
    // Trials differ in their learners where nothing is trained.
    let learner =
      count("bestTrial") == trial
      ? learner
      : try FewShotTrial<Scalar>(
        count("bestTrial"), of: arm, settings, sampler: training, seed: seed
      ).learner
    let moments = NormalisationMoments<Scalar>(memory: memory)
    let scores = learner.scores(
      upper: best, sampler: test, episodes: first..<min(first + Self.episodesAtOnce, episodes),
      steps: 0...(steps + extra), normalisation: normalisation(moments))
    var all = state.values["test"]?.arrayValue ?? []
    all += scores.map { episode in
      .array(episode.flatMap { [.number($0.loss), .number($0.accuracy)] })
    }
    state.values["test"] = .array(all)
    guard step + 1 == testSteps else { return Closing() }
    state.values["test"] = nil
    let results = Self.resultsOfChosenTrial.compactMap { metric in
      state.values[Self.resultName(metric)]?.doubleValue.map { (metric, $0) }
    }
    return Closing(
      measurements(of: EpisodeScores(all.map(Self.scores))),
      results: Dictionary(uniqueKeysWithValues: results), notes: notes,
      status: hasBest ? chosenStatus : nil)
  }

  /// How the chosen trial ended, as it would have ended alone.
  private var chosenStatus: RunRecord.Status {
    guard let failure = state.values["chosen failure"]?.stringValue else {
      return .init(.completed)
    }
    return .init(.diverged, reason: failure)
  }

  private var notes: [String: Value] {
    var notes: [String: Value] = ["bestIteration": .integer(count("bestIteration"))]
    guard stages > 1 else { return notes }
    let best = count("bestTrial")
    let chosen = FewShotTrial<Scalar>.settings(best, of: arm, settings)
    notes["tuning"] = SettingTrials(stages).note(
      chosen: best, setting: FewShotTrial<Scalar>.tuned(arm),
      value: trains ? chosen.outer.learningRate : chosen.inner.stepSize,
      on: "accuracy on validation classes")
    return notes
  }

  private static func scores(_ value: Value) -> [AdaptedScore] {
    let numbers = (value.arrayValue ?? []).compactMap(\.doubleValue)
    return stride(from: 0, to: numbers.count - 1, by: 2).map {
      AdaptedScore(loss: numbers[$0], accuracy: numbers[$0 + 1])
    }
  }

  private func measurements(of scores: EpisodeScores) -> [Measurement] {
    let (steps, n) = (settings.inner.steps, place(loop.iteration))
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
