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

/// Calls `body` with the flat indices (x, w, y) of each term of a convolution: the trilinear form
/// whose three gradients are the three products.
public func forEachConvolutionTerm(_ g: Convolution2D, _ body: (Int, Int, Int) -> Void) {
  for n in 0..<g.batch {
    for o in 0..<g.outputChannels {
      for p in 0..<g.outputHeight {
        for q in 0..<g.outputWidth {
          let y = ((n * g.outputChannels + o) * g.outputHeight + p) * g.outputWidth + q
          for c in 0..<g.inputChannels {
            for i in 0..<g.kernelHeight {
              for j in 0..<g.kernelWidth {
                let row = p * g.stride + i - g.padding
                let column = q * g.stride + j - g.padding
                guard (0..<g.inputHeight).contains(row), (0..<g.inputWidth).contains(column)
                else { continue }
                let x = ((n * g.inputChannels + c) * g.inputHeight + row) * g.inputWidth + column
                let w = ((o * g.inputChannels + c) * g.kernelHeight + i) * g.kernelWidth + j
                body(x, w, y)
              }
            }
          }
        }
      }
    }
  }
}

/// The convolution by seven loops.
public func naiveConvolution<Scalar: TensorScalar>(
  _ g: Convolution2D, _ x: Tensor<Scalar>, _ w: Tensor<Scalar>
) -> ReferenceSums {
  let (x, w) = (x.scalars, w.scalars)
  var sums = ReferenceSums(
    shape: g.resultShape, terms: g.inputChannels * g.kernelHeight * g.kernelWidth)
  forEachConvolutionTerm(g) { sums.add(Double(x[$0]) * Double(w[$1]), to: $2) }
  return sums
}

/// The gradient in the images by seven loops.
public func naiveDataDerivative<Scalar: TensorScalar>(
  _ g: Convolution2D, _ dy: Tensor<Scalar>, _ w: Tensor<Scalar>
) -> ReferenceSums {
  let (dy, w) = (dy.scalars, w.scalars)
  var sums = ReferenceSums(
    shape: g.imageShape, terms: g.outputChannels * g.kernelHeight * g.kernelWidth)
  forEachConvolutionTerm(g) { sums.add(Double(dy[$2]) * Double(w[$1]), to: $0) }
  return sums
}

/// The gradient in the weights by seven loops.
public func naiveWeightDerivative<Scalar: TensorScalar>(
  _ g: Convolution2D, _ x: Tensor<Scalar>, _ dy: Tensor<Scalar>
) -> ReferenceSums {
  let (x, dy) = (x.scalars, dy.scalars)
  var sums = ReferenceSums(
    shape: g.weightShape, terms: g.batch * g.outputHeight * g.outputWidth)
  forEachConvolutionTerm(g) { sums.add(Double(x[$0]) * Double(dy[$2]), to: $1) }
  return sums
}
