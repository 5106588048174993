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
  public var layout: StateLayout { .currentAndPrevious }

  /// (y_k, y_{k-1}).
  public func step(
    _ index: StepIndex, from state: Parameters<Scalar>, upper x: Parameters<Scalar>,
    of problem: BilevelProblem<Scalar>
  ) -> Parameters<Scalar> {
    let lower = layout.lowerVariable(of: state)
    return combine(
      base.step(index, from: lower, upper: x, of: problem), lower, previous(in: state))
  }

  /// The step and its Jacobians: those of D_k, bordered by the momentum.
  public func linearizeStep(
    _ index: StepIndex, from state: Parameters<Scalar>, upper x: Parameters<Scalar>,
    of problem: BilevelProblem<Scalar>
  ) -> any StepLinearization<Scalar> {
    let lower = layout.lowerVariable(of: state)
    let step = base.linearizeStep(index, from: lower, upper: x, of: problem)
    return Linearization(
      base: step, dynamics: self, next: combine(step.next, lower, previous(in: state)))
  }

  /// The transpose from one sweep of D_k.
  public func sweepBack(
    _ index: StepIndex, from state: Parameters<Scalar>, upper x: Parameters<Scalar>,
    of problem: BilevelProblem<Scalar>, _ p: inout Parameters<Scalar>,
    addingTo upper: inout Parameters<Scalar>
  ) {
    let lower = layout.lowerVariable(of: state)
    transpose(&p) { current in
      base.sweepBack(index, from: lower, upper: x, of: problem, &current, addingTo: &upper)
    }
  }

  private func previous(in state: Parameters<Scalar>) -> Parameters<Scalar> {
    layout.lowerVariable(1, of: state)
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

  /// The transpose: (p, q) -> (A' p + beta p + q, -beta p), with A' p from `sweep`.
  private func transpose(
    _ p: inout Parameters<Scalar>, _ sweep: (inout Parameters<Scalar>) -> Void
  ) {
    let (current, previous) = (layout.lowerVariable(of: p), previous(in: p))
    var first = current
    sweep(&first)
    first.add(current, scaledBy: momentum)
    first.add(previous)
    p = Parameters(first.tensors + current.scaled(by: -momentum).tensors)
  }

  private struct Linearization: StepLinearization {
    let base: any StepLinearization<Scalar>
    let dynamics: HeavyBall
    let next: Parameters<Scalar>

    var bytes: Int { base.bytes + next.bytes }

    func sweepBack(_ p: inout Parameters<Scalar>, addingTo upper: inout Parameters<Scalar>) {
      dynamics.transpose(&p) { base.sweepBack(&$0, addingTo: &upper) }
    }

    func pullback(_ p: Parameters<Scalar>) -> StepProducts<Scalar> {
      var state = p
      var upper: Parameters<Scalar>?
      dynamics.transpose(&state) { current in
        let products = base.pullback(current)
        current = products.state
        upper = products.upper
      }
      return StepProducts(state: state, upper: upper ?? Parameters([]))
    }

    func pushforward(
      state: Parameters<Scalar>?, upper: Parameters<Scalar>?
    ) -> Parameters<Scalar> {
      let layout = dynamics.layout
      let current = state.map { layout.lowerVariable(of: $0) }
      let descended = base.pushforward(state: current, upper: upper)
      let zero = Parameters.zeros(like: descended)
      return dynamics.combine(
        descended, current ?? zero, state.map { dynamics.previous(in: $0) } ?? zero)
    }
  }
}

/// Heavy ball on gradient descent in the catalogue.
public struct NamedHeavyBall: NamedDynamics {
  /// The entry.
  public init() {}
  /// `heavy-ball`.
  public var name: String { "heavy-ball" }
  /// The step.
  public var formula: String { "y - s_l f_y + beta (y - previous y)" }
  /// Polyak 1964.
  public var citation: String {
    "Polyak, USSR Computational Mathematics and Mathematical Physics 4(5), 1964"
  }
  /// beta.
  public var settings: [String] { ["inner.momentum"] }

  /// ``HeavyBall`` with step size s_l.
  public func dynamics<Scalar: TensorScalar>(
    _ settings: MethodSettings, as type: Scalar.Type
  ) throws(MethodError) -> any InnerDynamics<Scalar> {
    HeavyBall<Scalar>(
      stepSize: try settings.checkedLowerStepSize(), momentum: try settings.checkedMomentum())
  }
}

/// Heavy ball on descent aggregation in the catalogue.
public struct NamedHeavyBallAggregation: NamedDynamics {
  /// The entry.
  public init() {}
  /// `heavy-ball-aggregation`.
  public var name: String { "heavy-ball-aggregation" }
  /// The step.
  public var formula: String { "y - (a_k s_u F_y + b_k s_l f_y) + beta (y - previous y)" }
  /// The articles, and Polyak.
  public var citation: String {
    NamedDescentAggregation().citation + "; momentum after Polyak, 1964"
  }
  /// Those of descent aggregation, and beta.
  public var settings: [String] { NamedDescentAggregation.weightSettings + ["inner.momentum"] }
  /// True.
  public var aggregates: Bool { true }

  /// ``HeavyBall`` on ``DescentAggregation``.
  public func dynamics<Scalar: TensorScalar>(
    _ settings: MethodSettings, as type: Scalar.Type
  ) throws(MethodError) -> any InnerDynamics<Scalar> {
    HeavyBall(
      try settings.descentAggregation(as: type), momentum: try settings.checkedMomentum())
  }
}
