/// A twice differentiable function h(x, y) of the upper variable x and the lower variable y, with
/// the derivatives that bi-level methods need.
///
/// The invariant: all members describe the same function at the same point. ``ExpressionObjective``
/// derives all of them by `Autodiff` and is the reference; a closed form conforms to be faster and
/// is tested against it, in Double, to rounding.
///
/// Non-finite input gives non-finite output: nothing here traps on numbers.
public protocol Objective<Scalar>: Sendable {
  associatedtype Scalar: TensorScalar

  /// h(x, y).
  func value(upper x: Parameters<Scalar>, lower y: Parameters<Scalar>) -> Scalar

  /// h(x, y) and its two gradients.
  func gradients(
    upper x: Parameters<Scalar>, lower y: Parameters<Scalar>
  ) -> ObjectiveGradients<Scalar>

  /// The gradient with respect to the lower variable: all that an inner step needs.
  func lowerGradient(
    upper x: Parameters<Scalar>, lower y: Parameters<Scalar>
  ) -> Parameters<Scalar>

  /// The lower gradient together with what makes products with its Jacobian cheap.
  func linearizeLowerGradient(
    upper x: Parameters<Scalar>, lower y: Parameters<Scalar>
  ) -> any LowerGradientLinearization<Scalar>

  /// The products (h_yy v, h_xy v) at one point, for one v, keeping nothing.
  ///
  /// Equal to `linearizeLowerGradient(...).pullback(v)`; a conformer may fuse the two.
  func lowerGradientPullback(
    upper x: Parameters<Scalar>, lower y: Parameters<Scalar>, _ v: Parameters<Scalar>
  ) -> SecondOrderProducts<Scalar>

  /// The same objective, allowed to keep what depends on x alone (weights, features).
  ///
  /// Inner loops ask once for all their steps. All members of what is returned must be called with
  /// this x only.
  func fixed(at x: Parameters<Scalar>) -> any Objective<Scalar>

  /// The lower gradient as numbers, where it is affine and acts on every coordinate by itself; nil
  /// otherwise. Inner loops of such objectives take all their steps in one pass over memory.
  var coordinatewiseGradient: CoordinatewiseGradient<Scalar>? { get }
}

/// A value h and its gradients h_x and h_y.
public struct ObjectiveGradients<Scalar: TensorScalar>: Sendable {
  /// h(x, y).
  public var value: Scalar
  /// h_x, in the shapes of x.
  public var upper: Parameters<Scalar>
  /// h_y, in the shapes of y.
  public var lower: Parameters<Scalar>

  /// A value with its gradients.
  public init(value: Scalar, upper: Parameters<Scalar>, lower: Parameters<Scalar>) {
    self.value = value
    self.upper = upper
    self.lower = lower
  }
}

/// The products of one vector v in the lower space with the second derivatives of an objective.
public struct SecondOrderProducts<Scalar: TensorScalar>: Sendable {
  /// h_yy v, in the shapes of y.
  public var lower: Parameters<Scalar>
  /// h_xy v, in the shapes of x.
  public var upper: Parameters<Scalar>

  /// A pair of products.
  public init(lower: Parameters<Scalar>, upper: Parameters<Scalar>) {
    self.lower = lower
    self.upper = upper
  }
}

/// The map (x, y) -> h_y(x, y) linearised at one point.
public protocol LowerGradientLinearization<Scalar>: Sendable {
  associatedtype Scalar: TensorScalar

  /// h_y at the point.
  var lowerGradient: Parameters<Scalar> { get }

  /// (h_yy v, h_xy v): the transpose of ``pushforward(upper:lower:)``.
  func pullback(_ v: Parameters<Scalar>) -> SecondOrderProducts<Scalar>

  /// Adds factor h_yy v to `lower` and factor h_xy v to `upper`: ``pullback(_:)`` for loops that sum
  /// over many points. A conformer whose h_xy v is mostly zeros saves writing and adding them.
  func addPullback(
    _ v: Parameters<Scalar>, scaledBy factor: Scalar, toLower lower: inout Parameters<Scalar>,
    toUpper upper: inout Parameters<Scalar>)

  /// h_yy v alone.
  func hessianVectorProduct(_ v: Parameters<Scalar>) -> Parameters<Scalar>

  /// h_yx dx + h_yy dy; an absent tangent counts as zero.
  func pushforward(
    upper dx: Parameters<Scalar>?, lower dy: Parameters<Scalar>?
  ) -> Parameters<Scalar>

  /// Bytes that keeping this linearisation costs, the point's own scalars not counted.
  var bytes: Int { get }
}

extension Objective {
  /// nil: the gradient is not known to be of that form.
  public var coordinatewiseGradient: CoordinatewiseGradient<Scalar>? { nil }

  /// The objective itself: nothing in it depends on x alone, or nothing worth keeping.
  public func fixed(at x: Parameters<Scalar>) -> any Objective<Scalar> { self }

  /// The lower gradient taken from ``gradients(upper:lower:)``.
  public func lowerGradient(
    upper x: Parameters<Scalar>, lower y: Parameters<Scalar>
  ) -> Parameters<Scalar> {
    gradients(upper: x, lower: y).lower
  }

  /// The products of a linearisation that is used once.
  public func lowerGradientPullback(
    upper x: Parameters<Scalar>, lower y: Parameters<Scalar>, _ v: Parameters<Scalar>
  ) -> SecondOrderProducts<Scalar> {
    linearizeLowerGradient(upper: x, lower: y).pullback(v)
  }
}

extension LowerGradientLinearization {
  /// The products of ``pullback(_:)``, added.
  public func addPullback(
    _ v: Parameters<Scalar>, scaledBy factor: Scalar, toLower lower: inout Parameters<Scalar>,
    toUpper upper: inout Parameters<Scalar>
  ) {
    let products = pullback(v)
    lower.add(products.lower, scaledBy: factor)
    upper.add(products.upper, scaledBy: factor)
  }

  /// The lower half of ``pullback(_:)``.
  public func hessianVectorProduct(_ v: Parameters<Scalar>) -> Parameters<Scalar> {
    pullback(v).lower
  }
}
