import Commands
import Experiments
import Foundation
import Tensors

/// The eigenvalues and eigenvectors of a symmetric matrix, A = sum over i of value_i v_i v_i'.
///
/// Householder's reduction to a tridiagonal matrix (``TridiagonalMatrix``), then QL steps with implicit
/// shifts: `tred2` and `imtql2`, the implicit form of `tql2`, of EISPACK (Martin, Reinsch and Wilkinson,
/// Numerische Mathematik 11, 1968, 181; Martin and Wilkinson, ibid. 12, 1968, 377; Dubrulle, ibid. 15,
/// 1970, 450).
///
/// Eigenvalues are off by a few units in the last place *of the largest*, so that zero comes out as
/// some 1e-16 to 1e-14 of it: far below what decides about rank. A matrix that is not finite, or whose QL
/// steps do not converge (of which no example is known), gives NaN for all values: a numerical outcome.
/// About 9 n^3 operations, two seconds for a thousand rows; memory for two matrices beside A.
///
/// Departures from EISPACK:
/// 1. Eigenvectors are rows, so that both sweeps run along rows, which lie together in memory.
/// 2. An element beside the diagonal counts as zero where it is below eps of its neighbours on the
///    diagonal, as there, and also below eps^2 of the whole matrix: rounding that is left of a block of zeros
///    has no smaller neighbours.
/// 3. A is divided by a power of two, so that neither its largest nor its smallest numbers are lost.
package struct SymmetricEigen: Sendable {
  /// The eigenvalues, in ascending order.
  package let values: [Double]
  /// `[n, n]`: row i is the eigenvector of `values[i]`, of length one; the rows are orthogonal.
  package let vectors: Tensor<Double>

  /// The QL steps that an eigenvalue may take, as in EISPACK; two are usual.
  private static let largestStepCount = 30

  /// The decomposition of a symmetric matrix `[n, n]`; the lower triangle is read.
  ///
  /// - Throws: `Interrupted` between two rows or two QL steps, each of O(n^2) operations.
  package init(_ matrix: Tensor<Double>) throws(Interrupted) {
    let n = matrix.shape[0]
    precondition(matrix.shape == [n, n], "A square matrix is needed, got \(matrix.shape).")
    guard matrix.isFinite else {
      (values, vectors) = (Array(repeating: .nan, count: n), .zeros([n, n]))
      return
    }
    let unit = Self.unit(of: matrix)
    var reduced = try TridiagonalMatrix(reducing: matrix.scaled(by: 1 / unit))
    for row in 0..<n {
      guard try Self.isolate(row, of: &reduced) else {
        (values, vectors) = (Array(repeating: .nan, count: n), .zeros([n, n]))
        return
      }
    }
    let found = reduced.diagonal
    let order = found.indices.sorted { found[$0] < found[$1] }
    values = order.map { found[$0] * unit }
    vectors = Tensor(shape: [n, n], scalars: reduced.vectors.scalars).gatheringRows(order)
  }

  /// A power of two near the largest element, by which nothing but what is too small to matter is
  /// rounded.
  private static func unit(of matrix: Tensor<Double>) -> Double {
    let largest = matrix.scalars.reduce(Double.leastNormalMagnitude) { max($0, abs($1)) }
    return Double(sign: .plus, exponent: largest.exponent, significand: 1)
  }

  /// QL steps until the diagonal element of a row is an eigenvalue; false where they are too many.
  private static func isolate(
    _ row: Int, of matrix: inout TridiagonalMatrix
  ) throws(Interrupted) -> Bool {
    for _ in 0...largestStepCount {
      try Interruption.checkpoint()
      let end = matrix.endOfBlock(from: row)
      if end == row { return true }
      matrix.takeStep(row, end)
    }
    return false
  }

  /// The eigenvalues that count as different from zero: larger than `relativeTolerance` times the
  /// largest.
  package func rank(relativeTolerance: Double) -> Int {
    let bound = relativeTolerance * (values.last ?? 0)
    return values.count { $0 > bound }
  }

  /// sum over the eigenvalues above the bound of v_i v_i' b / value_i, for each column of b `[n, c]`; NaN
  /// where the eigenvalues are.
  package func pseudoInverseApplied(
    to b: Tensor<Double>, relativeTolerance: Double
  ) -> Tensor<Double> {
    precondition(
      b.rank == 2 && b.shape[0] == values.count,
      "A matrix of \(values.count) rows and a right side of shape \(b.shape).")
    guard values.allSatisfy(\.isFinite) else { return Tensor(repeating: .nan, shape: b.shape) }
    let bound = relativeTolerance * (values.last ?? 0)
    let columns = b.shape[1]
    var coefficients = vectors.multiplied(by: b)
    coefficients.withUnsafeMutableScalars {
      for (row, value) in values.enumerated() {
        for index in row * columns..<(row + 1) * columns {
          $0[index] = value > bound ? $0[index] / value : 0
        }
      }
    }
    return vectors.multiplied(by: coefficients, transposingSelf: true)
  }
}
