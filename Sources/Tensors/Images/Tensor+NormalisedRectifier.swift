/// Batch normalisation followed by max(0, .), fused: after the moments, one pass over memory for the
/// result and two for its derivative.
extension Tensor {
  /// max(0, gamma x^ + beta) of a matrix `[rows, columns]`, x^ = (x - mean) r with the given moments;
  /// without a scale gamma is 1.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func normalisedRectified(
    _ moments: ColumnMoments<Scalar>, scale: Tensor?, shift: Tensor
  ) -> Tensor {
    let (rows, columns) = (shape[0], shape[1])
    let mean = moments.mean
    let factor = moments.inverseDeviation.scaledIfAny(by: scale)
    precondition(
      mean.shape == [columns] && factor.shape == [columns] && shift.shape == [columns],
      "Moments \(mean.shape) and shift \(shift.shape) for a matrix \(shape).")
    return Tensor(shape: shape) { result in
      withScalars(self, self, result) { x, _, out in
        withColumns([mean.scalars, factor.scalars, shift.scalars]) { m in
          let (f, b) = (m + columns, m + 2 * columns)
          for row in 0..<rows {
            let (x, out) = (x + row * columns, out + row * columns)
            for k in 0..<columns {
              let value = (x[k] - m[k]) * f[k] + b[k]
              out[k] = value < 0 ? 0 : value
            }
          }
        }
      }
    }
  }

  /// What a cotangent of ``normalisedRectified(_:scale:shift:)`` becomes, the moments being those of
  /// self: for the matrix, for gamma and for beta.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func normalisedRectifiedPullback(
    _ cotangent: Tensor, output: Tensor, _ moments: ColumnMoments<Scalar>, scale: Tensor?
  ) -> (matrix: Tensor, scale: Tensor, shift: Tensor) {
    precondition(
      shape == cotangent.shape && shape == output.shape,
      "A cotangent \(cotangent.shape) of an output \(output.shape) for a matrix \(shape).")
    let (rows, columns) = (shape[0], shape[1])
    let (mean, r) = (moments.mean, moments.inverseDeviation.scalars)
    let share = 1 / Scalar(rows)
    var sums = [Scalar](repeating: 0, count: columns)
    var products = sums
    let matrix = Tensor(shape: shape) { result in
      withScalars(self, output, result) { x, z, out in
        // What passes the rectifier is written to the result, and read there by the second pass.
        withScalars(cotangent, mean, result) { c, m, out in
          sums.withUnsafeMutableBufferPointer { sums in
            products.withUnsafeMutableBufferPointer { products in
              for row in 0..<rows {
                let at = row * columns
                let (x, c, z, out) = (x + at, c + at, z + at, out + at)
                for k in 0..<columns {
                  let passed = z[k] > 0 ? c[k] : 0
                  out[k] = passed
                  sums[k] += passed
                  products[k] += passed * (x[k] - m[k])
                }
              }
            }
          }
        }
        for k in 0..<columns { products[k] *= r[k] }
        let factor = moments.inverseDeviation.scaledIfAny(by: scale).scalars
        let slope = zip(products, r).map { share * $0 * $1 }
        withColumns([mean.scalars, factor, sums.map { share * $0 }, slope]) { m in
          let (factor, centre, slope) = (m + columns, m + 2 * columns, m + 3 * columns)
          for row in 0..<rows {
            let (x, out) = (x + row * columns, out + row * columns)
            for k in 0..<columns {
              out[k] = factor[k] * (out[k] - centre[k] - (x[k] - m[k]) * slope[k])
            }
          }
        }
      }
    }
    return (matrix, Tensor(products), Tensor(sums))
  }

  /// The derivatives of <t, B c> in x and in c, B the Jacobian of the standardisation at x = self:
  ///
  ///     in c:  B t = r (t - mean(t) - x^ p)
  ///     in x:  r^2 ((3 p q - s) x^ - q (t - mean(t)) - p (c - mean(c)))
  ///
  /// with p = mean(t x^), q = mean(c x^), s = mean(t c) - mean(t) mean(c).
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func standardisationProductPullback(
    _ t: Tensor, factor c: Tensor, _ moments: ColumnMoments<Scalar>
  ) -> (matrix: Tensor, factor: Tensor) {
    precondition(shape == t.shape && shape == c.shape, "\(t.shape) and \(c.shape) at \(shape).")
    let (rows, columns) = (shape[0], shape[1])
    let (mean, r) = (moments.mean.scalars, moments.inverseDeviation.scalars)
    let share = 1 / Scalar(rows)
    let zeros = [Scalar](repeating: 0, count: columns)
    var (sumT, sumC, sumTX, sumCX, sumTC) = (zeros, zeros, zeros, zeros, zeros)
    var factor = Tensor.zeros([0])
    let matrix = Tensor(shape: shape) { result in
      withScalars(self, c, result) { x, c, out in
        addRowsAndProducts(c, x, rows, columns, about: mean, to: &sumC, &sumCX)
        factor = Tensor(shape: shape) { result in
          withScalars(self, t, result) { x, t, inFactor in
            addRowsAndProducts(t, x, rows, columns, about: mean, to: &sumT, &sumTX)
            addProducts(t, c, rows, columns, to: &sumTC)
            // With centred T, C and X: B t = a (T - b X) and the other u X - v T - w C.
            var (b, u, v, w) = (zeros, zeros, zeros, zeros)
            for k in 0..<columns {
              let (p, q) = (share * sumTX[k] * r[k], share * sumCX[k] * r[k])
              let spread = share * sumTC[k] - share * sumT[k] * share * sumC[k]
              b[k] = r[k] * p
              u[k] = r[k] * r[k] * r[k] * (3 * p * q - spread)
              v[k] = r[k] * r[k] * q
              w[k] = r[k] * r[k] * p
            }
            let means = [mean, sumT.map { share * $0 }, sumC.map { share * $0 }]
            withColumns(means + [r, b, u, v, w]) { meanX in
              let (meanT, meanC, r) = (meanX + columns, meanX + 2 * columns, meanX + 3 * columns)
              let (b, u) = (meanX + 4 * columns, meanX + 5 * columns)
              let (v, w) = (meanX + 6 * columns, meanX + 7 * columns)
              for row in 0..<rows {
                let at = row * columns
                let (x, t, c) = (x + at, t + at, c + at)
                let (out, inFactor) = (out + at, inFactor + at)
                for k in 0..<columns {
                  let (ofX, ofT) = (x[k] - meanX[k], t[k] - meanT[k])
                  inFactor[k] = r[k] * (ofT - b[k] * ofX)
                  out[k] = u[k] * ofX - v[k] * ofT - w[k] * (c[k] - meanC[k])
                }
              }
            }
          }
        }
      }
    }
    return (matrix, factor)
  }

  /// These inverse deviations times gamma, or as they are where there is none.
  func scaledIfAny(by scale: Tensor?) -> Tensor { scale.map { multiplying($0) } ?? self }
}
