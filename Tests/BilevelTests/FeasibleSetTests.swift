import Bilevel
import TestSupport
import Testing

@Suite("Projections and their derivatives")
struct FeasibleSetTests {
  static let sets: [(String, any DifferentiableFeasibleSet<Double>)] = [
    ("box", Box(lower: -0.3, upper: 0.8)), ("simplex", Simplex(total: 1.5)),
    ("wide simplex", Simplex(total: 30)), ("ball", Ball(radius: 1.1)),
    ("wide ball", Ball(radius: 100)), ("capped simplex", CappedSimplex(total: 2)),
    ("wide capped simplex", CappedSimplex(total: 100)), ("whole space", WholeSpace()),
  ]

  static func point(_ stream: inout RandomStream) -> Parameters<Double> {
    Parameters([stream.uniform([7], in: -1..<2), stream.uniform([2, 3], in: -1..<2)])
  }

  @Test("A projection is idempotent and no feasible point is nearer")
  func nearest() {
    var stream = RandomStream(seed: 21, purpose: "projections")
    for (name, set) in Self.sets {
      let point = Self.point(&stream)
      let projected = set.project(point)
      #expect(
        largestDeviation(set.project(projected).tensors, projected.tensors) < 1e-12, "\(name)")
      for _ in 0..<100 {
        let other = set.project(Self.point(&stream))
        let inner = point.adding(projected, scaledBy: -1)
          .dot(other.adding(projected, scaledBy: -1))
        #expect(inner <= 1e-10, "\(name)")
      }
    }
  }

  @Test("A finite point whose norm is beyond the largest number keeps its direction on the sphere")
  func overflow() {
    let wide = Parameters<Float>([Tensor([3e38, 0]), Tensor([-4e37])])
    #expect(wide.norm == .infinity)
    let projected = Ball<Float>(radius: 2).project(wide).flattened()
    let length = Float(3e38 / 4e37)
    let expected = [2 * length, 0, -2].map { $0 / (length * length + 1).squareRoot() }
    for (found, wanted) in zip(projected, expected) { #expect(abs(found - wanted) < 1e-6) }
    let broken = Parameters<Float>([Tensor([.infinity, 1])])
    #expect(!Ball<Float>(radius: 2).project(broken).isFinite)
  }

  @Test(
    "Onto the simplex: coordinates beside which its sum is lost to rounding keep it all the same")
  func farFromTheSimplex() {
    func project(_ point: [Float], total: Float = 1) -> [Float] {
      Simplex(total: total).project(Parameters([Tensor(point)])).flattened()
    }
    #expect(project([3e7, 1e7, 0]) == [1, 0, 0])
    #expect(project([1e30, 1e30, -1e30]) == [0.5, 0.5, 0])
    #expect(project([-3e38, -3e38]) == [0.5, 0.5])
    #expect(project([1_000_000.5, 1_000_000, 0]) == [0.75, 0.25, 0])
    // Its derivative takes the same coordinates for positive.
    let product = Simplex<Float>().projectionProduct(
      at: Parameters([Tensor([1e30, 1e30, 0])]), Parameters([Tensor([1, 3, 5])]))
    #expect(product.flattened() == [-1, 1, 0])
  }

  @Test("The product is the derivative, and symmetric")
  func derivative() {
    var stream = RandomStream(seed: 22, purpose: "projection products")
    for (name, set) in Self.sets {
      for _ in 0..<5 {
        let (point, u, v) = (
          Self.point(&stream), Self.point(&stream), Self.point(&stream)
        )
        let step = 1e-6
        let difference = set.project(point.adding(v, scaledBy: step))
          .adding(set.project(point.adding(v, scaledBy: -step)), scaledBy: -1)
          .scaled(by: 1 / (2 * step))
        let product = set.projectionProduct(at: point, v)
        #expect(largestDeviation(product.tensors, difference.tensors) < 1e-7, "\(name)")
        let gap = u.dot(product) - v.dot(set.projectionProduct(at: point, u))
        #expect(abs(gap) < 1e-12, "\(name)")
      }
    }
  }

  @Test("A simplex holds its sum, a ball its radius, and non-finite points come back")
  func constraints() {
    var stream = RandomStream(seed: 23, purpose: "constraints")
    let point = Self.point(&stream)
    let sum = Simplex(total: 1.5).project(point).flattened()
    #expect(abs(sum.reduce(0, +) - 1.5) < 1e-14 && sum.allSatisfy { $0 >= 0 })
    #expect(abs(Ball(radius: 1.1).project(point).norm - 1.1) < 1e-14)
    let broken = Parameters(Tensor<Double>([1, .nan]))
    #expect(!Simplex<Double>().project(broken).isFinite)
    #expect(!Ball<Double>(radius: 1).project(broken).isFinite)
    // What comes back as it is has the derivative 1, in all coordinates.
    let v = Parameters(Tensor<Double>([3, 5]))
    #expect(Simplex<Double>().projectionProduct(at: broken, v) == v)
    #expect(CappedSimplex<Double>(total: 1).projectionProduct(at: broken, v) == v)
  }

  @Test("Beside large coordinates the sum is not lost to rounding")
  func largeCoordinates() {
    let point = Parameters(Tensor<Float>([1e8, 1e8, 0]))
    #expect(Simplex<Float>().project(point).flattened() == [0.5, 0.5, 0])
    #expect(CappedSimplex<Float>(total: 1).project(point).flattened() == [0.5, 0.5, 0])
    #expect(CappedSimplex<Float>(total: 2).project(point).flattened() == [1, 1, 0])
    let product = CappedSimplex<Float>(total: 1).projectionProduct(
      at: point, Parameters(Tensor([4, 2, 1])))
    #expect(product.flattened() == [1, -1, 0])
    // The largest coordinate may be at the cap, and the sum be shared out far below it.
    let mixed = Parameters(Tensor<Float>([1e8, 0.5, 0.5]))
    let far = CappedSimplex<Float>(total: 1.5).project(mixed).flattened()
    #expect(far[0] == 1 && far[1...].allSatisfy { abs($0 - 0.25) < 1e-6 }, "\(far)")
    let near = CappedSimplex<Float>(total: 1.2).project(Parameters(Tensor([100, 0.3, 0.3])))
      .flattened()
    #expect(near[0] == 1 && near[1...].allSatisfy { abs($0 - 0.1) < 1e-7 }, "\(near)")
  }

  @Test("Ties share what the sum leaves, and their derivative too")
  func ties() {
    // All equal: the sum is shared out, and the product takes the mean away.
    let level = Parameters(Tensor<Double>(repeating: 3, shape: [4]))
    #expect(Simplex(total: 2).project(level).flattened() == [0.5, 0.5, 0.5, 0.5])
    #expect(
      Simplex(total: 2).projectionProduct(at: level, Parameters(Tensor([4, 0, 0, 0])))
        .flattened() == [3, -1, -1, -1])
    // Two at the top, two that end at 0: ties among those are free of the sum.
    let pairs = Parameters(Tensor<Double>([2, 0, 2, 0]))
    #expect(Simplex(total: 1).project(pairs).flattened() == [0.5, 0, 0.5, 0])
    #expect(
      Simplex(total: 1).projectionProduct(at: pairs, Parameters(Tensor([1, 5, 3, 7])))
        .flattened() == [-1, 0, 1, 0])
    // A coordinate exactly at the shift projects to 0 whether it counts or not.
    let edge = Parameters(Tensor<Double>([1.5, 0.5]))
    #expect(Simplex(total: 1).project(edge).flattened() == [1, 0])
    // Its derivative is that of the other one alone, which the sum holds fast.
    #expect(
      Simplex(total: 1).projectionProduct(at: edge, Parameters(Tensor([4, 2])))
        .flattened() == [0, 0])
    let capped = CappedSimplex<Double>(total: 2).project(level).flattened()
    #expect(capped.allSatisfy { abs($0 - 0.5) < 1e-14 })
    // The order of equal coordinates does not matter.
    let (left, right) = (
      Parameters(Tensor<Double>([1, 1, 0.25])), Parameters(Tensor([0.25, 1, 1]))
    )
    #expect(
      Simplex(total: 1).project(left).flattened()
        == Simplex(total: 1).project(right).flattened().reversed())
  }
}
