import Autodiff
import TestSupport
import Testing

/// One operation with inputs at which it is smooth.
struct RuleSubject: CustomTestStringConvertible, Sendable {
  let testDescription: String
  let shapes: [[Int]]
  /// The range that inputs are drawn from: positive for logarithms, away from kinks, and so on.
  var range: Range<Double> = -1.5..<1.5
  /// False for the one subject whose derivative is zero.
  var hasDerivative: Bool { testDescription != "rectifier, negative side" }
  let apply: @Sendable ([Variable<Double>]) -> Variable<Double>

  init(
    _ name: String, _ shapes: [[Int]], in range: Range<Double> = -1.5..<1.5,
    _ apply: @escaping @Sendable ([Variable<Double>]) -> Variable<Double>
  ) {
    testDescription = name
    self.shapes = shapes
    self.range = range
    self.apply = apply
  }

  func inputs(seed: UInt64) -> [Tensor<Double>] {
    var stream = RandomStream(seed: seed, purpose: testDescription)
    return shapes.map { stream.uniform($0, in: range) }
  }

  static let all: [RuleSubject] = [
    RuleSubject("sum", [[2, 3], [2, 3]]) { $0[0] + $0[1] },
    RuleSubject("difference", [[2, 3], [2, 3]]) { $0[0] - $0[1] },
    RuleSubject("product", [[2, 3], [2, 3]]) { $0[0] * $0[1] },
    RuleSubject("product with itself", [[4]]) { $0[0] * $0[0] },
    RuleSubject("quotient", [[2, 2], [2, 2]], in: 0.5..<2) { $0[0] / $0[1] },
    RuleSubject("scaling", [[3]]) { -2.5 * $0[0] },
    RuleSubject("negation", [[3]]) { -$0[0] },
    RuleSubject("shift", [[3]]) { $0[0] + 0.75 },
    RuleSubject("exponential", [[5]]) { $0[0].exponential() },
    RuleSubject("logarithm", [[5]], in: 0.5..<2) { $0[0].logarithm() },
    RuleSubject("square root", [[5]], in: 0.5..<2) { $0[0].squareRoot() },
    RuleSubject("hyperbolic tangent", [[5]]) { $0[0].hyperbolicTangent() },
    RuleSubject("sigmoid", [[5]]) { $0[0].sigmoid() },
    RuleSubject("rectifier, positive side", [[5]], in: 0.1..<2) { $0[0].rectified() },
    RuleSubject("rectifier, negative side", [[5]], in: -2 ..< -0.1) { $0[0].rectified() },
    RuleSubject("sine", [[5]]) { $0[0].sine() },
    RuleSubject("cosine", [[5]]) { $0[0].cosine() },
    RuleSubject("reshape", [[2, 6]]) { $0[0].reshaped([3, 4]) },
    RuleSubject("transpose", [[2, 3]]) { $0[0].transposed() },
    RuleSubject("sum along the first axis", [[2, 3, 2]]) { $0[0].sum(alongAxis: 0) },
    RuleSubject("sum along a middle axis", [[2, 3, 2]]) { $0[0].sum(alongAxis: 1) },
    RuleSubject("sum along the last axis", [[2, 3, 2]]) { $0[0].sum(alongAxis: 2) },
    RuleSubject("repeat along a new first axis", [[2, 3]]) { $0[0].repeated(4, alongNewAxis: 0) },
    RuleSubject("repeat along a new last axis", [[2, 3]]) { $0[0].repeated(4, alongNewAxis: 2) },
    RuleSubject("mean", [[2, 3]]) { $0[0].mean() },
    RuleSubject("log-sum-exp", [[3, 4]]) { $0[0].logSumExp() },
    RuleSubject("softmax", [[3, 4]]) { $0[0].softmax() },
    RuleSubject("matrix product", [[2, 3], [3, 4]]) { $0[0].multiplied(by: $0[1]) },
    RuleSubject("matrix product, left transposed", [[3, 2], [3, 4]]) {
      $0[0].multiplied(by: $0[1], transposingSelf: true)
    },
    RuleSubject("matrix product, right transposed", [[2, 3], [4, 3]]) {
      $0[0].multiplied(by: $0[1], transposingOther: true)
    },
    RuleSubject("matrix product, both transposed", [[3, 2], [4, 3]]) {
      $0[0].multiplied(by: $0[1], transposingSelf: true, transposingOther: true)
    },
    RuleSubject("two layers and a loss", [[4, 3], [3, 5], [5, 2]]) {
      let hidden = $0[0].multiplied(by: $0[1]).hyperbolicTangent()
      return hidden.multiplied(by: $0[2]).logSumExp().mean()
    },
  ]
}

@Suite("Differentiation rules, in Double")
struct RuleTests {
  /// Central differences of functions of order one are good to about 1e-9.
  static let firstOrderTolerance = 1e-8
  /// Differences of gradients, likewise, with larger third derivatives.
  static let secondOrderTolerance = 1e-7
  /// The two sides of an identity differ by rounding alone.
  static let roundingTolerance = 1e-13

  /// <output, fixed random weights>: a scalar whose gradient is the pullback of the weights.
  static func weighted(_ subject: RuleSubject)
    -> @Sendable ([Variable<Double>]) -> Variable<
      Double
    >
  {
    { inputs in
      let output = subject.apply(inputs)
      var stream = RandomStream(seed: 3, purpose: "weights")
      return (output * .constant(stream.uniform(output.shape, in: -1..<1))).sum()
    }
  }

