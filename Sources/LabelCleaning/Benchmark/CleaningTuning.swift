import Bilevel
import Commands
import Experiments
import Results
import Tensors

/// What is chosen on held-out validation images: the schedules of the tuned baselines and of the final
/// training after every method, from one grid.
package struct CleaningTuning<Scalar: TensorScalar> {
  private let task: LabelNoiseTask<Scalar>
  private let heldOut: HeldOutSamples<Scalar>?
  private let grid: ScheduleGrid
  /// The grid of the final training: of a network, whose trainings take long, the run's own schedule.
  private let finalGrid: ScheduleGrid
  private let trainsFinally: Bool

  /// The search on a problem's held-out validation images; the inner loop's settings are the schedule
  /// of networks.
  package init(
    _ settings: CleaningSettings, inner: MethodSettings.Inner, problem: CleaningProblem<Scalar>,
    seed: UInt64
  ) {
    task = LabelNoiseTask(noisy: problem.train, trusted: problem.validation, seed: seed)
    heldOut = problem.heldOut
    trainsFinally = settings.tuning.finalTraining
    grid = ScheduleGrid(stepSizes: settings.tuning.stepSizes, steps: settings.tuning.steps)
    finalGrid =
      settings.network.hidden.isEmpty
      ? grid : ScheduleGrid(stepSizes: [inner.stepSize], steps: [inner.steps])
  }

  /// A baseline at its best schedule; nil where every schedule diverges.
  ///
  /// - Throws: `Interrupted` after the step of training in which somebody asked to stop.
  package func tuned(_ baseline: LabelNoiseBaseline) throws -> LabelNoiseTask<Scalar>.TunedFit? {
    guard let heldOut else { return nil }
    let fit = task.tuned(baseline, grid: grid, heldOut: heldOut) { !Interruption.isRequested }
    try Interruption.checkpoint()
    return fit
  }

  /// The final training with sample weights on training and validation images (Franceschi et al. 2017);
  /// nil where it is not wanted, every schedule diverges, a weight is not finite, or nothing can be
  /// held out.
  ///
  /// - Throws: `Interrupted` after the step of training in which somebody asked to stop.
  package func retrained(
    _ weights: [Double]
  ) throws -> (parameters: Parameters<Scalar>, choice: ScheduleChoice)? {
    guard trainsFinally, let heldOut, weights.allSatisfy(\.isFinite) else { return nil }
    let result = task.retrained(
      weights: weights.map { max(0, $0) }, grid: finalGrid, heldOut: heldOut
    ) {
      !Interruption.isRequested
    }
    try Interruption.checkpoint()
    return result
  }
}

extension ScheduleChoice {
  /// As records note it.
  package var note: Value {
    [
      "stepSize": .number(schedule.stepSize), "steps": .integer(schedule.steps),
      "trials": .integer(trials), "heldOutImages": .integer(heldOutCount),
      "heldOutAccuracy": .number(heldOutAccuracy), "heldOutLoss": .number(heldOutLoss),
    ]
  }
}
