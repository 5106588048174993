import Foundation

extension Float {
  /// e raised to each lane, within 2 units in the last place of the exact value.
  ///
  /// Cody and Waite reduction x = n ln 2 + r, |r| <= ln(2)/2, a polynomial of degree 6 for exp(r)
  /// (Taylor's coefficients; the next term is below 2^-24), and 2^n put together from bits. The
  /// nearest integer comes from adding and subtracting 1.5 2^23, which rounds in one instruction
  /// each. Below -87.3 the result is 0 (exact results there are subnormal), above 88.7 it is
  /// infinite, NaN stays NaN.
  @inlinable
  public static func exponential(_ x: SIMD16<Float>) -> SIMD16<Float> {
    let shift = SIMD16<Float>(repeating: 0x1.8p23)
    var bounded = x
    bounded.replace(with: -88, where: x .< -88)
    bounded.replace(with: 89, where: x .> 89)
    let shifted = shift.addingProduct(bounded, SIMD16(repeating: 1.442_695_04))
    let n = shifted - shift
    var r = bounded.addingProduct(n, SIMD16(repeating: -0x1.62e4p-1))
    r = r.addingProduct(n, SIMD16(repeating: -1.428_606_8e-6))
    var p = SIMD16<Float>(repeating: 1.0 / 720)
    p = SIMD16(repeating: 1.0 / 120).addingProduct(p, r)
    p = SIMD16(repeating: 1.0 / 24).addingProduct(p, r)
    p = SIMD16(repeating: 1.0 / 6).addingProduct(p, r)
    p = SIMD16(repeating: 0.5).addingProduct(p, r)
    p = SIMD16(repeating: 1).addingProduct(p, r)
    p = SIMD16(repeating: 1).addingProduct(p, r)
    // The low bits of `shifted` hold n; moved to the exponent field they multiply by 2^n.
    let exponent =
      SIMD16<UInt32>(truncatingIfNeeded: unsafeBitCast(shifted, to: SIMD16<UInt32>.self)) &<< 23
    var result = unsafeBitCast(
      unsafeBitCast(p, to: SIMD16<UInt32>.self) &+ exponent, to: SIMD16<Float>.self)
    result.replace(with: 0, where: x .< -87.3)
    result.replace(with: .infinity, where: x .> 88.7)
    result.replace(with: x, where: x .!= x)
    return result
  }
}

extension Double {
  /// e raised to each lane, by the C library.
  @inlinable
  public static func exponential(_ x: SIMD16<Double>) -> SIMD16<Double> {
    var result = x
    for lane in 0..<16 { result[lane] = Foundation.exp(x[lane]) }
    return result
  }
}
