import Bilevel
import Datasets
import Experiments
import FewShotLearning
import Tensors

/// One setting that an arm tries on validation classes: a learning rate of its outer loop or, where
/// nothing is trained, a step size of its head.
struct FewShotTrial<Scalar: TensorScalar> {
  /// The learner under the trial's settings.
  let learner: any TaskLearner<Scalar>
  /// The outer loop at its start; one of no iterations where nothing is trained.
  let loop: OuterLoop<Scalar>

  /// What the trials of an arm differ in.
  static func tuned(_ arm: Arm) -> String { trains(arm) ? "outer.learningRate" : "inner.stepSize" }

  /// Whether an arm has an outer loop.
  static func trains(_ arm: Arm) -> Bool {
    FewShotBaseline(rawValue: arm.name).map { $0.trains } ?? true
  }

  /// The settings of a trial.
  static func settings(
    _ index: Int, of arm: Arm, _ settings: RunSettings<FewShotSettings>
  ) -> RunSettings<FewShotSettings> {
    var result = settings
    let factor = SettingTrials(settings.tuning.trials).factor(of: index)
    if trains(arm) {
      result.outer.learningRate *= factor
    } else {
      result.inner.stepSize *= factor
    }
    return result
  }

  /// Trial `index` of an arm.
  init(
    _ index: Int, of arm: Arm, _ given: RunSettings<FewShotSettings>, sampler: EpisodeSampler,
    seed: UInt64
  ) throws {
    let settings = Self.settings(index, of: arm, given)
    learner = try FewShotLearner.learner(
      arm, settings.own, settings.method, ways: settings.task.ways,
      trainingClasses: sampler.classCount, as: Scalar.self)
    var stream = RandomStream(seed: seed, purpose: "initial upper variable")
    let start = learner.initialUpper(using: &stream)
    guard Self.trains(arm) else {
      loop = .none(at: start)
      return
    }
    let estimate = MetaBatchEstimate(
      learner: learner, sampler: sampler, metaBatch: settings.task.metaBatch,
      momentRate: settings.evaluation.normalisation == .running
        ? Scalar(settings.network.runningRate) : 0,
      drawsBatches: arm.name == FewShotBaseline.supervised.rawValue)
    let optimizer: any OuterOptimizer<Scalar> =
      if let method = arm.method {
        try settings.outerOptimizer(of: method, as: Scalar.self)
      } else {
        try settings.outer.outerOptimizer(as: Scalar.self)
      }
    loop = estimate.loop(
      optimizer: optimizer, from: start, iterations: settings.outer.iterations,
      tolerance: settings.outer.tolerance)
  }
}
