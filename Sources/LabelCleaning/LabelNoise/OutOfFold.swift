import Bilevel
import Experiments
import Tensors

/// A division of samples into folds, every class spread evenly over them.
package struct Folds: Sendable, Equatable {
  /// The number of folds.
  package let count: Int
  /// The fold of each sample.
  package let ofSample: [Int]

  /// Random folds, stratified by label. More folds than samples are as many as there are samples.
  package init(_ count: Int, labels: [Int], using stream: inout RandomStream) {
    precondition(count >= 2, "\(count) folds: at least two are needed to predict out of fold.")
    let folds = max(2, min(count, labels.count))
    var ofSample = [Int](repeating: 0, count: labels.count)
    // Samples in random order, class after class, are dealt out in turn.
    let order = stream.permutation(labels.count)
    let byClass = Dictionary(grouping: order) { labels[$0] }.sorted { $0.key < $1.key }
    for (turn, sample) in byClass.flatMap(\.value).enumerated() { ofSample[sample] = turn % folds }
    self.count = folds
    self.ofSample = ofSample
  }

  /// The logits `[n, c]` of each sample by the classifier of its fold, one a fold.
  func outOfFoldLogits<Scalar: TensorScalar>(
    of samples: ClassifierSamples<Scalar>, by classifiers: [Parameters<Scalar>]
  ) -> Tensor<Scalar> {
    precondition(
      ofSample.count == samples.count && classifiers.count >= count,
      "\(count) folds of \(ofSample.count) samples for \(classifiers.count) classifiers of "
        + "\(samples.count).")
    let classes = samples.classCount
    var result = Tensor<Scalar>.zeros([samples.count, classes])
    for (fold, y) in classifiers.enumerated() {
      let logits = samples.logits(y).scalars
      result.withUnsafeMutableScalars { target in
        for (sample, own) in ofSample.enumerated() where own == fold {
          for index in sample * classes..<(sample + 1) * classes { target[index] = logits[index] }
        }
      }
    }
    return result
  }
}

/// For each number of steps, the probabilities of each sample's classes under a classifier that was
/// trained without the sample's fold.
///
/// What a classifier says of samples that it was trained on is optimistic, most of all of wrong labels
/// that it has learned. One descent for each fold.
package func outOfFoldProbabilities<Scalar: TensorScalar>(
  of samples: ClassifierSamples<Scalar>, folds: Folds, stepSize: Double, steps: [Int]
) -> [ClassProbabilities] {
  let classifiers = (0..<folds.count).map { fold in
    let members = folds.ofSample.indices.filter { folds.ofSample[$0] == fold }
    return TrainingSet([.init(samples, without: members)]).trained(stepSize: stepSize, steps: steps)
  }
  return steps.indices.map { index in
    ClassProbabilities(
      logits: folds.outOfFoldLogits(of: samples, by: classifiers.map { $0[index] }))
  }
}
