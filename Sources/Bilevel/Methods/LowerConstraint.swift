/// A constraint set Y for the lower variable, as data.
public enum LowerConstraint: Sendable, Equatable, Codable {
  /// ``Box``.
  case box(lower: Double, upper: Double)
  /// ``Simplex``.
  case simplex(total: Double)
  /// ``Ball``.
  case ball(radius: Double)

  /// The set.
  public func feasibleSet<Scalar: TensorScalar>(
    as type: Scalar.Type
  ) throws(MethodError) -> any DifferentiableFeasibleSet<Scalar> {
    switch self {
    case .box(let lower, let upper):
      guard lower <= upper else {
        throw MethodError("The box from \(lower) to \(upper) is empty: swap its bounds.")
      }
      return Box(lower: Scalar(lower), upper: Scalar(upper))
    case .simplex(let total):
      return Simplex(total: try positive(total, "sum of a simplex", as: type))
    case .ball(let radius):
      return Ball(radius: try positive(radius, "radius of a ball", as: type))
    }
  }
}
