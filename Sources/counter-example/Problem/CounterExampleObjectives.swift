import Bilevel
import Experiments

/// The counter-example's upper objective in closed form:
///
///     F(x, y1, y2) = 1/2 |x - y2|^2 + 1/2 |y1 - e|^2,
///
/// with x, y1 and y2 of shape `[n]` and e all ones; y has the components (y1, y2). Quadratic, so
/// its linearisation holds nothing but the gradient. Every member costs O(n). Source: arXiv
/// 2006.04045 for n = 1, vis-opt-group/sl-BAMM `merely_convex/strategy3.py` for any n.
package struct CounterExampleUpperObjective<Scalar: TensorScalar>: Objective {
  /// The objective, in as many dimensions as its arguments have.
  package init() {}

  /// F.
  package func value(upper x: Parameters<Scalar>, lower y: Parameters<Scalar>) -> Scalar {
    let gap = x.tensors[0].subtracting(y.tensors[1])
    let distance = y.tensors[0].shifted(by: -1)
    return (gap.dot(gap) + distance.dot(distance)) / 2
  }

  /// F, x - y2, and (y1 - e, y2 - x).
  package func gradients(
    upper x: Parameters<Scalar>, lower y: Parameters<Scalar>
  ) -> ObjectiveGradients<Scalar> {
    let gap = x.tensors[0].subtracting(y.tensors[1])
    let distance = y.tensors[0].shifted(by: -1)
    return ObjectiveGradients(
      value: (gap.dot(gap) + distance.dot(distance)) / 2, upper: Parameters(gap),
      lower: Parameters([distance, gap.scaled(by: -1)]))
  }

  /// (y1 - e, y2 - x).
  package func lowerGradient(
    upper x: Parameters<Scalar>, lower y: Parameters<Scalar>
  ) -> Parameters<Scalar> {
    Parameters([y.tensors[0].shifted(by: -1), y.tensors[1].subtracting(x.tensors[0])])
  }

  /// The constant Jacobians of the lower gradient, with its value.
  package func linearizeLowerGradient(
    upper x: Parameters<Scalar>, lower y: Parameters<Scalar>
  ) -> any LowerGradientLinearization<Scalar> {
    Linearization(lowerGradient: lowerGradient(upper: x, lower: y))
  }

  /// (y1 - e, y2 - x) by its numbers.
  package var coordinatewiseGradient: CoordinatewiseGradient<Scalar>? {
    CoordinatewiseGradient([
      .init(curvature: 1, offset: -1), .init(curvature: 1, coupling: -1),
    ])
  }

  /// (v1, v2) and -v2.
  package func lowerGradientPullback(
    upper x: Parameters<Scalar>, lower y: Parameters<Scalar>, _ v: Parameters<Scalar>
  ) -> SecondOrderProducts<Scalar> {
    SecondOrderProducts(lower: v, upper: Parameters(v.tensors[1].scaled(by: -1)))
  }

  private struct Linearization: LowerGradientLinearization {
    let lowerGradient: Parameters<Scalar>

    var bytes: Int { lowerGradient.bytes }

    func pullback(_ v: Parameters<Scalar>) -> SecondOrderProducts<Scalar> {
      SecondOrderProducts(lower: v, upper: Parameters(v.tensors[1].scaled(by: -1)))
    }

    func hessianVectorProduct(_ v: Parameters<Scalar>) -> Parameters<Scalar> { v }

    func pushforward(
      upper dx: Parameters<Scalar>?, lower dy: Parameters<Scalar>?
    ) -> Parameters<Scalar> {
      var result = dy ?? .zeros(like: lowerGradient)
      if let dx { result.tensors[1].add(dx.tensors[0], scaledBy: -1) }
      return result
    }
  }
}

