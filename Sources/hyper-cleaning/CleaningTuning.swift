import Bilevel
import Commands
import Experiments
import Results
import Tensors

/// What is chosen on held-out validation images: the schedules of the tuned baselines and of the final
/// training after every method, from one grid.
struct CleaningTuning<Scalar: TensorScalar> {
  private let task: LabelNoiseTask<Scalar>
  private let heldOut: HeldOutSamples<Scalar>?
  private let grid: ScheduleGrid
  /// The grid of the final training: of a network, whose trainings take long, the run's own schedule.
  private let finalGrid: ScheduleGrid
  private let trainsFinally: Bool

  init(
    _ settings: RunSettings<CleaningSettings>, problem: CleaningProblem<Scalar>, seed: UInt64
  ) {
    task = LabelNoiseTask(noisy: problem.train, trusted: problem.validation, seed: seed)
    heldOut = problem.heldOut
    trainsFinally = settings.tuning.finalTraining
    grid = ScheduleGrid(stepSizes: settings.tuning.stepSizes, steps: settings.tuning.steps)
    finalGrid =
      settings.network.hidden.isEmpty
      ? grid : ScheduleGrid(stepSizes: [settings.inner.stepSize], steps: [settings.inner.steps])
  }

  /// A baseline at its best schedule; nil where every schedule diverges.
  ///
  /// - Throws: `Interrupted` between two step sizes.
  func tuned(_ baseline: LabelNoiseBaseline) throws -> LabelNoiseTask<Scalar>.TunedFit? {
    guard let heldOut else { return nil }
    return try task.tuned(baseline, grid: grid, heldOut: heldOut) {
      try Interruption.checkpoint()
    }
  }

  /// The final training with sample weights on training and validation images (Franceschi et al. 2017);
  /// nil where it is not wanted, every schedule diverges, a weight is not finite, or nothing can be
  /// held out.
  ///
  /// - Throws: `Interrupted` between two step sizes.
  func retrained(
    _ weights: [Double]
  ) throws -> (parameters: Parameters<Scalar>, choice: ScheduleChoice)? {
    guard trainsFinally, let heldOut, weights.allSatisfy(\.isFinite) else { return nil }
    return try task.retrained(
      weights: weights.map { max(0, $0) }, grid: finalGrid, heldOut: heldOut
    ) {
      try Interruption.checkpoint()
    }
  }
}

extension ScheduleChoice {
  /// As records note it.
  var note: Value {
    [
      "stepSize": .number(schedule.stepSize), "steps": .integer(schedule.steps),
      "trials": .integer(trials), "heldOutImages": .integer(heldOutCount),
      "heldOutAccuracy": .number(heldOutAccuracy), "heldOutLoss": .number(heldOutLoss),
    ]
  }
}

extension Closing {
  /// Training that did not stay finite.
  static var diverged: Closing {
    Closing(
      status: .init(
        .nonFinite, reason: "The lower variable is not finite: lower the step size."))
  }
}

extension CleaningBody {
  /// Keeps the best point so far on held-out images, and whether the last improvement is long enough
  /// ago to stop; false without early stopping.
  ///
  /// Points are compared as schedules are: by accuracy, then by loss.
  mutating func stopsEarly(at event: OuterLoop<Scalar>.Event) -> Bool {
    guard let patience = settings.earlyStopping.patience, let heldOut = problem.heldOut,
      event.estimate.lower.isFinite
    else { return false }
    let y = event.estimate.lower
    let (accuracy, loss) = (heldOut.accuracy(y), heldOut.loss(y))
    if let bestAccuracy = state.values["best accuracy"]?.doubleValue,
      let bestLoss = state.values["best loss"]?.doubleValue,
      let best = state.values["best iteration"]?.integerValue,
      accuracy < bestAccuracy || (accuracy == bestAccuracy && loss >= bestLoss)
    {
      return event.iteration - best >= patience
    }
    state.points["best upper variable"] = event.upper
    state.points["best lower variable"] = y
    state.values["best accuracy"] = .number(accuracy)
    state.values["best loss"] = .number(loss)
    state.values["best iteration"] = .integer(event.iteration)
    return false
  }
}
