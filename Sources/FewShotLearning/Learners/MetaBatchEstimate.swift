import Bilevel
import Datasets
import Experiments
import Networks
import Tensors

/// The estimate of an ``OuterLoop`` on meta-batches: the mean over tasks, each with its own inner loop.
///
/// Task b of iteration n is training episode n B + b, so a continued loop sees the episodes that an
/// uninterrupted one would have seen.
package struct MetaBatchEstimate<Scalar: TensorScalar>: Sendable {
  /// The method.
  package let learner: any TaskLearner<Scalar>
  /// The training episodes.
  package let sampler: EpisodeSampler
  /// B, tasks per outer step.
  package let metaBatch: Int
  /// Whether batches for plain classification stand in the place of tasks.
  package let drawsBatches: Bool
  /// The share of the newest moments in their running average; 0 where none is kept.
  package let momentRate: Scalar

  /// An estimate of the given parts.
  package init(
    learner: any TaskLearner<Scalar>, sampler: EpisodeSampler, metaBatch: Int,
    momentRate: Scalar = 0, drawsBatches: Bool = false
  ) {
    precondition((0...1).contains(momentRate), "A share of \(momentRate) of the newest moments.")
    precondition(metaBatch > 0, "A meta-batch of \(metaBatch) tasks.")
    self.learner = learner
    self.sampler = sampler
    self.metaBatch = metaBatch
    self.momentRate = momentRate
    self.drawsBatches = drawsBatches
  }

  /// The mean of F and of the hypergradient over the tasks of outer iteration n.
  package func callAsFunction(
    _ x: Parameters<Scalar>, _ n: Int, _ memory: EstimatorMemory<Scalar>?
  ) -> HypergradientEstimate<Scalar> {
    let (first, sampler) = (n * metaBatch, sampler)
    let episodes = (0..<metaBatch).map {
      drawsBatches
        ? sampler.batch(first + $0, as: Scalar.self) : sampler.episode(first + $0, as: Scalar.self)
    }
    var estimate = learner.estimate(upper: x, episodes: episodes, outerIteration: n)
    if momentRate > 0, estimate.isFinite {
      // The first step's moments are taken whole.
      let newest = learner.moments(upper: x, episodes: episodes)
      let moments =
        NormalisationMoments(memory: memory)?.moved(towards: newest, by: momentRate) ?? newest
      estimate.memory.merge(moments.memory) { $1 }
    }
    return estimate
  }

  /// An outer loop on this estimate.
  package func loop(
    optimizer: any OuterOptimizer<Scalar>, from start: Parameters<Scalar>, iterations: Int,
    tolerance: Double = 0
  ) -> OuterLoop<Scalar> {
    OuterLoop(
      estimate: { self($0, $1, $2) }, optimizer: optimizer, from: start, iterations: iterations,
      tolerance: tolerance)
  }
}

extension NormalisationMoments {
  private static var meansName: String { "running means" }
  private static var variancesName: String { "running variances" }

  /// The moments that a memory holds; nil where it holds none.
  package init?(memory: EstimatorMemory<Scalar>?) {
    guard let means = memory?[Self.meansName], let variances = memory?[Self.variancesName] else {
      return nil
    }
    self.init(means: means.tensors, variances: variances.tensors)
  }

  /// The moments as points of a memory.
  package var memory: EstimatorMemory<Scalar> {
    [Self.meansName: Parameters(means), Self.variancesName: Parameters(variances)]
  }
}