  @Test("Pullback equals central differences", arguments: RuleSubject.all)
  func pullback(subject: RuleSubject) {
    let point = subject.inputs(seed: 1)
    let function = Self.weighted(subject)
    let (_, slope) = valueAndGradient(at: point, of: function)
    let expected = centralDifferenceGradient(at: point) {
      function($0.map { .constant($0) }).value.scalar
    }
    #expect(largestDeviation(slope, expected) < Self.firstOrderTolerance)
  }

  @Test("Pushforward and pullback are transposes", arguments: RuleSubject.all)
  func transposeIdentity(subject: RuleSubject) {
    let point = subject.inputs(seed: 2)
    var stream = RandomStream(seed: 5, purpose: "directions")
    let tangents: [Tensor<Double>] = point.map { stream.uniform($0.shape, in: -1..<1) }
    let pushed = jacobianVectorProduct(at: point, along: tangents) { [subject.apply($0)] }
    let cotangent: Tensor<Double> = stream.uniform(pushed[0].shape, in: -1..<1)
    let pulled = vectorJacobianProduct(at: point, cotangents: [cotangent]) { [subject.apply($0)] }
    let left = cotangent.dot(pushed[0])
    let right = zip(pulled, tangents).reduce(0) { $0 + $1.0.dot($1.1) }
    #expect(abs(left - right) < Self.roundingTolerance * (1 + abs(left)))
    if subject.hasDerivative {
      #expect(left != 0, "A zero on both sides would prove nothing.")
    }
  }

  @Test("Hessian-vector product equals differences of gradients", arguments: RuleSubject.all)
  func secondOrder(subject: RuleSubject) {
    let point = subject.inputs(seed: 4)
    let function = Self.weighted(subject)
    var stream = RandomStream(seed: 6, purpose: "directions")
    let direction: [Tensor<Double>] = point.map { stream.uniform($0.shape, in: -1..<1) }
    let product = hessianVectorProduct(at: point, along: direction, of: function)
    let expected = centralDifferenceGradient(at: point) { moved in
      let slope = valueAndGradient(at: moved, of: function).gradient
      return zip(slope, direction).reduce(0) { $0 + $1.0.dot($1.1) }
    }
    #expect(largestDeviation(product, expected) < Self.secondOrderTolerance)
  }

  @Test("Forward over reverse equals reverse over reverse", arguments: RuleSubject.all)
  func forwardOverReverse(subject: RuleSubject) {
    let point = subject.inputs(seed: 7)
    let function = Self.weighted(subject)
    var stream = RandomStream(seed: 8, purpose: "directions")
    let direction: [Tensor<Double>] = point.map { stream.uniform($0.shape, in: -1..<1) }
    let reverse = hessianVectorProduct(at: point, along: direction, of: function)
    let leaves = point.map { Variable($0) }
    let slope = gradient(of: function(leaves), withRespectTo: leaves, keepingGraph: true)
    let forward = pushforward(of: slope, along: direction.map { .constant($0) }, at: leaves)
    #expect(largestDeviation(forward.map(\.value), reverse) < Self.roundingTolerance * 100)
  }

  @Test(
    "Third order: the gradient of <f'' v, w> equals its differences", arguments: RuleSubject.all)
  func thirdOrder(subject: RuleSubject) {
    let point = subject.inputs(seed: 9)
    let function = Self.weighted(subject)
    var stream = RandomStream(seed: 10, purpose: "directions")
    let v: [Tensor<Double>] = point.map { stream.uniform($0.shape, in: -1..<1) }
    let w: [Tensor<Double>] = point.map { stream.uniform($0.shape, in: -1..<1) }
    let leaves = point.map { Variable($0) }
    let slope = gradient(of: function(leaves), withRespectTo: leaves, keepingGraph: true)
    let product = gradient(
      of: slope, cotangents: v.map { .constant($0) }, withRespectTo: leaves, keepingGraph: true)
    let third = gradient(
      of: product, cotangents: w.map { .constant($0) }, withRespectTo: leaves)
    let expected = centralDifferenceGradient(at: point) { moved in
      let product = hessianVectorProduct(at: moved, along: v, of: function)
      return zip(product, w).reduce(0) { $0 + $1.0.dot($1.1) }
    }
    #expect(largestDeviation(third.map(\.value), expected) < Self.secondOrderTolerance)
  }

  @Test("The smooth maximum of large elements neither overflows nor loses its derivative")
  func largeLogits() {
    for offset in [1_000.0, -1_000] {
      let point = [Tensor<Double>([offset, offset + 1])]
      let (value, slope) = valueAndGradient(at: point) { $0[0].logSumExp() }
      // log(e^0 + e^1) = 1 + log(1 + 1 / e), and the softmax of (0, 1).
      #expect(abs(value - offset - 1.3132616875182228) < 1e-12)
      let expected = Tensor<Double>([0.2689414213699951, 0.7310585786300049])
      #expect(largestDeviation(slope, [expected]) < 1e-12)
    }
  }

  @Test("The checker rejects a wrong derivative")
  func checkerCanFail() {
    // The derivative of x |x| stopped at |x|: off by exactly the factor 2 that a checker must see.
    let broken = RuleSubject("half the square's derivative", [[3]], in: 0.5..<1) {
      $0[0] * $0[0].detached()
    }
    let point = broken.inputs(seed: 1)
    let function = Self.weighted(broken)
    let (_, slope) = valueAndGradient(at: point, of: function)
    let expected = centralDifferenceGradient(at: point) {
      function($0.map { .constant($0) }).value.scalar
    }
    #expect(largestDeviation(slope, expected) > 1e-2)
  }
}
