import Autodiff
import TestSupport
import Testing

extension RuleSubject {
  /// The operations that networks on images are made of, at smooth points.
  static let images: [RuleSubject] = [
    RuleSubject("patches, stride 1, one zero around", [[2, 3, 3, 2]]) {
      $0[0].patches(
        WindowGeometry(shape: [2, 3, 3, 2], window: 3, stride: 1, padding: .symmetric(1)))
    },
    RuleSubject("patches, stride 2, same", [[1, 4, 4, 2]]) {
      $0[0].patches(WindowGeometry(shape: [1, 4, 4, 2], window: 3, stride: 2, padding: .same))
    },
    RuleSubject("accumulated patches", [[4, 18]]) {
      $0[0].accumulatingPatches(
        WindowGeometry(shape: [1, 4, 4, 2], window: 3, stride: 2, padding: .same))
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
