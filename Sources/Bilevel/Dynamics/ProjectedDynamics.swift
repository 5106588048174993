/// Any dynamics projected onto Y after each step: y_k = proj_Y(T_k(x, y_{k-1})).
///
/// Projected gradient descent when T is gradient descent; the lower level of the journal's form with
/// a constraint set Y (arXiv 2102.07976, section 3). Hypergradients differentiate through the
/// projection.
public struct ProjectedDynamics<Scalar: TensorScalar>: MappedDynamics {
  /// T.
  public let base: any InnerDynamics<Scalar>
  /// Y.
  public let feasibleSet: any DifferentiableFeasibleSet<Scalar>

  /// The given dynamics, projected onto `feasibleSet` after each step.
  public init(
    _ base: any InnerDynamics<Scalar>,
    onto feasibleSet: any DifferentiableFeasibleSet<Scalar>
  ) {
    self.base = base
    self.feasibleSet = feasibleSet
  }

  /// proj_Y(y).
  public func map(_ y: Parameters<Scalar>, step index: StepIndex) -> Parameters<Scalar> {
    feasibleSet.project(y)
  }

  /// proj_Y'(y) v.
  public func mapProduct(
    at y: Parameters<Scalar>, step index: StepIndex, _ v: Parameters<Scalar>
  ) -> Parameters<Scalar> {
    feasibleSet.projectionProduct(at: y, v)
  }
}
