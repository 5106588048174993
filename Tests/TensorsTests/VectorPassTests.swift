import Tensors
import TestSupport
import Testing

/// Every pass against a loop over the scalars, at lengths around registers, blocks and the size that
/// is worth threads; and on one thread and three, to the bit.
@Suite("Vector passes", .serialized)
struct VectorPassTests {
  static let counts = [
    0, 1, 15, 16, 17, 63, 65, VectorPass.blockScalars, VectorPass.blockScalars + 1,
    VectorPass.scalarsWorthThreads - 1, VectorPass.scalarsWorthThreads + 5,
    3 * VectorPass.scalarsWorthThreads + 77,
  ]

  private func bits<Scalar: TensorScalar>(_ tensor: Tensor<Scalar>) -> [Scalar] { tensor.scalars }

  private func elementwise<Scalar: TensorScalar>(_ count: Int, as type: Scalar.Type) {
    let a = randomTensor([count], seed: 1, as: type)
    let b = randomTensor([count], seed: 2, as: type).map { $0 + ($0 < 0 ? -1 : 1) }
    let cases: [(String, Tensor<Scalar>, (Int) -> Scalar)] = [
      ("adding", a.adding(b), { a.scalars[$0] + b.scalars[$0] }),
      ("subtracting", a.subtracting(b), { a.scalars[$0] - b.scalars[$0] }),
      ("multiplying", a.multiplying(b), { a.scalars[$0] * b.scalars[$0] }),
      ("dividing", a.dividing(b), { a.scalars[$0] / b.scalars[$0] }),
      ("scaled", a.scaled(by: 3), { 3 * a.scalars[$0] }),
      ("shifted", a.shifted(by: 3), { a.scalars[$0] + 3 }),
      ("rectified", a.rectified(), { max(0, a.scalars[$0]) }),
      ("positiveIndicator", a.positiveIndicator(), { a.scalars[$0] > 0 ? 1 : 0 }),
      ("squareRoot", b.multiplying(b).squareRoot(), { abs(b.scalars[$0]) }),
    ]
    for (name, found, expected) in cases {
      let wrong = (0..<count).first {
        abs(found.scalars[$0] - expected($0)) > abs(expected($0)) * Scalar.ulpOfOne
      }
      #expect(wrong == nil, "\(name) of \(count) scalars")
    }
    // A register's lanes do not know their place: the same scalar gives the same bits anywhere.
    let functions: [(String, (Tensor<Scalar>) -> Tensor<Scalar>)] = [
      ("exponential", { $0.exponential() }), ("logarithm", { $0.logarithm() }),
      ("hyperbolicTangent", { $0.hyperbolicTangent() }), ("sigmoid", { $0.sigmoid() }),
    ]
    let positive = a.map { abs($0) + 1 }
    for (name, function) in functions {
      let whole = function(positive)
      for index in [0, count / 2, count - 1] where (0..<count).contains(index) {
        #expect(
          function(Tensor([positive.scalars[index]])).scalars == [whole.scalars[index]],
          "\(name) of \(count) scalars at \(index)")
      }
    }
  }

  @Test("Elementwise passes equal loops", arguments: counts)
  func elementwise(count: Int) {
    elementwise(count, as: Float.self)
    elementwise(count, as: Double.self)
  }

  @Test("Sums of several terms equal one term after the other, to the bit", arguments: counts)
  func severalTerms(count: Int) {
    let a = randomTensor([count], seed: 1, as: Float.self)
    let b = randomTensor([count], seed: 2, as: Float.self)
    let c = randomTensor([count], seed: 3, as: Float.self)
    var expected = a
    expected.add(b, scaledBy: 0.3)
    #expect(a.adding(b, scaledBy: 0.3) == expected)
    expected.add(c, scaledBy: -0.7)
    var found = a
    found.add(b, scaledBy: 0.3, c, scaledBy: -0.7)
    #expect(found == expected)
    #expect(
      found == Tensor(zip(a.adding(b, scaledBy: 0.3).scalars, c.scalars).map { $0 - 0.7 * $1 }))
  }

  @Test("Reductions equal loops", arguments: counts)
  func reductions(count: Int) {
    let a = randomTensor([count], seed: 3, as: Double.self)
    let b = randomTensor([count], seed: 4, as: Double.self)
    let tolerance = 1e-13 * Double(count + 1)
    #expect(abs(a.sum() - a.scalars.reduce(0, +)) <= tolerance)
    #expect(abs(a.dot(b) - zip(a.scalars, b.scalars).reduce(0) { $0 + $1.0 * $1.1 }) <= tolerance)
    #expect(a.isFinite)
    for bad in [Double.nan, .infinity, -.infinity] where count > 0 {
      for index in [0, count / 2, count - 1] {
        var broken = a
        broken[index] = bad
        #expect(!broken.isFinite, "\(bad) at \(index) of \(count)")
      }
    }
  }

  @Test(
    "Sums along an axis and copies along one equal loops",
    arguments: [
      [3, 5], [1, 1], [0, 4], [4, 0], [700, 130], [130, 700], [5, 70, 30], [9000, 10],
    ])
  func axes(shape: [Int]) {
    let a = randomTensor(shape, seed: 5, as: Double.self)
    for axis in shape.indices {
      let (extent, inner) = (shape[axis], shape[(axis + 1)...].reduce(1, *))
      var reduced = shape
      reduced.remove(at: axis)
      var expected = Tensor<Double>.zeros(reduced)
      expected.withUnsafeMutableScalars { target in
        for index in 0..<a.count {
          target[index / (extent * inner) * inner + index % inner] += a.scalars[index]
        }
      }
      let found = a.sum(alongAxis: axis)
      #expect(largestDeviation([found], [expected]) < 1e-11, "axis \(axis)")
      let copies = expected.repeated(extent, alongNewAxis: axis)
      #expect(copies.shape == shape)
      let wrong = (0..<a.count).first {
        copies.scalars[$0]
          != expected.scalars[$0 / (extent * inner) * inner + $0 % inner]
      }
      #expect(wrong == nil, "copies along axis \(axis)")
    }
    if shape.count == 2 {
      let transposed = a.transposed()
      let wrong = (0..<a.count).first {
        transposed.scalars[$0 % shape[1] * shape[0] + $0 / shape[1]] != a.scalars[$0]
      }
      #expect(wrong == nil)
    }
  }

  private func results<Scalar: TensorScalar>(_ count: Int, as type: Scalar.Type) -> [[Scalar]] {
    let a = randomTensor([count], seed: 6, as: type)
    let b = randomTensor([count], seed: 7, as: type)
    let matrix = a.reshaped([count / 10, 10])
    var sum = a
    sum.add(b, scaledBy: 0.3)
    sum.scale(by: 1.1)
    return [
      [a.sum(), a.dot(b)], sum.scalars, a.sigmoid().scalars,
      matrix.sum(alongAxis: 0).scalars, matrix.sum(alongAxis: 1).scalars,
      matrix.maximumAlongLastAxis().scalars,
    ]
  }

  @Test("The bits do not depend on the number of threads")
  func threads() {
    let count = 4 * VectorPass.scalarsWorthThreads + 10 * 77
    let one = withThreads(1) { results(count / 10 * 10, as: Float.self) }
    let double = withThreads(1) { results(count / 10 * 10, as: Double.self) }
    for threads in [2, 3, 8] {
      #expect(withThreads(threads) { results(count / 10 * 10, as: Float.self) } == one)
      #expect(withThreads(threads) { results(count / 10 * 10, as: Double.self) } == double)
    }
  }
}
