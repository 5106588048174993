import Bilevel
import Experiments
import LabelCleaning
import Results

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
      accuracy < bestAccuracy || (accuracy == bestAccuracy && !(loss < bestLoss))
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
