/// Heavy ball: y_k = D_k(x, y_{k-1}) + beta (y_{k-1} - y_{k-2}), with D_k a plain descent step.
///
/// Polyak 1964, on top of gradient descent or of descent aggregation. The state is (y_k, y_{k-1}),
/// the components of y twice over, and starts at (y_0, y_0). Reverse and forward hypergradients
/// differentiate through the momentum as well. Cost of a step: that of D_k and one sum; memory of a
/// state: twice that of y.
public struct HeavyBall<Scalar: TensorScalar>: InnerDynamics {
  /// D.
  public let base: any DescentDynamics<Scalar>
  /// beta in [0, 1).
  public let momentum: Scalar

  /// Momentum on top of the given descent step.
  public init(_ base: any DescentDynamics<Scalar>, momentum: Scalar) {
    precondition((0..<1).contains(momentum), "Momentum must lie in [0, 1), got \(momentum).")
    self.base = base
    self.momentum = momentum
  }

  /// Heavy ball on the lower objective with step size s.
  public init(stepSize: Scalar, momentum: Scalar) {
    self.init(GradientDescent(stepSize: stepSize), momentum: momentum)
  }

  /// (y_k, y_{k-1}).
  public func step(
    _ k: Int, from state: Parameters<Scalar>, upper x: Parameters<Scalar>,
    of problem: BilevelProblem<Scalar>
  ) -> Parameters<Scalar> {
    let lower = lowerVariable(of: state)
    return combine(base.step(k, from: lower, upper: x, of: problem), lower, state.secondHalf)
  }

  /// The step and its Jacobians: those of D_k, bordered by the momentum.
  public func linearizeStep(
    _ k: Int, from state: Parameters<Scalar>, upper x: Parameters<Scalar>,
    of problem: BilevelProblem<Scalar>
  ) -> any StepLinearization<Scalar> {
    let lower = lowerVariable(of: state)
    let step = base.linearizeStep(k, from: lower, upper: x, of: problem)
    return Linearization(
      base: step, dynamics: self, next: combine(step.next, lower, state.secondHalf))
  }

  /// (A' p, B' p), from one pullback of D_k.
  public func stepPullback(
    _ k: Int, from state: Parameters<Scalar>, upper x: Parameters<Scalar>,
    of problem: BilevelProblem<Scalar>, _ p: Parameters<Scalar>
  ) -> StepProducts<Scalar> {
    transposed(p) { current in
      base.stepPullback(k, from: lowerVariable(of: state), upper: x, of: problem, current)
    }
  }

  /// (y_0, y_0).
  public func initialState(from lower: Parameters<Scalar>) -> Parameters<Scalar> {
    Parameters(lower.tensors + lower.tensors)
  }

  /// The sum of both halves.
  public func initialStatePullback(_ p: Parameters<Scalar>) -> Parameters<Scalar> {
    p.firstHalf.adding(p.secondHalf)
  }

  /// The first half.
  public func lowerVariable(of state: Parameters<Scalar>) -> Parameters<Scalar> {
    state.firstHalf
  }

  /// (p, 0).
  public func lowerVariablePullback(_ p: Parameters<Scalar>) -> Parameters<Scalar> {
    Parameters(p.tensors + Parameters.zeros(like: p).tensors)
  }

  /// (y, y_{k-1}).
  public func replacingLowerVariable(
    of state: Parameters<Scalar>, with lower: Parameters<Scalar>
  ) -> Parameters<Scalar> {
    Parameters(lower.tensors + state.secondHalf.tensors)
  }

  /// Heavy ball on the descent step of outer iteration n.
  public func atOuterIteration(_ n: Int) -> any InnerDynamics<Scalar> {
    guard let next = base.atOuterIteration(n) as? any DescentDynamics<Scalar> else { return self }
    return HeavyBall(next, momentum: momentum)
  }

  private func combine(
    _ descended: Parameters<Scalar>, _ current: Parameters<Scalar>,
    _ previous: Parameters<Scalar>
  ) -> Parameters<Scalar> {
    var next = descended
    next.add(current, scaledBy: momentum)
    next.add(previous, scaledBy: -momentum)
    return Parameters(next.tensors + current.tensors)
  }

  /// The transpose: (p, q) -> (A' p + beta p + q, -beta p), and B' p.
  private func transposed(
    _ p: Parameters<Scalar>, _ pullback: (Parameters<Scalar>) -> StepProducts<Scalar>
  ) -> StepProducts<Scalar> {
    let (current, previous) = (p.firstHalf, p.secondHalf)
    let products = pullback(current)
    var first = products.state
    first.add(current, scaledBy: momentum)
    first.add(previous)
    return StepProducts(
      state: Parameters(first.tensors + current.scaled(by: -momentum).tensors),
      upper: products.upper)
  }

  private struct Linearization: StepLinearization {
    let base: any StepLinearization<Scalar>
    let dynamics: HeavyBall
    let next: Parameters<Scalar>

    var bytes: Int { base.bytes + next.bytes }

    func pullback(_ p: Parameters<Scalar>) -> StepProducts<Scalar> {
      dynamics.transposed(p) { base.pullback($0) }
    }

    func pushforward(
      state: Parameters<Scalar>?, upper: Parameters<Scalar>?
    ) -> Parameters<Scalar> {
      let descended = base.pushforward(state: state?.firstHalf, upper: upper)
      let zero = Parameters.zeros(like: descended)
      return dynamics.combine(
        descended, state?.firstHalf ?? zero, state?.secondHalf ?? zero)
    }
  }
}

extension Parameters {
  fileprivate var firstHalf: Parameters { Parameters(Array(tensors.prefix(tensors.count / 2))) }
  fileprivate var secondHalf: Parameters { Parameters(Array(tensors.suffix(tensors.count / 2))) }
}
