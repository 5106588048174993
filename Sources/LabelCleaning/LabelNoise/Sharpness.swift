import Foundation
import Tensors

/// The factor on all logits under which probabilities are most honest (temperature scaling; Guo, Pleiss,
/// Sun and Weinberger, ICML 2017).
struct Sharpness {
  private let rows: [Double]
  private let labels: [Int]
  private let classes: Int
  private let observations: Double

  /// Of logits `[n, c]` of samples with known labels.
  ///
  /// - Parameter observations: how many of the samples differ, which is what confidence goes by; all of them
  ///   unless given.
  init<Scalar: TensorScalar>(
    _ logits: Tensor<Scalar>, labels: [Int], observations: Int? = nil
  ) {
    self.observations = Double(max(1, observations ?? labels.count))
    rows = logits.scalars.map { Double($0) }
    classes = logits.shape[1]
    self.labels = labels
  }

  /// Logarithms of the factors that are considered.
  private static let range = -3.0...3.0

  /// The factor with the smallest cross-entropy of the labels, and that cross-entropy in nats. O(n c).
  var best: (factor: Double, loss: Double) {
    // Convex in the factor, hence unimodal in its logarithm: golden section.
    let ratio = (5.0.squareRoot() - 1) / 2
    var (low, high) = (Self.range.lowerBound, Self.range.upperBound)
    var (left, right) = (high - ratio * (high - low), low + ratio * (high - low))
    var (atLeft, atRight) = (loss(exp(left)), loss(exp(right)))
    for _ in 0..<24 {
      if atLeft <= atRight {
        (high, right, atRight) = (right, left, atLeft)
        left = high - ratio * (high - low)
        atLeft = loss(exp(left))
      } else {
        (low, left, atLeft) = (left, right, atRight)
        right = low + ratio * (high - low)
        atRight = loss(exp(right))
      }
    }
    return atLeft <= atRight ? (exp(left), atLeft) : (exp(right), atRight)
  }

  /// The factors under which the labels are not less probable than by the chi-squared test: twice the
  /// logarithm of the likelihood falls by no more than 3.84 (95 %, one degree of freedom). O(n c).
  func interval(around best: Double) -> ClosedRange<Double> {
    let allowed = loss(best) + 3.84 / (2 * observations)
    func end(_ limit: Double) -> Double {
      var (inside, outside) = (log(best), limit)
      if loss(exp(outside)) <= allowed { return exp(outside) }
      for _ in 0..<24 {
        let middle = (inside + outside) / 2
        if loss(exp(middle)) <= allowed { inside = middle } else { outside = middle }
      }
      return exp(inside)
    }
    let (least, most) = (end(Self.range.lowerBound), end(Self.range.upperBound))
    return min(least, best)...max(most, best)
  }

  /// The mean over samples of log p(label) - log(share of the label's class), less 1.645 standard errors,
  /// in nats. O(n c).
  func certainGain(of factor: Double) -> Double {
    let count = Double(labels.count)
    var sizes = [Double](repeating: 0, count: classes)
    for label in labels { sizes[label] += 1 }
    let gains = zip(losses(factor), labels).map { -$0 - log(sizes[$1] / count) }
    let mean = gains.reduce(0, +) / count
    let squares = gains.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return mean - 1.645 * (squares / max(1, count - 1) / observations).squareRoot()
  }

  private func loss(_ factor: Double) -> Double {
    losses(factor).reduce(0, +) / Double(max(1, labels.count))
  }

  /// The cross-entropy of each label, in nats.
  private func losses(_ factor: Double) -> [Double] {
    labels.enumerated().map { sample, label in
      let row = rows[sample * classes..<(sample + 1) * classes]
      let largest = row.max() ?? 0
      let total = row.reduce(0) { $0 + exp(factor * ($1 - largest)) }
      return log(total) - factor * (row[row.startIndex + label] - largest)
    }
  }
}
