/// Pessimistic trajectory truncation: the hypergradient of max over k of F(x, y_k(x)), k = 1 ... K.
///
/// The step k* with the largest upper objective is found while the loop runs, and the reverse sweep
/// starts there instead of at K. Together with the start y_0 as a part of the upper variable
/// (``BilevelProblem/learningInitialization(from:within:)``, the "initialisation auxiliary") this is
/// IAPTT-GM (Liu, Liu, Zeng and Zhang, NeurIPS 2021, algorithm 1), which needs neither a unique
/// lower solution nor a convex lower level.
///
/// `upperValue` and `lower` are those of the whole loop, F(x, y_K) and y_K, so that runs of different
/// methods are compared at the same point; ``EstimatorDiagnostics/selectedStep`` is k*. Departure
/// from the article: x and the auxiliary move with one outer optimiser, hence one learning rate.
/// Cost: K steps and K evaluations of F, then a reverse hypergradient over k* steps.
public struct PessimisticTruncation<Scalar: TensorScalar>: HypergradientEstimator {
  /// What the reverse sweep keeps.
  public let storage: ReverseHypergradient<Scalar>.Storage

  /// Pessimistic truncation; storage is chosen for the default budget.
  public init(
    storage: ReverseHypergradient<Scalar>.Storage = .automatic(
      byteBudget: ReverseHypergradient<Scalar>.defaultByteBudget)
  ) {
    self.storage = storage
  }

  /// F(x, y_K), the hypergradient of the largest F along the trajectory, and y_K.
  public func estimate(
    _ problem: BilevelProblem<Scalar>, dynamics: any InnerDynamics<Scalar>,
    upper x: Parameters<Scalar>, innerSteps: Int, outerIteration n: Int,
    memory: EstimatorMemory<Scalar>?
  ) -> HypergradientEstimate<Scalar> {
    let problem = problem.fixed(at: x)
    let layout = dynamics.layout
    var state = layout.initialState(from: problem.initialLower.value(upper: x))
    var (selected, largest) = (0, -Scalar.infinity)
    var value = Scalar.nan
    for k in stride(from: 1, through: innerSteps, by: 1) {
      state = dynamics.step(
        StepIndex(k, outerIteration: n), from: state, upper: x, of: problem)
      value = problem.upper.value(upper: x, lower: layout.lowerVariable(of: state))
      if value > largest { (selected, largest) = (k, value) }
    }
    var estimate = ReverseHypergradient(history: .full, storage: storage).estimate(
      problem, dynamics: dynamics, upper: x, innerSteps: selected, outerIteration: n, memory: nil)
    estimate.diagnostics.innerSteps = innerSteps
    estimate.diagnostics.selectedStep = selected
    if innerSteps > 0 {
      estimate.upperValue = value
      estimate.lower = layout.lowerVariable(of: state)
    }
    return estimate
  }
}

/// Pessimistic truncation in the catalogue.
public struct NamedPessimisticTruncation: NamedEstimator {
  /// The entry.
  public init() {}
  /// False.
  public var differentiatesLowerObjective: Bool { false }
  /// `pessimistic-truncation`.
  public var name: String { "pessimistic-truncation" }
  /// Exact for the largest F on the way.
  public var exactness: String { "exact gradient of max over k of F(x, y_k(x))" }
  /// Liu et al. 2021.
  public var citation: String { "Liu, Liu, Zeng and Zhang, NeurIPS 2021 (IAPTT-GM)" }

  /// ``PessimisticTruncation``.
  public func estimator<Scalar: TensorScalar>(
    _ settings: MethodSettings, for dynamics: any NamedDynamics, as type: Scalar.Type
  ) throws(MethodError) -> any HypergradientEstimator<Scalar> {
    PessimisticTruncation<Scalar>(storage: .automatic(byteBudget: settings.trajectoryBytes))
  }
}
