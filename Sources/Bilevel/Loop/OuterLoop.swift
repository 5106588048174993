/// The outer loop, as a sequence: x_{n+1} = proj_X(optimiser step along the hypergradient at x_n).
///
/// There is one for bi-level problems and for meta-batches of tasks alike: they differ in how the
/// estimate at x_n is made (``BilevelEstimate`` makes the first kind). A value that holds everything
/// it remembers (x, the optimiser's memory, the iteration, what the estimate asked to be handed
/// back), so that a copy is a checkpoint and a loop can be stopped, stored and continued with
/// identical results. Each call of ``next()`` is one outer iteration and returns the event that
/// callers measure, record or act on; there are no callbacks to register.
///
///     var loop = OuterLoop(estimate: ..., optimizer: Adam(...), from: x0, iterations: 100)
///     while let event = loop.next() { ... }
public struct OuterLoop<Scalar: TensorScalar>: IteratorProtocol, Sequence, Sendable {
  /// The estimate at x in outer iteration n, given the memory that the one before handed out.
  public typealias Estimate =
    @Sendable (
      _ x: Parameters<Scalar>, _ n: Int, _ memory: EstimatorMemory<Scalar>?
    ) -> HypergradientEstimate<Scalar>

  /// How the estimate is made.
  public let estimate: Estimate
  /// X.
  let feasibleSet: any FeasibleSet<Scalar>
  /// The number of outer iterations, at most.
  public let iterations: Int
  /// The loop ends once |x_{n+1} - x_n| / sqrt(count of x) is at most this; 0 runs all iterations.
  public let tolerance: Double
  /// The optimiser, with its memory.
  public private(set) var optimizer: any OuterOptimizer<Scalar>
  /// x_n.
  public private(set) var upper: Parameters<Scalar>
  /// n, the number of outer iterations done.
  public private(set) var iteration = 0
  /// What the last estimate asked to be handed back; nil before the first.
  public private(set) var memory: EstimatorMemory<Scalar>?
  /// Why the loop ended, once it has.
  public private(set) var outcome: Outcome?

  /// How a loop ended.
  public enum Outcome: Sendable, Equatable {
    /// All iterations were done, or x has settled within the tolerance.
    case completed
    /// A value became NaN or infinite in outer iteration n; x is the last finite point, x_n.
    case nonFinite(iteration: Int, what: String)

    /// What became non-finite where the estimate was finite and the step along it was not.
    public static var step: String { "the outer optimiser's step" }
  }

  /// A loop from x_0, projected onto X.
  public init(
    estimate: @escaping Estimate, optimizer: any OuterOptimizer<Scalar>,
    from start: Parameters<Scalar>, iterations: Int, tolerance: Double = 0,
    within feasibleSet: any FeasibleSet<Scalar> = WholeSpace<Scalar>()
  ) {
    precondition(iterations >= 0, "\(iterations) outer iterations cannot be done.")
    self.estimate = estimate
    self.optimizer = optimizer
    self.iterations = iterations
    self.tolerance = tolerance
    self.feasibleSet = feasibleSet
    upper = feasibleSet.project(start)
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
  /// An estimate or a step that is not finite ends the loop after its event, with x, the optimiser and the
  /// memory unchanged. A step is judged before it is projected, since a bound of X makes a number of
  /// infinity, and with the optimiser's moments: an infinite second moment would make every later step 0.
  public mutating func next() -> Event? {
    guard outcome == nil else { return nil }
    guard iteration < iterations else {
      outcome = .completed
      return nil
    }
    let estimate = estimate(upper, iteration, memory)
    var following = upper
    if estimate.isFinite {
      var stepped = optimizer
      let step = stepped.step(from: upper, along: estimate.hypergradient)
      if step.isFinite, stepped.memory.moments.allSatisfy(\.isFinite) {
        memory = estimate.memory
        optimizer = stepped
        following = feasibleSet.project(step)
        if tolerance > 0, Self.distance(upper, following) <= tolerance { outcome = .completed }
      } else {
        outcome = .nonFinite(iteration: iteration, what: Outcome.step)
      }
    } else {
      outcome = .nonFinite(iteration: iteration, what: Self.firstNonFinite(in: estimate))
    }
    let event = Event(
      iteration: iteration, upper: upper, estimate: estimate, next: following)
    upper = following
    iteration += 1
    return event
  }

  /// What a loop remembers between outer iterations.
  public struct Checkpoint: Sendable, Equatable {
    /// n.
    public var iteration: Int
    /// x_n.
    public var upper: Parameters<Scalar>
    /// The optimiser's memory.
    public var optimizer: OuterOptimizerMemory<Scalar>
    /// What the next estimate is to be handed; nil before the first.
    public var memory: EstimatorMemory<Scalar>?
    /// How the loop ended; nil while it goes on.
    public var outcome: Outcome?

    /// A checkpoint with its parts.
    public init(
      iteration: Int, upper: Parameters<Scalar>, optimizer: OuterOptimizerMemory<Scalar>,
      memory: EstimatorMemory<Scalar>? = nil, outcome: Outcome? = nil
    ) {
      self.iteration = iteration
      self.upper = upper
      self.optimizer = optimizer
      self.memory = memory
      self.outcome = outcome
    }
  }

  /// The loop's memory now. References to components are copied, not scalars.
  public var checkpoint: Checkpoint {
    Checkpoint(
      iteration: iteration, upper: upper, optimizer: optimizer.memory, memory: memory,
      outcome: outcome)
  }

  /// Continues from a checkpoint of a loop with the same settings: every later event is identical.
  public mutating func resume(from checkpoint: Checkpoint) {
    iteration = checkpoint.iteration
    upper = checkpoint.upper
    optimizer.restore(checkpoint.optimizer)
    memory = checkpoint.memory
    outcome = checkpoint.outcome
  }

  /// |y - x| / sqrt(count of x).
  private static func distance(_ x: Parameters<Scalar>, _ y: Parameters<Scalar>) -> Double {
    Double(y.adding(x, scaledBy: -1).norm) / Double(Swift.max(1, x.count)).squareRoot()
  }

  private static func firstNonFinite(in estimate: HypergradientEstimate<Scalar>) -> String {
    if !estimate.lower.isFinite { return "the lower variable y_K" }
    if !estimate.upperValue.isFinite { return "the upper objective F" }
    return "the hypergradient"
  }
}