/// The counter-example's lower objective in closed form:
///
///     f(x, y1, y2) = 1/2 |y1|^2 - x' y1 + mu/2 |y2 - c|^2.
///
/// With mu = 0 this is the article's: convex, and minimal at y1 = x with *any* y2. With mu > 0 it
/// is strongly convex (the singleton variant): minimal at (x, c) alone. Every member costs O(n).
package struct CounterExampleLowerObjective<Scalar: TensorScalar>: Objective {
  /// mu.
  package let strongConvexity: Scalar
  /// c, the same in every coordinate.
  package let target: Scalar

  /// The objective, in as many dimensions as its arguments have.
  package init(strongConvexity: Scalar = 0, target: Scalar = 1) {
    precondition(
      strongConvexity >= 0, "The strong convexity must not be negative, got \(strongConvexity).")
    self.strongConvexity = strongConvexity
    self.target = target
  }

  /// f.
  package func value(upper x: Parameters<Scalar>, lower y: Parameters<Scalar>) -> Scalar {
    let (first, second) = (y.tensors[0], y.tensors[1])
    let base = first.dot(first) / 2 - x.tensors[0].dot(first)
    guard strongConvexity > 0 else { return base }
    let distance = second.shifted(by: -target)
    return base + strongConvexity * distance.dot(distance) / 2
  }

  /// f, -y1, and (y1 - x, mu (y2 - c)).
  package func gradients(
    upper x: Parameters<Scalar>, lower y: Parameters<Scalar>
  ) -> ObjectiveGradients<Scalar> {
    ObjectiveGradients(
      value: value(upper: x, lower: y), upper: Parameters(y.tensors[0].scaled(by: -1)),
      lower: lowerGradient(upper: x, lower: y))
  }

  /// (y1 - x, mu (y2 - c)).
  package func lowerGradient(
    upper x: Parameters<Scalar>, lower y: Parameters<Scalar>
  ) -> Parameters<Scalar> {
    let second =
      strongConvexity > 0
      ? y.tensors[1].shifted(by: -target).scaled(by: strongConvexity) : .zeros(like: y.tensors[1])
    return Parameters([y.tensors[0].subtracting(x.tensors[0]), second])
  }

  /// The constant Jacobians of the lower gradient, with its value.
  package func linearizeLowerGradient(
    upper x: Parameters<Scalar>, lower y: Parameters<Scalar>
  ) -> any LowerGradientLinearization<Scalar> {
    Linearization(
      strongConvexity: strongConvexity, lowerGradient: lowerGradient(upper: x, lower: y))
  }

  /// (y1 - x, 0) by its numbers; nil for mu > 0, because mu y2 - mu c rounds otherwise than
  /// mu (y2 - c), which is exactly zero at y2 = c: with it a linear solver sees that it is done.
  package var coordinatewiseGradient: CoordinatewiseGradient<Scalar>? {
    guard strongConvexity == 0 else { return nil }
    return CoordinatewiseGradient([.init(curvature: 1, coupling: -1), .init()])
  }

  /// (v1, mu v2) and -v1.
  package func lowerGradientPullback(
    upper x: Parameters<Scalar>, lower y: Parameters<Scalar>, _ v: Parameters<Scalar>
  ) -> SecondOrderProducts<Scalar> {
    Linearization.products(v, strongConvexity)
  }

  private struct Linearization: LowerGradientLinearization {
    let strongConvexity: Scalar
    let lowerGradient: Parameters<Scalar>

    var bytes: Int { lowerGradient.bytes }

    static func hessian(_ v: Parameters<Scalar>, _ mu: Scalar) -> Parameters<Scalar> {
      Parameters([v.tensors[0], mu > 0 ? v.tensors[1].scaled(by: mu) : .zeros(like: v.tensors[1])])
    }

    static func products(_ v: Parameters<Scalar>, _ mu: Scalar) -> SecondOrderProducts<Scalar> {
      SecondOrderProducts(lower: hessian(v, mu), upper: Parameters(v.tensors[0].scaled(by: -1)))
    }

    func pullback(_ v: Parameters<Scalar>) -> SecondOrderProducts<Scalar> {
      Self.products(v, strongConvexity)
    }

    func hessianVectorProduct(_ v: Parameters<Scalar>) -> Parameters<Scalar> {
      Self.hessian(v, strongConvexity)
    }

    func pushforward(
      upper dx: Parameters<Scalar>?, lower dy: Parameters<Scalar>?
    ) -> Parameters<Scalar> {
      var result = dy.map { Self.hessian($0, strongConvexity) } ?? .zeros(like: lowerGradient)
      if let dx { result.tensors[0].add(dx.tensors[0], scaledBy: -1) }
      return result
    }
  }
}
