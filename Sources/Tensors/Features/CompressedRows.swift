/// A sparse matrix by rows: for each row, the columns and values of its non-zero elements.
///
/// The invariant: row i's elements are `starts[i]..<starts[i + 1]`, columns ascending.
struct CompressedRows<Scalar: TensorScalar>: Sendable {
  let rowCount: Int
  let columnCount: Int
  let starts: [Int]
  let columns: [UInt32]
  let values: [Scalar]
  /// Row boundaries that cut the work into blocks of about equal numbers of elements.
  private let blocks: [Int]

  /// The non-zero elements of a dense row-major matrix.
  init(dense: [Scalar], rows: Int, columns width: Int) {
    var starts = [0]
    var columns: [UInt32] = []
    var values: [Scalar] = []
    starts.reserveCapacity(rows + 1)
    for row in 0..<rows {
      for column in 0..<width {
        let value = dense[row * width + column]
        if value == 0 { continue }
        columns.append(UInt32(column))
        values.append(value)
      }
      starts.append(values.count)
    }
    self.init(
      rowCount: rows, columnCount: width, starts: starts, columns: columns, values: values)
  }

  private init(
    rowCount: Int, columnCount: Int, starts: [Int], columns: [UInt32], values: [Scalar]
  ) {
    self.rowCount = rowCount
    self.columnCount = columnCount
    self.starts = starts
    self.columns = columns
    self.values = values
    blocks = Self.balancedBlocks(starts)
  }

  /// Cuts rows into at most 64 blocks with about equal work: rows of images hold about the same
  /// number of elements, but columns (pixels) do not, and two cores must finish together.
  private static func balancedBlocks(_ starts: [Int]) -> [Int] {
    let rows = starts.count - 1
    let work = (starts.last ?? 0) + rows
    let target = max(1, work / 64)
    var boundaries = [0]
    var done = 0
    for row in 0..<rows {
      done += starts[row + 1] - starts[row] + 1
      if done >= target {
        boundaries.append(row + 1)
        done = 0
      }
    }
    if boundaries.last != rows { boundaries.append(rows) }
    return boundaries
  }

  var bytes: Int {
    values.count * (MemoryLayout<Scalar>.stride + MemoryLayout<UInt32>.stride)
      + starts.count * MemoryLayout<Int>.stride
  }

  /// The transpose, in the same form: a counting sort by column.
  func transposed() -> CompressedRows {
    var counts = [Int](repeating: 0, count: columnCount + 1)
    for column in columns { counts[Int(column) + 1] += 1 }
    for column in 0..<columnCount { counts[column + 1] += counts[column] }
    let starts = counts
    var next = counts
    var rows = [UInt32](repeating: 0, count: values.count)
    var transposedValues = [Scalar](repeating: 0, count: values.count)
    for row in 0..<rowCount {
      for index in self.starts[row]..<self.starts[row + 1] {
        let column = Int(columns[index])
        rows[next[column]] = UInt32(row)
        transposedValues[next[column]] = values[index]
        next[column] += 1
      }
    }
    return CompressedRows(
      rowCount: columnCount, columnCount: rowCount, starts: starts, columns: rows,
      values: transposedValues)
  }

  /// Writes this matrix times w [columnCount, width] to result [rowCount, width].
  func multiply(
    _ w: UnsafePointer<Scalar>, width: Int, into result: UnsafeMutablePointer<Scalar>
  ) {
    let operand = SharedPointers(source: w, target: result)
    Parallel.forEach(blocks.count - 1) { block in
      starts.withUnsafeBufferPointer { starts in
        columns.withUnsafeBufferPointer { columns in
          values.withUnsafeBufferPointer { values in
            // Empty storage means that every row is empty: the loop below reads nothing then.
            sparseRows(
              blocks[block]..<blocks[block + 1], starts, columns, values, operand.source, width,
              operand.target)
          }
        }
      }
    }
  }
}

/// Pointers shared by threads that write to disjoint rows of the target.
struct SharedPointers<Scalar>: @unchecked Sendable {
  let source: UnsafePointer<Scalar>
  let target: UnsafeMutablePointer<Scalar>
}

/// One register of 16 lanes per row and per 16 columns; elements are taken four at a time into four
/// sums, because one sum alone would wait for each fused multiply-add to finish.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
private func sparseRows<Scalar: TensorScalar>(
  _ rows: Range<Int>, _ starts: UnsafeBufferPointer<Int>, _ columns: UnsafeBufferPointer<UInt32>,
  _ values: UnsafeBufferPointer<Scalar>, _ w: UnsafePointer<Scalar>, _ width: Int,
  _ result: UnsafeMutablePointer<Scalar>
) {
  typealias Register = SIMD16<Scalar>
  let registers = width / 16
  let operand = UnsafeRawPointer(w)
  let output = UnsafeMutableRawPointer(result)
  let size = MemoryLayout<Register>.stride
  for row in rows {
    let first = starts[row]
    let last = starts[row + 1]
    let fourths = first + (last - first) / 4 * 4
    for register in 0..<registers {
      let base = operand + register * size
      let step = registers * size
      var s0 = Register()
      var s1 = Register()
      var s2 = Register()
      var s3 = Register()
      var index = first
      while index < fourths {
        s0.addProduct(
          values[index],
          (base + Int(columns[index]) &* step).loadUnaligned(as: Register.self))
        s1.addProduct(
          values[index &+ 1],
          (base + Int(columns[index &+ 1]) &* step).loadUnaligned(as: Register.self))
        s2.addProduct(
          values[index &+ 2],
          (base + Int(columns[index &+ 2]) &* step).loadUnaligned(as: Register.self))
        s3.addProduct(
          values[index &+ 3],
          (base + Int(columns[index &+ 3]) &* step).loadUnaligned(as: Register.self))
        index &+= 4
      }
      while index < last {
        s0.addProduct(
          values[index],
          (base + Int(columns[index]) &* step).loadUnaligned(as: Register.self))
        index &+= 1
      }
      (output + (row &* registers &+ register) &* size).storeBytes(
        of: (s0 + s1) + (s2 + s3), as: Register.self)
    }
  }
}
