import Bilevel
import Experiments
import Tensors

/// A way of dealing with wrong labels that a user would try before bi-level optimisation.
package enum LabelNoiseBaseline: Sendable, Equatable {
  /// Training on the trusted samples alone, whose classifier ranks the others by their loss.
  case trustedOnly
  /// As `trustedOnly`, then training on the trusted samples and those that this classifier agrees with.
  case filtered
  /// Training on all labels as they are: this classifier ranks them by their loss.
  case lossRanking
  /// As `lossRanking`, then training on the samples that this classifier agrees with.
  case selfFiltered
  /// Training on the samples that confident learning does not prune, with so many folds.
  case selfConfidence(folds: Int)
  /// Training with given sample weights, such as those of somebody who knows the truth.
  case given(weights: [Double])
}

/// The samples that baselines work with: some labels are wrong in the first, none in the second.
package struct LabelNoiseTask<Scalar: TensorScalar>: Sendable {
  /// The samples to clean.
  package let noisy: ClassifierSamples<Scalar>
  /// The samples with labels that somebody checked; nil where there are none.
  package let trusted: ClassifierSamples<Scalar>?
  /// Where folds are drawn from.
  private let stream: RandomStream

  /// A task. The same seed gives the same folds.
  package init(
    noisy: ClassifierSamples<Scalar>, trusted: ClassifierSamples<Scalar>?, seed: UInt64
  ) {
    self.noisy = noisy
    self.trusted = trusted
    stream = RandomStream(seed: seed, purpose: "out-of-fold")
  }

  /// What a baseline ends with.
  package struct Fit: Sendable {
    /// The classifier.
    package let parameters: Parameters<Scalar>
    /// The weights with which the noisy samples were trained on.
    package let weights: [Double]
    /// What is said of each noisy label; nil where nothing is.
    package let judgement: LabelJudgement?
  }

  /// A baseline at the schedule that was chosen for it.
  package struct TunedFit: Sendable {
    /// The result, trained with the held-out samples.
    package let fit: Fit
    /// The schedule, and how it was chosen.
    package let choice: ScheduleChoice
  }

  /// A baseline for several numbers of steps; where it trains twice, both times with the same schedule.
  ///
  /// A first classifier that diverges is what the fit then holds.
  ///
  /// - Parameters:
  ///   - heldOut: trusted samples that are not trained on.
  ///   - isWanted: asked before each step; where it is false training ends, and the fits are not whole.
  package func fits(
    _ baseline: LabelNoiseBaseline, stepSize: Double, steps: [Int], withoutTrusted heldOut: [Int],
    while isWanted: () -> Bool = { true }
  ) -> [Fit] {
    func trained(_ set: TrainingSet<Scalar>) -> [Parameters<Scalar>] {
      set.trained(stepSize: stepSize, steps: steps, while: isWanted)
    }
    func judged(_ classifiers: [Parameters<Scalar>], weight: Double) -> [Fit] {
      classifiers.map { y in
        Fit(
          parameters: y, weights: Array(repeating: weight, count: noisy.count),
          judgement: LabelJudgement(of: noisy, by: y))
      }
    }
    /// The second training, on what a first classifier believes.
    func retrained(_ judgements: [(LabelJudgement, isFinite: Bool)], withTrusted: Bool) -> [Fit] {
      zip(judgements, steps).map { entry, steps in
        let set = trainingSet(
          weights: entry.0.weights, withTrusted: withTrusted, withoutTrusted: heldOut)
        let schedule = TrainingSchedule(stepSize: stepSize, steps: steps)
        let y = set.trained(schedule, while: isWanted)
        return Fit(
          parameters: entry.isFinite ? y : y.scaled(by: .nan), weights: entry.0.weights,
          judgement: entry.0)
      }
    }
    switch baseline {
    case .trustedOnly:
      return judged(trained(trustedSet(without: heldOut)), weight: 0)
    case .filtered:
      let first = trained(trustedSet(without: heldOut))
      return retrained(
        first.map { (LabelJudgement(of: noisy, by: $0), $0.isFinite) }, withTrusted: true)
    case .lossRanking:
      return judged(trained(TrainingSet([.init(noisy)])), weight: 1)
    case .selfFiltered:
      let first = trained(TrainingSet([.init(noisy)]))
      return retrained(
        first.map { (LabelJudgement(of: noisy, by: $0), $0.isFinite) }, withTrusted: false)
    case .selfConfidence(let folds):
      var stream = stream
      let divided = Folds(folds, labels: noisy.labels, using: &stream)
      let predicted = outOfFoldProbabilities(
        of: noisy, folds: divided, stepSize: stepSize, steps: steps, while: isWanted)
      let judgements = predicted.map { probabilities in
        (
          LabelJudgement(ConfidentLearning(probabilities: probabilities, labels: noisy.labels)),
          isFinite: probabilities.values.allSatisfy(\.isFinite)
        )
      }
      return retrained(judgements, withTrusted: false)
    case .given(let weights):
      return trained(TrainingSet([.init(noisy, weights: weights)])).map {
        Fit(parameters: $0, weights: weights, judgement: nil)
      }
    }
  }

  /// A baseline at the best schedule of a grid, trained with the held-out samples in the end; nil
  /// where every schedule diverges.
  ///
  /// Every baseline chooses among the same schedules on the same samples, so that none is tuned with
  /// more care than another.
  ///
  /// - Parameter isWanted: asked before each step of training; where it is false all of it ends, and
  ///   what is returned is not the best.
  package func tuned(
    _ baseline: LabelNoiseBaseline, grid: ScheduleGrid, heldOut: HeldOutSamples<Scalar>,
    while isWanted: () -> Bool = { true }
  ) -> TunedFit? {
    let choice = grid.best(on: heldOut) { stepSize, steps in
      fits(
        baseline, stepSize: stepSize, steps: steps, withoutTrusted: heldOut.positions,
        while: isWanted
      ).map(\.parameters)
    }
    guard let choice else { return nil }
    let schedule = choice.schedule
    let fit = fits(
      baseline, stepSize: schedule.stepSize, steps: [schedule.steps], withoutTrusted: [],
      while: isWanted
    ).first
    return fit.map { TunedFit(fit: $0, choice: choice) }
  }

  /// The classifier of noisy samples with given weights and all trusted ones, each of these with weight
  /// 1, at the best schedule of a grid: the final training of Franceschi et al. (ICML 2017, section
  /// 5.1). Nil where every schedule diverges.
  ///
  /// - Parameter isWanted: asked before each step of training; where it is false all of it ends, and
  ///   what is returned is not the best.
  package func retrained(
    weights: [Double], grid: ScheduleGrid, heldOut: HeldOutSamples<Scalar>,
    while isWanted: () -> Bool = { true }
  ) -> (parameters: Parameters<Scalar>, choice: ScheduleChoice)? {
    let choice = grid.best(on: heldOut) { stepSize, steps in
      trainingSet(weights: weights, withTrusted: true, withoutTrusted: heldOut.positions)
        .trained(stepSize: stepSize, steps: steps, while: isWanted)
    }
    return choice.map { choice in
      let set = trainingSet(weights: weights, withTrusted: true, withoutTrusted: [])
      return (set.trained(choice.schedule, while: isWanted), choice)
    }
  }

  private func trustedSet(without heldOut: [Int]) -> TrainingSet<Scalar> {
    guard let trusted else { preconditionFailure("This baseline needs trusted samples.") }
    return TrainingSet([.init(trusted, without: heldOut)])
  }

  private func trainingSet(
    weights: [Double], withTrusted: Bool, withoutTrusted heldOut: [Int]
  ) -> TrainingSet<Scalar> {
    let noisy = TrainingSet.Part(self.noisy, weights: weights)
    guard withTrusted, let trusted else { return TrainingSet([noisy]) }
    return TrainingSet([noisy, .init(trusted, without: heldOut)])
  }
}
