import Foundation
import Tensors
import TestSupport
import Testing

/// The vector logarithm, hyperbolic tangent and sigmoid against the C library, in units in the last
/// place of the expected value.
@Suite("Vector functions")
struct VectorFunctionTests {
  private func ulps<Scalar: TensorScalar>(_ found: Scalar, _ expected: Scalar) -> Double {
    if found == expected || (found.isNaN && expected.isNaN) { return 0 }
    return Double(abs(found - expected) / expected.ulp)
  }

  /// The largest error over arguments whose bit patterns are `step` apart: the whole range, with as
  /// many arguments in each binade, subnormal ones and both signs included.
  private func worstFloat(
    step: UInt32, _ function: (SIMD16<Float>) -> SIMD16<Float>, _ expected: (Double) -> Double
  ) -> Double {
    var worst = 0.0
    var bits: UInt32 = 0
    while bits < UInt32.max - 16 * step {
      var x = SIMD16<Float>()
      for lane in 0..<16 { x[lane] = Float(bitPattern: bits + UInt32(lane) * step) }
      let found = function(x)
      for lane in 0..<16 where !x[lane].isNaN {
        worst = max(worst, ulps(found[lane], Float(expected(Double(x[lane])))))
      }
      bits += 16 * step
    }
    return worst
  }

  private func worstDouble(
    step: UInt64, _ function: (SIMD16<Double>) -> SIMD16<Double>, _ expected: (Double) -> Double
  ) -> Double {
    var worst = 0.0
    var bits: UInt64 = 0
    while bits < UInt64.max - 16 * step {
      var x = SIMD16<Double>()
      for lane in 0..<16 { x[lane] = Double(bitPattern: bits + UInt64(lane) * step) }
      let found = function(x)
      for lane in 0..<16 where !x[lane].isNaN {
        worst = max(worst, ulps(found[lane], expected(x[lane])))
      }
      bits += 16 * step
    }
    return worst
  }

  /// Arguments of order one, where most of the work of a network lies.
  private func worstNearOne(
    _ function: (SIMD16<Double>) -> SIMD16<Double>, from low: Double,
    _ expected: (Double) -> Double
  ) -> Double {
    var worst = 0.0
    var start = low
    while start < 25 {
      let x = SIMD16<Double>((0..<16).map { start + Double($0) * 0.000_61 })
      let found = function(x)
      for lane in 0..<16 { worst = max(worst, ulps(found[lane], expected(x[lane]))) }
      start += 0.009_77
    }
    return worst
  }

  private static let floatStep: UInt32 = 40_009
  private static let doubleStep: UInt64 = 183_000_000_000_003

  @Test func logarithmOverTheWholeRange() {
    let bound = Double(vectorLogarithmUlps)
    #expect(
      worstFloat(step: Self.floatStep, { Float.logarithm($0) }) { Foundation.log($0) } <= bound)
    #expect(
      worstDouble(step: Self.doubleStep, { Double.logarithm($0) }) { Foundation.log($0) } <= bound)
    #expect(worstNearOne({ Double.logarithm($0) }, from: 0.001) { Foundation.log($0) } <= bound)
  }

  @Test func hyperbolicTangentOverTheWholeRange() {
    let bound = Double(vectorHyperbolicTangentUlps)
    #expect(
      worstFloat(step: Self.floatStep, { Float.hyperbolicTangent($0) }) { Foundation.tanh($0) }
        <= bound)
    #expect(
      worstDouble(step: Self.doubleStep, { Double.hyperbolicTangent($0) }) { Foundation.tanh($0) }
        <= bound)
    #expect(
      worstNearOne({ Double.hyperbolicTangent($0) }, from: -25) { Foundation.tanh($0) } <= bound)
  }

  @Test func sigmoidOverTheWholeRange() {
    let bound = Double(vectorSigmoidUlps)
    func sigmoid(_ x: Double) -> Double {
      let decay = Foundation.exp(-abs(x))
      return (x < 0 ? decay : 1) / (1 + decay)
    }
    #expect(worstFloat(step: Self.floatStep, { Float.sigmoid($0) }, sigmoid) <= bound)
    #expect(worstDouble(step: Self.doubleStep, { Double.sigmoid($0) }, sigmoid) <= bound)
    #expect(worstNearOne({ Double.sigmoid($0) }, from: -25, sigmoid) <= bound)
  }

  private func specialValues<Scalar: TensorScalar>(_ type: Scalar.Type) {
    var x = SIMD16<Scalar>(repeating: 0)
    x[0] = -.infinity
    x[1] = .infinity
    x[2] = .nan
    x[3] = -1
    x[4] = -0.0
    x[5] = .leastNonzeroMagnitude
    let logarithm = Scalar.logarithm(x)
    #expect(logarithm[0].isNaN && logarithm[1] == .infinity && logarithm[2].isNaN)
    #expect(logarithm[3].isNaN && logarithm[4] == -.infinity && logarithm[6] == -.infinity)
    let tangent = Scalar.hyperbolicTangent(x)
    #expect(tangent[0] == -1 && tangent[1] == 1 && tangent[2].isNaN)
    #expect(tangent[4] == 0 && tangent[4].sign == .minus && tangent[5] == x[5])
    let sigmoid = Scalar.sigmoid(x)
    #expect(sigmoid[0] == 0 && sigmoid[1] == 1 && sigmoid[2].isNaN && sigmoid[4] == 0.5)
    let rectified = Scalar.rectified(x)
    #expect(rectified[0] == 0 && rectified[1] == .infinity && rectified[2].isNaN)
    #expect(Scalar.positiveIndicator(x)[5] == 1 && Scalar.positiveIndicator(x)[2] == 0)
  }

  @Test func specialValuesPropagate() {
    specialValues(Float.self)
    specialValues(Double.self)
  }
}
