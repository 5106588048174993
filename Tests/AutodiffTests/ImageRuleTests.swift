import Autodiff
import TestSupport
import Testing

extension WindowGeometry {
  /// One image of five by four pixels and two channels, halved: an odd last row is left out.
  fileprivate static var fiveByFour: WindowGeometry {
    WindowGeometry(shape: [1, 5, 4, 2], window: 2, stride: 2, padding: .none)
  }
}

extension RuleSubject {
  /// The operations that networks on images are made of, at smooth points.
  static let images: [RuleSubject] = [
    RuleSubject("gradient in the images", [[4, 3], [3, 18]]) {
      $0[0].convolutionImageGradient(
        filters: $0[1],
        WindowGeometry(shape: [1, 4, 4, 2], window: 3, stride: 2, padding: .same))
    },
    RuleSubject("gradient in the filters", [[1, 4, 4, 2], [4, 3]]) {
      $0[0].convolutionFilterGradient(
        cotangent: $0[1],
        WindowGeometry(shape: [1, 4, 4, 2], window: 3, stride: 2, padding: .same))
    },
    RuleSubject("normalised and rectified", [[5, 3], [3]]) {
      $0[0].normalisedRectified(scale: nil, shift: $0[1], epsilon: 0.1)
    },
    RuleSubject("normalised, scaled and rectified", [[5, 3], [3], [3]]) {
      $0[0].normalisedRectified(scale: $0[2], shift: $0[1], epsilon: 0.1)
    },
    RuleSubject("normalised, rectified and halved", [[20, 2], [2]]) {
      $0[0].normalisedRectifiedMaxima(.fiveByFour, scale: nil, shift: $0[1], epsilon: 0.1)
    },
    RuleSubject("normalised, scaled, rectified and halved", [[20, 2], [2], [2]]) {
      $0[0].normalisedRectifiedMaxima(.fiveByFour, scale: $0[2], shift: $0[1], epsilon: 0.1)
    },
    RuleSubject("convolution", [[2, 4, 4, 2], [3, 3, 3, 2]]) {
      $0[0].convolved(with: $0[1], stride: 2, padding: .symmetric(1))
    },
    RuleSubject("convolution with a function of its result", [[1, 4, 4, 1], [2, 3, 3, 1]]) {
      $0[0].convolved(with: $0[1], stride: 1, padding: .none).hyperbolicTangent()
    },
    RuleSubject("maximum pooling", [[2, 5, 4, 2]]) { $0[0].maximumPooled(window: 2) },
    RuleSubject("maximum pooling, squared", [[1, 4, 4, 1]]) {
      let pooled = $0[0].maximumPooled(window: 2)
      return pooled * pooled
    },
    RuleSubject("scatter", [[3]]) { $0[0].scattering([4, 0, 4], shape: [5]) },
    RuleSubject("mean over pixels", [[2, 3, 3, 2]]) { $0[0].averagedOverPixels() },
    RuleSubject("standardised columns", [[5, 3]]) { $0[0].standardisedColumns(epsilon: 0.1) },
    RuleSubject("inverse deviation", [[5, 3]]) { $0[0].inverseDeviationOfColumns(epsilon: 0.1) },
    RuleSubject("standardisation product", [[5, 2], [5, 2]]) {
      $0[0].standardisationProduct($0[1], epsilon: 0.1)
    },
    RuleSubject("scaled rows", [[4, 3], [3]]) { $0[0].multiplyingRows(by: $0[1]) },
    RuleSubject("shifted rows", [[4, 3], [3]]) { $0[0].addingToRows($0[1]) },
  ]
}

@Suite("Differentiation rules on images, in Double")
struct ImageRuleTests {
  @Test("Pullback equals central differences", arguments: RuleSubject.images)
  func pullback(subject: RuleSubject) { RuleTests().pullback(subject: subject) }

  @Test("Pushforward and pullback are transposes", arguments: RuleSubject.images)
  func transposeIdentity(subject: RuleSubject) { RuleTests().transposeIdentity(subject: subject) }

  @Test("Hessian-vector product equals differences of gradients", arguments: RuleSubject.images)
  func secondOrder(subject: RuleSubject) { RuleTests().secondOrder(subject: subject) }

  @Test("Forward over reverse equals reverse over reverse", arguments: RuleSubject.images)
  func forwardOverReverse(subject: RuleSubject) {
    RuleTests().forwardOverReverse(subject: subject)
  }

