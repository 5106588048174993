// Operations that need a lane mask or look across lanes, written for each scalar and not once in generic
// code, which is compiled to loops over the lanes even where specialised; without comparisons, for the
// reason that VectorMasks.swift gives.

import CInstructions

extension Float {
  /// The largest lane, by halves; -infinity where no lane is a number.
  @inlinable @inline(__always)
  public static func largestLane(_ x: SIMD16<Float>) -> Float {
    let numbers = x.replacing(with: SIMD16(repeating: -.infinity), in: x.notANumberMask)
    let eight = larger(numbers.lowHalf, numbers.highHalf)
    let four = larger(eight.lowHalf, eight.highHalf)
    let two = larger(four.lowHalf, four.highHalf)
    return two[1] > two[0] ? two[1] : two[0]
  }

  /// Writes the sums of the lanes of twenty vectors: see ``TensorScalar``.
  @inline(__always)
  public static func storeLaneSums(
    ofFourByFive vectors: UnsafePointer<SIMD16<Float>>, into target: UnsafeMutablePointer<Float>,
    stride: Int
  ) {
    float_store_lane_sums(
      UnsafeRawPointer(vectors).assumingMemoryBound(to: Float.self), target, stride)
  }

  /// The larger of two lanes each; which one, where either is no number, is not said.
  @inlinable @inline(__always)
  public static func larger(_ a: SIMD16<Float>, _ b: SIMD16<Float>) -> SIMD16<Float> {
    a.replacing(with: b, in: (a - b).signMask)
  }

  // The difference of two equal infinities is no number, and either of them is the larger one.

  @inlinable @inline(__always)
  static func larger(_ a: SIMD8<Float>, _ b: SIMD8<Float>) -> SIMD8<Float> {
    typealias Bits = SIMD8<Int32>
    let second = unsafeBitCast(a - b, to: Bits.self) &>> 31
    let bits =
      (unsafeBitCast(b, to: Bits.self) & second) | (unsafeBitCast(a, to: Bits.self) & ~second)
    return unsafeBitCast(bits, to: SIMD8<Float>.self)
  }

  @inlinable @inline(__always)
  static func larger(_ a: SIMD4<Float>, _ b: SIMD4<Float>) -> SIMD4<Float> {
    typealias Bits = SIMD4<Int32>
    let second = unsafeBitCast(a - b, to: Bits.self) &>> 31
    let bits =
      (unsafeBitCast(b, to: Bits.self) & second) | (unsafeBitCast(a, to: Bits.self) & ~second)
    return unsafeBitCast(bits, to: SIMD4<Float>.self)
  }

  @inlinable @inline(__always)
  static func larger(_ a: SIMD2<Float>, _ b: SIMD2<Float>) -> SIMD2<Float> {
    SIMD2(a.x > b.x ? a.x : b.x, a.y > b.y ? a.y : b.y)
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
  /// The largest lane, by halves; -infinity where no lane is a number.
  @inlinable @inline(__always)
  public static func largestLane(_ x: SIMD16<Double>) -> Double {
    let eight = larger(numbers(x.lowHalf), numbers(x.highHalf))
    let four = larger(eight.lowHalf, eight.highHalf)
    let two = SIMD2(
      four.x > four.z ? four.x : four.z, four.y > four.w ? four.y : four.w)
    return two[1] > two[0] ? two[1] : two[0]
  }

  /// Writes the sums of the lanes of twenty vectors: see ``TensorScalar``.
  @inline(__always)
  public static func storeLaneSums(
    ofFourByFive vectors: UnsafePointer<SIMD16<Double>>, into target: UnsafeMutablePointer<Double>,
    stride: Int
  ) {
    double_store_lane_sums(
      UnsafeRawPointer(vectors).assumingMemoryBound(to: Double.self), target, stride)
  }

  /// The larger of two lanes each; which one, where either is no number, is not said.
  @inlinable @inline(__always)
  public static func larger(_ a: SIMD16<Double>, _ b: SIMD16<Double>) -> SIMD16<Double> {
    SIMD16(
      lowHalf: larger(a.lowHalf, b.lowHalf), highHalf: larger(a.highHalf, b.highHalf))
  }

  @inlinable @inline(__always)
  static func numbers(_ x: SIMD8<Double>) -> SIMD8<Double> {
    x.replacing(with: SIMD8(repeating: -.infinity), in: x.notANumberMask)
  }

  @inlinable @inline(__always)
  static func larger(_ a: SIMD8<Double>, _ b: SIMD8<Double>) -> SIMD8<Double> {
    a.replacing(with: b, in: (a - b).signMask)
  }

  @inlinable @inline(__always)
  static func larger(_ a: SIMD4<Double>, _ b: SIMD4<Double>) -> SIMD4<Double> {
    typealias Bits = SIMD4<Int64>
    let second = unsafeBitCast(a - b, to: Bits.self) &>> 63
    let bits =
      (unsafeBitCast(b, to: Bits.self) & second) | (unsafeBitCast(a, to: Bits.self) & ~second)
    return unsafeBitCast(bits, to: SIMD4<Double>.self)
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
