import Bilevel
import Datasets
import Experiments
import Networks
import Synchronization
import Tensors

extension TaskLearner {
  /// The mean of F and of the hypergradient over a meta-batch, tasks on separate cores.
  ///
  /// Each task is computed by one thread and the sums are taken in the order of the tasks, so the
  /// result does not depend on the number of threads. Memory: one task per thread and one
  /// hypergradient per task.
  package func estimate(
    upper x: Parameters<Scalar>, episodes: [Episode<Scalar>], outerIteration: Int
  ) -> HypergradientEstimate<Scalar> {
    precondition(!episodes.isEmpty, "A meta-batch of no tasks has no mean.")
    let estimates = orderedMap(episodes.count) { index in
      estimate(upper: x, episode: episodes[index], outerIteration: outerIteration)
    }
    let scale = 1 / Scalar(episodes.count)
    // There is no one y: every task has its own, and its own step or multiplier chosen.
    var total = HypergradientEstimate(
      upperValue: Scalar(0), hypergradient: Parameters.zeros(like: x), lower: Parameters([]),
      diagnostics: estimates[0].diagnostics)
    total.diagnostics.linearSolves = estimates.flatMap(\.diagnostics.linearSolves)
    if estimates.count > 1 {
      total.diagnostics.selectedStep = nil
      total.diagnostics.penaltyMultiplier = nil
    }
    for estimate in estimates {
      total.upperValue += scale * estimate.upperValue
      total.hypergradient.add(estimate.hypergradient, scaledBy: scale)
    }
    return total
  }

  /// The scores of x on some episodes after each of `steps` inner steps, tasks on separate cores.
  package func scores(
    upper x: Parameters<Scalar>, sampler: EpisodeSampler, episodes: Range<Int>,
    steps: ClosedRange<Int>,
    normalisation: EvaluationNormalisation<Scalar>
  ) -> [[AdaptedScore]] {
    orderedMap(episodes.count) { index in
      adaptation(
        upper: x, episode: sampler.episode(episodes.lowerBound + index), steps: steps,
        normalisation: normalisation)
    }
  }

  /// The scores of x on many episodes after every inner step.
  package func evaluate(
    upper x: Parameters<Scalar>, sampler: EpisodeSampler, episodes: Int, steps: Int,
    normalisation: EvaluationNormalisation<Scalar>
  ) -> EpisodeScores {
    EpisodeScores(
      scores(
        upper: x, sampler: sampler, episodes: 0..<episodes, steps: 0...steps,
        normalisation: normalisation))
  }
}

extension TaskLearner {
  /// The mean moments of the query images of a meta-batch under x, in the order of the tasks.
  func moments(
    upper x: Parameters<Scalar>, episodes: [Episode<Scalar>]
  ) -> NormalisationMoments<Scalar> {
    let parameters = Array(x.tensors.prefix(network.parameterShapes.count))
    let all = orderedMap(episodes.count) { index in
      network.moments(of: episodes[index].queryImages, parameters: parameters)
    }
    return all.indices.dropFirst().reduce(all[0]) { mean, index in
      mean.moved(towards: all[index], by: 1 / Scalar(index + 1))
    }
  }
}

/// The values of `body` at 0 ..< count, computed on ``Parallel/threads`` cores, in order.
func orderedMap<Value: Sendable>(
  _ count: Int, _ body: @Sendable (Int) -> Value
) -> [Value] {
  let results = Mutex<[Value?]>(Array(repeating: nil, count: count))
  Parallel.forEach(count) { index in
    let value = body(index)
    results.withLock { $0[index] = value }
  }
  return results.withLock { $0.compactMap { $0 } }
}

/// Losses and accuracies of many episodes, by inner step.
package struct EpisodeScores: Sendable, Equatable {
  /// The scores of each episode after `firstStep`, `firstStep` + 1, ... inner steps.
  package let scores: [[AdaptedScore]]
  /// The number of inner steps before each episode's first score.
  package let firstStep: Int

  /// Scores by episode and step.
  package init(_ scores: [[AdaptedScore]], firstStep: Int = 0) {
    precondition(
      scores.allSatisfy { $0.count == scores[0].count }, "Episodes of different numbers of steps.")
    self.scores = scores
    self.firstStep = firstStep
  }

  /// The mean accuracy after `step` inner steps, a fraction.
  package func accuracy(afterStep step: Int) -> Double { mean { $0[step - firstStep].accuracy } }

  /// The mean loss after `step` inner steps, in nats.
  package func loss(afterStep step: Int) -> Double { mean { $0[step - firstStep].loss } }

  /// Half the width of the 95 % confidence interval of the mean accuracy: 1.96 s / sqrt(episodes), s
  /// the standard deviation over episodes (the field's convention); NaN for a single episode.
  package func accuracyHalfWidth(afterStep step: Int) -> Double {
    1.96 * accuracyDeviation(afterStep: step) / Double(scores.count).squareRoot()
  }

  /// The standard deviation of the accuracy over episodes, which the official code reports.
  package func accuracyDeviation(afterStep step: Int) -> Double {
    guard scores.count > 1 else { return .nan }
    let center = accuracy(afterStep: step)
    let squares = scores.reduce(0.0) { sum, episode in
      let difference = episode[step - firstStep].accuracy - center
      return sum + difference * difference
    }
    return (squares / Double(scores.count - 1)).squareRoot()
  }

  private func mean(_ value: ([AdaptedScore]) -> Double) -> Double {
    scores.isEmpty ? .nan : scores.reduce(0) { $0 + value($1) } / Double(scores.count)
  }
}
