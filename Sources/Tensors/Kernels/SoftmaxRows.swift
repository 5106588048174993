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
    for row in block {
      let input = source.pointer + row * stride
      let output = target.pointer + row * stride
      let (largest, total) =
        stride == 16
        ? softmaxRowOf16(input, output, classes: classes)
        : softmaxRow(input, output, classes: classes, stride: stride)
      if let logarithms { logarithms.pointer[row] = largest + Scalar.logarithm(total) }
    }
  }
}

/// The row in one register: the usual case of up to 16 classes.
@inline(__always)
private func softmaxRowOf16<Scalar: TensorScalar>(
  _ input: UnsafePointer<Scalar>, _ output: UnsafeMutablePointer<Scalar>, classes: Int
) -> (largest: Scalar, total: Scalar) {
  let loaded = UnsafeRawPointer(input).loadUnaligned(as: SIMD16<Scalar>.self)
  let logits = Scalar.keeping(classes, of: loaded, filler: -.infinity)
  let largest = Scalar.largestLane(logits)
  // The padding is cleared even where the row is NaN: it takes no part in it.
  let terms = Scalar.keeping(
    classes, of: Scalar.exponential(logits - SIMD16(repeating: largest)), filler: 0)
  let total = sumOfLanes(terms)
  let result = Scalar.keeping(classes, of: terms * SIMD16(repeating: 1 / total), filler: 0)
  UnsafeMutableRawPointer(output).storeBytes(of: result, as: SIMD16<Scalar>.self)
  return (largest, total)
}

/// A row of any length, sixteen lanes at a time.
@inline(__always)
private func softmaxRow<Scalar: TensorScalar>(
  _ input: UnsafePointer<Scalar>, _ output: UnsafeMutablePointer<Scalar>, classes: Int, stride: Int
) -> (largest: Scalar, total: Scalar) {
  var largest = input[0]
  for k in 0..<classes where input[k] > largest { largest = input[k] }
  var total = Scalar(0)
  var first = 0
  while first < classes {
    let count = min(16, classes - first)
    var logits = SIMD16<Scalar>(repeating: -Scalar.infinity)
    if count == 16 {
      logits = UnsafeRawPointer(input + first).loadUnaligned(as: SIMD16<Scalar>.self)
    } else {
      for lane in 0..<count { logits[lane] = input[first + lane] }
    }
    var terms = Scalar.exponential(logits - SIMD16(repeating: largest))
    if count == 16 {
      UnsafeMutableRawPointer(output + first).storeBytes(of: terms, as: SIMD16<Scalar>.self)
    } else {
      for lane in 0..<count { output[first + lane] = terms[lane] }
      for lane in count..<16 { terms[lane] = 0 }
    }
    total += sumOfLanes(terms)
    first += 16
  }
  let reciprocal = 1 / total
  for k in 0..<classes { output[k] *= reciprocal }
  for k in classes..<stride { output[k] = 0 }
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
