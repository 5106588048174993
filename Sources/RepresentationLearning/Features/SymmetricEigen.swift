import Experiments
import Foundation
import Tensors

/// The eigenvalues and eigenvectors of a symmetric matrix, A = sum over i of value_i v_i v_i'.
///
/// Cyclic Jacobi rotations (Golub and Van Loan, Matrix Computations, section 8.5): slow, O(n^3) per
/// sweep and about eight sweeps, but accurate to rounding for small eigenvalues too, which is what a
/// decision about rank needs. For matrices of a few hundred rows.
package struct SymmetricEigen: Sendable {
  /// The eigenvalues, in no particular order.
  package private(set) var values: [Double]
  /// Row i is the eigenvector of `values[i]`, of length one; the rows are orthogonal.
  package private(set) var vectors: [[Double]]

  /// The decomposition of a symmetric matrix `[n, n]`; the upper triangle is read.
  package init(_ matrix: Tensor<Double>) {
    let n = matrix.shape[0]
    precondition(matrix.shape == [n, n], "A square matrix is needed, got \(matrix.shape).")
    var rows = (0..<n).map { row in (0..<n).map { matrix[min(row, $0), max(row, $0)] } }
    vectors = (0..<n).map { row in (0..<n).map { $0 == row ? 1 : 0 } }
    let total = rows.reduce(0) { $0 + $1.reduce(0) { $0 + $1 * $1 } }
    for _ in 0..<60 {
      var outside = 0.0
      for p in 0..<n {
        for q in (p + 1)..<max(p + 1, n) { outside += rows[p][q] * rows[p][q] }
      }
      // Not `outside > bound`: a NaN must end the loop.
      guard outside > 1e-30 * total else { break }
      for p in 0..<n {
        for q in (p + 1)..<max(p + 1, n) where rows[p][q] != 0 {
          Self.rotate(&rows, &vectors, p, q)
        }
      }
    }
    values = (0..<n).map { rows[$0][$0] }
  }

  /// Makes the element (p, q) zero by a plane rotation.
  private static func rotate(
    _ rows: inout [[Double]], _ vectors: inout [[Double]], _ p: Int, _ q: Int
  ) {
    let ratio = (rows[q][q] - rows[p][p]) / (2 * rows[p][q])
    let tangent = (ratio >= 0 ? 1.0 : -1.0) / (abs(ratio) + (1 + ratio * ratio).squareRoot())
    let cosine = 1 / (1 + tangent * tangent).squareRoot()
    let sine = tangent * cosine
    for index in rows.indices {
      let (left, right) = (rows[index][p], rows[index][q])
      rows[index][p] = cosine * left - sine * right
      rows[index][q] = sine * left + cosine * right
    }
    rotateRows(&rows, p, q, cosine, sine)
    rotateRows(&vectors, p, q, cosine, sine)
  }

  private static func rotateRows(
    _ rows: inout [[Double]], _ p: Int, _ q: Int, _ cosine: Double, _ sine: Double
  ) {
    var (upper, lower) = ([Double](), [Double]())
    swap(&upper, &rows[p])
    swap(&lower, &rows[q])
    for index in upper.indices {
      let (left, right) = (upper[index], lower[index])
      upper[index] = cosine * left - sine * right
      lower[index] = sine * left + cosine * right
    }
    swap(&upper, &rows[p])
    swap(&lower, &rows[q])
  }

  /// The eigenvalues that count as different from zero: larger than `relativeTolerance` times the
  /// largest.
  package func rank(relativeTolerance: Double) -> Int {
    let bound = relativeTolerance * (values.max() ?? 0)
    return values.count { $0 > bound }
  }

  /// sum over the eigenvalues above the bound of v_i v_i' b / value_i, for each column of b `[n, c]`.
  package func pseudoInverseApplied(
    to b: Tensor<Double>, relativeTolerance: Double
  ) -> Tensor<Double> {
    let bound = relativeTolerance * (values.max() ?? 0)
    let (n, columns) = (b.shape[0], b.shape[1])
    var result = Tensor<Double>.zeros(b.shape)
    for (value, vector) in zip(values, vectors) where value > bound {
      let row = Tensor(shape: [1, n], scalars: vector)
      let coefficients = row.multiplied(by: b).scaled(by: 1 / value)
      result.add(row.multiplied(by: coefficients, transposingSelf: true))
    }
    precondition(result.shape == [n, columns], "Shapes \(result.shape) and \(b.shape) differ.")
    return result
  }
}
