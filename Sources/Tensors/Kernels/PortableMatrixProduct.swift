/// C = op(A) op(B) + beta C by rows of C: every element is a sum in the order of the inner index.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
func portableMultiplyMatrices<Scalar: TensorScalar>(
  _ shape: MatrixProductShape, _ a: UnsafePointer<Scalar>, _ b: UnsafePointer<Scalar>,
  _ beta: Scalar, _ c: UnsafeMutablePointer<Scalar>
) {
  for row in 0..<shape.rows {
    let out = c + row * shape.columns
    for column in 0..<shape.columns { out[column] = beta == 0 ? 0 : beta * out[column] }
    for k in 0..<shape.inner {
      let left = shape.transposesLeft ? a[k * shape.rows + row] : a[row * shape.inner + k]
      if left == 0 { continue }
      for column in 0..<shape.columns {
        let right =
          shape.transposesRight ? b[column * shape.inner + k] : b[k * shape.columns + column]
        out[column] += left * right
      }
    }
  }
}
