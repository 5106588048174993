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
            eightRows(
              SIMD16<Scalar>.self, source, rowStride, terms, termStride, term, columns, target)
          } else {
            oneRow(SIMD16<Scalar>.self, source, terms, termStride, term, columns, target)
          }
          column += 16
        } else if column + 8 <= columns {
          if tall {
            eightRows(
              SIMD8<Scalar>.self, source, rowStride, terms, termStride, term, columns, target)
          } else {
            oneRow(SIMD8<Scalar>.self, source, terms, termStride, term, columns, target)
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

  @inline(__always)
  private func eightRows<Vector: SIMD>(
    _ type: Vector.Type, _ source: UnsafePointer<Scalar>, _ rowStride: Int, _ terms: Range<Int>,
    _ termStride: Int, _ right: UnsafePointer<Scalar>, _ columns: Int,
    _ target: UnsafeMutablePointer<Scalar>
  ) where Vector.Scalar == Scalar {
    let line = columns * MemoryLayout<Scalar>.stride
    let out = UnsafeMutableRawPointer(target)
    let accumulates = terms.lowerBound != 0
    var s0 = accumulates ? out.loadUnaligned(as: Vector.self) : Vector()
    var s1 = accumulates ? out.loadUnaligned(fromByteOffset: line, as: Vector.self) : Vector()
    var s2 = accumulates ? out.loadUnaligned(fromByteOffset: 2 * line, as: Vector.self) : Vector()
    var s3 = accumulates ? out.loadUnaligned(fromByteOffset: 3 * line, as: Vector.self) : Vector()
    var s4 = accumulates ? out.loadUnaligned(fromByteOffset: 4 * line, as: Vector.self) : Vector()
    var s5 = accumulates ? out.loadUnaligned(fromByteOffset: 5 * line, as: Vector.self) : Vector()
    var s6 = accumulates ? out.loadUnaligned(fromByteOffset: 6 * line, as: Vector.self) : Vector()
    var s7 = accumulates ? out.loadUnaligned(fromByteOffset: 7 * line, as: Vector.self) : Vector()
    var a = source + terms.lowerBound * termStride
    var b = UnsafeRawPointer(right) + terms.lowerBound * line
    let (r1, r2, r3) = (rowStride, 2 * rowStride, 3 * rowStride)
    let (r4, r5, r6, r7) = (4 * rowStride, 5 * rowStride, 6 * rowStride, 7 * rowStride)
    for _ in terms {
      let vector = b.loadUnaligned(as: Vector.self)
      s0.addProduct(of: a[0], vector)
      s1.addProduct(of: a[r1], vector)
      s2.addProduct(of: a[r2], vector)
      s3.addProduct(of: a[r3], vector)
      s4.addProduct(of: a[r4], vector)
      s5.addProduct(of: a[r5], vector)
      s6.addProduct(of: a[r6], vector)
      s7.addProduct(of: a[r7], vector)
      a += termStride
      b += line
    }
    out.storeBytes(of: s0, as: Vector.self)
    out.storeBytes(of: s1, toByteOffset: line, as: Vector.self)
    out.storeBytes(of: s2, toByteOffset: 2 * line, as: Vector.self)
    out.storeBytes(of: s3, toByteOffset: 3 * line, as: Vector.self)
    out.storeBytes(of: s4, toByteOffset: 4 * line, as: Vector.self)
    out.storeBytes(of: s5, toByteOffset: 5 * line, as: Vector.self)
    out.storeBytes(of: s6, toByteOffset: 6 * line, as: Vector.self)
    out.storeBytes(of: s7, toByteOffset: 7 * line, as: Vector.self)
  }

  @inline(__always)
  private func oneRow<Vector: SIMD>(
    _ type: Vector.Type, _ source: UnsafePointer<Scalar>, _ terms: Range<Int>, _ termStride: Int,
    _ right: UnsafePointer<Scalar>, _ columns: Int, _ target: UnsafeMutablePointer<Scalar>
  ) where Vector.Scalar == Scalar {
    let line = columns * MemoryLayout<Scalar>.stride
    let out = UnsafeMutableRawPointer(target)
    var sum = terms.lowerBound == 0 ? Vector() : out.loadUnaligned(as: Vector.self)
    for t in terms {
      let vector = (UnsafeRawPointer(right) + t * line).loadUnaligned(as: Vector.self)
      sum.addProduct(of: source[t * termStride], vector)
    }
    out.storeBytes(of: sum, as: Vector.self)
  }
}

/// A pointer that a loop body may carry to another thread: the loop ends before the memory does.
struct SharedPointer<Element>: @unchecked Sendable {
  let pointer: UnsafePointer<Element>
  init(_ pointer: UnsafePointer<Element>) { self.pointer = pointer }
}

/// A pointer to memory that a loop's bodies write in disjoint places.
struct SharedMutablePointer<Element>: @unchecked Sendable {
  let pointer: UnsafeMutablePointer<Element>
  init(_ pointer: UnsafeMutablePointer<Element>) { self.pointer = pointer }
}
