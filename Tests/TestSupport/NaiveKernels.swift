import Tensors

/// op(A) op(B) + beta C by three loops.
public func naiveProduct<Scalar: TensorScalar>(
  _ shape: MatrixProductShape, _ a: [Scalar], _ b: [Scalar], beta: Scalar = 0, c: [Scalar] = []
) -> ReferenceSums {
  var sums = ReferenceSums(shape: [shape.rows, shape.columns], terms: shape.inner + 1)
  for row in 0..<shape.rows {
    for column in 0..<shape.columns {
      let index = row * shape.columns + column
      if beta != 0 { sums.add(Double(beta) * Double(c[index]), to: index) }
      for k in 0..<shape.inner {
        let left = shape.transposesLeft ? a[k * shape.rows + row] : a[row * shape.inner + k]
        let right =
          shape.transposesRight ? b[column * shape.inner + k] : b[k * shape.columns + column]
        sums.add(Double(left) * Double(right), to: index)
      }
    }
  }
  return sums
}

/// Calls `body` with the flat indices (x, w, y) of each term of a convolution with channels last: the
/// trilinear form whose three gradients are the three products.
public func forEachConvolutionTerm(
  _ g: WindowGeometry, filters: Int, _ body: (Int, Int, Int) -> Void
) {
  var placement = 0
  for image in 0..<g.images {
    for row in 0..<g.outputHeight {
      for column in 0..<g.outputWidth {
        for i in 0..<g.window {
          for j in 0..<g.window {
            let (y, x) = (row * g.stride - g.before + i, column * g.stride - g.before + j)
            guard (0..<g.height).contains(y), (0..<g.width).contains(x) else { continue }
            for channel in 0..<g.channels {
              let source = ((image * g.height + y) * g.width + x) * g.channels + channel
              let weight = (i * g.window + j) * g.channels + channel
              for filter in 0..<filters {
                body(source, filter * g.patchSize + weight, placement * filters + filter)
              }
            }
          }
        }
        placement += 1
      }
    }
  }
}
