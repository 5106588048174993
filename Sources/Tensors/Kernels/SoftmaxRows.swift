/// Writes the softmax of each row of logits: `P[i, k] = exp(Z[i, k] - max) / sum`, over the first
/// `classes` of `stride` scalars; the padding behind them becomes 0.
///
/// The largest logit of a row is subtracted first, so nothing overflows. A row with a NaN or with an
/// infinite largest logit becomes NaN; a logit of -infinity beside finite ones gets probability 0.
/// One pass, on ``Parallel/threads`` cores, the same bits for any number of them; O(rows stride).
///
/// - Parameters:
///   - logits: Z, `[rows, stride]`; what the padding holds does not matter.
///   - probabilities: P, `[rows, stride]`; may be the same memory as the logits.
///   - rows: the number of rows.
///   - classes: the number of logits in a row, at least 1.
///   - stride: scalars from one row to the next; fastest when it is 16 (see
///     ``FeatureMatrix/paddedColumnCount(_:)``) or another multiple.
///   - logSumExp: where to write `log(sum over k of exp(Z[i, k]))`, `[rows]`: the cross-entropy of
///     label k is this minus `Z[i, k]`.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
public func softmaxRows<Scalar: TensorScalar>(
  _ logits: UnsafePointer<Scalar>, into probabilities: UnsafeMutablePointer<Scalar>, rows: Int,
  classes: Int, stride: Int, logSumExp: UnsafeMutablePointer<Scalar>? = nil
) {
  precondition(
    classes > 0 && classes <= stride, "Softmax over \(classes) classes in rows of \(stride).")
  let source = SharedPointer(logits)
  let target = SharedMutablePointer(probabilities)
  let logarithms = logSumExp.map { SharedMutablePointer($0) }
  Parallel.forEachBlock(of: rows, blockSize: 256) { block in
    if stride == 16 {
      for row in block {
        let offset = row &* 16
        let (largest, total) = softmaxRow(
          source.pointer + offset, target.pointer + offset, classes: classes, stride: 16)
        if let logarithms { logarithms.pointer[row] = largest + Scalar.logarithm(total) }
      }
    } else {
      softmaxRowsThroughScratch(
        block, source.pointer, target.pointer, classes: classes, stride: stride,
        logSumExp: logarithms?.pointer)
    }
  }
}

/// Rows of any stride: each is copied to a place that holds whole registers, and back.
@inline(__always)
private func softmaxRowsThroughScratch<Scalar: TensorScalar>(
  _ rows: Range<Int>, _ logits: UnsafePointer<Scalar>,
  _ probabilities: UnsafeMutablePointer<Scalar>, classes: Int, stride: Int,
  logSumExp: UnsafeMutablePointer<Scalar>?
) {
  let padded = (stride + 15) / 16 * 16
  withUnsafeTemporaryAllocation(
    byteCount: padded * MemoryLayout<Scalar>.stride, alignment: 64
  ) { memory in
    guard let address = memory.baseAddress else { return }
    let scratch = address.bindMemory(to: Scalar.self, capacity: padded)
    scratch.initialize(repeating: 0, count: padded)
    for row in rows {
      scratch.update(from: logits + row * stride, count: classes)
      let (largest, total) = softmaxRow(scratch, scratch, classes: classes, stride: padded)
      (probabilities + row * stride).update(from: scratch, count: stride)
      if let logSumExp { logSumExp[row] = largest + Scalar.logarithm(total) }
    }
  }
}

/// One row, `stride` a multiple of 16. The padding is cleared last, also where the row is NaN: it
/// takes no part in it.
@inline(__always)
private func softmaxRow<Scalar: TensorScalar>(
  _ input: UnsafePointer<Scalar>, _ output: UnsafeMutablePointer<Scalar>, classes: Int, stride: Int
) -> (largest: Scalar, total: Scalar) {
  let width = MemoryLayout<SIMD16<Scalar>>.stride
  let blocks = stride / 16
  let source = UnsafeRawPointer(input)
  let target = UnsafeMutableRawPointer(output)
  // What is no number need not be noticed here: its own term makes the total, and so the row, no number.
  var candidates = Scalar.keeping(
    classes, of: source.loadUnaligned(as: SIMD16<Scalar>.self), filler: -.infinity)
  for block in 1..<max(1, blocks) {
    let logits = source.loadUnaligned(fromByteOffset: block &* width, as: SIMD16<Scalar>.self)
    candidates = Scalar.larger(
      candidates, Scalar.keeping(classes &- 16 &* block, of: logits, filler: -.infinity))
  }
  let largest = Scalar.largestLane(candidates)
  var sums = SIMD16<Scalar>()
  for block in 0..<blocks {
    let logits = source.loadUnaligned(fromByteOffset: block &* width, as: SIMD16<Scalar>.self)
    let terms = Scalar.keeping(
      classes &- 16 &* block, of: Scalar.exponential(logits - SIMD16(repeating: largest)), filler: 0
    )
    sums += terms
    target.storeBytes(of: terms, toByteOffset: block &* width, as: SIMD16<Scalar>.self)
  }
  let total = sumOfLanes(sums)
  let reciprocal = SIMD16(repeating: 1 / total)
  for block in 0..<blocks {
    let terms = target.loadUnaligned(fromByteOffset: block &* width, as: SIMD16<Scalar>.self)
    target.storeBytes(
      of: Scalar.keeping(classes &- 16 &* block, of: terms * reciprocal, filler: 0),
      toByteOffset: block &* width, as: SIMD16<Scalar>.self)
  }
  return (largest, total)
}

/// The sum of the lanes, by halves: a fixed order with four roundings.
@inline(__always)
func sumOfLanes<Scalar: TensorScalar>(_ vector: SIMD16<Scalar>) -> Scalar {
  let eight = vector.lowHalf + vector.highHalf
  let four = eight.lowHalf + eight.highHalf
  let two = four.lowHalf + four.highHalf
  return two[0] + two[1]
}
