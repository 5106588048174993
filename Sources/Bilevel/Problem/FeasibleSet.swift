/// A closed convex set that a variable is projected onto.
public protocol FeasibleSet<Scalar>: Sendable {
  associatedtype Scalar: TensorScalar

  /// The point of the set nearest to `point` in the Euclidean norm. Idempotent.
  func project(_ point: Parameters<Scalar>) -> Parameters<Scalar>
}

/// A feasible set whose projection can be differentiated, so that an inner loop can project onto it.
///
/// Where the projection P is differentiable (almost everywhere) its Jacobian is symmetric, because P
/// is the gradient of a convex function: one product serves as pullback and as pushforward. On the
/// boundary of a smooth piece the one-sided derivative from within the set is taken.
public protocol DifferentiableFeasibleSet<Scalar>: FeasibleSet {
  /// P'(point) v.
  func projectionProduct(
    at point: Parameters<Scalar>, _ v: Parameters<Scalar>
  ) -> Parameters<Scalar>
}

/// The whole space: projection is the identity.
public struct WholeSpace<Scalar: TensorScalar>: DifferentiableFeasibleSet {
  /// The whole space.
  public init() {}

  /// `point` itself.
  public func project(_ point: Parameters<Scalar>) -> Parameters<Scalar> { point }

  /// v itself.
  public func projectionProduct(
    at point: Parameters<Scalar>, _ v: Parameters<Scalar>
  ) -> Parameters<Scalar> { v }
}

/// The box {lower <= each coordinate <= upper}.
public struct Box<Scalar: TensorScalar>: DifferentiableFeasibleSet {
  /// The least value of a coordinate.
  public let lower: Scalar
  /// The largest value of a coordinate.
  public let upper: Scalar

  /// The box between two bounds.
  public init(lower: Scalar, upper: Scalar) {
    precondition(lower <= upper, "A box from \(lower) to \(upper) is empty.")
    self.lower = lower
    self.upper = upper
  }

  /// Each coordinate clamped; NaN stays NaN. O(count).
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func project(_ point: Parameters<Scalar>) -> Parameters<Scalar> {
    Parameters(point.tensors.map { $0.map { $0 < lower ? lower : ($0 > upper ? upper : $0) } })
  }

  /// v where the coordinate of `point` lies in the box, else 0. O(count).
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func projectionProduct(
    at point: Parameters<Scalar>, _ v: Parameters<Scalar>
  ) -> Parameters<Scalar> {
    Parameters(
      zip(point.tensors, v.tensors).map { point, v in
        point.combined(with: v) { $0 < lower || $0 > upper ? 0 : $1 }
      })
  }
}

/// The Euclidean ball {|y| <= radius} about the origin, over all components together.
public struct Ball<Scalar: TensorScalar>: DifferentiableFeasibleSet {
  /// The radius.
  public let radius: Scalar

  /// The ball of the given radius.
  public init(radius: Scalar) {
    precondition(radius > 0, "A ball of radius \(radius) has no interior.")
    self.radius = radius
  }

  /// The point scaled back to the sphere where it lies outside; NaN stays NaN. O(count).
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func project(_ point: Parameters<Scalar>) -> Parameters<Scalar> {
    let norm = point.norm
    guard norm > radius else { return point }
    guard norm.isInfinite, point.isFinite else { return point.scaled(by: radius / norm) }
    // The squares of these components are beyond the largest number, and the components are not.
    let largest = point.flattened().reduce(0) { max($0, abs($1)) }
    let smaller = point.scaled(by: Scalar(sign: .plus, exponent: -largest.exponent, significand: 1))
    return smaller.scaled(by: radius / smaller.norm)
  }

  /// v inside; outside radius / |y| times the part of v orthogonal to y. O(count).
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func projectionProduct(
    at point: Parameters<Scalar>, _ v: Parameters<Scalar>
  ) -> Parameters<Scalar> {
    let norm = point.norm
    guard norm > radius else { return v }
    let radial = point.dot(v) / (norm * norm)
    return v.adding(point, scaledBy: -radial).scaled(by: radius / norm)
  }
}
