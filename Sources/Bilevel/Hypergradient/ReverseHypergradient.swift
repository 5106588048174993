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
/// Cost: K steps forward, H pullbacks, and what ``Storage`` recomputes. Memory: see there.
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
    /// One state in every sqrt(H) steps, and the states between two of them while the sweep is there:
    /// beside what states recompute, the steps of a segment, but for its last and for all of the last
    /// segment's, are computed once more. Memory 2 sqrt(H) times the size of the state.
    case checkpoints
    /// Nothing where the steps are ``CoordinatewiseSteps``; else linearisations if all of them fit
    /// into the given bytes, else states if they do, else checkpoints.
    case automatic(byteBudget: Int)
  }

  /// The steps differentiated through.
  public let history: History
  /// What is kept.
  public let storage: Storage

  /// The byte budget used by default; see ``TrajectoryMemory/defaultBytes``.
  public static var defaultByteBudget: Int { TrajectoryMemory.defaultBytes }

  /// A reverse sweep over the given history; storage is chosen for the default budget.
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
    upper x: Parameters<Scalar>, innerSteps: Int, outerIteration n: Int,
    memory: EstimatorMemory<Scalar>?
  ) -> HypergradientEstimate<Scalar> {
    let problem = problem.fixed(at: x)
    let window = differentiatedSteps(of: innerSteps)
    var state = dynamics.layout.initialState(from: problem.initialLower.value(upper: x))
    dynamics.advance(
      &state, through: 1..<max(0, innerSteps - window) + 1, outerIteration: n, upper: x,
      of: problem)
    var trajectory = Trajectory(
      problem: problem, dynamics: dynamics, upper: x, outerIteration: n, start: state,
      firstStep: innerSteps - window + 1, lastStep: innerSteps, storage: storage)
    trajectory.runForward()

    let lower = dynamics.layout.lowerVariable(of: trajectory.end)
    let top = problem.upper.gradients(upper: x, lower: lower)
    var hypergradient = top.upper
    var cotangent = dynamics.layout.lowerVariablePullback(top.lower)
    trajectory.sweepBack(&cotangent, accumulatingInto: &hypergradient)
    if window == innerSteps,
      let atStart = problem.initialLower.pullback(
        upper: x, dynamics.layout.initialStatePullback(cotangent))
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

/// The full reverse sweep in the catalogue.
public struct NamedReverse: NamedEstimator {
  /// The entry.
  public init() {}
  /// False.
  public var differentiatesLowerObjective: Bool { false }
  /// `reverse`.
  public var name: String { "reverse" }
  /// Exact.
  public var exactness: String { "exact gradient of F(x, y_K(x))" }
  /// Franceschi et al. 2017.
  public var citation: String {
    "Franceschi, Donini, Frasconi and Pontil, ICML 2017, algorithm 1 (reverse-HG)"
  }

  /// ``ReverseHypergradient`` with full history.
  public func estimator<Scalar: TensorScalar>(
    _ settings: MethodSettings, for dynamics: any NamedDynamics, as type: Scalar.Type
  ) throws(MethodError) -> any HypergradientEstimator<Scalar> {
    ReverseHypergradient<Scalar>(storage: .automatic(byteBudget: settings.trajectoryBytes))
  }
}

/// The truncated reverse sweep in the catalogue.
public struct NamedTruncatedReverse: NamedEstimator {
  /// The entry.
  public init() {}
  /// False.
  public var differentiatesLowerObjective: Bool { false }
  /// `truncated-reverse`.
  public var name: String { "truncated-reverse" }
  /// Through the last steps.
  public var exactness: String { "gradient through the last H steps" }
  /// Shaban et al. 2019.
  public var citation: String {
    "Shaban, Cheng, Hatch and Boots, AISTATS 2019 (K-step truncated back-propagation)"
  }
  /// H.
  public var settings: [String] { ["truncation.history"] }
  /// False: the sweep ends before it.
  public var reachesStart: Bool { false }

  /// ``ReverseHypergradient`` with a bounded history, half of K unless given.
  public func estimator<Scalar: TensorScalar>(
    _ settings: MethodSettings, for dynamics: any NamedDynamics, as type: Scalar.Type
  ) throws(MethodError) -> any HypergradientEstimator<Scalar> {
    let steps = settings.truncationHistory(innerSteps: settings.inner.steps)
    guard steps >= 1 else {
      throw MethodError(
        "A truncated sweep must go back at least one step, but the history is \(steps).")
    }
    return ReverseHypergradient<Scalar>(
      history: .last(steps), storage: .automatic(byteBudget: settings.trajectoryBytes))
  }
}