  @Test("The fused normalisation and rectifier is the composed one, with its derivatives")
  func fusedIsComposed() {
    var stream = RandomStream(seed: 4, purpose: "columns")
    let point: [Tensor<Double>] = [[9, 3], [3], [3]].map { stream.uniform($0, in: -1..<1) }
    let weights: Tensor<Double> = stream.uniform([9, 3], in: -1..<1)
    let direction: [Tensor<Double>] = point.map { stream.uniform($0.shape, in: -1..<1) }
    func fused(_ v: [Variable<Double>]) -> Variable<Double> {
      let z = v[0].normalisedRectified(scale: v[2], shift: v[1], epsilon: 1e-3)
      return (z * z * .constant(weights)).sum()
    }
    func composed(_ v: [Variable<Double>]) -> Variable<Double> {
      let z = v[0].standardisedColumns(epsilon: 1e-3).multiplyingRows(by: v[2])
        .addingToRows(v[1]).rectified()
      return (z * z * .constant(weights)).sum()
    }
    let left = valueAndGradient(at: point, of: fused)
    let right = valueAndGradient(at: point, of: composed)
    #expect(abs(left.value - right.value) < 1e-13)
    #expect(largestDeviation(left.gradient, right.gradient) < 1e-13)
    #expect(left.gradient.allSatisfy { $0.scalars.contains { abs($0) > 1e-2 } })
    let products = [fused, composed].map {
      hessianVectorProduct(at: point, along: direction, of: $0)
    }
    #expect(largestDeviation(products[0], products[1]) < 1e-12)
  }

  @Test(
    "Normalisation, rectifier and maxima of pairs fused are the composed ones, with their derivatives",
    arguments: [[2, 4, 6, 3], [3, 5, 4, 17], [1, 3, 3, 2], [2, 1, 5, 3]], [true, false])
  func fusedMaximaAreComposed(shape: [Int], learnsScale: Bool) {
    var stream = RandomStream(seed: 5, purpose: "pairs")
    let (pixels, filters) = (shape[0] * shape[1] * shape[2], shape[3])
    let pairs = WindowGeometry(shape: shape, window: 2, stride: 2, padding: .none)
    let shapes = [[pixels, filters], [filters]] + (learnsScale ? [[filters]] : [])
    let point: [Tensor<Double>] = shapes.map { stream.uniform($0, in: -1..<1) }
    let weights: Tensor<Double> = stream.uniform([pairs.placements, filters], in: -1..<1)
    let direction: [Tensor<Double>] = point.map { stream.uniform($0.shape, in: -1..<1) }
    func weighed(_ z: Variable<Double>) -> Variable<Double> {
      (z * z * .constant(weights)).sum()
    }
    func fused(_ v: [Variable<Double>]) -> Variable<Double> {
      weighed(
        v[0].normalisedRectifiedMaxima(
          pairs, scale: learnsScale ? v[2] : nil, shift: v[1], epsilon: 1e-3))
    }
    func composed(_ v: [Variable<Double>]) -> Variable<Double> {
      weighed(
        v[0].normalisedRectified(scale: learnsScale ? v[2] : nil, shift: v[1], epsilon: 1e-3)
          .reshaped(shape).maximumPooled(window: 2).reshaped([pairs.placements, filters]))
    }
    let left = valueAndGradient(at: point, of: fused)
    let right = valueAndGradient(at: point, of: composed)
    #expect(abs(left.value - right.value) < 1e-13)
    #expect(largestDeviation(left.gradient, right.gradient) < 1e-13)
    let moves = left.gradient.allSatisfy { $0.scalars.contains { abs($0) > 1e-3 } }
    #expect(moves == (pairs.placements > 0))
    let products = [fused, composed].map {
      hessianVectorProduct(at: point, along: direction, of: $0)
    }
    #expect(largestDeviation(products[0], products[1]) < 1e-12)
  }

  @Test("Standardised columns are the composed ones")
  func standardisationIsTheFormula() {
    var stream = RandomStream(seed: 9, purpose: "columns")
    let x: Tensor<Double> = stream.uniform([6, 3], in: -2..<2)
    let rows = Variable(x)
    func spread(_ row: Variable<Double>) -> Variable<Double> { row.repeated(6, alongNewAxis: 0) }
    let centred = rows - spread((1.0 / 6) * rows.sum(alongAxis: 0))
    let variance = (1.0 / 6) * (centred * centred).sum(alongAxis: 0)
    let composed = centred / spread((variance + 1e-5).squareRoot())
    let fused = rows.standardisedColumns(epsilon: 1e-5)
    #expect(largestDeviation([fused.value], [composed.value]) < 1e-13)
    let weights: Tensor<Double> = stream.uniform([6, 3], in: -1..<1)
    let pulled = [fused, composed].map {
      gradient(of: [$0], cotangents: [.constant(weights)], withRespectTo: [rows])[0].value
    }
    #expect(largestDeviation([pulled[0]], [pulled[1]]) < 1e-13)
  }
}
