/// Softmax over padded rows of 16-lane registers.

/// Writes the softmax of each row's first `classes` lanes to `target`, zero in the padding lanes.
///
/// Row i is read at `source + i sourceStride` and written at `target + i targetStride`; `width` is a
/// multiple of 16 not below `classes`. Source and target may be the same memory with equal strides.
/// Where `logSumExp` is given, it receives each row's log sum exp. Computed from the row's largest
/// logit, so nothing overflows; a NaN logit makes its row NaN.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
public func softmaxRows<Scalar: TensorScalar>(
  _ source: UnsafePointer<Scalar>, sourceStride: Int,
  into target: UnsafeMutablePointer<Scalar>, targetStride: Int, width: Int, classes: Int,
  rows: Int, logSumExp: UnsafeMutablePointer<Scalar>? = nil
) {
  precondition(
    width % 16 == 0 && classes > 0 && classes <= width,
    "Rows of \(width) lanes cannot hold \(classes) classes in whole registers.")
  let isPadding = SIMD16<Scalar>(lanesFrom: width - 16) .>= Scalar(classes)
  let registers = width / 16
  for row in 0..<rows {
    let input = UnsafeRawPointer(source + row * sourceStride)
    let output = UnsafeMutableRawPointer(target + row * targetStride)
    let size = MemoryLayout<SIMD16<Scalar>>.stride
    func logits(_ register: Int) -> SIMD16<Scalar> {
      var z = (input + register * size).loadUnaligned(as: SIMD16<Scalar>.self)
      if register == registers - 1 { z.replace(with: -.infinity, where: isPadding) }
      return z
    }
    var largest = logits(0)
    for register in 1..<max(1, registers) {
      let next = logits(register)
      largest.replace(with: next, where: largest .< next)
    }
    let maximum = largest.largestLane
    var total = SIMD16<Scalar>()
    for register in 0..<registers {
      let e = Scalar.exponential(logits(register) - maximum)
      total += e
      (output + register * size).storeBytes(of: e, as: SIMD16<Scalar>.self)
    }
    let sum = total.sumOfLanes
    let scale = 1 / sum
    for register in 0..<registers {
      let e = (output + register * size).loadUnaligned(as: SIMD16<Scalar>.self)
      (output + register * size).storeBytes(of: e * scale, as: SIMD16<Scalar>.self)
    }
    if let logSumExp { logSumExp[row] = maximum + Scalar.logarithm(sum) }
  }
}

extension SIMD16 where Scalar: TensorScalar {
  /// start, start + 1, ..., start + 15.
  @inline(__always)
  init(lanesFrom start: Int) {
    self.init()
    for lane in 0..<16 { self[lane] = Scalar(start + lane) }
  }

  /// The largest lane, by halves: `SIMD.max()` compiles to a chain of scalar comparisons. A NaN may
  /// or may not win; callers whose rows hold one get NaN through the exponentials anyway.
  @inlinable @inline(__always)
  package var largestLane: Scalar {
    var eight = lowHalf
    eight.replace(with: highHalf, where: eight .< highHalf)
    var four = eight.lowHalf
    four.replace(with: eight.highHalf, where: four .< eight.highHalf)
    var two = four.lowHalf
    two.replace(with: four.highHalf, where: two .< four.highHalf)
    return two[0] < two[1] ? two[1] : two[0]
  }

  /// The sum of the lanes, by halves: always in the same order.
  @inlinable @inline(__always)
  package var sumOfLanes: Scalar {
    let eight = lowHalf + highHalf
    let four = eight.lowHalf + eight.highHalf
    let two = four.lowHalf + four.highHalf
    return two[0] + two[1]
  }
}
