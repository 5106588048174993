/// The weighted sum u F + l f of two objectives, with all its derivatives.
///
/// With u = alpha and l = 1 - alpha this is the function whose descent BDA's inner step with a
/// constant weight is; differentiating *it* implicitly is what sl-BAMM's `BAMM_CG --BDA` does
/// (vis-opt-group/sl-BAMM `merely_convex/strategy3.py`): u > 0 makes the Hessian definite where f_yy
/// alone is singular.
public struct AggregatedObjective<Scalar: TensorScalar>: Objective {
  /// F.
  public let upper: any Objective<Scalar>
  /// f.
  public let lower: any Objective<Scalar>
  /// u and l.
  public let weights: DescentWeights<Scalar>

  /// The sum of two objectives with the given weights.
  public init(
    upper: any Objective<Scalar>, lower: any Objective<Scalar>, weights: DescentWeights<Scalar>
  ) {
    self.upper = upper
    self.lower = lower
    self.weights = weights
  }

  /// u F + l f.
  public func value(upper x: Parameters<Scalar>, lower y: Parameters<Scalar>) -> Scalar {
    weights.upper * upper.value(upper: x, lower: y)
      + weights.lower * lower.value(upper: x, lower: y)
  }

  /// The value and both gradients.
  public func gradients(
    upper x: Parameters<Scalar>, lower y: Parameters<Scalar>
  ) -> ObjectiveGradients<Scalar> {
    let first = upper.gradients(upper: x, lower: y)
    let second = lower.gradients(upper: x, lower: y)
    return ObjectiveGradients(
      value: weights.upper * first.value + weights.lower * second.value,
      upper: weights.combine(first.upper, second.upper),
      lower: weights.combine(first.lower, second.lower))
  }

  /// u F_y + l f_y.
  public func lowerGradient(
    upper x: Parameters<Scalar>, lower y: Parameters<Scalar>
  ) -> Parameters<Scalar> {
    weights.combine(
      upper.lowerGradient(upper: x, lower: y), lower.lowerGradient(upper: x, lower: y))
  }

  /// Both linearisations, weighted.
  public func linearizeLowerGradient(
    upper x: Parameters<Scalar>, lower y: Parameters<Scalar>
  ) -> any LowerGradientLinearization<Scalar> {
    Linearization(
      weights: weights, upper: upper.linearizeLowerGradient(upper: x, lower: y),
      lower: lower.linearizeLowerGradient(upper: x, lower: y))
  }

  /// u and l times each objective's own products.
  public func lowerGradientPullback(
    upper x: Parameters<Scalar>, lower y: Parameters<Scalar>, _ v: Parameters<Scalar>
  ) -> SecondOrderProducts<Scalar> {
    weights.combine(
      upper.lowerGradientPullback(upper: x, lower: y, v),
      lower.lowerGradientPullback(upper: x, lower: y, v))
  }

  private struct Linearization: LowerGradientLinearization {
    let weights: DescentWeights<Scalar>
    let upper: any LowerGradientLinearization<Scalar>
    let lower: any LowerGradientLinearization<Scalar>

    var lowerGradient: Parameters<Scalar> {
      weights.combine(upper.lowerGradient, lower.lowerGradient)
    }

    var bytes: Int { upper.bytes + lower.bytes }

    func pullback(_ v: Parameters<Scalar>) -> SecondOrderProducts<Scalar> {
      weights.combine(upper.pullback(v), lower.pullback(v))
    }

    func hessianVectorProduct(_ v: Parameters<Scalar>) -> Parameters<Scalar> {
      weights.combine(upper.hessianVectorProduct(v), lower.hessianVectorProduct(v))
    }

    func pushforward(
      upper dx: Parameters<Scalar>?, lower dy: Parameters<Scalar>?
    ) -> Parameters<Scalar> {
      weights.combine(
        upper.pushforward(upper: dx, lower: dy), lower.pushforward(upper: dx, lower: dy))
    }
  }
}

extension DescentWeights {
  /// u a + l b.
  func combine(_ a: Parameters<Scalar>, _ b: Parameters<Scalar>) -> Parameters<Scalar> {
    a.scaled(by: upper).adding(b, scaledBy: lower)
  }

  /// u a + l b, half by half.
  func combine(
    _ a: SecondOrderProducts<Scalar>, _ b: SecondOrderProducts<Scalar>
  ) -> SecondOrderProducts<Scalar> {
    SecondOrderProducts(
      lower: combine(a.lower, b.lower), upper: combine(a.upper, b.upper))
  }
}
