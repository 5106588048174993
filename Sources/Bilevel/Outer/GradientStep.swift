/// Gradient steps x - rate g, optionally with momentum.
///
/// With momentum m: v = m v + g, x = x - rate v (Polyak 1964, in the form deep-learning libraries
/// use).
public struct GradientStep<Scalar: TensorScalar>: OuterOptimizer {
  /// The learning rate by iteration.
  public let learningRate: LearningRate
  /// m in [0, 1).
  public let momentum: Double
  /// Iterations done, and the velocity.
  public private(set) var memory = OuterOptimizerMemory<Scalar>()

  /// Gradient steps; no momentum unless given.
  public init(learningRate: LearningRate, momentum: Double = 0) {
    precondition((0..<1).contains(momentum), "Momentum must lie in [0, 1), got \(momentum).")
    self.learningRate = learningRate
    self.momentum = momentum
  }

  /// x - rate v.
  public mutating func step(
    from x: Parameters<Scalar>, along hypergradient: Parameters<Scalar>
  ) -> Parameters<Scalar> {
    let rate = Scalar(learningRate.rate(at: memory.iteration))
    memory.iteration += 1
    guard momentum > 0 else { return x.adding(hypergradient, scaledBy: -rate) }
    var velocity = memory.moments.first?.scaled(by: Scalar(momentum)) ?? .zeros(like: x)
    velocity.add(hypergradient)
    memory.moments = [velocity]
    return x.adding(velocity, scaledBy: -rate)
  }

  /// Continues from a checkpoint.
  public mutating func restore(_ memory: OuterOptimizerMemory<Scalar>) { self.memory = memory }
}
