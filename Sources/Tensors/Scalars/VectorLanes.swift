// Operations that need a lane mask or look across lanes, written for each scalar and not once in generic
// code, which is compiled to loops over the lanes even where specialised; without comparisons, for the
// reason that VectorMasks.swift gives.

extension Float {
  /// The largest lane, by halves; what is no number is passed over where there is a number.
  @inlinable @inline(__always)
  public static func largestLane(_ x: SIMD16<Float>) -> Float {
    let eight = pointwiseMax(x.lowHalf, x.highHalf)
    let four = pointwiseMax(eight.lowHalf, eight.highHalf)
    let two = pointwiseMax(four.lowHalf, four.highHalf)
    return two[1] > two[0] ? two[1] : two[0]
  }

  /// The first `count` lanes of `x`, and `filler` in the lanes behind them.
  @inlinable @inline(__always)
  public static func keeping(
    _ count: Int, of x: SIMD16<Float>, filler: Float
  ) -> SIMD16<Float> {
    let numbers = SIMD16<Int32>(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
    // The sign of (lane - count), spread over all bits: ones in the lanes that are kept.
    let kept = (numbers &- SIMD16(repeating: Int32(min(count, 16)))) &>> 31
    let bits = unsafeBitCast(x, to: SIMD16<Int32>.self) & kept
    let fillerBits = SIMD16(repeating: Int32(bitPattern: filler.bitPattern)) & ~kept
    return unsafeBitCast(bits | fillerBits, to: SIMD16<Float>.self)
  }
}

extension Double {
  /// The largest lane, by halves; what is no number is passed over where there is a number.
  @inlinable @inline(__always)
  public static func largestLane(_ x: SIMD16<Double>) -> Double {
    let eight = pointwiseMax(x.lowHalf, x.highHalf)
    let four = pointwiseMax(eight.lowHalf, eight.highHalf)
    let two = pointwiseMax(four.lowHalf, four.highHalf)
    return two[1] > two[0] ? two[1] : two[0]
  }

  /// The first `count` lanes of `x`, and `filler` in the lanes behind them.
  @inlinable @inline(__always)
  public static func keeping(
    _ count: Int, of x: SIMD16<Double>, filler: Double
  ) -> SIMD16<Double> {
    let numbers = SIMD16<Int64>(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
    // The sign of (lane - count), spread over all bits: ones in the lanes that are kept.
    let kept = (numbers &- SIMD16(repeating: Int64(min(count, 16)))) &>> 63
    let bits = unsafeBitCast(x, to: SIMD16<Int64>.self) & kept
    let fillerBits = SIMD16(repeating: Int64(bitPattern: filler.bitPattern)) & ~kept
    return unsafeBitCast(bits | fillerBits, to: SIMD16<Double>.self)
  }
}
