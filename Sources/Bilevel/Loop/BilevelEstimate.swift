/// The estimate of an ``OuterLoop`` on one bi-level problem: one inner loop and its derivative.
public struct BilevelEstimate<Scalar: TensorScalar>: Sendable {
  /// The problem.
  public let problem: BilevelProblem<Scalar>
  /// The inner dynamics.
  public let dynamics: any InnerDynamics<Scalar>
  /// The hypergradient estimator.
  public let estimator: any HypergradientEstimator<Scalar>
  /// K.
  public let innerSteps: Int
  /// Where inner loops start.
  public let start: Start

  /// Where the inner loop of an outer iteration starts.
  public enum Start: Sendable {
    /// At the problem's y_0(x).
    case own
    /// At the last outer iteration's y_K; the first at the problem's y_0(x).
    case warm
    /// At a point drawn afresh for outer iteration n.
    case redrawn(@Sendable (_ n: Int) -> Parameters<Scalar>)
  }

  /// An estimate of the given parts.
  public init(
    problem: BilevelProblem<Scalar>, dynamics: any InnerDynamics<Scalar>,
    estimator: any HypergradientEstimator<Scalar>, innerSteps: Int, start: Start = .own
  ) {
    precondition(innerSteps >= 0, "\(innerSteps) inner steps cannot be taken.")
    if case .own = start {
    } else {
      precondition(
        !problem.startIsPartOfUpper,
        "A start that is a part of the upper variable can be neither warm nor drawn afresh.")
    }
    self.problem = problem
    self.dynamics = dynamics
    self.estimator = estimator
    self.innerSteps = innerSteps
    self.start = start
  }

  private static var lastLowerName: String { "last lower variable" }

  /// F, hypergradient and y_K at x in outer iteration n.
  public func callAsFunction(
    _ x: Parameters<Scalar>, _ n: Int, _ memory: EstimatorMemory<Scalar>?
  ) -> HypergradientEstimate<Scalar> {
    var estimate = estimator.estimate(
      started(at: n, memory), dynamics: dynamics, upper: x, innerSteps: innerSteps,
      outerIteration: n, memory: memory)
    if case .warm = start { estimate.memory[Self.lastLowerName] = estimate.lower }
    return estimate
  }

  /// The problem with the start that outer iteration n uses.
  public func started(
    at n: Int, _ memory: EstimatorMemory<Scalar>?
  ) -> BilevelProblem<Scalar> {
    var result = problem
    switch start {
    case .own: break
    case .warm:
      if let last = memory?[Self.lastLowerName] {
        result.initialLower = ConstantInitialLower(last)
      }
    case .redrawn(let draw): result.initialLower = ConstantInitialLower(draw(n))
    }
    return result
  }

  /// The problem as it stands after n outer iterations, for one more inner loop: a redrawn start is
  /// that of the last iteration.
  public func finished(
    after n: Int, _ memory: EstimatorMemory<Scalar>?
  ) -> BilevelProblem<Scalar> {
    if case .redrawn = start { return started(at: max(0, n - 1), memory) }
    return started(at: n, memory)
  }

  /// An outer loop on this estimate, within the problem's X.
  public func loop(
    optimizer: any OuterOptimizer<Scalar>, from start: Parameters<Scalar>, iterations: Int,
    tolerance: Double = 0
  ) -> OuterLoop<Scalar> {
    OuterLoop(
      estimate: { self($0, $1, $2) }, optimizer: optimizer, from: start, iterations: iterations,
      tolerance: tolerance, within: problem.upperFeasibleSet)
  }
}
