import Bilevel
import Experiments
import Networks
import TestSupport
import Testing

@testable import RepresentationLearning

/// One kind of head, in closed form and as an expression.
struct HeadSubject: Sendable, CustomTestStringConvertible {
  let loss: HeadLoss
  let ridge: Double
  let factor: Double
  var samples = 7
  var features = 4
  var outputs = 3

  var testDescription: String {
    "\(loss.rawValue), ridge \(ridge), factor \(factor), n = \(samples), c = \(outputs)"
  }

  static let all = [
    HeadSubject(loss: .leastSquares, ridge: 0, factor: 1),
    HeadSubject(loss: .leastSquares, ridge: 0.3, factor: 0.5),
    HeadSubject(loss: .leastSquares, ridge: 0.1, factor: 1, samples: 1, features: 1, outputs: 1),
    HeadSubject(loss: .crossEntropy, ridge: 0, factor: 1),
    HeadSubject(loss: .crossEntropy, ridge: 0.2, factor: 2, samples: 9, features: 12),
  ]

  func make() -> (
    closed: LinearHeadObjective<Double>, expression: ExpressionObjective<Double>,
    x: Parameters<Double>, y: Parameters<Double>
  ) {
    var stream = RandomStream(seed: 5, purpose: testDescription)
    // The features are the second of two components: the first must get zeros.
    let other: Tensor<Double> = stream.normal([2, 3])
    let features: Tensor<Double> = stream.normal([samples, self.features])
    let head: Tensor<Double> = stream.normal([self.features, outputs])
    let raw: Tensor<Double> = stream.uniform([samples, outputs], in: 0.1..<1)
    let targets = raw.dividing(raw.sum(alongAxis: 1).repeated(outputs, alongNewAxis: 1))
    let (loss, ridge, scale) = (loss, ridge, factor / Double(samples))
    let expression = ExpressionObjective<Double> { x, y in
      let z = x[1].multiplied(by: y[0])
      let regular = (ridge / 2) * (y[0] * y[0]).sum()
      switch loss {
      case .leastSquares:
        let gap = z - .constant(targets)
        return (scale / 2) * (gap * gap).sum() + regular
      case .crossEntropy:
        return scale * crossEntropies(logits: z, targets: .constant(targets)).sum() + regular
      }
    }
    return (
      LinearHeadObjective(
        component: 1, targets: targets, loss: loss, ridge: ridge, factor: factor),
      expression, Parameters([other, features]), Parameters(head)
    )
  }
}

@Suite("Linear heads in closed form")
struct RepresentationHeadTests {
  @Test("value and gradients equal the expression's", arguments: HeadSubject.all)
  func gradients(subject: HeadSubject) {
    let (closed, expression, x, y) = subject.make()
    let (left, right) = (
      closed.gradients(upper: x, lower: y), expression.gradients(upper: x, lower: y)
    )
    #expect(abs(left.value - right.value) < 1e-13 * (1 + abs(right.value)))
    #expect(closed.value(upper: x, lower: y) == left.value)
    #expect(largestDeviation(left.upper.tensors, right.upper.tensors) < 1e-13)
    #expect(largestDeviation(left.lower.tensors, right.lower.tensors) < 1e-13)
    #expect(left.lower == closed.lowerGradient(upper: x, lower: y))
  }

  @Test("a cross-entropy in single precision is not below zero where every row is far on its side")
  func separatedRows() {
    var stream = RandomStream(seed: 7, purpose: "margins")
    let targets = Tensor<Float>(
      shape: [4_000, 2], scalars: (0..<8_000).map { $0 % 2 == 0 ? 1 : 0 })
    let objective = LinearHeadObjective(component: 0, targets: targets, loss: .crossEntropy)
    // Rounding may fall on either side: of twenty draws, all are on the right one.
    for _ in 0..<20 {
      let margins: Tensor<Float> = stream.uniform([4_000, 1], in: 20..<900)
      let value = objective.value(
        upper: Parameters(margins),
        lower: Parameters(Tensor(shape: [1, 2], scalars: [1.1, 0.3])))
      #expect(value >= 0 && value < 1e-4)
    }
  }

  @Test("second-order products equal the expression's", arguments: HeadSubject.all)
  func products(subject: HeadSubject) {
    let (closed, expression, x, y) = subject.make()
    var stream = RandomStream(seed: 6, purpose: "directions")
    let v = Parameters<Double>(stream.normal(y.shapes[0]))
    let dx = Parameters<Double>(x.shapes.map { stream.normal($0) })
    let left = closed.linearizeLowerGradient(upper: x, lower: y)
    let right = expression.linearizeLowerGradient(upper: x, lower: y)
    #expect(
      largestDeviation(left.lowerGradient.tensors, right.lowerGradient.tensors) < 1e-13)
    let (a, b) = (left.pullback(v), right.pullback(v))
    #expect(largestDeviation(a.lower.tensors, b.lower.tensors) < 1e-13)
    #expect(largestDeviation(a.upper.tensors, b.upper.tensors) < 1e-13)
    #expect(left.hessianVectorProduct(v) == a.lower)
    for linearization in [left, right] {
      var (lower, upper) = (y, dx)
      linearization.addPullback(v, scaledBy: -0.5, toLower: &lower, toUpper: &upper)
      #expect(
        largestDeviation(lower.tensors, y.adding(b.lower, scaledBy: -0.5).tensors) < 1e-13)
      #expect(
        largestDeviation(upper.tensors, dx.adding(b.upper, scaledBy: -0.5).tensors) < 1e-13)
    }
    for (tangent, head) in [(dx, v), (dx, nil), (nil, v)]
      as [(Parameters<Double>?, Parameters<Double>?)]
    {
      #expect(
        largestDeviation(
          left.pushforward(upper: tangent, lower: head).tensors,
          right.pushforward(upper: tangent, lower: head).tensors) < 1e-13)
    }
    let image = left.pushforward(upper: dx, lower: v)
    let back = left.pullback(y)
    #expect(abs(y.dot(image) - back.upper.dot(dx) - back.lower.dot(v)) < 1e-11)
  }
}
