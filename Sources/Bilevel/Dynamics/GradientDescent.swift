/// Gradient descent on the lower objective: y_k = y_{k-1} - s f_y(x, y_{k-1}).
///
/// The inner dynamics of RHG, FHG and T-RHG (Franceschi et al. 2017, section 3).
public struct GradientDescent<Scalar: TensorScalar>: DescentDynamics {
  /// s, the inner step size (s_l in the paper).
  public let stepSize: Scalar

  /// Gradient descent with the given step size.
  public init(stepSize: Scalar) { self.stepSize = stepSize }

  /// (0, s) for every step.
  public func weights(ofStep k: Int) -> DescentWeights<Scalar> {
    DescentWeights(upper: 0, lower: stepSize)
  }
}
