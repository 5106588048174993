import Synchronization

/// A dense matrix A prepared for products with narrow matrices: rows padded to whole registers.
///
/// * Z = A W takes four rows of A times five columns of W at a time, along the features.
/// * G = A' R takes two registers of features times ten columns of R at a time, along the rows.
///
/// Where the registers do not hold so many sums (``tileLanes(of:)``) both go by half as many at a time; every
/// sum is made of the same terms in the same order, so that processors agree to the bit, but for those
/// without a fused multiply-add, which round twice.
///
/// Either brings half of the next block of rows into the second-level cache meanwhile, so that the next
/// products need not wait for it and the load on memory is even. Blocks of rows stay in the second-level
/// cache, so that ``multiplyBack`` reads A from memory once for both. Blocks are dealt out to tasks by the
/// size of the matrix alone, and the tasks' shares of G are added in their order: the same bits for any
/// number of threads.
///
/// Limit: forward, nine loads for twenty multiply-adds of 16 full lanes, or seven for ten of eight; back,
/// twelve, or seven for ten: in all of them arithmetic binds and not the load units, which serve two a cycle.
final class DenseFeatures<Scalar: TensorScalar>: Sendable {
  /// Rows of A.
  let rowCount: Int
  /// Columns of A, without padding.
  let featureCount: Int
  /// Scalars from one row to the next: `featureCount` rounded up to whole registers.
  let rowStride: Int
  private let entries: AlignedBuffer<Scalar>
  private let scratch = ScratchPool<Scalar>()
  /// How often the entries were read from memory, from the first to the last.
  let passes = Atomic<Int>(0)

  @inline(__always)
  private static var lanes: Int { tileLanes(of: Scalar.self) }
  /// Rows of a block: of some 800 features 200 kB, and 100 kB where processors with narrow registers have
  /// half a megabyte of second-level cache or less.
  private static var blockRows: Int { lanes == 16 ? 64 : 32 }
  /// Tasks are cut at multiples of so many rows, on every processor alike: sums, and so bits, depend on it.
  private static var taskRows: Int { 64 }
  /// Features of a block where the tasks' shares are added.
  private static var blockFeatures: Int { 128 }
  /// At most so many tasks, each with a share of G of its own.
  private static var maximumTasks: Int { 16 }

  /// A matrix whose rows `fill` writes, called with each row's index and its zeros.
  init(rowCount: Int, featureCount: Int, fill: (Int, UnsafeMutablePointer<Scalar>) -> Void) {
    self.rowCount = rowCount
    self.featureCount = featureCount
    rowStride = (featureCount + 15) / 16 * 16
    entries = AlignedBuffer(count: rowCount * rowStride)
    for row in 0..<rowCount { fill(row, entries.pointer + row * rowStride) }
  }

  /// The entries of one row, valid as long as this object is referenced.
  func row(_ index: Int) -> UnsafePointer<Scalar> {
    UnsafePointer(entries.pointer + index * rowStride)
  }

  /// Bytes held.
  var bytes: Int { entries.count * MemoryLayout<Scalar>.stride }

  // MARK: - Products

