import Tensors

/// The passes over ranges of rows, on the calling thread; rows have `width` scalars.
extension SoftmaxRegressionSamples {
  /// Replaces logits by probabilities, and writes each row's cross-entropy to `losses` if given.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func applySoftmax(
    _ range: Range<Int>, of rows: UnsafeMutablePointer<Scalar>,
    losses: UnsafeMutablePointer<Scalar>? = nil
  ) {
    let start = rows + range.lowerBound * width
    guard let losses else {
      softmaxRows(start, into: start, rows: range.count, classes: classCount, stride: width)
      return
    }
    withUnsafeTemporaryAllocation(of: Scalar.self, capacity: range.count) { atLabel in
      for (index, row) in range.enumerated() { atLabel[index] = rows[row * width + labels[row]] }
      softmaxRows(
        start, into: start, rows: range.count, classes: classCount, stride: width,
        logSumExp: losses + range.lowerBound)
      for (index, row) in range.enumerated() { losses[row] -= atLabel[index] }
    }
  }

  /// Replaces probabilities by residuals factor_i (P_i - e_i).
  func formResiduals(
    _ range: Range<Int>, of rows: UnsafeMutablePointer<Scalar>, factors: [Scalar]
  ) {
    softmaxResidualRows(range, of: rows, width: width, labels: labels, factors: factors)
  }

  /// Replaces directions V by factor_i P_i (V_i - <P_i, V_i>), and writes <P_i - e_i, V_i> to
  /// `inner`.
  func formProducts(
    _ range: Range<Int>, of rows: UnsafeMutablePointer<Scalar>,
    probabilities: UnsafePointer<Scalar>, factors: [Scalar], inner: UnsafeMutablePointer<Scalar>
  ) {
    softmaxProductRows(
      range, probabilities: probabilities, directions: rows, width: width, labels: labels,
      factors: factors, into: rows, inner: inner)
  }

  /// Adds factor_i (P_i - e_i) to row i of `rows`.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func addResiduals(
    _ range: Range<Int>, of probabilities: UnsafePointer<Scalar>, factors: [Scalar],
    to rows: UnsafeMutablePointer<Scalar>
  ) {
    for row in range where factors[row] != 0 {
      for lane in 0..<classCount {
        rows[row * width + lane] += factors[row] * probabilities[row * width + lane]
      }
      rows[row * width + labels[row]] -= factors[row]
    }
  }

  /// Calls `body` with ranges that cover all rows, on all cores.
  func forEachRange(_ body: @Sendable (Range<Int>) -> Void) {
    Parallel.forEachBlock(of: count, blockSize: 256, body)
  }
}
