import Foundation
import Tensors
import TestSupport
import Testing

@Suite("Exponential and softmax")
struct SoftmaxRowsTests {
  /// The distance in units in the last place of the expected value.
  private func ulps<Scalar: TensorScalar>(_ found: Scalar, _ expected: Scalar) -> Scalar {
    found == expected ? 0 : abs(found - expected) / expected.ulp
  }

  @Test func singlePrecisionAgreesWithDoubleOverTheWholeRange() {
    var worst: Float = 0
    var x: Float = -105
    while x < 90 {
      let inputs = SIMD16<Float>((0..<16).map { x + Float($0) * 0.001_37 })
      let found = Float.exponential(inputs)
      for lane in 0..<16 {
        let expected = Float(Foundation.exp(Double(inputs[lane])))
        worst = max(worst, ulps(found[lane], expected))
      }
      x += 0.0173
    }
    #expect(worst <= Float(vectorExponentialUlps))
  }

  @Test func doublePrecisionAgreesWithTheLibrary() {
    var worst = 0.0
    var x = -746.5
    while x < 711 {
      let inputs = SIMD16<Double>((0..<16).map { x + Double($0) * 0.013_7 })
      let found = Double.exponential(inputs)
      for lane in 0..<16 {
        worst = max(worst, ulps(found[lane], Foundation.exp(inputs[lane])))
      }
      x += 0.173
    }
    #expect(worst <= Double(vectorExponentialUlps))
  }

  private func specialValues<Scalar: TensorScalar>(_ type: Scalar.Type) {
    var x = SIMD16<Scalar>(repeating: 0)
    x[0] = -.infinity
    x[1] = .infinity
    x[2] = .nan
    x[3] = -.greatestFiniteMagnitude
    x[4] = .greatestFiniteMagnitude
    x[5] = -0.0
    let y = Scalar.exponential(x)
    #expect(y[0] == 0 && y[1] == .infinity && y[2].isNaN && y[3] == 0 && y[4] == .infinity)
    #expect(y[5] == 1 && y[6] == 1)
  }

  @Test func specialValuesPropagate() {
    specialValues(Float.self)
    specialValues(Double.self)
  }

  private func softmax<Scalar: TensorScalar>(
    _ z: [Scalar], rows: Int, classes: Int, stride: Int, inPlace: Bool = false
  ) -> (probabilities: [Scalar], logSumExp: [Scalar]) {
    var output = inPlace ? z : [Scalar](repeating: .nan, count: z.count)
    var logarithms = [Scalar](repeating: .nan, count: rows)
    output.withUnsafeMutableBufferPointer { output in
      logarithms.withUnsafeMutableBufferPointer { logarithms in
        z.withUnsafeBufferPointer { z in
          guard let target = output.baseAddress, let source = z.baseAddress else { return }
          softmaxRows(
            inPlace ? UnsafePointer(target) : source, into: target, rows: rows, classes: classes,
            stride: stride, logSumExp: logarithms.baseAddress)
        }
      }
    }
    return (output, logarithms)
  }

  private func check<Scalar: TensorScalar>(
    _ type: Scalar.Type, classes: Int, stride: Int, inPlace: Bool
  ) {
    let rows = 300
    let z = randomTensor([rows * stride], as: type).scaled(by: 20).scalars
    let (p, l) = softmax(z, rows: rows, classes: classes, stride: stride, inPlace: inPlace)
    // A probability carries the rounding of (z - max), about |z| units, and of the exponential.
    let tolerance = 200 * Double(Scalar.ulpOfOne)
    for row in 0..<rows {
      let logits = (0..<classes).map { Double(z[row * stride + $0]) }
      let largest = logits.max() ?? 0
      let total = logits.reduce(0) { $0 + Foundation.exp($1 - largest) }
      let logSumExp = largest + Foundation.log(total)
      #expect(abs(Double(l[row]) - logSumExp) <= tolerance * (1 + abs(logSumExp)))
      for k in 0..<stride {
        let found = Double(p[row * stride + k])
        guard k < classes else {
          #expect(found == 0)
          continue
        }
        let expected = Foundation.exp(logits[k] - largest) / total
        if !(abs(found - expected) <= tolerance * expected + Double(Scalar.leastNormalMagnitude)) {
          Issue.record("row \(row), class \(k): \(found) instead of \(expected)")
        }
      }
    }
  }

  @Test(arguments: [(10, 16), (16, 16), (1, 16), (1, 1), (10, 10), (20, 32), (40, 48), (17, 19)])
  func agreesWithTheDefinition(classes: Int, stride: Int) {
    for inPlace in [false, true] {
      check(Float.self, classes: classes, stride: stride, inPlace: inPlace)
      check(Double.self, classes: classes, stride: stride, inPlace: inPlace)
    }
  }

  /// One logit whose exponential overflows, at each place in turn: a lane or a register that is left out
  /// when the largest is looked for would make its row infinite.
  private func largestAnywhere<Scalar: TensorScalar>(_ large: Scalar, classes: Int, stride: Int) {
    var z = [Scalar](repeating: 0, count: classes * stride)
    for row in 0..<classes { z[row * stride + row] = large }
    let (p, l) = softmax(z, rows: classes, classes: classes, stride: stride)
    for row in 0..<classes {
      #expect((0..<classes).allSatisfy { p[row * stride + $0] == ($0 == row ? 1 : 0) }, "\(row)")
      #expect(l[row] == large)
    }
  }

  @Test(arguments: [(10, 16), (16, 16), (20, 32), (40, 48), (17, 19)])
  func theLargestIsFoundAnywhere(classes: Int, stride: Int) {
    largestAnywhere(Float(500), classes: classes, stride: stride)
    largestAnywhere(Double(5000), classes: classes, stride: stride)
  }

  @Test(arguments: [3, 16, 20])
  func extremeRows(stride: Int) {
    var z = [Float](repeating: 0, count: 4 * stride)
    (z[0], z[1], z[2]) = (1e30, -1e30, 1e30)
    (z[stride], z[stride + 1], z[stride + 2]) = (-.infinity, 1, 1)
    z[2 * stride + 1] = .nan
    z[3 * stride] = .infinity
    let (p, l) = softmax(z, rows: 4, classes: 3, stride: stride)
    #expect(p[0] == 0.5 && p[1] == 0 && p[2] == 0.5)
    #expect(p[stride] == 0 && p[stride + 1] == 0.5)
    #expect((0..<3).allSatisfy { p[2 * stride + $0].isNaN } && l[2].isNaN)
    #expect((0..<3).contains { p[3 * stride + $0].isNaN })
    #expect((3..<max(3, stride)).allSatisfy { p[2 * stride + $0] == 0 })
  }

  @Test func noRowsIsNothing() {
    #expect(softmax([Float](), rows: 0, classes: 3, stride: 16).probabilities.isEmpty)
  }
}
