/// How far the vector hyperbolic tangent may be from the true value: this many units in the last
/// place of the result, over the whole range. Measured by the tests.
public let vectorHyperbolicTangentUlps = 4

/// The same for the vector logistic sigmoid.
public let vectorSigmoidUlps = 4

// tanh x = E / (E + 2) with E = exp(2 |x|) - 1 and the sign of x. With 2 |x| = n ln 2 + r as in the
// exponential, E = 2^n (exp(r) - 1) + (2^n - 1): near 0 this is exp(r) - 1 itself, by its Taylor
// polynomial, so that no digit is lost. Beyond the clamp the result rounds to 1.
//
// sigmoid x = 1 / (1 + exp(-x)), or exp(x) / (1 + exp(x)) where x is negative: from exp(-|x|), which
// does not overflow and keeps the small values of the negative side.
//
// Special values: NaN stays NaN; -0 stays -0 (tanh); infinities give the limits.

extension Float {
  /// The hyperbolic tangent of each lane: no branches.
  @inlinable @inline(__always)
  public static func hyperbolicTangent(_ x: SIMD16<Float>) -> SIMD16<Float> {
    let bits = unsafeBitCast(x, to: SIMD16<UInt32>.self)
    let sign = bits & SIMD16(repeating: 0x8000_0000)
    let magnitude = unsafeBitCast(bits ^ sign, to: SIMD16<Float>.self)
    let doubled = magnitude.clampedNumbers(0, 10) * 2
    let magic = SIMD16<Float>(repeating: 12_582_912)
    let shifted = magic.adding(productOf: doubled, SIMD16(repeating: 1.442_695_04))
    let n = shifted - magic
    var r = doubled.adding(productOf: n, SIMD16(repeating: -0.693_359_375))
    r = r.adding(productOf: n, SIMD16(repeating: 2.121_944_4e-4))
    var p = SIMD16<Float>(repeating: 1.0 / 40_320)
    p = SIMD16(repeating: 1.0 / 5040).adding(productOf: p, r)
    p = SIMD16(repeating: 1.0 / 720).adding(productOf: p, r)
    p = SIMD16(repeating: 1.0 / 120).adding(productOf: p, r)
    p = SIMD16(repeating: 1.0 / 24).adding(productOf: p, r)
    p = SIMD16(repeating: 1.0 / 6).adding(productOf: p, r)
    p = SIMD16(repeating: 0.5).adding(productOf: p, r)
    p = r.adding(productOf: p, r * r)
    let integer =
      unsafeBitCast(shifted, to: SIMD16<Int32>.self)
      &- unsafeBitCast(magic, to: SIMD16<Int32>.self)
    let power = unsafeBitCast(
      (integer &+ SIMD16(repeating: 127)) &<< 23, to: SIMD16<Float>.self)
    let e = (power - 1).adding(productOf: power, p)
    let result = e / (e + 2)
    return unsafeBitCast(
      unsafeBitCast(result, to: SIMD16<UInt32>.self) | sign, to: SIMD16<Float>.self)
  }

  /// 1 / (1 + exp(-x)) of each lane: no branches.
  @inlinable @inline(__always)
  public static func sigmoid(_ x: SIMD16<Float>) -> SIMD16<Float> {
    let sign = unsafeBitCast(x, to: SIMD16<UInt32>.self) | SIMD16(repeating: 0x8000_0000)
    let decay = exponential(unsafeBitCast(sign, to: SIMD16<Float>.self))
    let one = SIMD16<Float>(repeating: 1)
    return one.replacing(with: decay, in: x.signMask) / (one + decay)
  }

  /// max(0, x) of each lane; a NaN stays one.
  @inlinable @inline(__always)
  public static func rectified(_ x: SIMD16<Float>) -> SIMD16<Float> {
    unsafeBitCast((x.bits & ~x.signMask) | x.notANumberMask, to: SIMD16<Float>.self)
  }

  /// 1 in each lane that is positive, else 0.
  @inlinable @inline(__always)
  public static func positiveIndicator(_ x: SIMD16<Float>) -> SIMD16<Float> {
    SIMD16(repeating: 1).replacing(
      with: SIMD16(repeating: 0), in: x.signMask | x.zeroMask | x.notANumberMask)
  }

  /// a b + c in each lane.
  @inlinable @inline(__always)
  public static func multiplyAdd(
    _ a: SIMD16<Float>, _ b: SIMD16<Float>, _ c: SIMD16<Float>
  ) -> SIMD16<Float> {
    c.adding(productOf: a, b)
  }
}

