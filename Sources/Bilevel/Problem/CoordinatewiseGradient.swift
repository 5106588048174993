/// A lower gradient that is affine and acts on every coordinate by itself, with the same numbers in
/// each:
///
///     (h_y)_c  =  sum over j of H[c][j] y_j  +  sum over i of C[c][i] x_i  +  o[c],
///
/// where y_j and x_i are the components of y and x, all of one shape. A separable quadratic has such
/// a gradient. Its second derivatives are the same everywhere, so that a reverse sweep needs no
/// state, and all steps of an inner loop can be taken on one block of coordinates before the next
/// (``CoordinatewiseSteps``).
public struct CoordinatewiseGradient<Scalar: TensorScalar>: Sendable, Equatable {
  /// H, symmetric: one row per component of y.
  public let curvature: [[Scalar]]
  /// C: one row per component of y, one column per component of x.
  public let coupling: [[Scalar]]
  /// o: one number per component of y.
  public let offset: [Scalar]

  /// A gradient with the given numbers.
  public init(curvature: [[Scalar]], coupling: [[Scalar]], offset: [Scalar]) {
    precondition(
      curvature.count == offset.count && coupling.count == offset.count
        && curvature.allSatisfy { $0.count == offset.count }
        && coupling.allSatisfy { $0.count == coupling[0].count },
      "A gradient of \(offset.count) components has as many rows, of equal length.")
    self.curvature = curvature
    self.coupling = coupling
    self.offset = offset
  }

  /// The gradient at (x, y), component by component: the definition.
  public func value(
    upper x: Parameters<Scalar>, lower y: Parameters<Scalar>
  ) -> Parameters<Scalar> {
    Parameters(
      offset.indices.map { row in
        var sum = Tensor(repeating: offset[row], shape: y.tensors[row].shape)
        for (factor, component) in zip(curvature[row], y.tensors) {
          sum.add(component, scaledBy: factor)
        }
        for (factor, component) in zip(coupling[row], x.tensors) {
          sum.add(component, scaledBy: factor)
        }
        return sum
      })
  }
}
