import Tensors

/// The solution X of A X = B for a symmetric positive definite A `[n, n]` and B `[n, c]`.
///
/// Cholesky's factorisation A = L L', then two triangular solves; n^3/3 + 2 n^2 c operations. A
/// matrix that is not positive definite gives NaN: a numerical outcome.
package func solvePositiveDefinite(
  _ matrix: Tensor<Double>, _ rightSide: Tensor<Double>
) -> Tensor<Double> {
  let n = matrix.shape[0]
  precondition(
    matrix.shape == [n, n] && rightSide.rank == 2 && rightSide.shape[0] == n,
    "A system of shapes \(matrix.shape) and \(rightSide.shape).")
  let columns = rightSide.shape[1]
  var factor = matrix.scalars
  for j in 0..<n {
    for i in j..<n {
      var sum = factor[i * n + j]
      for k in 0..<j { sum -= factor[i * n + k] * factor[j * n + k] }
      factor[i * n + j] = i == j ? sum.squareRoot() : sum / factor[j * n + j]
    }
  }
  var result = rightSide.scalars
  for c in 0..<columns {
    for i in 0..<n {
      var sum = result[i * columns + c]
      for k in 0..<i { sum -= factor[i * n + k] * result[k * columns + c] }
      result[i * columns + c] = sum / factor[i * n + i]
    }
    for i in stride(from: n - 1, through: 0, by: -1) {
      var sum = result[i * columns + c]
      for k in stride(from: i + 1, to: n, by: 1) {
        sum -= factor[k * n + i] * result[k * columns + c]
      }
      result[i * columns + c] = sum / factor[i * n + i]
    }
  }
  return Tensor(shape: rightSide.shape, scalars: result)
}