extension Double {
  /// The hyperbolic tangent of each lane: no branches.
  @inlinable @inline(__always)
  public static func hyperbolicTangent(_ x: SIMD16<Double>) -> SIMD16<Double> {
    SIMD16(
      lowHalf: hyperbolicTangent(halfOf: x.lowHalf),
      highHalf: hyperbolicTangent(halfOf: x.highHalf))
  }

  @inlinable @inline(__always)
  static func hyperbolicTangent(halfOf x: SIMD8<Double>) -> SIMD8<Double> {
    let bits = unsafeBitCast(x, to: SIMD8<UInt64>.self)
    let sign = bits & SIMD8(repeating: 0x8000_0000_0000_0000)
    let magnitude = unsafeBitCast(bits ^ sign, to: SIMD8<Double>.self)
    let doubled = magnitude.clampedNumbers(0, 20) * 2
    let magic = SIMD8<Double>(repeating: 6_755_399_441_055_744)
    let shifted = magic.adding(productOf: doubled, SIMD8(repeating: 1.442_695_040_888_963_4))
    let n = shifted - magic
    var r = doubled.adding(productOf: n, SIMD8(repeating: -6.931_471_803_691_238_2e-1))
    r = r.adding(productOf: n, SIMD8(repeating: -1.908_214_929_270_587_7e-10))
    var p = SIMD8<Double>(repeating: 1.0 / 87_178_291_200)
    p = SIMD8(repeating: 1.0 / 6_227_020_800).adding(productOf: p, r)
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
    p = r.adding(productOf: p, r * r)
    let integer =
      unsafeBitCast(shifted, to: SIMD8<Int64>.self) &- unsafeBitCast(magic, to: SIMD8<Int64>.self)
    let power = unsafeBitCast(
      (integer &+ SIMD8(repeating: 1023)) &<< 52, to: SIMD8<Double>.self)
    let e = (power - 1).adding(productOf: power, p)
    let result = e / (e + 2)
    return unsafeBitCast(
      unsafeBitCast(result, to: SIMD8<UInt64>.self) | sign, to: SIMD8<Double>.self)
  }

  /// 1 / (1 + exp(-x)) of each lane: no branches.
  @inlinable @inline(__always)
  public static func sigmoid(_ x: SIMD16<Double>) -> SIMD16<Double> {
    SIMD16(lowHalf: sigmoid(halfOf: x.lowHalf), highHalf: sigmoid(halfOf: x.highHalf))
  }

  @inlinable @inline(__always)
  static func sigmoid(halfOf x: SIMD8<Double>) -> SIMD8<Double> {
    let sign = unsafeBitCast(x, to: SIMD8<UInt64>.self) | SIMD8(repeating: 0x8000_0000_0000_0000)
    let decay = exponential(halfOf: unsafeBitCast(sign, to: SIMD8<Double>.self))
    let one = SIMD8<Double>(repeating: 1)
    return one.replacing(with: decay, in: x.signMask) / (one + decay)
  }

  /// max(0, x) of each lane; a NaN stays one.
  @inlinable @inline(__always)
  public static func rectified(_ x: SIMD16<Double>) -> SIMD16<Double> {
    func half(_ x: SIMD8<Double>) -> SIMD8<Double> {
      unsafeBitCast((x.bits & ~x.signMask) | x.notANumberMask, to: SIMD8<Double>.self)
    }
    return SIMD16(lowHalf: half(x.lowHalf), highHalf: half(x.highHalf))
  }

  /// 1 in each lane that is positive, else 0.
  @inlinable @inline(__always)
  public static func positiveIndicator(_ x: SIMD16<Double>) -> SIMD16<Double> {
    func half(_ x: SIMD8<Double>) -> SIMD8<Double> {
      SIMD8(repeating: 1).replacing(
        with: SIMD8(repeating: 0), in: x.signMask | x.zeroMask | x.notANumberMask)
    }
    return SIMD16(lowHalf: half(x.lowHalf), highHalf: half(x.highHalf))
  }

  /// a b + c in each lane.
  @inlinable @inline(__always)
  public static func multiplyAdd(
    _ a: SIMD16<Double>, _ b: SIMD16<Double>, _ c: SIMD16<Double>
  ) -> SIMD16<Double> {
    c.adding(productOf: a, b)
  }
}
