import Bilevel
import Commands
import Datasets
import Experiments
import Foundation
import LabelCleaning
import Results
import Tensors

/// One run of hyper-cleaning: a method's outer loop over the weights, or a baseline without one.
struct CleaningBody<Scalar: TensorScalar>: RunBody {
  let settings: RunSettings<CleaningSettings>
  let problem: CleaningProblem<Scalar>
  private let arm: Arm
  private let truth: CleaningTruth
  private let tuning: CleaningTuning<Scalar>
  /// What a method's loop estimates; nil for a baseline.
  private let estimate: BilevelEstimate<Scalar>?
  var loop: OuterLoop<Scalar>
  var state = BodyState<Scalar>()

  var metrics: [RunRecord.Metric] { CleaningEvaluation<Scalar>.metrics }

  var componentNames: (upper: [String], lower: [String]) {
    let layers = settings.network.hidden.count + 1
    let lower = (1...layers).flatMap { layer in
      ["weights", "bias"].map { layers == 1 ? $0 : "\($0)\(layer)" }
    }
    return (["weights"], lower)
  }

  /// The run at its start; what there is to say of its data goes to `notes`.
  init(
    _ run: Run<CleaningSettings>, folder: DataFolder, notes: DataNotes = DataNotes()
  ) throws {
    var settings = run.settings
    arm = run.arm
    for (key, value) in [
      ("weights.start", settings.weights.start),
      ("weights.largestSum", settings.weights.largestSum ?? 1),
    ] where !Scalar(value).isFinite || (value != 0 && Scalar(value) == 0) {
      throw MethodError(
        "The setting \(key) is \(value), which as a \(Scalar.name) is \(Scalar(value)): choose a number "
          + "that can be represented.")
    }
    // The features themselves are released on return: the problem holds them in its own form.
    let data = try CleaningData<Scalar>(settings.own, folder: folder, seed: run.seed)
    notes.add(data.notes)
    truth = data.truth
    if arm.method == nil {
      settings.own.useFixedWeights()
      // Without an outer loop to stop, F keeps all validation images.
      settings.own.earlyStopping.patience = nil
    }
    let problem = CleaningProblem<Scalar>(settings.own, data: data, seed: run.seed)
    // How many validation images there are, data alone tell.
    if problem.heldOut == nil, let refusal = Cleaning.refusalOfOneImage(arm, settings.own) {
      throw MethodError(refusal)
    }
    self.problem = problem
    self.settings = run.settings
    tuning = CleaningTuning(
      run.settings.own, inner: run.settings.inner, problem: problem, seed: run.seed)
    guard let method = arm.method else {
      estimate = nil
      loop = .none(at: problem.start)
      return
    }
    let started = try settings.started(
      method, on: problem.bilevel, from: problem.start, redrawing: problem.redraw)
    estimate = started.estimate
    loop = started.loop
  }

  private var evaluation: CleaningEvaluation<Scalar> {
    CleaningEvaluation(
      noisyBelow: settings.evaluation.noisyBelow, truth: truth, problem: problem)
  }

  mutating func observe(_ event: OuterLoop<Scalar>.Event) -> Observation {
    var values: [String: Double] = [:]
    if event.iteration % settings.evaluation.every == 0 {
      values = evaluation.values(upper: event.upper, lower: event.estimate.lower)
    }
    return Observation(
      Measurement.all(values, at: event.iteration),
      detail: "F \(shortened(Double(event.estimate.upperValue)))",
      stops: stopsEarly(at: event))
  }

  mutating func close(
    step: Int, stage: Int, after ending: OuterLoop<Scalar>.Outcome
  ) throws -> Closing {
    if let tuned = TunedBaseline(rawValue: arm.name) { return try close(tuned) }
    guard let estimate else { return try closeFixedWeights() }
    guard ending == .completed else { return Closing() }
    let x = state.points["best upper variable"] ?? loop.upper
    let y = state.points["best lower variable"] ?? lastLower(of: estimate)
    state.points[BodyState<Scalar>.lowerName] = y
    var values = evaluation.values(upper: x, lower: y)
    // Retrained by plain gradient descent, which shows what the learned weights alone are worth. The
    // user's x: some methods append components of their own.
    let weights = Parameters(x.tensors[0])
    values["plainTestAccuracy"] =
      evaluation.values(upper: weights, lower: try trained(weights))["testAccuracy"]
    var notes: [String: Value] = [:]
    if settings.earlyStopping.patience != nil {
      values["heldOutAccuracy"] = problem.heldOut?.accuracy(y)
      notes["bestOuterIteration"] = state.values["best iteration"]
    }
    return try retrained(
      settings.weights.weighting.weights(weights.tensors[0]), values, at: loop.iteration, notes)
  }

  /// The y that belongs to the last x: where both move together, the one that the last outer step made,
  /// which is a part of the loop's upper variable; elsewhere that of one more inner loop.
  private func lastLower(of estimate: BilevelEstimate<Scalar>) -> Parameters<Scalar> {
    arm.method?.estimator.movesLowerVariable == true
      ? estimate.problem.initialLower.value(upper: loop.upper)
      : estimate.lowerVariable(at: loop, after: settings.inner.steps)
  }

