/// A sparse matrix prepared for `out[i] = sum over j of M[i, j] times right[j]`, where `right[j]` and
/// `out[i]` are short rows of scalars.
///
/// Compressed rows, cut into panels of ``panelWidth`` columns: within one panel the rows of `right`
/// that are gathered stay in the first-level cache, and an index fits 16 bits, which is a quarter of
/// the traffic saved. Used twice by ``FeatureMatrix``: on the matrix (for A W) and on its transpose
/// (for A^T R), so that neither product scatters.
///
/// With `padding`, a row's entries within a panel are filled up to a multiple of it by entries of value 0
/// that repeat the last index: the loop over them has no rest, and so one branch less that is not foreseen.
/// An infinite `right[j]` then makes NaN where the row has an entry j, and nothing anywhere else.
///
/// Every `out[i]` is summed in a fixed order by one thread. Immutable after initialisation.
final class CompressedPanels<Scalar: TensorScalar>: @unchecked Sendable {
  /// Rows of M.
  let majorCount: Int
  /// Columns of M.
  let minorCount: Int
  /// Columns per panel.
  let panelWidth: Int
  /// Panels: `ceil(minorCount / panelWidth)`.
  let panelCount: Int
  /// What the number of entries of a row within a panel is a multiple of.
  let padding: Int
  /// Stored entries, those that fill up included.
  let entryCount: Int
  /// Fixed shares of rows with about equally many entries: share s is `shares[s]..<shares[s + 1]`.
  let shares: [Int]

  /// `[panelCount, majorCount + 1]`: where the entries of a row within a panel start.
  let starts: UnsafeMutablePointer<UInt32>
  let indices: UnsafeMutablePointer<UInt16>
  let values: UnsafeMutablePointer<Scalar>

  /// The compressed form of a dense matrix whose entry (i, j) is
  /// `dense[i * majorStride + j * minorStride]`. Entries equal to zero are left out; a NaN is kept.
  /// ``multiply(_:columns:into:)`` needs a padding of 8.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  init(
    dense: UnsafePointer<Scalar>, majorCount: Int, majorStride: Int, minorCount: Int,
    minorStride: Int, panelWidth: Int, padding: Int
  ) {
    precondition((1...65_536).contains(panelWidth), "A panel of \(panelWidth) columns.")
    precondition(padding >= 1, "Rows cannot be filled up to multiples of \(padding).")
    self.padding = padding
    self.majorCount = majorCount
    self.minorCount = minorCount
    self.panelWidth = panelWidth
    panelCount = (minorCount + panelWidth - 1) / panelWidth
    let starts = alignedAllocation(of: UInt32.self, count: panelCount * (majorCount + 1))
    let source = DenseEntries(
      dense: dense, majorCount: majorCount, majorStride: majorStride, minorCount: minorCount,
      minorStride: minorStride, panelWidth: panelWidth, padding: padding, starts: starts)
    Parallel.forEach(panelCount) { source.count(inPanel: $0) }
    var perRow = [Int](repeating: 0, count: majorCount)
    var position = 0
    for panel in 0..<panelCount {
      let panelStarts = starts + panel * (majorCount + 1)
      for major in 0..<majorCount {
        let count = source.filled(Int(panelStarts[major]))
        panelStarts[major] = UInt32(truncatingIfNeeded: position)
        perRow[major] += count
        position += count
      }
      panelStarts[majorCount] = UInt32(truncatingIfNeeded: position)
    }
    entryCount = position
    precondition(entryCount <= Int(UInt32.max), "\(entryCount) stored entries exceed 2^32 - 1.")
    shares = Self.balancedShares(entriesPerRow: perRow)
    let indices = alignedAllocation(of: UInt16.self, count: entryCount)
    let values = alignedAllocation(of: Scalar.self, count: entryCount)
    let (numbers, entries) = (SharedMutablePointer(indices), SharedMutablePointer(values))
    Parallel.forEach(panelCount) {
      source.fill(panel: $0, numbers.pointer, entries.pointer)
    }
    self.starts = starts
    self.indices = indices
    self.values = values
  }

  deinit {
    UnsafeMutableRawPointer(starts).deallocate()
    UnsafeMutableRawPointer(indices).deallocate()
    UnsafeMutableRawPointer(values).deallocate()
  }

  /// Bytes held.
  var bytes: Int {
    4 * panelCount * (majorCount + 1) + (2 + MemoryLayout<Scalar>.stride) * entryCount
  }

  /// Calls `body` with (row, column, value) of each entry that is not zero, panel by panel.
  func forEachEntry(_ body: (Int, Int, Scalar) -> Void) {
    for panel in 0..<panelCount {
      let panelStarts = starts + panel * (majorCount + 1)
      for major in 0..<majorCount {
        for entry in Int(panelStarts[major])..<Int(panelStarts[major + 1])
        where values[entry] != 0 {
          body(major, panel * panelWidth + Int(indices[entry]), values[entry])
        }
      }
    }
  }

  /// Cuts the rows into shares of at least some thousands of entries, at most 64 of them.
  private static func balancedShares(entriesPerRow: [Int]) -> [Int] {
    let minimumEntries = 16_384
    let total = entriesPerRow.reduce(0, +)
    let count = max(1, min(64, total / minimumEntries))
    var bounds = [0]
    var seen = 0
    for (row, entries) in entriesPerRow.enumerated() {
      seen += entries
      if seen * count >= bounds.count * total, bounds.count < count, total > 0 {
        bounds.append(row + 1)
      }
    }
    bounds.append(entriesPerRow.count)
    return bounds
  }
}

