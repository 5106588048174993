import Bilevel
import Datasets
import Experiments
import Tensors

/// How long and how fast a classifier is trained.
package struct TrainingSchedule: Sendable, Equatable {
  /// The step size.
  package var stepSize: Double
  /// The number of steps.
  package var steps: Int

  /// A schedule.
  package init(stepSize: Double, steps: Int) {
    self.stepSize = stepSize
    self.steps = steps
  }
}

/// The schedules that are tried, the same for all that are compared: every step size with every
/// number of steps.
package struct ScheduleGrid: Sendable, Equatable {
  /// The step sizes.
  package let stepSizes: [Double]
  /// The numbers of steps.
  package let steps: [Int]

  /// The grid of some step sizes and numbers of steps.
  package init(stepSizes: [Double], steps: [Int]) {
    self.stepSizes = stepSizes
    self.steps = steps
  }

  /// The number of schedules.
  package var trials: Int { stepSizes.count * steps.count }

  /// The schedule with the most accurate classifier on held-out samples; nil where every one
  /// diverges.
  ///
  /// Of equally accurate ones that with the smaller held-out cross-entropy: among few samples many
  /// schedules are equally accurate. Of equals in both, the earliest of the grid.
  ///
  /// - Parameter training: the classifiers after the given numbers of steps with one step size.
  package func best<Scalar: TensorScalar>(
    on heldOut: HeldOutSamples<Scalar>,
    training: (_ stepSize: Double, _ steps: [Int]) throws -> [Parameters<Scalar>]
  ) rethrows -> ScheduleChoice? {
    var best: ScheduleChoice?
    for stepSize in stepSizes {
      for (steps, y) in zip(steps, try training(stepSize, steps)) where y.isFinite {
        let choice = ScheduleChoice(
          schedule: TrainingSchedule(stepSize: stepSize, steps: steps),
          heldOutAccuracy: heldOut.accuracy(y), heldOutLoss: heldOut.loss(y),
          heldOutCount: heldOut.positions.count, trials: trials)
        if let known = best, !choice.isBetter(than: known) { continue }
        best = choice
      }
    }
    return best
  }
}

/// The schedule that was chosen on held-out samples, and by what.
package struct ScheduleChoice: Sendable, Equatable {
  /// The schedule.
  package let schedule: TrainingSchedule
  /// The fraction of held-out samples that its classifier gets right.
  package let heldOutAccuracy: Double
  /// The mean cross-entropy of held-out samples, in nats.
  package let heldOutLoss: Double
  /// The number of held-out samples.
  package let heldOutCount: Int
  /// The number of schedules that it was chosen from.
  package let trials: Int

  func isBetter(than other: ScheduleChoice) -> Bool {
    heldOutAccuracy != other.heldOutAccuracy
      ? heldOutAccuracy > other.heldOutAccuracy : heldOutLoss < other.heldOutLoss
  }
}

/// Samples that are kept from training, to choose by.
package struct HeldOutSamples<Scalar: TensorScalar>: Sendable {
  /// The samples that they are among.
  package let samples: ClassifierSamples<Scalar>
  /// Which they are.
  package let positions: [Int]

  /// Some of the samples, at least one.
  package init(_ samples: ClassifierSamples<Scalar>, at positions: [Int]) {
    precondition(!positions.isEmpty, "Nothing can be chosen on no samples.")
    self.samples = samples
    self.positions = positions
  }

  /// A part of the samples at random: the given fraction of them, rounded down, but at least one of
  /// them, and never all. Nil of fewer than two.
  package init?(
    _ samples: ClassifierSamples<Scalar>, fraction: Double, using stream: inout RandomStream
  ) {
    let count = Self.count(fraction: fraction, of: samples.count)
    guard count > 0 else { return nil }
    self.init(samples, at: Array(stream.permutation(samples.count).prefix(count)).sorted())
  }

  /// How many of so many samples a fraction is: at least one, never all; none of fewer than two.
  package static func count(fraction: Double, of samples: Int) -> Int {
    guard samples > 1 else { return 0 }
    return min(samples - 1, max(1, samples.share(fraction)))
  }

  /// The fraction that a classifier gets right.
  package func accuracy(_ y: Parameters<Scalar>) -> Double {
    let predictions = samples.predictions(y)
    let hits = positions.count { predictions[$0] == samples.labels[$0] }
    return Double(hits) / Double(positions.count)
  }

  /// The mean cross-entropy, in nats.
  package func loss(_ y: Parameters<Scalar>) -> Double {
    let losses = samples.losses(y)
    return positions.reduce(0) { $0 + losses[$1] } / Double(positions.count)
  }
}
