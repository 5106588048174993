import Tensors

/// The passes over rows that need the labels.
extension SoftmaxRegressionSamples {
  /// Replaces logits by probabilities, and writes each row's cross-entropy to `losses` if given.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func applySoftmax(
    _ rows: UnsafeMutablePointer<Scalar>, losses: UnsafeMutablePointer<Scalar>? = nil
  ) {
    guard let losses else {
      softmaxRows(rows, into: rows, rows: count, classes: classCount, stride: width)
      return
    }
    let atLabel = labels.indices.map { rows[$0 * width + labels[$0]] }
    softmaxRows(
      rows, into: rows, rows: count, classes: classCount, stride: width, logSumExp: losses)
    for row in 0..<count { losses[row] -= atLabel[row] }
  }

  /// Adds factor_i (P_i - e_i) to row i of `rows`.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func addResiduals(
    _ probabilities: UnsafePointer<Scalar>, factors: [Scalar],
    to rows: UnsafeMutablePointer<Scalar>
  ) {
    for row in 0..<count where factors[row] != 0 {
      for lane in 0..<classCount {
        rows[row * width + lane] += factors[row] * probabilities[row * width + lane]
      }
      rows[row * width + labels[row]] -= factors[row]
    }
  }
}