// MARK: - The product

extension CompressedPanels {
  /// Writes M `right` into `out`: `right` is `[minorCount, columns]`, `out` `[majorCount, columns]`,
  /// both contiguous. 2 entryCount columns floating-point operations.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func multiply(
    _ right: UnsafePointer<Scalar>, columns: Int, into out: UnsafeMutablePointer<Scalar>
  ) {
    precondition(padding == 8, "The product needs rows filled up to 8 entries, not \(padding).")
    let operands = Operands(right: UnsafeRawPointer(right), out: UnsafeMutableRawPointer(out))
    let lineBytes = columns * MemoryLayout<Scalar>.stride
    Parallel.forEach(shares.count - 1) { share in
      let rows = self.shares[share]..<self.shares[share + 1]
      // The usual width gets its addresses by shifting instead of multiplying.
      if columns == 16 {
        self.columnBlock(SIMD16<Scalar>.self, operands, rows, 16 * MemoryLayout<Scalar>.stride, 0)
      } else {
        self.allColumns(operands, rows, columns: columns, lineBytes: lineBytes)
      }
    }
  }

  /// The two operands of one product; a loop body may only carry sendable values.
  private struct Operands: @unchecked Sendable {
    let right: UnsafeRawPointer
    let out: UnsafeMutableRawPointer
  }

  @inline(__always)
  private func allColumns(_ operands: Operands, _ rows: Range<Int>, columns: Int, lineBytes: Int) {
    var column = 0
    while column + 16 <= columns {
      columnBlock(SIMD16<Scalar>.self, operands, rows, lineBytes, column)
      column += 16
    }
    if column + 8 <= columns {
      columnBlock(SIMD8<Scalar>.self, operands, rows, lineBytes, column)
      column += 8
    }
    if column + 4 <= columns {
      columnBlock(SIMD4<Scalar>.self, operands, rows, lineBytes, column)
      column += 4
    }
    while column < columns {
      singleColumn(operands, rows, lineBytes, column)
      column += 1
    }
  }

  /// One block of columns, as wide as the vector, for a range of rows, panel after panel.
  @inline(__always)
  private func columnBlock<Vector: SIMD>(
    _ type: Vector.Type, _ operands: Operands, _ rows: Range<Int>, _ lineBytes: Int, _ column: Int
  ) where Vector.Scalar == Scalar {
    let columnBytes = column * MemoryLayout<Scalar>.stride
    let indices = UnsafePointer(self.indices)
    let values = UnsafePointer(self.values)
    if panelCount == 0 {
      for row in rows {
        operands.out.storeBytes(
          of: Vector(), toByteOffset: row * lineBytes + columnBytes, as: Vector.self)
      }
    }
    for panel in 0..<panelCount {
      let panelStarts = UnsafePointer(starts + panel * (majorCount + 1))
      let base = operands.right + panel * panelWidth * lineBytes + columnBytes
      var entry = Int(panelStarts[rows.lowerBound])
      for row in rows {
        let end = Int(panelStarts[row + 1])
        let target = operands.out + row * lineBytes + columnBytes
        // Four independent sums hide the latency of the multiply-add.
        var first = panel == 0 ? Vector() : target.loadUnaligned(as: Vector.self)
        var second = Vector()
        var third = Vector()
        var fourth = Vector()
        while entry < end {
          let (low, high) = (Indices(at: indices + entry), Indices(at: indices + (entry &+ 4)))
          first.addProduct(of: values[entry], gathered(base, low.first, lineBytes))
          second.addProduct(of: values[entry &+ 1], gathered(base, low.second, lineBytes))
          third.addProduct(of: values[entry &+ 2], gathered(base, low.third, lineBytes))
          fourth.addProduct(of: values[entry &+ 3], gathered(base, low.fourth, lineBytes))
          first.addProduct(of: values[entry &+ 4], gathered(base, high.first, lineBytes))
          second.addProduct(of: values[entry &+ 5], gathered(base, high.second, lineBytes))
          third.addProduct(of: values[entry &+ 6], gathered(base, high.third, lineBytes))
          fourth.addProduct(of: values[entry &+ 7], gathered(base, high.fourth, lineBytes))
          entry &+= 8
        }
        target.storeBytes(of: (first + second) + (third + fourth), as: Vector.self)
      }
    }
  }

  /// Four indices in one load: the load units are what binds. The first is in the low bits, as on every
  /// machine that Swift runs on.
  struct Indices {
    let four: UInt64

    @inline(__always)
    init(at address: UnsafePointer<UInt16>) {
      four = UnsafeRawPointer(address).loadUnaligned(as: UInt64.self)
    }

    @inline(__always)
    var first: UInt16 { UInt16(truncatingIfNeeded: four) }
    @inline(__always)
    var second: UInt16 { UInt16(truncatingIfNeeded: four &>> 16) }
    @inline(__always)
    var third: UInt16 { UInt16(truncatingIfNeeded: four &>> 32) }
    @inline(__always)
    var fourth: UInt16 { UInt16(truncatingIfNeeded: four &>> 48) }
  }

  /// The vector at one row of the panel.
  @inline(__always)
  private func gathered<Vector: SIMD>(
    _ base: UnsafeRawPointer, _ index: UInt16, _ lineBytes: Int
  ) -> Vector where Vector.Scalar == Scalar {
    base.loadUnaligned(fromByteOffset: Int(index) &* lineBytes, as: Vector.self)
  }

  /// One column left over, with the same loops on scalars.
  @inline(__always)
  private func singleColumn(
    _ operands: Operands, _ rows: Range<Int>, _ lineBytes: Int, _ column: Int
  ) {
    let columns = lineBytes / MemoryLayout<Scalar>.stride
    let right = operands.right.assumingMemoryBound(to: Scalar.self) + column
    let out = operands.out.assumingMemoryBound(to: Scalar.self) + column
    for row in rows { out[row * columns] = 0 }
    for panel in 0..<panelCount {
      let panelStarts = starts + panel * (majorCount + 1)
      let base = right + panel * panelWidth * columns
      for row in rows {
        var sum = out[row * columns]
        for entry in Int(panelStarts[row])..<Int(panelStarts[row + 1]) {
          sum = sum.adding(productOf: values[entry], base[Int(indices[entry]) &* columns])
        }
        out[row * columns] = sum
      }
    }
  }
}
