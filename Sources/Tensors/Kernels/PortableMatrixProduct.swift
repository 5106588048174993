/// C = op(A) op(B) + beta C, in plain Swift.
///
/// op(B) is copied once into panels of sixteen columns, zero-padded, so that all four combinations
/// of transposes share one inner loop (``accumulateEightRows``) that reads B contiguously; A is read
/// in place, one broadcast scalar at a time. Terms are taken in blocks, so that a block of a panel
/// stays in the first-level cache.
///
/// Every element is a sum of fused multiply-adds in the order of the inner index, whatever the
/// number of threads. No term is skipped: 0 times infinity is NaN here as in IEEE arithmetic.
/// Scratch: inner times columns scalars.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
func portableMultiplyMatrices<Scalar: TensorScalar>(
  _ shape: MatrixProductShape, _ a: UnsafePointer<Scalar>, _ b: UnsafePointer<Scalar>,
  _ beta: Scalar, _ c: UnsafeMutablePointer<Scalar>
) {
  guard shape.rows > 0, shape.columns > 0 else { return }
  guard shape.inner > 0 else {
    scale(c, count: shape.rows * shape.columns, by: beta)
    return
  }
  let panels = (shape.columns + panelWidth - 1) / panelWidth
  let lineBytes = panelWidth * MemoryLayout<Scalar>.stride
  withUnsafeTemporaryAllocation(byteCount: panels * shape.inner * lineBytes, alignment: 64) {
    memory in
    guard let address = memory.baseAddress else { return }
    let packed = address.bindMemory(to: Scalar.self, capacity: panels * shape.inner * panelWidth)
    let operands = PackedProduct(
      shape: shape, a: a, b: b, packed: packed, c: c, beta: beta)
    let rowBlocks =
      (shape.rows + PackedProduct<Scalar>.blockRows - 1)
      / PackedProduct<Scalar>.blockRows
    // Starting threads costs more than a small product.
    if shape.rows * shape.columns * shape.inner < 1 << 17 {
      for panel in 0..<panels { operands.pack(panel) }
      for block in 0..<rowBlocks { operands.multiply(block) }
    } else {
      Parallel.forEach(panels) { operands.pack($0) }
      Parallel.forEach(rowBlocks) { operands.multiply($0) }
    }
  }
}

/// Columns of a panel: one cache line of Float, two of Double.
private let panelWidth = 16

@inline(__always)
private func scale<Scalar: TensorScalar>(
  _ c: UnsafeMutablePointer<Scalar>, count: Int, by beta: Scalar
) {
  for index in 0..<count { c[index] = beta == 0 ? 0 : beta * c[index] }
}

/// One product in progress; carried to the threads that share it.
private struct PackedProduct<Scalar: TensorScalar>: @unchecked Sendable {
  let shape: MatrixProductShape
  let a: UnsafePointer<Scalar>
  let b: UnsafePointer<Scalar>
  /// `[panels, inner, panelWidth]`.
  let packed: UnsafeMutablePointer<Scalar>
  let c: UnsafeMutablePointer<Scalar>
  let beta: Scalar

  static var blockRows: Int { 32 }
  /// Terms of a panel that are multiplied before the next block: 16 KB of Float.
  private static var blockTerms: Int { 256 }

  @inline(__always)
  func pack(_ panel: Int) {
    let first = panel * panelWidth
    let width = min(panelWidth, shape.columns - first)
    let target = packed + panel * shape.inner * panelWidth
    let (termStride, columnStride) = shape.transposesRight ? (1, shape.inner) : (shape.columns, 1)
    for term in 0..<shape.inner {
      let source = b + term * termStride + first * columnStride
      let line = target + term * panelWidth
      if width == panelWidth && columnStride == 1 {
        let vector = UnsafeRawPointer(source).loadUnaligned(as: SIMD16<Scalar>.self)
        UnsafeMutableRawPointer(line).storeBytes(of: vector, as: SIMD16<Scalar>.self)
      } else {
        for column in 0..<width { line[column] = source[column * columnStride] }
        for column in width..<panelWidth { line[column] = 0 }
      }
    }
  }

