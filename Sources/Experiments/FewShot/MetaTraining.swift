import Bilevel
import Datasets
import Networks
import Tensors

/// The outer loop over meta-batches: x_{n+1} = optimiser step along the mean estimate at x_n.
///
/// A value that holds all it remembers, like ``BilevelIteration``: a copy is a checkpoint. Task b of
/// iteration n is training episode n B + b, so a continued loop sees the episodes that an
/// uninterrupted one would have seen.
public struct MetaTraining<Scalar: TensorScalar>: Sendable {
  /// The method.
  public let learner: any TaskLearner<Scalar>
  /// The training episodes.
  public let sampler: EpisodeSampler
  /// B, tasks per outer step.
  public let metaBatch: Int
  /// The optimiser, with its memory.
  public private(set) var optimizer: any OuterOptimizer<Scalar>
  /// x_n.
  public private(set) var upper: Parameters<Scalar>
  /// n.
  public private(set) var iteration = 0
  /// The share of the newest moments in their running average; 0 where none is kept.
  public let momentRate: Scalar
  /// The running average of the moments that the network normalises query images by; nil before the
  /// first step, or where none is kept. The first step's moments are taken whole.
  public private(set) var moments: NormalisationMoments<Scalar>?

  /// A loop from x_0.
  public init(
    learner: any TaskLearner<Scalar>, sampler: EpisodeSampler, metaBatch: Int,
    optimizer: any OuterOptimizer<Scalar>, from start: Parameters<Scalar>, momentRate: Scalar = 0
  ) {
    precondition((0...1).contains(momentRate), "A share of \(momentRate) of the newest moments.")
    self.momentRate = momentRate
    precondition(metaBatch > 0, "A meta-batch of \(metaBatch) tasks.")
    self.learner = learner
    self.sampler = sampler
    self.metaBatch = metaBatch
    self.optimizer = optimizer
    upper = start
  }

  /// One outer step; the mean estimate at x_n. Where it is not finite, x stays as it is.
  public mutating func step() -> TaskEstimate<Scalar> {
    let (first, sampler) = (iteration * metaBatch, sampler)
    let episodes = (0..<metaBatch).map { sampler.episode(first + $0, as: Scalar.self) }
    let estimate = learner.estimate(
      upper: upper, episodes: episodes, outerIteration: iteration)
    iteration += 1
    guard estimate.isFinite else { return estimate }
    if momentRate > 0 {
      let newest = learner.moments(upper: upper, episodes: episodes)
      moments = moments?.moved(towards: newest, by: momentRate) ?? newest
    }
    upper = optimizer.step(from: upper, along: estimate.hypergradient)
    return estimate
  }

  /// Continues from a checkpoint of a loop with the same settings.
  public mutating func resume(
    iteration: Int, upper: Parameters<Scalar>, optimizer memory: OuterOptimizerMemory<Scalar>,
    moments: NormalisationMoments<Scalar>? = nil
  ) {
    self.iteration = iteration
    self.moments = moments
    self.upper = upper
    optimizer.restore(memory)
  }
}
