/// Dynamics that map the lower variable after each step of others: y_k = M_k(T_k(x, y_{k-1})).
///
/// Proximal gradient and projected descent are of this form. The invariant: the Jacobian of M_k is
/// symmetric, which it is for every proximal map and projection (gradients of convex functions), so
/// that one product serves both directions. The start y_0 is not mapped.
public protocol MappedDynamics<Scalar>: InnerDynamics {
  /// T.
  var base: any InnerDynamics<Scalar> { get }

  /// M_k(y).
  func map(_ y: Parameters<Scalar>, step index: StepIndex) -> Parameters<Scalar>

  /// M_k'(y) v.
  func mapProduct(
    at y: Parameters<Scalar>, step index: StepIndex, _ v: Parameters<Scalar>
  ) -> Parameters<Scalar>
}

extension MappedDynamics {
  /// The base's step with its lower variable mapped.
  public func step(
    _ index: StepIndex, from state: Parameters<Scalar>, upper x: Parameters<Scalar>,
    of problem: BilevelProblem<Scalar>
  ) -> Parameters<Scalar> {
    mapped(base.step(index, from: state, upper: x, of: problem), step: index)
  }

  /// The base's linearisation followed by the map's.
  public func linearizeStep(
    _ index: StepIndex, from state: Parameters<Scalar>, upper x: Parameters<Scalar>,
    of problem: BilevelProblem<Scalar>
  ) -> any StepLinearization<Scalar> {
    let step = base.linearizeStep(index, from: state, upper: x, of: problem)
    return MappedLinearization(
      base: step, next: mapped(step.next, step: index), dynamics: self, step: index)
  }

  /// The map's product, then the base's sweep. The base's step is computed once more, because the
  /// map is differentiated at its result.
  public func sweepBack(
    _ index: StepIndex, from state: Parameters<Scalar>, upper x: Parameters<Scalar>,
    of problem: BilevelProblem<Scalar>, _ p: inout Parameters<Scalar>,
    addingTo upper: inout Parameters<Scalar>
  ) {
    let unmapped = base.step(index, from: state, upper: x, of: problem)
    p = product(at: unmapped, step: index, p)
    base.sweepBack(index, from: state, upper: x, of: problem, &p, addingTo: &upper)
  }

  /// The base's state.
  public var layout: StateLayout { base.layout }

  private func mapped(_ state: Parameters<Scalar>, step index: StepIndex) -> Parameters<Scalar> {
    layout.replacingLowerVariable(
      of: state, with: map(layout.lowerVariable(of: state), step: index))
  }

  /// The map's Jacobian on states, which is symmetric: identity outside the lower variable.
  fileprivate func product(
    at unmapped: Parameters<Scalar>, step index: StepIndex, _ v: Parameters<Scalar>
  ) -> Parameters<Scalar> {
    layout.replacingLowerVariable(
      of: v,
      with: mapProduct(
        at: layout.lowerVariable(of: unmapped), step: index, layout.lowerVariable(of: v)))
  }
}

private struct MappedLinearization<Scalar: TensorScalar>: StepLinearization {
  let base: any StepLinearization<Scalar>
  let next: Parameters<Scalar>
  let dynamics: any MappedDynamics<Scalar>
  let step: StepIndex

  var bytes: Int { base.bytes + next.bytes }

  func pullback(_ p: Parameters<Scalar>) -> StepProducts<Scalar> {
    base.pullback(dynamics.product(at: base.next, step: step, p))
  }

  func pushforward(
    state: Parameters<Scalar>?, upper: Parameters<Scalar>?
  ) -> Parameters<Scalar> {
    dynamics.product(
      at: base.next, step: step, base.pushforward(state: state, upper: upper))
  }
}