  @inline(__always)
  func multiply(_ block: Int) {
    let rows = block * Self.blockRows..<min(shape.rows, (block + 1) * Self.blockRows)
    if beta != 0 {
      scale(c + rows.lowerBound * shape.columns, count: rows.count * shape.columns, by: beta)
    }
    let panels = (shape.columns + panelWidth - 1) / panelWidth
    withUnsafeTemporaryAllocation(
      byteCount: 8 * panelWidth * MemoryLayout<Scalar>.stride, alignment: 64
    ) { memory in
      guard let address = memory.baseAddress else { return }
      let tile = address.bindMemory(to: Scalar.self, capacity: 8 * panelWidth)
      var first = 0
      while first < shape.inner {
        let terms = first..<min(shape.inner, first + Self.blockTerms)
        for panel in 0..<panels {
          multiply(rows, panel, terms, tile, accumulating: first > 0 || beta != 0)
        }
        first = terms.upperBound
      }
    }
  }

  /// A block of rows times one panel, over some terms. The last panel goes through `tile`, because
  /// its rows are shorter than a register.
  @inline(__always)
  private func multiply(
    _ rows: Range<Int>, _ panel: Int, _ terms: Range<Int>, _ tile: UnsafeMutablePointer<Scalar>,
    accumulating: Bool
  ) {
    let stored = shape.leftStride
    let (rowStride, termStride) = shape.transposesLeft ? (1, stored) : (stored, 1)
    let right = packed + panel * shape.inner * panelWidth
    let column = panel * panelWidth
    let width = min(panelWidth, shape.columns - column)
    let whole = width == panelWidth
    var row = rows.lowerBound
    while row < rows.upperBound {
      let height = row + 8 <= rows.upperBound ? 8 : 1
      let out = c + row * shape.columns + column
      let target = whole ? out : tile
      let targetStride = whole ? shape.columns : panelWidth
      if !whole && accumulating {
        for line in 0..<height {
          (tile + line * panelWidth).update(from: out + line * shape.columns, count: width)
        }
      }
      if height == 8 {
        eightRows(
          a + row * rowStride, rowStride, terms, termStride, right, target, targetStride,
          accumulating: accumulating)
      } else {
        accumulateOneRow(
          SIMD16<Scalar>.self, a + row * rowStride, terms, termStride, right, panelWidth, target,
          accumulating: accumulating)
      }
      if !whole {
        for line in 0..<height {
          (out + line * shape.columns).update(from: tile + line * panelWidth, count: width)
        }
      }
      row += height
    }
  }

  /// Eight rows of a panel, in parts of as many columns as leave eight sums in registers.
  @inline(__always)
  private func eightRows(
    _ a: UnsafePointer<Scalar>, _ rowStride: Int, _ terms: Range<Int>, _ termStride: Int,
    _ right: UnsafePointer<Scalar>, _ target: UnsafeMutablePointer<Scalar>, _ targetStride: Int,
    accumulating: Bool
  ) {
    switch tileLanes(of: Scalar.self) {
    case 16:
      accumulateEightRows(
        SIMD16<Scalar>.self, a, rowStride, terms, termStride, right, panelWidth, target,
        targetStride, accumulating: accumulating)
    case 8:
      for column in stride(from: 0, to: panelWidth, by: 8) {
        accumulateEightRows(
          SIMD8<Scalar>.self, a, rowStride, terms, termStride, right + column, panelWidth,
          target + column, targetStride, accumulating: accumulating)
      }
    default:
      for column in stride(from: 0, to: panelWidth, by: 4) {
        accumulateEightRows(
          SIMD4<Scalar>.self, a, rowStride, terms, termStride, right + column, panelWidth,
          target + column, targetStride, accumulating: accumulating)
      }
    }
  }
}
