/// Dynamics that map the lower variable after each step of others: y_k = M_k(T_k(x, y_{k-1})).
///
/// Proximal gradient and projected descent are of this form. The invariant: the Jacobian of M_k is
/// symmetric, which it is for every proximal map and projection (gradients of convex functions), so
/// that one product serves both directions. The start y_0 is not mapped.
public protocol MappedDynamics<Scalar>: InnerDynamics {
  /// T.
  var base: any InnerDynamics<Scalar> { get }

  /// M_k(y).
  func map(_ y: Parameters<Scalar>, step k: Int) -> Parameters<Scalar>

  /// M_k'(y) v.
  func mapProduct(
    at y: Parameters<Scalar>, step k: Int, _ v: Parameters<Scalar>
  ) -> Parameters<Scalar>
}

extension MappedDynamics {
  /// The base's step with its lower variable mapped.
  public func step(
    _ k: Int, from state: Parameters<Scalar>, upper x: Parameters<Scalar>,
    of problem: BilevelProblem<Scalar>
  ) -> Parameters<Scalar> {
    mapped(base.step(k, from: state, upper: x, of: problem), step: k)
  }

  /// The base's linearisation followed by the map's.
  public func linearizeStep(
    _ k: Int, from state: Parameters<Scalar>, upper x: Parameters<Scalar>,
    of problem: BilevelProblem<Scalar>
  ) -> any StepLinearization<Scalar> {
    let step = base.linearizeStep(k, from: state, upper: x, of: problem)
    return MappedLinearization(
      base: step, next: mapped(step.next, step: k), dynamics: self, step: k)
  }

  /// (A' p, B' p): the map's product, then the base's pullback. The base's step is computed once
  /// more, because the map is differentiated at its result.
  public func stepPullback(
    _ k: Int, from state: Parameters<Scalar>, upper x: Parameters<Scalar>,
    of problem: BilevelProblem<Scalar>, _ p: Parameters<Scalar>
  ) -> StepProducts<Scalar> {
    let unmapped = base.step(k, from: state, upper: x, of: problem)
    return base.stepPullback(
      k, from: state, upper: x, of: problem, product(at: unmapped, step: k, p))
  }

  /// The base's state.
  public func initialState(from lower: Parameters<Scalar>) -> Parameters<Scalar> {
    base.initialState(from: lower)
  }

  /// The base's transpose.
  public func initialStatePullback(_ p: Parameters<Scalar>) -> Parameters<Scalar> {
    base.initialStatePullback(p)
  }

  /// The base's lower variable.
  public func lowerVariable(of state: Parameters<Scalar>) -> Parameters<Scalar> {
    base.lowerVariable(of: state)
  }

  /// The base's transpose.
  public func lowerVariablePullback(_ p: Parameters<Scalar>) -> Parameters<Scalar> {
    base.lowerVariablePullback(p)
  }

  /// The base's replacement.
  public func replacingLowerVariable(
    of state: Parameters<Scalar>, with lower: Parameters<Scalar>
  ) -> Parameters<Scalar> {
    base.replacingLowerVariable(of: state, with: lower)
  }

  private func mapped(_ state: Parameters<Scalar>, step k: Int) -> Parameters<Scalar> {
    base.replacingLowerVariable(
      of: state, with: map(base.lowerVariable(of: state), step: k))
  }

  /// The map's Jacobian on states, which is symmetric: identity outside the lower variable.
  fileprivate func product(
    at unmapped: Parameters<Scalar>, step k: Int, _ v: Parameters<Scalar>
  ) -> Parameters<Scalar> {
    base.replacingLowerVariable(
      of: v,
      with: mapProduct(at: base.lowerVariable(of: unmapped), step: k, base.lowerVariable(of: v)))
  }
}

private struct MappedLinearization<Scalar: TensorScalar>: StepLinearization {
  let base: any StepLinearization<Scalar>
  let next: Parameters<Scalar>
  let dynamics: any MappedDynamics<Scalar>
  let step: Int

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
