/// How far the vector logarithm may be from the true value: this many units in the last place of
/// the result, over the whole range, subnormal arguments included. Measured by the tests.
public let vectorLogarithmUlps = 2

// Both follow the same steps: x = 2^e m with m between sqrt(1/2) and sqrt(2); with f = m - 1 (exact)
// and s = f / (2 + f), log m = 2 artanh s = f - (f^2/2 - s (f^2/2 + R)), R = 2 s^2 (1/3 + s^2/5 + ...)
// by its Taylor series, whose first neglected term is below a tenth of a unit in the last place; then
// e ln 2 in two parts, the first of which e times is exact.
//
// Special values: 0 gives -infinity, a negative number or NaN gives NaN, +infinity gives +infinity.

extension Float {
  /// The natural logarithm of each lane: no branches.
  @inlinable @inline(__always)
  public static func logarithm(_ x: SIMD16<Float>) -> SIMD16<Float> {
    // A subnormal argument is made normal by 2^23 first.
    let isSmall = (x.bits &- SIMD16<Int32>(repeating: 0x0080_0000)) &>> 31
    let normal = x.replacing(with: x * 8_388_608, in: isSmall)
    let bits = unsafeBitCast(normal, to: SIMD16<Int32>.self)
    // The bits of sqrt(1/2): above them the exponent counts up.
    let offset = SIMD16<Int32>(repeating: 0x3F35_04F3)
    let exponent = (bits &- offset) &>> 23
    let m = unsafeBitCast(bits &- (exponent &<< 23), to: SIMD16<Float>.self)
    let e = SIMD16<Float>(exponent &+ (isSmall & SIMD16(repeating: -23)))
    let f = m - 1
    let s = f / (f + 2)
    let z = s * s
    var r = SIMD16<Float>(repeating: 2.0 / 11)
    r = SIMD16(repeating: 2.0 / 9).adding(productOf: r, z)
    r = SIMD16(repeating: 2.0 / 7).adding(productOf: r, z)
    r = SIMD16(repeating: 2.0 / 5).adding(productOf: r, z)
    r = SIMD16(repeating: 2.0 / 3).adding(productOf: r, z)
    r = r * z
    let half = f * f * 0.5
    let low = (e * -2.121_944_4e-4).adding(productOf: s, half + r)
    var result = (e * 0.693_359_375) - ((half - low) - f)
    // Infinity itself, and what is no number: all bits at least those of infinity.
    let isFinite = (x.bits &- SIMD16<Int32>(repeating: 0x7F80_0000)) &>> 31
    result = x.replacing(with: result, in: isFinite)
    result = result.replacing(with: SIMD16(repeating: Float.nan), in: x.signMask)
    return result.replacing(with: SIMD16(repeating: -Float.infinity), in: x.zeroMask)
  }
}

extension Double {
  /// The natural logarithm of each lane: no branches.
  @inlinable @inline(__always)
  public static func logarithm(_ x: SIMD16<Double>) -> SIMD16<Double> {
    SIMD16(lowHalf: logarithm(halfOf: x.lowHalf), highHalf: logarithm(halfOf: x.highHalf))
  }

  @inlinable @inline(__always)
  static func logarithm(halfOf x: SIMD8<Double>) -> SIMD8<Double> {
    // A subnormal argument is made normal by 2^52 first.
    let isSmall = (x.bits &- SIMD8<Int64>(repeating: 0x0010_0000_0000_0000)) &>> 63
    let normal = x.replacing(with: x * 4_503_599_627_370_496, in: isSmall)
    let bits = unsafeBitCast(normal, to: SIMD8<Int64>.self)
    // The bits of sqrt(1/2): above them the exponent counts up.
    let offset = SIMD8<Int64>(repeating: 0x3FE6_A09E_667F_3BCD)
    let exponent = (bits &- offset) &>> 52
    let m = unsafeBitCast(bits &- (exponent &<< 52), to: SIMD8<Double>.self)
    let e = SIMD8<Double>(exponent &+ (isSmall & SIMD8(repeating: -52)))
    let f = m - 1
    let s = f / (f + 2)
    let z = s * s
    var r = SIMD8<Double>(repeating: 2.0 / 23)
    r = SIMD8(repeating: 2.0 / 21).adding(productOf: r, z)
    r = SIMD8(repeating: 2.0 / 19).adding(productOf: r, z)
    r = SIMD8(repeating: 2.0 / 17).adding(productOf: r, z)
    r = SIMD8(repeating: 2.0 / 15).adding(productOf: r, z)
    r = SIMD8(repeating: 2.0 / 13).adding(productOf: r, z)
    r = SIMD8(repeating: 2.0 / 11).adding(productOf: r, z)
    r = SIMD8(repeating: 2.0 / 9).adding(productOf: r, z)
    r = SIMD8(repeating: 2.0 / 7).adding(productOf: r, z)
    r = SIMD8(repeating: 2.0 / 5).adding(productOf: r, z)
    r = SIMD8(repeating: 2.0 / 3).adding(productOf: r, z)
    r = r * z
    let half = f * f * 0.5
    let low = (e * 1.908_214_929_270_587_7e-10).adding(productOf: s, half + r)
    var result = (e * 6.931_471_803_691_238_2e-1) - ((half - low) - f)
    // Infinity itself, and what is no number: all bits at least those of infinity.
    let isFinite = (x.bits &- SIMD8<Int64>(repeating: 0x7FF0_0000_0000_0000)) &>> 63
    result = x.replacing(with: result, in: isFinite)
    result = result.replacing(with: SIMD8(repeating: Double.nan), in: x.signMask)
    return result.replacing(with: SIMD8(repeating: -Double.infinity), in: x.zeroMask)
  }
}
