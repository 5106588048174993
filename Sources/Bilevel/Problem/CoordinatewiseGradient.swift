/// A lower gradient that is affine and acts on every coordinate by itself, with the same numbers in
/// each:
///
///     (h_y)_j  =  H_j y_j  +  C_j x_i(j)  +  o_j,
///
/// where y_j and x_i are the components of y and x, all of one shape. A separable quadratic has such
/// a gradient. Its second derivatives are the same everywhere, so that a reverse sweep needs no
/// state, and all steps of an inner loop can be taken while a coordinate is in a register
/// (``CoordinatewiseSteps``).
public struct CoordinatewiseGradient<Scalar: TensorScalar>: Sendable, Equatable {
  /// The gradient in one component of y.
  public struct Row: Sendable, Equatable {
    /// H_j.
    public let curvature: Scalar
    /// C_j, 0 for none.
    public let coupling: Scalar
    /// i(j), the component of x that is coupled.
    public let upperComponent: Int
    /// o_j.
    public let offset: Scalar

    /// A row with the given numbers.
    public init(
      curvature: Scalar = 0, coupling: Scalar = 0, upperComponent: Int = 0, offset: Scalar = 0
    ) {
      precondition(upperComponent >= 0, "There is no component \(upperComponent) of x.")
      self.curvature = curvature
      self.coupling = coupling
      self.upperComponent = upperComponent
      self.offset = offset
    }
  }

  /// One row per component of y.
  public let rows: [Row]

  /// A gradient with the given rows.
  public init(_ rows: [Row]) { self.rows = rows }

  /// The gradient at (x, y), component by component: the definition.
  public func value(
    upper x: Parameters<Scalar>, lower y: Parameters<Scalar>
  ) -> Parameters<Scalar> {
    Parameters(
      zip(rows, y.tensors).map { row, component in
        var sum = Tensor(repeating: row.offset, shape: component.shape)
        sum.add(component, scaledBy: row.curvature)
        sum.add(x.tensors[row.upperComponent], scaledBy: row.coupling)
        return sum
      })
  }
}
