import Bilevel

/// The solution of A q = b by elimination with pivoting: the oracle for linear solvers.
func solveDense(_ matrix: Tensor<Double>, _ b: [Double]) -> [Double] {
  let n = b.count
  var rows = (0..<n).map { row in (0..<n).map { matrix[row, $0] } + [b[row]] }
  for column in 0..<n {
    let pivot = (column..<n).max { abs(rows[$0][column]) < abs(rows[$1][column]) } ?? column
    rows.swapAt(column, pivot)
    for row in 0..<n where row != column {
      let factor = rows[row][column] / rows[column][column]
      for index in column...n { rows[row][index] -= factor * rows[column][index] }
    }
  }
  return (0..<n).map { rows[$0][n] / rows[$0][$0] }
}

/// A x by plain loops.
func product(_ matrix: Tensor<Double>, _ x: [Double]) -> [Double] {
  (0..<matrix.shape[0]).map { row in
    x.indices.reduce(0) { $0 + matrix[row, $1] * x[$1] }
  }
}

/// The largest and the smallest eigenvalue of a symmetric positive definite matrix, by power
/// iteration on A and on its inverse.
func extremeEigenvalues(_ matrix: Tensor<Double>) -> (smallest: Double, largest: Double) {
  func dominant(_ apply: ([Double]) -> [Double]) -> Double {
    var vector = (0..<matrix.shape[0]).map { 1 + 0.37 * Double($0) }
    var value = 0.0
    for _ in 0..<2000 {
      let image = apply(vector)
      value = image.reduce(0) { $0 + $1 * $1 }.squareRoot()
      vector = image.map { $0 / value }
    }
    return value
  }
  return (1 / dominant { solveDense(matrix, $0) }, dominant { product(matrix, $0) })
}

/// A symmetric matrix with the given eigenvalues, rotated by random Householder reflections.
func symmetricMatrix(eigenvalues: [Double], seed: UInt64) -> Tensor<Double> {
  let n = eigenvalues.count
  var stream = RandomStream(seed: seed, purpose: "rotation")
  var matrix = Tensor<Double>.zeros([n, n])
  for index in 0..<n { matrix[index, index] = eigenvalues[index] }
  for _ in 0..<3 {
    let v: Tensor<Double> = stream.uniform([n], in: -1..<1)
    let scale = 2 / v.dot(v)
    var reflection = Tensor<Double>.zeros([n, n])
    for row in 0..<n {
      for column in 0..<n {
        reflection[row, column] =
          (row == column ? 1 : 0) - scale * v.scalars[row] * v.scalars[column]
      }
    }
    matrix = reflection.multiplied(by: matrix).multiplied(by: reflection)
  }
  return matrix
}

/// |a - b| in the 2-norm.
func distance(_ a: [Double], _ b: [Double]) -> Double {
  zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
}

extension QuadraticProblem {
  /// y(x) = A^-1 B x.
  func solution(at x: Parameters<Double>) -> [Double] {
    solveDense(hessian, product(coupling, x.flattened()))
  }

  /// d/dx F(x, y(x)) = c x + B' A^-1 (y(x) - t), by elimination.
  func implicitGradient(at x: Parameters<Double>) -> [Double] {
    let gap = zip(solution(at: x), target.scalars).map { $0 - $1 }
    let adjoint = solveDense(hessian, gap)
    return (0..<upperCount).map { column in
      adjoint.indices.reduce(curvature * x.flattened()[column]) {
        $0 + coupling[$1, column] * adjoint[$1]
      }
    }
  }
}
