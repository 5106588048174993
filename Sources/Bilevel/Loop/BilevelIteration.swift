/// The outer loop, as a sequence: x_{n+1} = proj_X(optimiser step along the hypergradient at x_n).
///
/// A value that holds everything the loop remembers (x, the optimiser's memory, the iteration, the
/// last y when starts are warm, the estimator's memory), so that a copy is a checkpoint and a loop
/// can be stopped, stored and continued with identical results. Each call of ``next()`` is one outer iteration and returns
/// the event that callers measure, record or act on; there are no callbacks to register.
///
///     var loop = BilevelIteration(...)
///     while let event = loop.next() { ... }
public struct BilevelIteration<Scalar: TensorScalar>: IteratorProtocol, Sequence, Sendable {
  /// The problem. Warm and redrawn starts replace its `initialLower`.
  public private(set) var problem: BilevelProblem<Scalar>
  /// The inner dynamics.
  public let dynamics: any InnerDynamics<Scalar>
  /// The hypergradient estimator.
  public let estimator: any HypergradientEstimator<Scalar>
  /// The optimiser, with its memory.
  public private(set) var optimizer: any OuterOptimizer<Scalar>
  /// K.
  public let innerSteps: Int
  /// The number of outer iterations.
  public let outerIterations: Int
  /// Whether each inner loop starts from the last y_K instead of y_0(x).
  public let startsWarm: Bool
  /// y_0 for outer iteration n, where it is drawn afresh for each.
  public let redrawingLower: (@Sendable (Int) -> Parameters<Scalar>)?
  /// x_n.
  public private(set) var upper: Parameters<Scalar>
  /// n, the number of outer iterations done.
  public private(set) var iteration = 0
  /// What the estimator asked to be handed back, where it has a memory.
  public private(set) var estimatorMemory: EstimatorMemory<Scalar>?
  /// Why the loop ended, once it has.
  public private(set) var outcome: Outcome?

  /// How a loop ended.
  public enum Outcome: Sendable, Equatable {
    /// All iterations were done.
    case completed
    /// A value became NaN or infinite in outer iteration n; x is the last finite point.
    case nonFinite(iteration: Int, what: String)
  }

  /// A loop from x_0.
  public init(
    problem: BilevelProblem<Scalar>, dynamics: any InnerDynamics<Scalar>,
    estimator: any HypergradientEstimator<Scalar>, optimizer: any OuterOptimizer<Scalar>,
    from start: Parameters<Scalar>, innerSteps: Int, outerIterations: Int,
    startsWarm: Bool = false, redrawingLower: (@Sendable (Int) -> Parameters<Scalar>)? = nil
  ) {
    precondition(
      !startsWarm || redrawingLower == nil,
      "A start is warm or drawn afresh, not both.")
    precondition(
      !(problem.startIsPartOfUpper && (startsWarm || redrawingLower != nil)),
      "A start that is a part of the upper variable can be neither warm nor drawn afresh.")
    precondition(innerSteps >= 0, "\(innerSteps) inner steps cannot be taken.")
    precondition(outerIterations >= 0, "\(outerIterations) outer iterations cannot be done.")
    self.problem = problem
    self.dynamics = dynamics
    self.estimator = estimator
    self.optimizer = optimizer
    self.innerSteps = innerSteps
    self.outerIterations = outerIterations
    self.startsWarm = startsWarm
    self.redrawingLower = redrawingLower
    upper = problem.upperFeasibleSet.project(start)
  }

  /// What happened in one outer iteration.
  public struct Event: Sendable {
    /// n, counted from 0.
    public let iteration: Int
    /// x_n, at which the estimate was made.
    public let upper: Parameters<Scalar>
    /// F, hypergradient and y_K at x_n.
    public let estimate: HypergradientEstimate<Scalar>
    /// x_{n+1}.
    public let next: Parameters<Scalar>
  }

  /// One outer iteration, or nil when the loop has ended (see ``outcome``).
  ///
  /// A non-finite estimate ends the loop after its event, with x unchanged.
  public mutating func next() -> Event? {
    guard outcome == nil else { return nil }
    guard iteration < outerIterations else {
      outcome = .completed
      return nil
    }
    if let redrawingLower {
      problem.initialLower = ConstantInitialLower(redrawingLower(iteration))
    }
    let estimate = estimator.estimate(
      problem, dynamics: dynamics.atOuterIteration(iteration), upper: upper,
      innerSteps: innerSteps, memory: estimatorMemory)
    var following = upper
    if estimate.isFinite {
      estimatorMemory = estimate.memory
      following = problem.upperFeasibleSet.project(
        optimizer.step(from: upper, along: estimate.hypergradient))
      if startsWarm { problem.initialLower = ConstantInitialLower(estimate.lower) }
    } else {
      outcome = .nonFinite(iteration: iteration, what: Self.firstNonFinite(in: estimate))
    }
    let event = Event(
      iteration: iteration, upper: upper, estimate: estimate, next: following)
    upper = following
    iteration += 1
    return event
  }

  mutating func restore(
    iteration: Int, upper: Parameters<Scalar>, optimizer memory: OuterOptimizerMemory<Scalar>,
    lower: Parameters<Scalar>?, estimator: EstimatorMemory<Scalar>?
  ) {
    self.iteration = iteration
    estimatorMemory = estimator
    self.upper = upper
    optimizer.restore(memory)
    if let lower { problem.initialLower = ConstantInitialLower(lower) }
    outcome = nil
  }

  private static func firstNonFinite(in estimate: HypergradientEstimate<Scalar>) -> String {
    if !estimate.lower.isFinite { return "the lower variable y_K" }
    if !estimate.upperValue.isFinite { return "the upper objective F" }
    return "the hypergradient"
  }
}
