/// Standardising the columns of a matrix, fused: what batch normalisation is made of.
///
/// For a matrix X `[rows, columns]`, column by column: mean m, variance v (divided by the number of
/// rows), r = 1 / sqrt(v + epsilon), and the standardised column (X - m) r.
extension Tensor {
  /// The mean m and the inverse deviation r of every column, each `[columns]`. Two passes, so that
  /// the variance of nearly constant columns keeps its digits.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func columnMoments(epsilon: Scalar) -> (mean: Tensor, inverseDeviation: Tensor) {
    precondition(rank == 2 && shape[0] > 0, "No column moments of a tensor of shape \(shape).")
    let (rows, columns) = (shape[0], shape[1])
    let mean = sum(alongAxis: 0).scaled(by: 1 / Scalar(rows))
    let inverseDeviation = Tensor(shape: [columns]) { result in
      result.update(repeating: 0)
      scalars.withUnsafeBufferPointer { x in
        mean.scalars.withUnsafeBufferPointer { m in
          for row in 0..<rows {
            let base = row * columns
            for column in 0..<columns {
              let difference = x[base + column] - m[column]
              result[column] += difference * difference
            }
          }
        }
      }
      for column in 0..<columns {
        result[column] = 1 / (result[column] / Scalar(rows) + epsilon).squareRoot()
      }
    }
    return (mean, inverseDeviation)
  }

  /// (X - m) r.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func standardisedColumns(mean: Tensor, inverseDeviation: Tensor) -> Tensor {
    let (rows, columns) = (shape[0], shape[1])
    return Tensor(shape: shape) { result in
      scalars.withUnsafeBufferPointer { x in
        mean.scalars.withUnsafeBufferPointer { m in
          inverseDeviation.scalars.withUnsafeBufferPointer { r in
            for row in 0..<rows {
              let base = row * columns
              for column in 0..<columns {
                result[base + column] = (x[base + column] - m[column]) * r[column]
              }
            }
          }
        }
      }
    }
  }

  /// The product of the standardisation's Jacobian, which is symmetric, with `cotangent`:
  ///
  ///     r (c - mean(c) - x^ mean(c x^)),   x^ = (X - m) r.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func standardisationProduct(_ cotangent: Tensor, epsilon: Scalar) -> Tensor {
    precondition(
      shape == cotangent.shape, "A cotangent of \(cotangent.shape) for columns of \(shape).")
    let (rows, columns) = (shape[0], shape[1])
    let moments = columnMoments(epsilon: epsilon)
    let scale = 1 / Scalar(rows)
    // The two means side by side: of c, then of c x^.
    let means = Tensor(shape: [2, columns]) { result in
      result.update(repeating: 0)
      scalars.withUnsafeBufferPointer { x in
        cotangent.scalars.withUnsafeBufferPointer { c in
          moments.mean.scalars.withUnsafeBufferPointer { m in
            for row in 0..<rows {
              let base = row * columns
              for column in 0..<columns {
                result[column] += c[base + column]
                result[columns + column] += c[base + column] * (x[base + column] - m[column])
              }
            }
          }
        }
      }
      moments.inverseDeviation.scalars.withUnsafeBufferPointer { r in
        for column in 0..<columns {
          result[column] *= scale
          result[columns + column] *= scale * r[column]
        }
      }
    }
    return Tensor(shape: shape) { result in
      scalars.withUnsafeBufferPointer { x in
        cotangent.scalars.withUnsafeBufferPointer { c in
          moments.mean.scalars.withUnsafeBufferPointer { m in
            moments.inverseDeviation.scalars.withUnsafeBufferPointer { r in
              means.scalars.withUnsafeBufferPointer { p in
                for row in 0..<rows {
                  let base = row * columns
                  for column in 0..<columns {
                    let standard = (x[base + column] - m[column]) * r[column]
                    result[base + column] =
                      r[column] * (c[base + column] - p[column] - standard * p[columns + column])
                  }
                }
              }
            }
          }
        }
      }
    }
  }

  /// Each row times a row `[columns]`.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func multiplyingRows(by factors: Tensor) -> Tensor {
    let (rows, columns) = rowsAndColumns(factors)
    return Tensor(shape: shape) { result in
      scalars.withUnsafeBufferPointer { x in
        factors.scalars.withUnsafeBufferPointer { f in
          for row in 0..<rows {
            let base = row * columns
            for column in 0..<columns { result[base + column] = x[base + column] * f[column] }
          }
        }
      }
    }
  }

  /// Each row plus a row `[columns]`.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func addingToRows(_ terms: Tensor) -> Tensor {
    let (rows, columns) = rowsAndColumns(terms)
    return Tensor(shape: shape) { result in
      scalars.withUnsafeBufferPointer { x in
        terms.scalars.withUnsafeBufferPointer { t in
          for row in 0..<rows {
            let base = row * columns
            for column in 0..<columns { result[base + column] = x[base + column] + t[column] }
          }
        }
      }
    }
  }

  private func rowsAndColumns(_ row: Tensor) -> (Int, Int) {
    precondition(
      rank == 2 && row.shape == [shape[1]],
      "A row of shape \(row.shape) for a matrix of shape \(shape).")
    return (shape[0], shape[1])
  }
}
