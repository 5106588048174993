/// How far the vector exponential may be from the true value: this many units in the last place of
/// the result, over the whole range, subnormal results included. Measured by the tests.
public let vectorExponentialUlps = 2

// Both follow the same steps: exp(x) = 2^n exp(r) with n the integer nearest to x / ln 2 and
// |r| <= ln 2 / 2 + a little; exp(r) by its Taylor polynomial, whose first neglected term is below a
// tenth of a unit in the last place; 2^n in two factors, so that results down to the smallest
// subnormal number, and up to infinity, are rounded once.
//
// Special values: NaN stays NaN (it passes the clamping and all arithmetic), -infinity gives 0, +infinity gives +infinity.

extension Float {
  /// e raised to each lane: a degree-7 polynomial, fused multiply-adds, no branches.
  @inlinable @inline(__always)
  public static func exponential(_ x: SIMD16<Float>) -> SIMD16<Float> {
    // Beyond these the result is 0 or infinite anyway, and n stays small enough for two factors.
    let clamped = x.clampedNumbers(-104, 89)
    // Adding 1.5 * 2^23 rounds to the nearest integer and leaves it in the low bits.
    let magic = SIMD16<Float>(repeating: 12_582_912)
    let shifted = magic.adding(productOf: clamped, SIMD16(repeating: 1.442_695_04))
    let n = shifted - magic
    // ln 2 in two parts; the first has few enough bits that n times it is exact.
    var r = clamped.adding(productOf: n, SIMD16(repeating: -0.693_359_375))
    r = r.adding(productOf: n, SIMD16(repeating: 2.121_944_4e-4))
    var p = SIMD16<Float>(repeating: 1.0 / 5040)
    p = SIMD16(repeating: 1.0 / 720).adding(productOf: p, r)
    p = SIMD16(repeating: 1.0 / 120).adding(productOf: p, r)
    p = SIMD16(repeating: 1.0 / 24).adding(productOf: p, r)
    p = SIMD16(repeating: 1.0 / 6).adding(productOf: p, r)
    p = SIMD16(repeating: 0.5).adding(productOf: p, r)
    p = SIMD16(repeating: 1).adding(productOf: p, r)
    p = SIMD16(repeating: 1).adding(productOf: p, r)
    let integer =
      unsafeBitCast(shifted, to: SIMD16<Int32>.self)
      &- unsafeBitCast(magic, to: SIMD16<Int32>.self)
    let half = integer &>> 1
    let rest = integer &- half
    let bias = SIMD16<Int32>(repeating: 127)
    let firstFactor = unsafeBitCast((half &+ bias) &<< 23, to: SIMD16<Float>.self)
    let secondFactor = unsafeBitCast((rest &+ bias) &<< 23, to: SIMD16<Float>.self)
    return p * firstFactor * secondFactor
  }
}

extension Double {
  /// e raised to each lane: a degree-13 polynomial, fused multiply-adds, no branches.
  @inlinable @inline(__always)
  public static func exponential(_ x: SIMD16<Double>) -> SIMD16<Double> {
    SIMD16(
      lowHalf: exponential(halfOf: x.lowHalf), highHalf: exponential(halfOf: x.highHalf))
  }

  @inlinable @inline(__always)
  static func exponential(halfOf x: SIMD8<Double>) -> SIMD8<Double> {
    let clamped = x.clampedNumbers(-746, 710)
    // Adding 1.5 * 2^52 rounds to the nearest integer and leaves it in the low bits.
    let magic = SIMD8<Double>(repeating: 6_755_399_441_055_744)
    let shifted = magic.adding(productOf: clamped, SIMD8(repeating: 1.442_695_040_888_963_4))
    let n = shifted - magic
    var r = clamped.adding(productOf: n, SIMD8(repeating: -6.931_471_803_691_238_2e-1))
    r = r.adding(productOf: n, SIMD8(repeating: -1.908_214_929_270_587_7e-10))
    var p = SIMD8<Double>(repeating: 1.0 / 6_227_020_800)
    p = SIMD8(repeating: 1.0 / 479_001_600).adding(productOf: p, r)
    p = SIMD8(repeating: 1.0 / 39_916_800).adding(productOf: p, r)
    p = SIMD8(repeating: 1.0 / 3_628_800).adding(productOf: p, r)
    p = SIMD8(repeating: 1.0 / 362_880).adding(productOf: p, r)
    p = SIMD8(repeating: 1.0 / 40_320).adding(productOf: p, r)
    p = SIMD8(repeating: 1.0 / 5040).adding(productOf: p, r)
    p = SIMD8(repeating: 1.0 / 720).adding(productOf: p, r)
    p = SIMD8(repeating: 1.0 / 120).adding(productOf: p, r)
    p = SIMD8(repeating: 1.0 / 24).adding(productOf: p, r)
    p = SIMD8(repeating: 1.0 / 6).adding(productOf: p, r)
    p = SIMD8(repeating: 0.5).adding(productOf: p, r)
    p = SIMD8(repeating: 1).adding(productOf: p, r)
    p = SIMD8(repeating: 1).adding(productOf: p, r)
    let integer =
      unsafeBitCast(shifted, to: SIMD8<Int64>.self) &- unsafeBitCast(magic, to: SIMD8<Int64>.self)
    let half = integer &>> 1
    let rest = integer &- half
    let bias = SIMD8<Int64>(repeating: 1023)
    let firstFactor = unsafeBitCast((half &+ bias) &<< 52, to: SIMD8<Double>.self)
    let secondFactor = unsafeBitCast((rest &+ bias) &<< 52, to: SIMD8<Double>.self)
    return p * firstFactor * secondFactor
  }
}
