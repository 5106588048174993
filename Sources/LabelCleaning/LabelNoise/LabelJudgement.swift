import Bilevel
import Experiments
import Tensors

/// What a way of finding wrong labels says of each sample.
package struct LabelJudgement: Sendable, Equatable {
  /// A score for each label, large where it is probably right.
  package let scores: [Double]
  /// Whether each label is taken for wrong.
  package let isSuspect: [Bool]

  /// A judgement of both kinds.
  package init(scores: [Double], isSuspect: [Bool]) {
    precondition(
      scores.count == isSuspect.count, "\(scores.count) scores for \(isSuspect.count) samples.")
    self.scores = scores
    self.isSuspect = isSuspect
  }

  /// By one classifier: labels rank by their loss, and those that it would not predict are suspects.
  package init<Scalar: TensorScalar>(
    of samples: ClassifierSamples<Scalar>, by y: Parameters<Scalar>
  ) {
    self.init(
      scores: samples.losses(y).map { -$0 },
      isSuspect: zip(samples.predictions(y), samples.labels).map { $0 != $1 })
  }

  /// By confident learning: labels rank by self-confidence, and those that it prunes are suspects.
  package init(_ learning: ConfidentLearning) {
    self.init(scores: learning.selfConfidence, isSuspect: learning.isIssue)
  }

  /// 1 for samples whose label is believed, 0 for suspects.
  package var weights: [Double] { isSuspect.map { $0 ? 0 : 1 } }
}
