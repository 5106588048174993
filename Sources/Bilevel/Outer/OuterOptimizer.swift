/// One way of moving the upper variable along a hypergradient.
///
/// A value: copying an optimiser copies its memory, so a copy is a checkpoint. Projection onto X is
/// the loop's business, after each step, whatever the optimiser.
public protocol OuterOptimizer<Scalar>: Sendable {
  associatedtype Scalar: TensorScalar

  /// x after one step against `hypergradient`.
  mutating func step(
    from x: Parameters<Scalar>, along hypergradient: Parameters<Scalar>
  ) -> Parameters<Scalar>

  /// What the optimiser remembers, for checkpoints; ``restore(_:)`` is its inverse.
  var memory: OuterOptimizerMemory<Scalar> { get }

  /// Continues from a checkpoint.
  mutating func restore(_ memory: OuterOptimizerMemory<Scalar>)
}

/// The memory of an optimiser: iterations done and accumulated points.
public struct OuterOptimizerMemory<Scalar: TensorScalar>: Sendable, Equatable {
  /// Steps taken so far.
  public var iteration: Int
  /// Accumulated points (velocity; first and second moments), empty before the first step.
  public var moments: [Parameters<Scalar>]

  /// A memory; empty before the first step.
  public init(iteration: Int = 0, moments: [Parameters<Scalar>] = []) {
    self.iteration = iteration
    self.moments = moments
  }
}
