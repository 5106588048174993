/// Reductions, in a fixed order, and their dual, broadcasting.
///
/// Both see a tensor as `[outer, axis, inner]`; several axes are reduced one after another. The order
/// of additions depends on the shape alone, never on the number of threads (``VectorPass``).
extension Tensor {
  /// The sum of all scalars: blocks of ``VectorPass/blockScalars`` in sixteen lanes, then the blocks
  /// in their order. O(count).
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func sum() -> Scalar {
    scalars.withUnsafeBufferPointer { source in
      guard let source = source.baseAddress else { return 0 }
      let shared = SharedPointer(source)
      return VectorPass.sumOverBlocks(of: count) { sumOfScalars($0, shared.pointer) }
    }
  }

  /// The inner product with a tensor of equal shape, in the order of ``sum()``. O(count).
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func dot(_ other: Tensor) -> Scalar {
    precondition(shape == other.shape, "Shapes \(shape) and \(other.shape) differ.")
    return scalars.withUnsafeBufferPointer { left in
      other.scalars.withUnsafeBufferPointer { right in
        guard let left = left.baseAddress, let right = right.baseAddress else { return 0 }
        let (first, second) = (SharedPointer(left), SharedPointer(right))
        return VectorPass.sumOverBlocks(of: count) {
          dotOfScalars($0, first.pointer, second.pointer)
        }
      }
    }
  }

  /// The sum over one axis, which disappears from the shape. O(count).
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func sum(alongAxis axis: Int) -> Tensor {
    let (outer, extent, inner) = split(at: axis)
    var reduced = shape
    reduced.remove(at: axis)
    if outer == 1, inner == 1 { return Tensor(shape: reduced, scalars: [sum()]) }
    return Tensor(shape: reduced) { result in
      scalars.withUnsafeBufferPointer { source in
        guard let source = source.baseAddress, let result = result.baseAddress else { return }
        let (from, to) = (SharedPointer(source), SharedMutablePointer(result))
        if inner == 1 {
          forEachRow(of: outer, scalarsPerRow: extent) { row in
            let start = row * extent
            to.pointer[row] = sumOfScalars(start..<start + extent, from.pointer)
          }
        } else {
          // Columns are dealt out, too: a sum over the rows of a tall matrix has no outer axis.
          let width = 64
          let slices = (inner + width - 1) / width
          forEachRow(of: outer * slices, scalarsPerRow: extent * min(width, inner)) { task in
            let (o, slice) = (task / slices, task % slices)
            let columns = slice * width..<min(inner, (slice + 1) * width)
            let target = to.pointer + o * inner
            for i in columns { target[i] = 0 }
            for a in 0..<extent {
              let line = from.pointer + (o * extent + a) * inner
              for i in columns { target[i] += line[i] }
            }
          }
        }
      }
    }
  }

  /// Copies of this tensor along a new axis of the given extent: the dual of the sum along it.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func repeated(_ extent: Int, alongNewAxis axis: Int) -> Tensor {
    precondition((0...rank).contains(axis), "No new axis \(axis) in shape \(shape).")
    var expanded = shape
    expanded.insert(extent, at: axis)
    let outer = shape[..<axis].reduce(1, *)
    let inner = shape[axis...].reduce(1, *)
    return Tensor(shape: expanded) { result in
      scalars.withUnsafeBufferPointer { source in
        guard let source = source.baseAddress, let result = result.baseAddress else { return }
        let (from, to) = (SharedPointer(source), SharedMutablePointer(result))
        if inner == 1 {
          forEachRow(of: outer, scalarsPerRow: extent) { row in
            (to.pointer + row * extent).update(repeating: from.pointer[row], count: extent)
          }
        } else {
          forEachRow(of: outer * extent, scalarsPerRow: inner) { row in
            (to.pointer + row * inner).update(
              from: from.pointer + row / extent * inner, count: inner)
          }
        }
      }
    }
  }

  /// The largest scalar along the last axis, for each of the other indices. O(count).
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func maximumAlongLastAxis() -> Tensor {
    precondition(rank > 0 && shape[rank - 1] > 0, "No maximum along the last axis of \(shape).")
    let extent = shape[rank - 1]
    return Tensor(shape: Array(shape.dropLast())) { result in
      scalars.withUnsafeBufferPointer { source in
        guard let source = source.baseAddress, let start = result.baseAddress else { return }
        let (from, to) = (SharedPointer(source), SharedMutablePointer(start))
        forEachRow(of: result.count, scalarsPerRow: extent) { row in
          let line = from.pointer + row * extent
          var largest = line[0]
          var index = 1
          // A NaN is the largest of all, and stays so.
          while index < extent, !largest.isNaN {
            if !(line[index] <= largest) { largest = line[index] }
            index += 1
          }
          to.pointer[row] = largest
        }
      }
    }
  }

  /// Whether every scalar is finite. O(count).
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func hasOnlyFiniteScalars() -> Bool {
    // 0 times a scalar is 0 where it is finite, else NaN, which no sum loses.
    scalars.withUnsafeBufferPointer { source in
      guard let source = source.baseAddress else { return true }
      let shared = SharedPointer(source)
      let zero = VectorPass.sumOverBlocks(of: count) { range in
        reduceLanes(range) { index, count, sum in
          Scalar.multiplyAdd(
            lanes(shared.pointer + index, count), SIMD16(repeating: 0), sum)
        }
      }
      return zero == 0
    }
  }

  /// Calls `body` for every row on several threads if the rows together are worth it.
  @inline(__always)
  private func forEachRow(
    of rows: Int, scalarsPerRow: Int, _ body: @Sendable (Int) -> Void
  ) {
    guard rows * max(1, scalarsPerRow) >= VectorPass.scalarsWorthThreads else {
      for row in 0..<rows { body(row) }
      return
    }
    let block = max(1, VectorPass.blockScalars / max(1, scalarsPerRow))
    Parallel.forEachBlock(of: rows, blockSize: block) { range in
      for row in range { body(row) }
    }
  }

  /// The position of the largest scalar in each row of a tensor of shape `[rows, columns]`.
  public func argumentsOfRowMaxima() -> [Int] {
    precondition(rank == 2 && shape[1] > 0, "No row maxima in shape \(shape).")
    let columns = shape[1]
    return scalars.withUnsafeBufferPointer { source in
      (0..<shape[0]).map { row in
        var best = 0
        for column in stride(from: 1, to: columns, by: 1)
        where source[row * columns + column] > source[row * columns + best] {
          best = column
        }
        return best
      }
    }
  }

  private func split(at axis: Int) -> (outer: Int, extent: Int, inner: Int) {
    precondition((0..<rank).contains(axis), "No axis \(axis) in shape \(shape).")
    return (shape[..<axis].reduce(1, *), shape[axis], shape[(axis + 1)...].reduce(1, *))
  }
}
