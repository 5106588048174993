/// One pass over contiguous scalars: how it is cut into blocks, and when blocks go to several threads.
///
/// Everything that is not a matrix product, a convolution or a pooling is such a pass: elementwise
/// functions, sums, scaled sums of several points. Blocks depend on the number of scalars alone; a
/// reduction adds within a block in a fixed order and then the blocks in theirs. So no bit depends
/// on the number of threads, nor on whether there was a second one.
public enum VectorPass {
  /// The scalars of a block: 32 kB of Float, so that a pass of several operands stays in the
  /// second-level cache.
  public static let blockScalars = 1 << 13

  /// Below so many scalars a pass stays on the calling thread: waking a thread costs some tens of
  /// microseconds (``Parallel/forEach(_:_:)``), in which one core passes over about as many.
  public static let scalarsWorthThreads = 1 << 16

  /// Calls `body` with ranges that cover `0..<count`, on several threads if there are enough of them.
  public static func forEachBlock(of count: Int, _ body: @Sendable (Range<Int>) -> Void) {
    if count < scalarsWorthThreads {
      if count > 0 { body(0..<count) }
    } else {
      Parallel.forEachBlock(of: count, blockSize: blockScalars, body)
    }
  }

  /// The sum over blocks, in their order, of what `body` returns for each.
  ///
  /// The ranges are the same on one thread and on many.
  @inline(__always)
  static func sumOverBlocks<Scalar: TensorScalar>(
    of count: Int, _ body: @Sendable (Range<Int>) -> Scalar
  ) -> Scalar {
    let blocks = (count + blockScalars - 1) / blockScalars
    if blocks <= 1 { return count > 0 ? body(0..<count) : 0 }
    return withUnsafeTemporaryAllocation(of: Scalar.self, capacity: blocks) { partial in
      guard let first = partial.baseAddress else { return 0 }
      let sums = SharedMutablePointer(first)
      @Sendable func add(_ index: Int) {
        let start = index * blockScalars
        sums.pointer[index] = body(start..<min(count, start + blockScalars))
      }
      if count < scalarsWorthThreads {
        for index in 0..<blocks { add(index) }
      } else {
        Parallel.forEach(blocks) { add($0) }
      }
      var total = Scalar(0)
      for index in 0..<blocks { total += first[index] }
      return total
    }
  }
}

// MARK: - Registers

/// Writes `body` of each scalar of a range, sixteen at a time; the last ones in a register of their
/// own, so that a scalar's result does not depend on its place.
@inlinable @inline(__always)
public func mapLanes<Scalar: TensorScalar>(
  _ range: Range<Int>, _ source: UnsafePointer<Scalar>, into target: UnsafeMutablePointer<Scalar>,
  _ body: (SIMD16<Scalar>) -> SIMD16<Scalar>
) {
  var index = range.lowerBound
  while index &+ 16 <= range.upperBound {
    let lanes = UnsafeRawPointer(source + index).loadUnaligned(as: SIMD16<Scalar>.self)
    UnsafeMutableRawPointer(target + index).storeBytes(of: body(lanes), as: SIMD16<Scalar>.self)
    index &+= 16
  }
  if index < range.upperBound {
    storeLanes(
      body(loadLanes(source + index, count: range.upperBound &- index)), into: target + index,
      count: range.upperBound &- index)
  }
}

/// The first `count` (below 16) lanes from memory, zeros behind them.
@inlinable @inline(__always)
public func loadLanes<Scalar: TensorScalar>(
  _ source: UnsafePointer<Scalar>, count: Int
) -> SIMD16<Scalar> {
  var lanes = SIMD16<Scalar>(repeating: 0)
  withUnsafeMutableBytes(of: &lanes) { bytes in
    bytes.copyMemory(
      from: UnsafeRawBufferPointer(start: source, count: count &* MemoryLayout<Scalar>.stride))
  }
  return lanes
}

/// Writes the first `count` (below 16) lanes to memory.
@inlinable @inline(__always)
public func storeLanes<Scalar: TensorScalar>(
  _ lanes: SIMD16<Scalar>, into target: UnsafeMutablePointer<Scalar>, count: Int
) {
  withUnsafeBytes(of: lanes) { bytes in
    guard let start = bytes.baseAddress else { return }
    UnsafeMutableRawPointer(target).copyMemory(
      from: start, byteCount: count &* MemoryLayout<Scalar>.stride)
  }
}

/// The sum of `term` over a range, sixteen lanes at a time in four sums, so that additions do not wait
/// for one another; then by halves. Always in the same order.
///
/// - Parameter term: the sum of its second argument and the terms at the given position, either of
///   sixteen scalars from there or of the given number below sixteen (zeros behind them).
@inline(__always)
func reduceLanes<Scalar: TensorScalar>(
  _ range: Range<Int>, _ term: (Int, Int, SIMD16<Scalar>) -> SIMD16<Scalar>
) -> Scalar {
  var (first, second) = (SIMD16<Scalar>(repeating: 0), SIMD16<Scalar>(repeating: 0))
  var (third, fourth) = (first, second)
  var index = range.lowerBound
  while index &+ 64 <= range.upperBound {
    first = term(index, 16, first)
    second = term(index &+ 16, 16, second)
    third = term(index &+ 32, 16, third)
    fourth = term(index &+ 48, 16, fourth)
    index &+= 64
  }
  while index < range.upperBound {
    let count = min(16, range.upperBound &- index)
    first = term(index, count, first)
    index &+= count
  }
  return sumOfLanes((first + second) + (third + fourth))
}

/// Sixteen lanes from memory, or fewer with zeros behind them.
@inline(__always)
func lanes<Scalar: TensorScalar>(_ source: UnsafePointer<Scalar>, _ count: Int) -> SIMD16<Scalar> {
  count == 16
    ? UnsafeRawPointer(source).loadUnaligned(as: SIMD16<Scalar>.self)
    : loadLanes(source, count: count)
}

/// The sum of the scalars of a range.
@inline(__always)
func sumOfScalars<Scalar: TensorScalar>(
  _ range: Range<Int>, _ source: UnsafePointer<Scalar>
) -> Scalar {
  reduceLanes(range) { index, count, sum in sum + lanes(source + index, count) }
}

/// The inner product of two ranges, one rounding per term.
@inline(__always)
func dotOfScalars<Scalar: TensorScalar>(
  _ range: Range<Int>, _ left: UnsafePointer<Scalar>, _ right: UnsafePointer<Scalar>
) -> Scalar {
  reduceLanes(range) { index, count, sum in
    Scalar.multiplyAdd(lanes(left + index, count), lanes(right + index, count), sum)
  }
}
