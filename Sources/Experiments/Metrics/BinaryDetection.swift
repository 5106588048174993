/// Counts of a yes-or-no decision against the truth, with the scores derived from them.
///
/// For hyper-cleaning: which training labels are noisy? Three incompatible F1 scores are in use, so
/// each says in its name what counts as positive.
package struct BinaryDetection: Sendable, Equatable {
  /// Positive and said so.
  package var truePositives = 0
  /// Negative but said positive.
  package var falsePositives = 0
  /// Positive but said negative.
  package var falseNegatives = 0
  /// Negative and said so.
  package var trueNegatives = 0

  /// The counts of `decisions` against `truth`, both true for positive.
  package init(decisions: [Bool], truth: [Bool]) {
    precondition(
      decisions.count == truth.count, "\(decisions.count) decisions on \(truth.count) cases.")
    for (decision, isPositive) in zip(decisions, truth) {
      switch (decision, isPositive) {
      case (true, true): truePositives += 1
      case (true, false): falsePositives += 1
      case (false, true): falseNegatives += 1
      case (false, false): trueNegatives += 1
      }
    }
  }

  /// The harmonic mean of precision and recall, 2 TP / (2 TP + FP + FN), in [0, 1]; 0 where nothing
  /// is positive either way (the convention of scikit-learn).
  package var f1: Double {
    let denominator = 2 * truePositives + falsePositives + falseNegatives
    return denominator == 0 ? 0 : 2 * Double(truePositives) / Double(denominator)
  }
}

/// The area under the ROC curve: the probability that a positive case scores above a negative one,
/// ties counting half (Mann and Whitney 1947). Threshold-free.
///
/// NaN where one of the classes is empty or a score is NaN. O(n log n).
package func areaUnderROC(scores: [Double], isPositive: [Bool]) -> Double {
  precondition(
    scores.count == isPositive.count, "\(scores.count) scores for \(isPositive.count) cases.")
  guard scores.allSatisfy({ !$0.isNaN }) else { return .nan }
  let order = scores.indices.sorted { scores[$0] < scores[$1] }
  var rankSum = 0.0
  var positives = 0
  var start = 0
  while start < order.count {
    var end = start
    while end < order.count && scores[order[end]] == scores[order[start]] { end += 1 }
    // Cases of equal score share the mean of their ranks, start + 1 ... end.
    let rank = Double(start + 1 + end) / 2
    for index in order[start..<end] where isPositive[index] {
      rankSum += rank
      positives += 1
    }
    start = end
  }
  let negatives = order.count - positives
  guard positives > 0, negatives > 0 else { return .nan }
  let excess = rankSum - Double(positives * (positives + 1)) / 2
  return excess / (Double(positives) * Double(negatives))
}
