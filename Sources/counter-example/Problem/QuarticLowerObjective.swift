import Bilevel
import Experiments

/// A lower objective with one solution and without strong convexity, in closed form:
///
///     f(x, y1, y2) = 1/4 sum_i (y1_i - x_i)^4 + mu/2 |y2 - c|^2.
///
/// With mu > 0 it is minimal at (x, c) alone, where its Hessian in y1 vanishes. Every member costs O(n).
package struct QuarticLowerObjective<Scalar: TensorScalar>: Objective {
  /// mu.
  package let strongConvexity: Scalar
  /// c, the same in every coordinate.
  package let target: Scalar

  /// The objective, in as many dimensions as its arguments have.
  package init(strongConvexity: Scalar, target: Scalar) {
    precondition(
      strongConvexity >= 0, "The strong convexity must not be negative, got \(strongConvexity).")
    self.strongConvexity = strongConvexity
    self.target = target
  }

  /// f.
  package func value(upper x: Parameters<Scalar>, lower y: Parameters<Scalar>) -> Scalar {
    let gap = y.tensors[0].subtracting(x.tensors[0])
    let square = gap.multiplying(gap)
    let distance = y.tensors[1].shifted(by: -target)
    return square.dot(square) / 4 + strongConvexity * distance.dot(distance) / 2
  }

  /// f, -(y1 - x)^3, and ((y1 - x)^3, mu (y2 - c)).
  package func gradients(
    upper x: Parameters<Scalar>, lower y: Parameters<Scalar>
  ) -> ObjectiveGradients<Scalar> {
    let lower = lowerGradient(upper: x, lower: y)
    return ObjectiveGradients(
      value: value(upper: x, lower: y), upper: Parameters(lower.tensors[0].scaled(by: -1)),
      lower: lower)
  }

  /// ((y1 - x)^3, mu (y2 - c)).
  package func lowerGradient(
    upper x: Parameters<Scalar>, lower y: Parameters<Scalar>
  ) -> Parameters<Scalar> {
    let gap = y.tensors[0].subtracting(x.tensors[0])
    return Parameters([
      gap.multiplying(gap).multiplying(gap),
      y.tensors[1].shifted(by: -target).scaled(by: strongConvexity),
    ])
  }

  /// The Jacobians of the lower gradient, with its value.
  package func linearizeLowerGradient(
    upper x: Parameters<Scalar>, lower y: Parameters<Scalar>
  ) -> any LowerGradientLinearization<Scalar> {
    let gap = y.tensors[0].subtracting(x.tensors[0])
    return Linearization(
      lowerGradient: lowerGradient(upper: x, lower: y),
      curvature: gap.multiplying(gap).scaled(by: 3),
      strongConvexity: strongConvexity)
  }

  private struct Linearization: LowerGradientLinearization {
    let lowerGradient: Parameters<Scalar>
    /// 3 (y1 - x)^2: f_y1y1, and less f_y1x.
    let curvature: Tensor<Scalar>
    let strongConvexity: Scalar

    var bytes: Int { lowerGradient.bytes + curvature.count * MemoryLayout<Scalar>.stride }

    func pullback(_ v: Parameters<Scalar>) -> SecondOrderProducts<Scalar> {
      let product = hessianVectorProduct(v)
      return SecondOrderProducts(
        lower: product, upper: Parameters(product.tensors[0].scaled(by: -1)))
    }

    func hessianVectorProduct(_ v: Parameters<Scalar>) -> Parameters<Scalar> {
      Parameters([
        v.tensors[0].multiplying(curvature),
        v.tensors[1].scaled(by: strongConvexity),
      ])
    }

    func pushforward(
      upper dx: Parameters<Scalar>?, lower dy: Parameters<Scalar>?
    ) -> Parameters<Scalar> {
      var result = dy.map { hessianVectorProduct($0) } ?? .zeros(like: lowerGradient)
      if let dx {
        result.tensors[0].add(dx.tensors[0].multiplying(curvature), scaledBy: -1)
      }
      return result
    }
  }
}
