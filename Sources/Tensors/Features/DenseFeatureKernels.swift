/// Products of a dense matrix with a narrow one, eight rows of the result at a time in registers.
struct DenseFeatureKernels<Scalar: TensorScalar>: @unchecked Sendable {
  /// The matrix, `[rows, features]`, contiguous.
  let features: UnsafePointer<Scalar>
  let rowCount: Int
  let featureCount: Int

  /// Rows of A taken together by ``transposedMultiply``: a block of them stays in the second-level
  /// cache while panel after panel of features is reduced over it.
  private static var rowBlock: Int { 256 }
  /// Rows of the result that one task computes.
  private static var taskRows: Int { 64 }

  /// Z = A W, with the sums in the order of the features.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func multiply(_ w: UnsafePointer<Scalar>, columns: Int, into z: UnsafeMutablePointer<Scalar>) {
    let (right, out) = (SharedPointer(w), SharedMutablePointer(z))
    Parallel.forEachBlock(of: rowCount, blockSize: Self.taskRows) { rows in
      self.product(
        rows: rows, rowStride: self.featureCount, terms: 0..<self.featureCount, termStride: 1,
        right.pointer, columns, out.pointer)
    }
  }

  /// G = A^T R, with the sums in the order of the rows, in blocks.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func transposedMultiply(
    _ r: UnsafePointer<Scalar>, columns: Int, into g: UnsafeMutablePointer<Scalar>
  ) {
    let (right, out) = (SharedPointer(r), SharedMutablePointer(g))
    Parallel.forEachBlock(of: featureCount, blockSize: Self.taskRows) { block in
      var first = 0
      repeat {
        let end = min(self.rowCount, first + Self.rowBlock)
        self.product(
          rows: block, rowStride: 1, terms: first..<end, termStride: self.featureCount,
          right.pointer, columns, out.pointer)
        first = end
      } while first < self.rowCount
    }
  }

  /// `out[i] = sum over t of features[i * rowStride + t * termStride] right[t]`, added to `out`
  /// unless the terms start at 0.
  @inline(__always)
  private func product(
    rows: Range<Int>, rowStride: Int, terms: Range<Int>, termStride: Int,
    _ right: UnsafePointer<Scalar>, _ columns: Int, _ out: UnsafeMutablePointer<Scalar>
  ) {
    var row = rows.lowerBound
    while row < rows.upperBound {
      let tall = row + 8 <= rows.upperBound
      let source = features + row * rowStride
      var column = 0
      while column < columns {
        let target = out + row * columns + column
        let term = right + column
        if column + 16 <= columns {
          if tall {
            accumulateEightRows(
              SIMD16<Scalar>.self, source, rowStride, terms, termStride, term, columns, target,
              columns,
              accumulating: terms.lowerBound != 0)
          } else {
            accumulateOneRow(
              SIMD16<Scalar>.self, source, terms, termStride, term, columns, target,
              accumulating: terms.lowerBound != 0)
          }
          column += 16
        } else if column + 8 <= columns {
          if tall {
            accumulateEightRows(
              SIMD8<Scalar>.self, source, rowStride, terms, termStride, term, columns, target,
              columns,
              accumulating: terms.lowerBound != 0)
          } else {
            accumulateOneRow(
              SIMD8<Scalar>.self, source, terms, termStride, term, columns, target,
              accumulating: terms.lowerBound != 0)
          }
          column += 8
        } else {
          for offset in 0..<(tall ? 8 : 1) {
            var sum = terms.lowerBound == 0 ? 0 : target[offset * columns]
            for t in terms {
              sum.addProduct(source[offset * rowStride + t * termStride], term[t * columns])
            }
            target[offset * columns] = sum
          }
          column += 1
        }
      }
      row += tall ? 8 : 1
    }
  }
}
