/// Standardising the columns of a matrix, fused: what batch normalisation is made of.
///
/// For a matrix X `[rows, columns]`, column by column: mean m, variance v (divided by the number of
/// rows), r = 1 / sqrt(v + epsilon), and the standardised column (X - m) r. The moments of X are
/// computed once, by ``columnMoments(epsilon:)``, and given to whatever is computed from them and X.
extension Tensor {
  /// The mean m and the inverse deviation r of every column. One pass over memory:
  /// moments of blocks of rows, about their own means, are combined in order (Chan, Golub and
  /// LeVeque, 1979), so that the variance of nearly constant columns keeps its digits.
  public func columnMoments(epsilon: Scalar) -> ColumnMoments<Scalar> {
    let moments = columnMeansAndVariances()
    let inverse = moments.variance.scalars.map { 1 / ($0 + epsilon).squareRoot() }
    return ColumnMoments(mean: moments.mean, inverseDeviation: Tensor(inverse))
  }

  /// The mean and the variance (divided by the number of rows) of every column, each `[columns]`.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func columnMeansAndVariances() -> (mean: Tensor, variance: Tensor) {
    precondition(rank == 2 && shape[0] > 0, "No column moments of a tensor of shape \(shape).")
    let (rows, columns) = (shape[0], shape[1])
    let blockRows = max(4, 8_192 / max(1, columns))
    var mean = [Scalar](repeating: 0, count: columns)
    var squares = mean
    var blockMean = mean
    var blockSquares = mean
    scalars.withUnsafeBufferPointer { buffer in
      guard let x = buffer.baseAddress else { return }
      for first in stride(from: 0, to: rows, by: blockRows) {
        let count = min(blockRows, rows - first)
        let block = x + first * columns
        addRows(block, count, columns, to: &blockMean)
        for column in 0..<columns { blockMean[column] /= Scalar(count) }
        addSquares(block, count, columns, about: blockMean, to: &blockSquares)
        let share = Scalar(count) / Scalar(first + count)
        for column in 0..<columns {
          let difference = blockMean[column] - mean[column]
          mean[column] += share * difference
          squares[column] += blockSquares[column] + difference * difference * share * Scalar(first)
          blockMean[column] = 0
          blockSquares[column] = 0
        }
      }
    }
    let scale = 1 / Scalar(rows)
    return (Tensor(mean), Tensor(squares.map { scale * $0 }))
  }

  /// (X - m) r.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func standardisedColumns(_ moments: ColumnMoments<Scalar>) -> Tensor {
    let (rows, columns) = (shape[0], shape[1])
    return Tensor(shape: shape) { result in
      withScalars(self, self, result) { x, _, out in
        withColumns([moments.mean.scalars, moments.inverseDeviation.scalars]) { m in
          let r = m + columns
          for row in 0..<rows {
            let (x, out) = (x + row * columns, out + row * columns)
            for k in 0..<columns { out[k] = (x[k] - m[k]) * r[k] }
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
  public func standardisationProduct(
    _ cotangent: Tensor, _ moments: ColumnMoments<Scalar>
  ) -> Tensor {
    precondition(
      shape == cotangent.shape, "A cotangent of \(cotangent.shape) for columns of \(shape).")
    let (rows, columns) = (shape[0], shape[1])
    let scale = 1 / Scalar(rows)
    let r = moments.inverseDeviation.scalars
    let zeros = [Scalar](repeating: 0, count: columns)
    var (sums, products) = (zeros, zeros)
    return Tensor(shape: shape) { result in
      withScalars(self, cotangent, result) { x, c, out in
        addRowsAndProducts(c, x, rows, columns, about: moments.mean.scalars, to: &sums, &products)
        let slope = zip(products, r).map { scale * $0 * $1 * $1 }
        withColumns([moments.mean.scalars, r, sums.map { scale * $0 }, slope]) { table in
          let (m, r, centre) = (table, table + columns, table + 2 * columns)
          let slope = table + 3 * columns
          for row in 0..<rows {
            let (x, c, out) = (x + row * columns, c + row * columns, out + row * columns)
            for k in 0..<columns {
              out[k] = r[k] * (c[k] - centre[k] - (x[k] - m[k]) * slope[k])
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

/// The moments of the columns of a matrix.
public struct ColumnMoments<Scalar: TensorScalar>: Sendable {
  /// m, `[columns]`.
  public let mean: Tensor<Scalar>
  /// r = 1 / sqrt(v + epsilon), `[columns]`.
  public let inverseDeviation: Tensor<Scalar>
}

/// Pointers to two tensors and a result of equal counts; nothing where they are empty.
@inline(__always)
func withScalars<Scalar: TensorScalar>(
  _ first: Tensor<Scalar>, _ second: Tensor<Scalar>, _ result: UnsafeMutableBufferPointer<Scalar>,
  _ body: (UnsafePointer<Scalar>, UnsafePointer<Scalar>, UnsafeMutablePointer<Scalar>) -> Void
) {
  first.scalars.withUnsafeBufferPointer { first in
    second.scalars.withUnsafeBufferPointer { second in
      guard let first = first.baseAddress, let second = second.baseAddress,
        let result = result.baseAddress
      else { return }
      body(first, second, result)
    }
  }
}

/// A pointer to rows of equal length, one behind the other: the coefficients of a pass over columns.
@inline(__always)
func withColumns<Scalar: TensorScalar>(
  _ rows: [[Scalar]], _ body: (UnsafePointer<Scalar>) -> Void
) {
  Array(rows.joined()).withUnsafeBufferPointer { table in
    if let table = table.baseAddress { body(table) }
  }
}

/// sums += the rows, column by column; four rows at a time, in their order.
@inline(__always)
func addRows<Scalar: TensorScalar>(
  _ x: UnsafePointer<Scalar>, _ rows: Int, _ columns: Int, to sums: inout [Scalar]
) {
  sums.withUnsafeMutableBufferPointer { sums in
    for first in stride(from: 0, to: rows - rows % 4, by: 4) {
      let a = x + first * columns
      let (b, c, d) = (a + columns, a + 2 * columns, a + 3 * columns)
      for k in 0..<columns { sums[k] += (a[k] + b[k]) + (c[k] + d[k]) }
    }
    for row in rows - rows % 4..<rows {
      let a = x + row * columns
      for k in 0..<columns { sums[k] += a[k] }
    }
  }
}

/// sums += (x - mean)^2, column by column; four rows at a time, in their order.
@inline(__always)
func addSquares<Scalar: TensorScalar>(
  _ x: UnsafePointer<Scalar>, _ rows: Int, _ columns: Int, about mean: [Scalar],
  to sums: inout [Scalar]
) {
  mean.withUnsafeBufferPointer { mean in
    sums.withUnsafeMutableBufferPointer { sums in
      for first in stride(from: 0, to: rows - rows % 4, by: 4) {
        let a = x + first * columns
        let (b, c, d) = (a + columns, a + 2 * columns, a + 3 * columns)
        for k in 0..<columns {
          let (ofA, ofB) = (a[k] - mean[k], b[k] - mean[k])
          let (ofC, ofD) = (c[k] - mean[k], d[k] - mean[k])
          sums[k] += (ofA * ofA + ofB * ofB) + (ofC * ofC + ofD * ofD)
        }
      }
      for row in rows - rows % 4..<rows {
        let a = x + row * columns
        for k in 0..<columns {
          let difference = a[k] - mean[k]
          sums[k] += difference * difference
        }
      }
    }
  }
}

/// sums += c and products += c (x - mean), column by column.
@inline(__always)
func addRowsAndProducts<Scalar: TensorScalar>(
  _ c: UnsafePointer<Scalar>, _ x: UnsafePointer<Scalar>, _ rows: Int, _ columns: Int,
  about mean: [Scalar], to sums: inout [Scalar], _ products: inout [Scalar]
) {
  mean.withUnsafeBufferPointer { mean in
    sums.withUnsafeMutableBufferPointer { sums in
      products.withUnsafeMutableBufferPointer { products in
        for row in 0..<rows {
          let (c, x) = (c + row * columns, x + row * columns)
          for k in 0..<columns {
            sums[k] += c[k]
            products[k] += c[k] * (x[k] - mean[k])
          }
        }
      }
    }
  }
}

/// sums += a b, column by column.
@inline(__always)
func addProducts<Scalar: TensorScalar>(
  _ a: UnsafePointer<Scalar>, _ b: UnsafePointer<Scalar>, _ rows: Int, _ columns: Int,
  to sums: inout [Scalar]
) {
  sums.withUnsafeMutableBufferPointer { sums in
    for row in 0..<rows {
      let (a, b) = (a + row * columns, b + row * columns)
      for k in 0..<columns { sums[k] += a[k] * b[k] }
    }
  }
}
