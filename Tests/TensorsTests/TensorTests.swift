import Foundation
import Tensors
import TestSupport
import Testing

/// Values, elementwise arithmetic, reductions and rearrangements, against the simplest loops.
@Suite("Tensors")
struct TensorTests {
  /// Scalars, empty ones, one element, and lengths around the eight partial sums.
  static let shapes: [[Int]] = [
    [], [0], [1], [7], [8], [17], [3, 0], [1, 1, 1], [2, 3], [5, 4, 3], [2, 9, 1, 4],
  ]

  @Test("Elementwise operations are what their names say", arguments: shapes)
  func elementwise(_ shape: [Int]) {
    let a = randomTensor(shape, seed: 1, as: Double.self)
    let b = randomTensor(shape, seed: 2, as: Double.self)
    func check(
      _ found: Tensor<Double>, _ name: Comment, _ expected: (Double, Double) -> Double
    ) {
      #expect(found.shape == shape, name)
      for (value, pair) in zip(found.scalars, zip(a.scalars, b.scalars)) {
        let wanted = expected(pair.0, pair.1)
        // Elementary functions may differ from the library's by rounding.
        #expect(abs(value - wanted) <= 4 * Double.ulpOfOne * max(1, abs(wanted)), name)
      }
    }
    check(a.adding(b), "sum") { $0 + $1 }
    check(a.subtracting(b), "difference") { $0 - $1 }
    check(a.multiplying(b), "product") { $0 * $1 }
    check(a.dividing(b), "quotient") { $0 / $1 }
    check(a.scaled(by: -1.5), "scaled") { x, _ in -1.5 * x }
    check(a.shifted(by: 0.25), "shifted") { x, _ in x + 0.25 }
    check(a.rectified(), "rectified") { x, _ in max(0, x) }
    check(a.positiveIndicator(), "indicator") { x, _ in x > 0 ? 1 : 0 }
    check(a.exponential(), "exponential") { x, _ in Foundation.exp(x) }
    check(a.hyperbolicTangent(), "tanh") { x, _ in Foundation.tanh(x) }
    check(a.sigmoid(), "sigmoid") { x, _ in 1 / (1 + Foundation.exp(-x)) }
    check(a.sine(), "sine") { x, _ in Foundation.sin(x) }
    check(a.cosine(), "cosine") { x, _ in Foundation.cos(x) }
    check(a.multiplying(a).squareRoot(), "square root") { x, _ in abs(x) }
    check(a.multiplying(a).shifted(by: 1).logarithm(), "logarithm") { x, _ in
      Foundation.log(x * x + 1)
    }
    var inPlace = a
    inPlace.add(b, scaledBy: 2)
    inPlace.scale(by: 3)
    check(inPlace, "in place") { 3 * ($0 + 2 * $1) }
    #expect(a == randomTensor(shape, seed: 1), "A copy was written through.")
  }

  @Test("Sums, inner products and broadcasts agree with loops over indices", arguments: shapes)
  func reductions(_ shape: [Int]) {
    let a = randomTensor(shape, seed: 3, as: Double.self)
    let b = randomTensor(shape, seed: 4, as: Double.self)
    let tolerance = 1e-13 * Double(a.count + 1)
    #expect(abs(a.sum() - a.scalars.reduce(0, +)) <= tolerance)
    let products = zip(a.scalars, b.scalars).map { $0 * $1 }
    #expect(abs(a.dot(b) - products.reduce(0, +)) <= tolerance)
    for axis in shape.indices {
      let outer = shape[..<axis].reduce(1, *)
      let inner = shape[(axis + 1)...].reduce(1, *)
      var expected = Array(repeating: 0.0, count: outer * inner)
      for o in 0..<outer {
        for k in 0..<shape[axis] {
          for i in 0..<inner {
            expected[o * inner + i] += a.scalars[(o * shape[axis] + k) * inner + i]
          }
        }
      }
      let sums = a.sum(alongAxis: axis)
      #expect(sums.shape == Array(shape[..<axis]) + shape[(axis + 1)...])
      #expect(zip(sums.scalars, expected).allSatisfy { abs($0 - $1) <= tolerance })
      // Broadcasting is the transpose of summing: <sum a, s> = <a, repeat s>.
      let broadcast = sums.repeated(shape[axis], alongNewAxis: axis)
      #expect(broadcast.shape == shape)
      #expect(abs(sums.dot(sums) - a.dot(broadcast)) <= tolerance * (1 + abs(sums.dot(sums))))
    }
  }

  @Test("Rearrangements move each element where it belongs")
  func rearrangements() {
    let a = Tensor<Double>(shape: [2, 3], scalars: [1, 2, 3, 4, 5, 6])
    #expect(a.transposed() == Tensor(shape: [3, 2], scalars: [1, 4, 2, 5, 3, 6]))
    #expect(a.gatheringRows([1, 1, 0]).scalars == [4, 5, 6, 4, 5, 6, 1, 2, 3])
    #expect(a.gatheringRows([]).shape == [0, 3])
    #expect(a.appendingRows(a.gatheringRows([0])).shape == [3, 3])
    let empty = Tensor<Double>(repeating: 0, shape: [3, 0])
    #expect(empty.appendingRows(Tensor(repeating: 0, shape: [2, 0])).shape == [5, 0])
    #expect(a.gatheringRows([]).appendingRows(a) == a)
    let odd = Tensor<Double>([5, .nan, 1, .nan, 1, 2, 1, 2, .nan]).reshaped([3, 3])
    #expect(odd.maximumAlongLastAxis().scalars.allSatisfy { $0.isNaN })
    #expect(a.reshaped([3, 2]).scalars == a.scalars)
    #expect(a[1, 2] == 6 && Tensor(3.5).scalar == 3.5)
    #expect(Tensor<Float>.oneHot([2, 0], classes: 3).scalars == [0, 0, 1, 1, 0, 0])
    #expect(a.converted(to: Float.self).scalars == [1, 2, 3, 4, 5, 6])
    var written = a
    written[0, 1] = -1
    #expect(a[0, 1] == 2 && written[0, 1] == -1)
  }

  @Test("The first of equal maxima wins; a NaN is seen, not lost")
  func specialValues() {
    let ties = Tensor<Double>(shape: [2, 3], scalars: [1, 5, 5, -1, -2, -1])
    #expect(ties.argumentsOfRowMaxima() == [1, 0])
    let broken = Tensor<Double>(shape: [1, 3], scalars: [1, .nan, 2])
    #expect(broken.rectified().scalars[1].isNaN)
    #expect(broken.sum().isNaN && !broken.isFinite)
    // No overflow of the sigmoid for either sign.
    let far = Tensor<Float>([-1e4, 1e4, -.infinity, .infinity]).sigmoid()
    #expect(far.scalars == [0, 1, 0, 1])
  }
}
