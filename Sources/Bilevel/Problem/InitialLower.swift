/// The start y_0(x) of the inner loop, and its derivative.
///
/// A start that depends on x is how meta-learning enters: with y_0(x) = x, reverse hypergradients
/// *are* MAML (design, section 3).
public protocol InitialLower<Scalar>: Sendable {
  associatedtype Scalar: TensorScalar

  /// y_0(x).
  func value(upper x: Parameters<Scalar>) -> Parameters<Scalar>

  /// (dy_0/dx)' v in the shapes of x, or nil where y_0 does not depend on x.
  func pullback(upper x: Parameters<Scalar>, _ v: Parameters<Scalar>) -> Parameters<Scalar>?

  /// (dy_0/dx) dx in the shapes of y, or nil where y_0 does not depend on x.
  func pushforward(upper x: Parameters<Scalar>, _ dx: Parameters<Scalar>) -> Parameters<Scalar>?
}

/// A start that is the same for every x.
public struct ConstantInitialLower<Scalar: TensorScalar>: InitialLower {
  /// y_0.
  public let start: Parameters<Scalar>

  /// The constant start y_0.
  public init(_ start: Parameters<Scalar>) { self.start = start }

  /// y_0.
  public func value(upper x: Parameters<Scalar>) -> Parameters<Scalar> { start }

  /// nil: the derivative is zero.
  public func pullback(
    upper x: Parameters<Scalar>, _ v: Parameters<Scalar>
  ) -> Parameters<Scalar>? { nil }

  /// nil: the derivative is zero.
  public func pushforward(
    upper x: Parameters<Scalar>, _ dx: Parameters<Scalar>
  ) -> Parameters<Scalar>? { nil }
}

/// A start given as an expression in x; its derivative comes from `Autodiff`.
public struct ExpressionInitialLower<Scalar: TensorScalar>: InitialLower {
  /// The components of y_0 as a function of the components of x.
  public typealias Expression = @Sendable (_ x: [Variable<Scalar>]) -> [Variable<Scalar>]

  private let expression: Expression

  /// The start computed by `expression`; the identity gives y_0(x) = x.
  public init(_ expression: @escaping Expression) { self.expression = expression }

  /// y_0(x).
  public func value(upper x: Parameters<Scalar>) -> Parameters<Scalar> {
    Parameters(expression(x.constants).map(\.value))
  }

  /// (dy_0/dx)' v.
  public func pullback(
    upper x: Parameters<Scalar>, _ v: Parameters<Scalar>
  ) -> Parameters<Scalar>? {
    Parameters(vectorJacobianProduct(at: x.tensors, cotangents: v.tensors, of: expression))
  }

  /// (dy_0/dx) dx.
  public func pushforward(
    upper x: Parameters<Scalar>, _ dx: Parameters<Scalar>
  ) -> Parameters<Scalar>? {
    Parameters(jacobianVectorProduct(at: x.tensors, along: dx.tensors, of: expression))
  }
}
