import Bilevel
import Datasets
import Experiments
import Results
import Tensors

/// One run of hyper-cleaning: a method's outer loop over the weights, or a baseline without one.
struct CleaningBody<Scalar: TensorScalar>: RunBody {
  private let settings: RunSettings<CleaningSettings>
  private let arm: Arm
  private let problem: CleaningProblem<Scalar>
  private let truth: CleaningTruth
  /// What a method's loop estimates; nil for a baseline.
  private let estimate: BilevelEstimate<Scalar>?
  var loop: OuterLoop<Scalar>
  var state = BodyState<Scalar>()

  var metrics: [RunRecord.Metric] { CleaningEvaluation<Scalar>.metrics }

  init(_ run: Run<CleaningSettings>, folder: DataFolder) throws {
    var settings = run.settings
    arm = run.arm
    // The features themselves are released on return: the problem holds them in its own form.
    let data = try CleaningData<Scalar>(settings.own, folder: folder, seed: run.seed)
    truth = data.truth
    if arm.method == nil { settings.own.useFixedWeights() }
    let problem = CleaningProblem<Scalar>(settings.own, data: data, seed: run.seed)
    self.problem = problem
    self.settings = run.settings
    guard let method = arm.method else {
      estimate = nil
      loop = .none(at: problem.start)
      return
    }
    let prepared = try method.prepare(problem.bilevel, from: problem.start, settings.method)
    var start = BilevelEstimate<Scalar>.Start.own
    if settings.inner.startsWarm { start = .warm }
    if let redraw = problem.redraw, method.allowsOtherStart(under: settings.method) {
      start = .redrawn(redraw)
    }
    let estimate = BilevelEstimate(
      problem: prepared.problem,
      dynamics: try method.innerDynamics(settings.method, as: Scalar.self),
      estimator: try method.hypergradientEstimator(settings.method, as: Scalar.self),
      innerSteps: settings.inner.steps, start: start)
    self.estimate = estimate
    loop = estimate.loop(
      optimizer: try settings.outerOptimizer(of: method, as: Scalar.self), from: prepared.start,
      iterations: settings.outer.iterations, tolerance: settings.outer.tolerance)
  }

  private var evaluation: CleaningEvaluation<Scalar> {
    CleaningEvaluation(
      noisyBelow: settings.evaluation.noisyBelow, truth: truth, problem: problem)
  }

  mutating func observe(_ event: OuterLoop<Scalar>.Event) -> Observation {
    if arm.method?.estimator.movesLowerVariable == true {
      state.points["lower variable"] = event.estimate.lower
    }
    var values: [String: Double] = [:]
    if event.iteration % settings.evaluation.every == 0 {
      values = evaluation.values(upper: event.upper, lower: event.estimate.lower)
    }
    return Observation(
      Measurement.all(values, at: event.iteration),
      detail: "F \(shortened(Double(event.estimate.upperValue)))")
  }

  mutating func close(
    step: Int, stage: Int, after ending: OuterLoop<Scalar>.Outcome
  ) -> Closing {
    guard let estimate else { return baseline() }
    guard ending == .completed else { return Closing() }
    // Where y moves together with x, the last y is the result; elsewhere one more inner loop's.
    let y =
      state.points["lower variable"]
      ?? estimate.dynamics.lowerVariable(
        after: settings.inner.steps, upper: loop.upper,
        of: estimate.finished(after: loop.iteration, loop.memory), outerIteration: loop.iteration)
    var values = evaluation.values(upper: loop.upper, lower: y)
    // Retrained by plain gradient descent, which shows what the learned weights alone are worth. The
    // user's x: some methods append components of their own.
    let weights = Parameters(loop.upper.tensors[0])
    values["plainTestAccuracy"] =
      evaluation.values(upper: weights, lower: trained(weights))["testAccuracy"]
    return Closing(Measurement.all(values, at: loop.iteration))
  }

  /// K plain gradient steps with fixed weights: without cleaning, every sample has the weight that
  /// the methods start from; the oracle gives 1 to clean samples and 0 to noisy ones. With sigmoid
  /// weights and half of the labels wrong, both sum to n / 2, so one step size suits both.
  private func baseline() -> Closing {
    let start = Scalar(settings.weights.start)
    let startWeight = settings.weights.weighting == .sigmoid ? logisticSigmoid(start) : start
    let isOracle = arm.name == Cleaning.oracle.name
    let x = Parameters(
      Tensor(
        truth.isNoisy.map { isNoisy -> Scalar in
          isOracle ? (isNoisy ? 0 : 1) : startWeight
        }))
    let y = trained(x)
    var values = CleaningEvaluation(
      noisyBelow: Double(startWeight) / 2, truth: truth, problem: problem
    ).values(upper: x, lower: y)
    values["plainTestAccuracy"] = values["testAccuracy"]
    return Closing(
      Measurement.all(values, at: 0),
      status: y.isFinite
        ? nil : .init(.nonFinite, reason: "The lower variable is not finite: lower the step size."))
  }

  private func trained(_ weights: Parameters<Scalar>) -> Parameters<Scalar> {
    GradientDescent<Scalar>(stepSize: Scalar(settings.inner.stepSize)).run(
      steps: settings.inner.steps, upper: weights, of: problem.bilevel)
  }
}
