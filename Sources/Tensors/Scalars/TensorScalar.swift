import Foundation

/// A scalar that tensors can hold: `Float` for runs, `Double` for proofs.
///
/// The law: every requirement is the IEEE operation of the same name, rounded to the type. Integers
/// do not conform (they have no `exp`), and `Float16` does not (sums of thousands of terms, which
/// every objective here is, lose their meaning at 11 bits).
///
/// The requirements below are all that generic code needs beyond the standard library.
public protocol TensorScalar: BinaryFloatingPoint, SIMDScalar, Sendable, Codable
where RawSignificand: FixedWidthInteger {
  /// e raised to `x`.
  static func exponential(_ x: Self) -> Self
  /// The natural logarithm of `x`.
  static func logarithm(_ x: Self) -> Self
  /// The hyperbolic tangent of `x`.
  static func hyperbolicTangent(_ x: Self) -> Self
  /// The sine of `x` (radians).
  static func sine(_ x: Self) -> Self
  /// The cosine of `x` (radians).
  static func cosine(_ x: Self) -> Self
  /// e raised to each lane, within ``vectorExponentialUlps`` units in the last place.
  static func exponential(_ x: SIMD16<Self>) -> SIMD16<Self>
  /// The natural logarithm of each lane, within ``vectorLogarithmUlps`` units in the last place.
  static func logarithm(_ x: SIMD16<Self>) -> SIMD16<Self>
  /// The hyperbolic tangent of each lane, within ``vectorHyperbolicTangentUlps`` units in the last
  /// place.
  static func hyperbolicTangent(_ x: SIMD16<Self>) -> SIMD16<Self>
  /// 1 / (1 + exp(-x)) of each lane, within ``vectorSigmoidUlps`` units in the last place.
  static func sigmoid(_ x: SIMD16<Self>) -> SIMD16<Self>
  /// max(0, x) of each lane; a NaN stays one.
  static func rectified(_ x: SIMD16<Self>) -> SIMD16<Self>
  /// 1 in each lane that is positive, else 0.
  static func positiveIndicator(_ x: SIMD16<Self>) -> SIMD16<Self>
  /// a b + c in each lane. A requirement and not the standard library's generic
  /// method, because that one is a loop over the lanes wherever the scalar is generic.
  static func multiplyAdd(
    _ a: SIMD16<Self>, _ b: SIMD16<Self>, _ c: SIMD16<Self>
  ) -> SIMD16<Self>
  /// The largest of the lanes that are numbers; -infinity where none is.
  static func largestLane(_ x: SIMD16<Self>) -> Self
  /// Writes the sums of the lanes of twenty vectors, that of vector 4 c + r to `target[r * stride + c]`,
  /// each by halves: lanes i and i + 8, of these i and i + 4, then i + 2, then the last two.
  static func storeLaneSums(
    ofFourByFive vectors: UnsafePointer<SIMD16<Self>>, into target: UnsafeMutablePointer<Self>,
    stride: Int)
  /// The larger of two lanes each; which one, where either is no number, is not said.
  static func larger(_ a: SIMD16<Self>, _ b: SIMD16<Self>) -> SIMD16<Self>
  /// The first `count` lanes of `x`, and `filler` in the lanes behind them.
  static func keeping(_ count: Int, of x: SIMD16<Self>, filler: Self) -> SIMD16<Self>
  /// The name used by options and records: `float` or `double`.
  static var name: String { get }
}

extension Float: TensorScalar {
  /// e raised to `x`.
  @inlinable public static func exponential(_ x: Float) -> Float { Foundation.exp(x) }
  /// The natural logarithm of `x`.
  @inlinable public static func logarithm(_ x: Float) -> Float { Foundation.log(x) }
  /// The hyperbolic tangent of `x`.
  @inlinable public static func hyperbolicTangent(_ x: Float) -> Float { Foundation.tanh(x) }
  /// The sine of `x` (radians).
  @inlinable public static func sine(_ x: Float) -> Float { Foundation.sin(x) }
  /// The cosine of `x` (radians).
  @inlinable public static func cosine(_ x: Float) -> Float { Foundation.cos(x) }
  /// `float`.
  @inlinable public static var name: String { "float" }
}

extension Double: TensorScalar {
  /// e raised to `x`.
  @inlinable public static func exponential(_ x: Double) -> Double { Foundation.exp(x) }
  /// The natural logarithm of `x`.
  @inlinable public static func logarithm(_ x: Double) -> Double { Foundation.log(x) }
  /// The hyperbolic tangent of `x`.
  @inlinable public static func hyperbolicTangent(_ x: Double) -> Double { Foundation.tanh(x) }
  /// The sine of `x` (radians).
  @inlinable public static func sine(_ x: Double) -> Double { Foundation.sin(x) }
  /// The cosine of `x` (radians).
  @inlinable public static func cosine(_ x: Double) -> Double { Foundation.cos(x) }
  /// `double`.
  @inlinable public static var name: String { "double" }
}
