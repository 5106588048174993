import Bilevel
import Datasets
import Experiments
import RepresentationLearning
import Results
import Tensors

/// One run of a baseline of hyper-representation: trials, each judged on held-out samples, then the
/// last fit with the best of them.
struct RepresentationBaselineBody<Scalar: TensorScalar>: RunBody {
  private let settings: RunSettings<RepresentationSettings>
  private let kind: RepresentationBaseline
  private let fit: BaselineFit<Scalar>
  private let evaluation: RepresentationEvaluation<Scalar>
  var loop: OuterLoop<Scalar>
  var state = BodyState<Scalar>()

  var metrics: [RunRecord.Metric] { RepresentationEvaluation<Scalar>.metrics }

  let inputShape: [Int]?

  var componentNames: (upper: [String], lower: [String]) {
    (settings.own.extractorNames, ["head"])
  }

  init(
    _ kind: RepresentationBaseline, _ run: Run<RepresentationSettings>, folder: DataFolder
  ) throws {
    settings = run.settings
    self.kind = kind
    let data = try RepresentationData<Scalar>(settings.own, folder: folder, seed: run.seed)
    inputShape = data.inputShape
    let problem = RepresentationProblem(settings.own, data: data, seed: run.seed)
    evaluation = RepresentationEvaluation(
      settings.own, data: data, problem: problem, lower: problem.descended, seed: run.seed)
    fit = BaselineFit(
      kind, settings.own, innerSteps: settings.inner.steps, data: data, problem: problem)
    loop = .none(at: problem.factored.start)
  }

  mutating func observe(_ event: OuterLoop<Scalar>.Event) -> Observation { Observation() }

  // MARK: - Trials

  /// Each trial, then the last fit.
  var closingSteps: Int { settings.tuning.trials + 1 }

  mutating func close(
    step: Int, stage: Int, after ending: OuterLoop<Scalar>.Outcome
  ) throws -> Closing {
    let losses = (state.values["losses"]?.arrayValue ?? []).compactMap(\.doubleValue)
    let trials = kind.trials(settings.tuning.trials)
    func value(_ trial: Int) -> Double {
      kind.start(settings.own, inner: settings.inner) * trials.factor(of: trial)
    }
    if step < trials.count {
      let loss = try fit.heldOutLoss(value(step))
      state.values["losses"] = .array((losses + [loss]).map { .number($0) })
      return Closing()
    }
    // Infinite where a trial broke down, so that it is never the best.
    guard let best = losses.indices.min(by: { losses[$0] < losses[$1] }), losses[best].isFinite
    else {
      return Closing(
        status: .init(
          .nonFinite, reason: "No trial of \(kind.tuned) gave finite numbers: lower its start."))
    }
    let (x, y) = try fit.fitted(value(best))
    loop = .none(at: x)
    state.points[BodyState<Scalar>.lowerName] = y
    return Closing(
      Measurement.all(evaluation.values(upper: x, lower: y), at: 0),
      notes: [
        "tuning": trials.note(
          chosen: best, setting: kind.tuned, value: value(best), on: fit.heldOut, losses: losses)
      ],
      status: x.isFinite && y.isFinite
        ? nil : .init(.nonFinite, reason: "The last fit is not finite: lower \(kind.tuned)."))
  }
}