  /// Z = A W.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func multiply(
    _ w: UnsafePointer<Scalar>, columns: Int, meaningful: Int,
    into z: UnsafeMutablePointer<Scalar>
  ) {
    passes.wrappingAdd(1, ordering: .relaxed)
    let out = SharedMutablePointer(z)
    withTransposed(w, columns: columns, meaningful: meaningful) { transposed in
      let right = SharedPointer(transposed)
      Parallel.forEachBlock(of: rowCount, blockSize: Self.blockRows) { block in
        self.forward(block, right.pointer, columns, meaningful, out.pointer)
      }
    }
  }

  /// G = A' R, of which the columns from `meaningful` on are zero.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func transposedMultiply(
    _ r: UnsafePointer<Scalar>, columns: Int, meaningful: Int,
    into g: UnsafeMutablePointer<Scalar>
  ) {
    let right = SharedPointer(r)
    collect(columns, meaningful, into: g) { block, share in
      self.backward(block, right.pointer, columns, meaningful, share)
    }
  }

  /// Z = A W, then `body` on each block of rows of Z, then G = A' Z.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func multiplyBack(
    _ w: UnsafePointer<Scalar>, columns: Int, meaningful: Int,
    rows z: UnsafeMutablePointer<Scalar>, into g: UnsafeMutablePointer<Scalar>,
    transforming body: @Sendable (Range<Int>) -> Void
  ) {
    let out = SharedMutablePointer(z)
    withTransposed(w, columns: columns, meaningful: meaningful) { transposed in
      let right = SharedPointer(transposed)
      collect(columns, meaningful, into: g) { block, share in
        self.forward(block, right.pointer, columns, meaningful, out.pointer)
        body(block)
        self.backward(block, UnsafePointer(out.pointer), columns, meaningful, share)
      }
    }
  }

  /// Z = A W and Y = A V, then `body` on each block of their rows, then G = A' Z: one pass over A.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func multiplyBack(
    _ w: UnsafePointer<Scalar>, columns: Int, meaningful: Int,
    rows z: UnsafeMutablePointer<Scalar>, alongside v: UnsafePointer<Scalar>,
    rows y: UnsafeMutablePointer<Scalar>, into g: UnsafeMutablePointer<Scalar>,
    transforming body: @Sendable (Range<Int>) -> Void
  ) {
    let (first, second) = (SharedMutablePointer(z), SharedMutablePointer(y))
    withTransposed(w, columns: columns, meaningful: meaningful) { transposed in
      let right = SharedPointer(transposed)
      withTransposed(v, columns: columns, meaningful: meaningful) { transposed in
        let other = SharedPointer(transposed)
        collect(columns, meaningful, into: g) { block, share in
          self.forward(block, right.pointer, columns, meaningful, first.pointer)
          self.forward(block, other.pointer, columns, meaningful, second.pointer)
          body(block)
          self.backward(block, UnsafePointer(first.pointer), columns, meaningful, share)
        }
      }
    }
  }

  /// G as the sum of the tasks' shares, `[meaningful, rowStride]` each, to which `body` adds a block.
  @inline(__always)
  private func collect(
    _ columns: Int, _ meaningful: Int, into g: UnsafeMutablePointer<Scalar>,
    _ body: @Sendable (Range<Int>, UnsafeMutablePointer<Scalar>) -> Void
  ) {
    passes.wrappingAdd(1, ordering: .relaxed)
    let pieces = (rowCount + Self.taskRows - 1) / Self.taskRows
    let tasks = min(Self.maximumTasks, pieces)
    let size = meaningful * rowStride
    scratch.withBuffer(count: max(1, tasks) * size) { shares in
      let shared = SharedMutablePointer(shares)
      if tasks == 0 { shares.update(repeating: 0, count: size) }
      Parallel.forEach(tasks) { task in
        (shared.pointer + task * size).update(repeating: 0, count: size)
        let end = min(self.rowCount, (task + 1) * pieces / tasks * Self.taskRows)
        let start = task * pieces / tasks * Self.taskRows
        for first in stride(from: start, to: end, by: Self.blockRows) {
          body(first..<min(end, first + Self.blockRows), shared.pointer + task * size)
        }
      }
      let sum = SharedMutablePointer(g)
      Parallel.forEachBlock(of: featureCount, blockSize: Self.blockFeatures) { features in
        self.add(
          shared.pointer, tasks, features, columns, meaningful,
          into: sum.pointer)
      }
    }
  }

  /// The given rows of G, `[featureCount, columns]`, as the sum of the tasks' shares in their order.
  @inline(__always)
  private func add(
    _ shares: UnsafeMutablePointer<Scalar>, _ tasks: Int, _ features: Range<Int>, _ columns: Int,
    _ meaningful: Int, into g: UnsafeMutablePointer<Scalar>
  ) {
    for column in 0..<meaningful {
      let sums = shares + column * rowStride
      for task in stride(from: 1, to: tasks, by: 1) {
        let share = sums + task * meaningful * rowStride
        for feature in features { sums[feature] += share[feature] }
      }
    }
    for feature in features {
      let line = g + feature * columns
      for column in 0..<meaningful { line[column] = shares[column * rowStride + feature] }
      for column in meaningful..<columns { line[column] = 0 }
    }
  }

  // MARK: - One block of rows

  /// Calls `body` with W transposed, `[meaningful, rowStride]`, zeros behind the features: the form in
  /// which rows of A meet it with all lanes full.
  @inline(__always)
  private func withTransposed(
    _ w: UnsafePointer<Scalar>, columns: Int, meaningful: Int,
    _ body: (UnsafePointer<Scalar>) -> Void
  ) {
    scratch.withBuffer(count: max(1, meaningful * rowStride)) { transposed in
      for feature in 0..<featureCount {
        let line = w + feature * columns
        for column in 0..<meaningful { transposed[column * rowStride + feature] = line[column] }
      }
      for column in 0..<meaningful {
        for feature in featureCount..<rowStride { transposed[column * rowStride + feature] = 0 }
      }
      body(transposed)
    }
  }

  /// Rows of Z = A W, with W as ``withTransposed(_:columns:meaningful:_:)`` makes it; columns from
  /// `meaningful` on are zero.
  @inline(__always)
  private func forward(
    _ rows: Range<Int>, _ transposed: UnsafePointer<Scalar>, _ columns: Int, _ meaningful: Int,
    _ out: UnsafeMutablePointer<Scalar>
  ) {
    withUnsafeTemporaryAllocation(of: SIMD16<Scalar>.self, capacity: 20) { memory in
      guard let sums = memory.baseAddress else { return }
      forward(rows, transposed, columns, meaningful, out, sums: sums)
    }
  }

  /// The same with memory for the twenty sums of a tile.
  @inline(__always)
  private func forward(
    _ rows: Range<Int>, _ transposed: UnsafePointer<Scalar>, _ columns: Int, _ meaningful: Int,
    _ out: UnsafeMutablePointer<Scalar>, sums: UnsafeMutablePointer<SIMD16<Scalar>>
  ) {
    // All rows meet five columns of W before the next five: these stay in the first-level cache.
    var column = 0
    while column < meaningful {
      let isWide = column + 5 <= meaningful
      let right = transposed + column * rowStride
      var first = rows.lowerBound
      while first < rows.upperBound {
        let source = row(first)
        let target = out + first * columns + column
        if first + 4 > rows.upperBound {
          for other in 0..<(isWide ? 5 : 1) {
            target[other] = dotOneRowOneColumn(source, right + other * rowStride, length: rowStride)
          }
          first += 1
          continue
        }
        if isWide {
          // Two rows ahead for four that are used: the first half of the next block.
          let ahead = Self.blockRows + (first - rows.lowerBound) / 2 + column / 5 % 2
          dotFourRowsFiveColumns(
            source, right, fetching: row(rows.lowerBound + ahead), target, columns, sums)
        } else {
          dotFourRowsOneColumn(source, right, length: rowStride, target, columns)
        }
        first += 4
      }
      column += isWide ? 5 : 1
    }
    for first in rows {
      let padding = out + first * columns
      for column in meaningful..<columns { padding[column] = 0 }
    }
  }

  /// Four rows of A times five columns of W, in vectors of as many lanes as fit the registers.
  @inline(__always)
  private func dotFourRowsFiveColumns(
    _ source: UnsafePointer<Scalar>, _ right: UnsafePointer<Scalar>,
    fetching next: UnsafePointer<Scalar>, _ target: UnsafeMutablePointer<Scalar>, _ columns: Int,
    _ sums: UnsafeMutablePointer<SIMD16<Scalar>>
  ) {
    switch Self.lanes {
    case 16:
      Tensors.dotFourRowsFiveColumns(
        source, right, length: rowStride, fetching: next, target, columns,
        sums: sums)
    case 8:
      Tensors.dotFourRowsFiveColumns(
        SIMD8<Scalar>.self, source, right, length: rowStride, fetching: next, target, columns,
        sums: sums)
    default:
      Tensors.dotFourRowsFiveColumns(
        SIMD4<Scalar>.self, source, right, length: rowStride, fetching: next, target, columns,
        sums: sums)
    }
  }

  /// Adds the rows' part of G = A' R to a share `[meaningful, rowStride]`.
  @inline(__always)
  private func backward(
    _ rows: Range<Int>, _ r: UnsafePointer<Scalar>, _ columns: Int, _ meaningful: Int,
    _ share: UnsafeMutablePointer<Scalar>
  ) {
    switch Self.lanes {
    case 16: wideBackward(rows, r, columns, meaningful, share)
    case 8: narrowBackward(SIMD8<Scalar>.self, rows, r, columns, meaningful, share)
    default: narrowBackward(SIMD4<Scalar>.self, rows, r, columns, meaningful, share)
    }
  }

  /// The same with two registers of features and ten columns at a time.
  @inline(__always)
  private func wideBackward(
    _ rows: Range<Int>, _ r: UnsafePointer<Scalar>, _ columns: Int, _ meaningful: Int,
    _ share: UnsafeMutablePointer<Scalar>
  ) {
    var feature = 0
    while feature < rowStride {
      let isPair = feature + 32 <= rowStride
      let source = row(rows.lowerBound) + feature
      var column = 0
      while column < meaningful {
        let right = r + rows.lowerBound * columns + column
        let target = share + column * rowStride + feature
        if isPair, column + 10 <= meaningful {
          accumulateTenColumns(
            SIMD16<Scalar>.self, source, rowStride, rows.count, termsAhead: Self.blockRows * 3 / 2,
            right, columns, target)
          column += 10
        } else if isPair, column + 5 <= meaningful {
          accumulateFiveColumns(
            SIMD16<Scalar>.self, source, rowStride, rows.count, right, columns, target)
          column += 5
        } else {
          for register in 0..<(isPair ? 2 : 1) {
            accumulateOneColumn(
              SIMD16<Scalar>.self, source + 16 * register, rowStride, rows.count, right, columns,
              target + 16 * register)
          }
          column += 1
        }
      }
      feature += isPair ? 32 : 16
    }
  }

  /// The same with two vectors of features and five columns at a time, where twice ten sums do not fit the
  /// registers: what is read again for the other columns lies in the first-level cache.
  @inline(__always)
  private func narrowBackward<Vector: SIMD>(
    _ type: Vector.Type, _ rows: Range<Int>, _ r: UnsafePointer<Scalar>, _ columns: Int,
    _ meaningful: Int, _ share: UnsafeMutablePointer<Scalar>
  ) where Vector.Scalar == Scalar {
    var feature = 0
    while feature < rowStride {
      let source = row(rows.lowerBound) + feature
      var column = 0
      while column < meaningful {
        let right = r + rows.lowerBound * columns + column
        let target = share + column * rowStride + feature
        if column + 5 <= meaningful {
          if column == 0 {
            accumulateFiveColumns(
              type, source, rowStride, rows.count, termsAhead: Self.blockRows * 3 / 2, right,
              columns, target)
          } else {
            accumulateFiveColumns(type, source, rowStride, rows.count, right, columns, target)
          }
          column += 5
        } else {
          for vector in 0..<2 {
            let offset = vector * Vector.scalarCount
            accumulateOneColumn(
              type, source + offset, rowStride, rows.count, right, columns, target + offset)
          }
          column += 1
        }
      }
      feature += 2 * Vector.scalarCount
    }
  }
}