  /// K steps with fixed weights: without cleaning, every sample has the weight that the methods start
  /// from; the oracle gives 1 to clean samples and 0 to noisy ones. With sigmoid weights and half of
  /// the labels wrong, both sum to n / 2, so one step size suits both. The steps are plain, but for
  /// the control with BDA's.
  private mutating func closeFixedWeights() throws -> Closing {
    let start = Scalar(settings.weights.start)
    let startWeight = settings.weights.weighting == .sigmoid ? logisticSigmoid(start) : start
    let isOracle = arm.name == Cleaning.oracle.name
    let x = Parameters(
      Tensor(
        truth.isNoisy.map { isNoisy -> Scalar in
          isOracle ? (isNoisy ? 0 : 1) : startWeight
        }))
    let plain = try trained(x)
    let y =
      arm.name == Cleaning.fixedWeights.name
      ? try lowerVariable(
        of: NamedDescentAggregation().dynamics(settings.method, as: Scalar.self), at: x) : plain
    guard y.isFinite else { return .diverged }
    keep(y, trainedWith: x)
    let evaluation = CleaningEvaluation(
      noisyBelow: Double(startWeight) / 2, truth: truth, problem: problem)
    let judgement =
      isOracle
      ? LabelJudgement(
        scores: x.tensors[0].scalars.map { Double($0) }, isSuspect: truth.isNoisy) : nil
    var values = evaluation.values(upper: x, lower: y, judgement: judgement)
    values["plainTestAccuracy"] = evaluation.testAccuracy(plain)
    return try retrained(x.tensors[0].scalars.map { Double($0) }, values, at: 0)
  }

  /// A tuned baseline at its best schedule.
  private mutating func close(_ baseline: TunedBaseline) throws -> Closing {
    let recipe = baseline.recipe(isNoisy: truth.isNoisy, folds: settings.tuning.folds)
    guard let tuned = try tuning.tuned(recipe) else { return .diverged }
    let weights = Parameters(Tensor(tuned.fit.weights.map { Scalar($0) }))
    keep(tuned.fit.parameters, trainedWith: weights)
    // Weights that were given, the oracle's, say what is left out: not a logarithm of odds, which the
    // threshold on x is for.
    let judgement =
      tuned.fit.judgement
      ?? LabelJudgement(
        scores: tuned.fit.weights, isSuspect: tuned.fit.weights.map { $0 == 0 })
    var values = evaluation.values(
      upper: weights, lower: tuned.fit.parameters, judgement: judgement)
    values["heldOutAccuracy"] = tuned.choice.heldOutAccuracy
    return try retrained(tuned.fit.weights, values, at: 0, ["schedule": tuned.choice.note])
  }

  /// The closing with what the final training on training and validation images reaches.
  private mutating func retrained(
    _ weights: [Double], _ values: [String: Double], at step: Int, _ notes: [String: Value] = [:]
  ) throws -> Closing {
    var (values, notes) = (values, notes)
    if let final = try tuning.retrained(weights) {
      state.points["retrained"] = final.parameters
      values["retrainedTestAccuracy"] = evaluation.testAccuracy(final.parameters)
      notes["retrainingSchedule"] = final.choice.note
    }
    return Closing(
      Measurement.all(values, at: step), notes: notes, status: divergence(values["upperObjective"]))
  }

  /// Diverged where F is far above the logarithm of the number of classes, which is what guessing costs:
  /// finite numbers, but no solution.
  private func divergence(_ last: Double?) -> RunRecord.Status? {
    let limit = 1_000 * log(Double(truth.classCount))
    guard let last, !(last <= limit) else { return nil }
    return .init(
      .diverged,
      reason: "The upper objective ended at \(last), more than a thousand times what guessing "
        + "costs: lower the step sizes, or the rates that are tried.")
  }

  /// What a baseline leaves for `--save`: its classifier, and the weights of the samples, which it has
  /// without an x to learn.
  private mutating func keep(_ y: Parameters<Scalar>, trainedWith weights: Parameters<Scalar>) {
    state.points[BodyState<Scalar>.lowerName] = y
    state.points["weights"] = weights
  }

  private func trained(_ weights: Parameters<Scalar>) throws -> Parameters<Scalar> {
    try lowerVariable(
      of: GradientDescent<Scalar>(stepSize: Scalar(settings.inner.stepSize)), at: weights)
  }

  /// y_K by some dynamics.
  ///
  /// - Throws: `Interrupted` where somebody asks to stop.
  private func lowerVariable(
    of dynamics: any InnerDynamics<Scalar>, at x: Parameters<Scalar>
  ) throws -> Parameters<Scalar> {
    let y = dynamics.lowerVariable(after: settings.inner.steps, upper: x, of: problem.bilevel) {
      !Interruption.isRequested
    }
    guard let y else {
      try Interruption.checkpoint()
      throw Interrupted()
    }
    return y
  }
}
