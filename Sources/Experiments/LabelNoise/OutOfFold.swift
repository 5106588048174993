import Bilevel
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
}

/// For each number of steps, the probabilities of each sample's classes under a classifier that was
/// trained without the sample's fold.
///
/// What a classifier says of samples that it was trained on is optimistic, most of all of wrong labels
/// that it has learned. One descent for each fold.
package func outOfFoldProbabilities<Scalar: TensorScalar>(
  of samples: ClassifierSamples<Scalar>, folds: Folds, stepSize: Double, steps: [Int]
) -> [ClassProbabilities] {
  precondition(
    folds.ofSample.count == samples.count,
    "Folds of \(folds.ofSample.count) samples for \(samples.count).")
  let none = ClassProbabilities(
    rows: Array(
      repeating: Array(repeating: 0, count: samples.classCount), count: samples.count),
    classCount: samples.classCount)
  var results = Array(repeating: none, count: steps.count)
  for fold in 0..<folds.count {
    let members = folds.ofSample.indices.filter { folds.ofSample[$0] == fold }
    let training = TrainingSet([.init(samples, without: members)])
    for (index, y) in training.trained(stepSize: stepSize, steps: steps).enumerated() {
      let probabilities = samples.probabilities(y)
      for sample in members { results[index][sample] = probabilities[sample] }
    }
  }
  return results
}
