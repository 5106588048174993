extension BilevelIteration {
  /// What a loop remembers between outer iterations.
  public struct Checkpoint: Sendable, Equatable {
    /// n.
    public var iteration: Int
    /// x_n.
    public var upper: Parameters<Scalar>
    /// The optimiser's memory.
    public var optimizer: OuterOptimizerMemory<Scalar>
    /// The last y_K, where starts are warm.
    public var lower: Parameters<Scalar>?
    /// The estimator's memory, where it has one.
    public var estimator: EstimatorMemory<Scalar>?

    /// A checkpoint with its parts.
    public init(
      iteration: Int, upper: Parameters<Scalar>, optimizer: OuterOptimizerMemory<Scalar>,
      lower: Parameters<Scalar>?, estimator: EstimatorMemory<Scalar>? = nil
    ) {
      self.iteration = iteration
      self.upper = upper
      self.optimizer = optimizer
      self.lower = lower
      self.estimator = estimator
    }
  }

  /// The loop's memory now.
  public var checkpoint: Checkpoint {
    Checkpoint(
      iteration: iteration, upper: upper, optimizer: optimizer.memory,
      lower: startsWarm && iteration > 0 ? problem.initialLower.value(upper: upper) : nil,
      estimator: estimatorMemory)
  }

  /// Continues from a checkpoint of a loop with the same settings: every later event is identical.
  public mutating func resume(from checkpoint: Checkpoint) {
    restore(
      iteration: checkpoint.iteration, upper: checkpoint.upper,
      optimizer: checkpoint.optimizer, lower: checkpoint.lower,
      estimator: checkpoint.estimator)
  }
}
