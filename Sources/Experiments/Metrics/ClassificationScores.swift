/// The scores of multi-class predictions.
package struct ClassificationScores: Sendable, Equatable {
  /// The fraction of correct predictions, in [0, 1]; equal to the micro-averaged F1.
  package let accuracy: Double
  /// The mean of each class's F1 (macro average), in [0, 1], over the classes that are present or
  /// predicted, as in scikit-learn; 0 where there are none.
  package let macroF1: Double

  /// The scores of predictions against labels, all below `classCount`.
  package init(predictions: [Int], labels: [Int], classCount: Int) {
    precondition(
      predictions.count == labels.count,
      "\(predictions.count) predictions for \(labels.count) labels.")
    var hits = [Int](repeating: 0, count: classCount)
    var predicted = hits
    var present = hits
    for (prediction, label) in zip(predictions, labels) {
      predicted[prediction] += 1
      present[label] += 1
      if prediction == label { hits[label] += 1 }
    }
    accuracy = Double(hits.reduce(0, +)) / Double(labels.count)
    let scores = (0..<classCount).compactMap { index -> Double? in
      let denominator = predicted[index] + present[index]
      return denominator == 0 ? nil : 2 * Double(hits[index]) / Double(denominator)
    }
    macroF1 = scores.isEmpty ? 0 : scores.reduce(0, +) / Double(scores.count)
  }
}
