import Bilevel
import TestSupport
import Testing

/// A closed form beside the expression it must equal, and a point (x, y) to compare them at.
struct ClosedFormSubject {
  let closed: any Objective<Double>
  let expression: ExpressionObjective<Double>
  let x: Parameters<Double>
  let y: Parameters<Double>
  /// The largest deviation that another order of summation explains.
  let rounding: Double

  /// Compares the value and both gradients.
  func expectEqualGradients() {
    let expected = expression.gradients(upper: x, lower: y)
    let found = closed.gradients(upper: x, lower: y)
    #expect(abs(found.value - expected.value) < rounding)
    #expect(abs(closed.value(upper: x, lower: y) - expected.value) < rounding)
    #expect(largestDeviation(found.upper.tensors, expected.upper.tensors) < rounding)
    #expect(largestDeviation(found.lower.tensors, expected.lower.tensors) < rounding)
    let slope = closed.lowerGradient(upper: x, lower: y)
    #expect(largestDeviation(slope.tensors, expected.lower.tensors) < rounding)
  }

  /// Compares the closed form with itself fixed at x, to the bit.
  func expectSameWhenFixed() {
    let fixed = closed.fixed(at: x)
    let (plain, kept) = (closed.gradients(upper: x, lower: y), fixed.gradients(upper: x, lower: y))
    #expect(plain.value == kept.value && plain.upper == kept.upper && plain.lower == kept.lower)
    let products = closed.lowerGradientPullback(upper: x, lower: y, plain.lower)
    let keptProducts = fixed.lowerGradientPullback(upper: x, lower: y, plain.lower)
    #expect(products.lower == keptProducts.lower && products.upper == keptProducts.upper)
  }

  /// Compares second-order products along seeded directions: kept and fused, back and forward.
  func expectEqualProducts(seed: UInt64) {
    var stream = RandomStream(seed: seed, purpose: "directions")
    let v = Parameters(y.tensors.map { stream.uniform($0.shape, in: -1..<1, as: Double.self) })
    let dx = Parameters(x.tensors.map { stream.uniform($0.shape, in: -1..<1, as: Double.self) })
    let reference = expression.linearizeLowerGradient(upper: x, lower: y)
    let kept = closed.linearizeLowerGradient(upper: x, lower: y)
    let expected = reference.pullback(v)
    for found in [kept.pullback(v), closed.lowerGradientPullback(upper: x, lower: y, v)] {
      #expect(largestDeviation(found.lower.tensors, expected.lower.tensors) < rounding)
      #expect(largestDeviation(found.upper.tensors, expected.upper.tensors) < rounding)
    }
    #expect(
      largestDeviation(kept.lowerGradient.tensors, reference.lowerGradient.tensors) < rounding)
    #expect(
      largestDeviation(kept.hessianVectorProduct(v).tensors, expected.lower.tensors) < rounding)
    for (upper, lower) in [(dx, v), (nil, v), (dx, nil)] as [(Parameters?, Parameters?)] {
      let found = kept.pushforward(upper: upper, lower: lower)
      let expected = reference.pushforward(upper: upper, lower: lower)
      #expect(largestDeviation(found.tensors, expected.tensors) < rounding)
    }
  }
}
