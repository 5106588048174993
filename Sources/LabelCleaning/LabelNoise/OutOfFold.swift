import Bilevel
import Experiments
import Tensors

/// A division of samples into folds, every class spread evenly over them.
package struct Folds: Sendable, Equatable {
  /// The number of folds.
  package let count: Int
  /// The fold of each sample.
  package let ofSample: [Int]

  /// Random folds, stratified by label. More folds than different samples are as many as those.
  ///
  /// - Parameter groups: the group of each sample; a group stays together, since a model that has seen a
  ///   sample's twin has seen the sample. Every sample is a group of its own by default.
  package init(
    _ count: Int, labels: [Int], groups: [Int]? = nil, using stream: inout RandomStream
  ) {
    precondition(count >= 2, "\(count) folds: at least two are needed to predict out of fold.")
    let folds = max(2, min(count, groups.map { Set($0).count } ?? labels.count))
    var ofSample = [Int](repeating: 0, count: labels.count)
    // Samples in random order, class after class, are dealt out in turn.
    let order = stream.permutation(labels.count)
    let byClass = Dictionary(grouping: order) { labels[$0] }.sorted { $0.key < $1.key }
    var turn = 0
    var ofGroup: [Int: Int] = [:]
    for sample in byClass.flatMap(\.value) {
      let group = groups?[sample] ?? sample
      if ofGroup[group] == nil {
        ofGroup[group] = turn % folds
        turn += 1
      }
      ofSample[sample] = ofGroup[group] ?? 0
    }
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
/// that it has learned. One descent for each fold, ended early where `isWanted` becomes false.
package func outOfFoldProbabilities<Scalar: TensorScalar>(
  of samples: ClassifierSamples<Scalar>, folds: Folds, stepSize: Double, steps: [Int],
  while isWanted: () -> Bool = { true }
) -> [ClassProbabilities] {
  let classifiers = (0..<folds.count).map { fold in
    let members = folds.ofSample.indices.filter { folds.ofSample[$0] == fold }
    return TrainingSet([.init(samples, without: members)])
      .trained(stepSize: stepSize, steps: steps, while: isWanted)
  }
  return steps.indices.map { index in
    ClassProbabilities(
      logits: folds.outOfFoldLogits(of: samples, by: classifiers.map { $0[index] }))
  }
}
