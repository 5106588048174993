// Operations that need a lane mask, written for each scalar and not once in generic code: comparisons
// and selections of generic vectors, even where specialised, become loops over the lanes. Masks are
// made by integer arithmetic where that avoids a comparison, for the same reason.

extension Float {
  /// The largest lane, by halves.
  @inlinable @inline(__always)
  public static func largestLane(_ x: SIMD16<Float>) -> Float {
    let eight = x.lowHalf.replacing(with: x.highHalf, where: x.highHalf .> x.lowHalf)
    let four = eight.lowHalf.replacing(with: eight.highHalf, where: eight.highHalf .> eight.lowHalf)
    let two = four.lowHalf.replacing(with: four.highHalf, where: four.highHalf .> four.lowHalf)
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
  /// The largest lane, by halves.
  @inlinable @inline(__always)
  public static func largestLane(_ x: SIMD16<Double>) -> Double {
    let eight = x.lowHalf.replacing(with: x.highHalf, where: x.highHalf .> x.lowHalf)
    let four = eight.lowHalf.replacing(with: eight.highHalf, where: eight.highHalf .> eight.lowHalf)
    let two = four.lowHalf.replacing(with: four.highHalf, where: four.highHalf .> four.lowHalf)
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
