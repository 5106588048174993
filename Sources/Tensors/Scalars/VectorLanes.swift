// Operations that need a lane mask. They are written for each scalar, and not once in generic code,
// because the compiler turns comparisons and selections of concrete vectors into single instructions
// and those of generic ones, even where specialised, into loops over the lanes.

extension Float {
  /// The largest lane, by halves.
  @inlinable
  public static func largestLane(_ x: SIMD16<Float>) -> Float {
    let eight = x.lowHalf.replacing(with: x.highHalf, where: x.highHalf .> x.lowHalf)
    let four = eight.lowHalf.replacing(with: eight.highHalf, where: eight.highHalf .> eight.lowHalf)
    let two = four.lowHalf.replacing(with: four.highHalf, where: four.highHalf .> four.lowHalf)
    return two[1] > two[0] ? two[1] : two[0]
  }

  /// The first `count` lanes of `x`, and `filler` in the lanes behind them.
  @inlinable
  public static func keeping(
    _ count: Int, of x: SIMD16<Float>, filler: Float
  ) -> SIMD16<Float> {
    let numbers = SIMD16<Float>(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
    let behind = numbers .>= SIMD16(repeating: Float(count))
    return x.replacing(with: SIMD16(repeating: filler), where: behind)
  }
}

extension Double {
  /// The largest lane, by halves.
  @inlinable
  public static func largestLane(_ x: SIMD16<Double>) -> Double {
    let eight = x.lowHalf.replacing(with: x.highHalf, where: x.highHalf .> x.lowHalf)
    let four = eight.lowHalf.replacing(with: eight.highHalf, where: eight.highHalf .> eight.lowHalf)
    let two = four.lowHalf.replacing(with: four.highHalf, where: four.highHalf .> four.lowHalf)
    return two[1] > two[0] ? two[1] : two[0]
  }

  /// The first `count` lanes of `x`, and `filler` in the lanes behind them.
  @inlinable
  public static func keeping(
    _ count: Int, of x: SIMD16<Double>, filler: Double
  ) -> SIMD16<Double> {
    let numbers = SIMD16<Double>(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
    let behind = numbers .>= SIMD16(repeating: Double(count))
    return x.replacing(with: SIMD16(repeating: filler), where: behind)
  }
}
