/// An objective given as an expression in variables; all derivatives come from `Autodiff`.
///
/// The reference for every closed form. Memory of a linearisation: the recorded gradient, a small
/// multiple of the expression's intermediate values.
public struct ExpressionObjective<Scalar: TensorScalar>: Objective {
  /// h as a function of the components of x and of y, with a result of one element.
  public typealias Expression =
    @Sendable (_ x: [Variable<Scalar>], _ y: [Variable<Scalar>]) -> Variable<Scalar>

  private let expression: Expression

  /// The objective computed by `expression`.
  public init(_ expression: @escaping Expression) { self.expression = expression }

  /// h(x, y).
  public func value(upper x: Parameters<Scalar>, lower y: Parameters<Scalar>) -> Scalar {
    expression(x.constants, y.constants).value.scalar
  }

  /// h(x, y) and both gradients, from one reverse sweep.
  public func gradients(
    upper x: Parameters<Scalar>, lower y: Parameters<Scalar>
  ) -> ObjectiveGradients<Scalar> {
    let (upper, lower) = (x.leaves, y.leaves)
    let output = expression(upper, lower)
    let slopes = gradient(of: output, withRespectTo: upper + lower).map(\.value)
    return ObjectiveGradients(
      value: output.value.scalar,
      upper: Parameters(Array(slopes.prefix(upper.count))),
      lower: Parameters(Array(slopes.dropFirst(upper.count))))
  }

  /// The lower gradient; x enters as a constant, so nothing is recorded for it.
  public func lowerGradient(
    upper x: Parameters<Scalar>, lower y: Parameters<Scalar>
  ) -> Parameters<Scalar> {
    let lower = y.leaves
    return Parameters(
      gradient(of: expression(x.constants, lower), withRespectTo: lower).map(\.value))
  }

  /// The recorded lower gradient.
  public func linearizeLowerGradient(
    upper x: Parameters<Scalar>, lower y: Parameters<Scalar>
  ) -> any LowerGradientLinearization<Scalar> {
    let (upper, lower) = (x.leaves, y.leaves)
    let slope = gradient(
      of: expression(upper, lower), withRespectTo: lower, keepingGraph: true)
    return Linearization(upper: upper, lower: lower, slope: slope)
  }

  private struct Linearization: LowerGradientLinearization {
    let upper: [Variable<Scalar>]
    let lower: [Variable<Scalar>]
    let slope: [Variable<Scalar>]

    var lowerGradient: Parameters<Scalar> { Parameters(slope.map(\.value)) }

    var bytes: Int { recordedBytes(of: slope) }

    func pullback(_ v: Parameters<Scalar>) -> SecondOrderProducts<Scalar> {
      let products = gradient(of: slope, cotangents: v.constants, withRespectTo: upper + lower)
        .map(\.value)
      return SecondOrderProducts(
        lower: Parameters(Array(products.dropFirst(upper.count))),
        upper: Parameters(Array(products.prefix(upper.count))))
    }

    func hessianVectorProduct(_ v: Parameters<Scalar>) -> Parameters<Scalar> {
      Parameters(
        gradient(of: slope, cotangents: v.constants, withRespectTo: lower).map(\.value))
    }

    func pushforward(
      upper dx: Parameters<Scalar>?, lower dy: Parameters<Scalar>?
    ) -> Parameters<Scalar> {
      let inputs = (dx == nil ? [] : upper) + (dy == nil ? [] : lower)
      let tangents = (dx?.constants ?? []) + (dy?.constants ?? [])
      return Parameters(
        Autodiff.pushforward(of: slope, along: tangents, at: inputs).map(\.value))
    }
  }
}

extension Parameters {
  /// The components as leaves that derivatives can be taken with respect to.
  public var leaves: [Variable<Scalar>] { tensors.map { Variable($0) } }

  /// The components as constants.
  public var constants: [Variable<Scalar>] { tensors.map { .constant($0) } }
}
