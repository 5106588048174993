/// Reverse-mode hypergradients: RHG with full history, T-RHG with a bounded one.
///
/// With A_k and B_k the Jacobians of step k with respect to state and x, and p_K = F_y(x, y_K):
///
///     g = F_x + sum over k = K ... first of B_k' p_k,    p_{k-1} = A_k' p_k,
///
/// plus (dy_0/dx)' p_0 when the sweep reaches the start. A truncated sweep (Shaban et al. 2019) is
/// the same one stopped after the last H steps; H = K gives RHG (Franceschi et al. 2017, algorithm
/// 1). The result does not depend on ``Storage``, except for rounding where a fused product is
/// evaluated in another order.
///
/// Cost: K steps forward, H pullbacks, and one recomputed step per pullback unless linearisations
/// are kept. Memory: see ``Storage``.
public struct ReverseHypergradient<Scalar: TensorScalar>: HypergradientEstimator {
  /// How many of the last steps are differentiated through.
  public enum History: Sendable, Equatable {
    /// All K steps: RHG.
    case full
    /// The last H steps: T-RHG. More than K means all.
    case last(Int)
  }

  /// What is kept of the trajectory for the reverse sweep.
  public enum Storage: Sendable, Equatable {
    /// Every step's linearisation: no recomputation, the most memory.
    case linearizations
    /// Every state y_k: each step is recomputed once. H times the size of the state.
    case states
    /// Every state of number c sqrt(H) apart and one segment at a time: each step is computed once
    /// more than with states, memory 2 sqrt(H) times the size of the state.
    case checkpoints
    /// Linearisations if all of them fit into the given bytes, else states if they do, else
    /// checkpoints.
    case automatic(byteBudget: Int)
  }

  /// The steps differentiated through.
  public let history: History
  /// What is kept.
  public let storage: Storage

  /// The byte budget used by default: 64 MiB.
  public static var defaultByteBudget: Int { 64 << 20 }

  /// A reverse sweep over the given history; storage is chosen for a budget of 64 MiB.
  public init(
    history: History = .full, storage: Storage = .automatic(byteBudget: defaultByteBudget)
  ) {
    if case .last(let steps) = history {
      precondition(steps >= 0, "A history of \(steps) steps does not exist.")
    }
    self.history = history
    self.storage = storage
  }

  /// F(x, y_K), the hypergradient through the last H steps, and y_K.
  public func estimate(
    _ problem: BilevelProblem<Scalar>, dynamics: any InnerDynamics<Scalar>,
    upper x: Parameters<Scalar>, innerSteps: Int
  ) -> HypergradientEstimate<Scalar> {
    let window = differentiatedSteps(of: innerSteps)
    var state = dynamics.initialState(from: problem.initialLower.value(upper: x))
    for k in stride(from: 1, through: innerSteps - window, by: 1) {
      state = dynamics.step(k, from: state, upper: x, of: problem)
    }
    var trajectory = Trajectory(
      problem: problem, dynamics: dynamics, upper: x, start: state,
      firstStep: innerSteps - window + 1, lastStep: innerSteps, storage: storage)
    trajectory.runForward()

    let lower = dynamics.lowerVariable(of: trajectory.end)
    let top = problem.upper.gradients(upper: x, lower: lower)
    var hypergradient = top.upper
    var cotangent = dynamics.lowerVariablePullback(top.lower)
    trajectory.sweepBack(&cotangent, accumulatingInto: &hypergradient)
    if window == innerSteps,
      let atStart = problem.initialLower.pullback(
        upper: x, dynamics.initialStatePullback(cotangent))
    {
      hypergradient.add(atStart)
    }
    return HypergradientEstimate(
      upperValue: top.value, hypergradient: hypergradient, lower: lower,
      diagnostics: EstimatorDiagnostics(
        innerSteps: innerSteps, differentiatedSteps: window,
        storage: trajectory.storageName, storedBytes: trajectory.storedBytes))
  }

  private func differentiatedSteps(of innerSteps: Int) -> Int {
    switch history {
    case .full: innerSteps
    case .last(let steps): min(steps, innerSteps)
    }
  }
}
