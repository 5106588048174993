import Bilevel
import Datasets
import Networks
import Tensors
import TestSupport
import Testing

@testable import Experiments
@testable import FewShotLearning

/// What a task is told, and what is made of several tasks.
@Suite("Tasks of few-shot")
struct FewShotTaskTests {
  private let task = SmallTask()

  /// Aggregation whose weight in outer iteration 3 is a quarter of alpha.
  private func aggregation(
    _ rule: AggregationSchedule.Rule, alpha: Double
  ) -> DescentAggregation<Double> {
    DescentAggregation(
      schedule: AggregationSchedule(rule, alpha: alpha), upperStepSize: 0.4, lowerStepSize: 0.4)
  }

  @Test("Schedules get the outer iteration, whatever is learned")
  func outerIteration() {
    let (shrinking, fourth) = (
      aggregation(.outerHarmonic, alpha: 0.8), aggregation(.constant, alpha: 0.2)
    )
    func estimates(_ learner: (DescentAggregation<Double>) -> some TaskLearner<Double>) {
      let x = task.point(learner(fourth))
      let third = learner(shrinking).estimate(upper: x, episode: task.episode, outerIteration: 3)
      let expected = learner(fourth).estimate(upper: x, episode: task.episode, outerIteration: 0)
      let first = learner(shrinking).estimate(upper: x, episode: task.episode, outerIteration: 0)
      #expect(
        largestDeviation(third.hypergradient.tensors, expected.hypergradient.tensors) < 1e-12)
      #expect(
        largestDeviation(third.hypergradient.tensors, first.hypergradient.tensors) > 1e-6)
    }
    estimates { task.representation($0, ReverseHypergradient()) }
    estimates { task.initialisation($0) }
  }

  @Test("F and hypergradient of a meta-batch are means over its tasks")
  func meanOverTasks() {
    let learner = task.representation(GradientDescent(stepSize: 0.5), ReverseHypergradient())
    let x = task.point(learner)
    let episodes = ([1, 2, 3] as [UInt64]).map { SmallTask(seed: $0).episode }
    let each = episodes.map { learner.estimate(upper: x, episode: $0, outerIteration: 0) }
    let found = learner.estimate(upper: x, episodes: episodes, outerIteration: 0)
    #expect(abs(found.upperValue - each.reduce(0) { $0 + $1.upperValue } / 3) < 1e-14)
    let sum = each.reduce(Parameters.zeros(like: x)) { $0.adding($1.hypergradient) }
    #expect(
      largestDeviation(found.hypergradient.tensors, sum.scaled(by: 1 / 3).tensors) < 1e-14)
    #expect(each[0].upperValue != each[1].upperValue)
  }

  @Test("An inductive score of a query image does not depend on the other query images")
  func inductive() {
    let learner = task.representation(GradientDescent(stepSize: 0.5), ReverseHypergradient())
    let (x, episode) = (task.point(learner), task.episode)
    func loss(
      _ queries: [Int], _ normalisation: EvaluationNormalisation<Double>
    ) -> Double {
      let part = Episode(
        ways: 3, supportImages: episode.supportImages, supportLabels: episode.supportLabels,
        queryImages: episode.queryImages.gatheringRows(queries),
        queryLabels: queries.map { episode.queryLabels[$0] })
      return learner.adaptation(
        upper: x, episode: part, steps: 3...3, normalisation: normalisation)[0]
        .loss
    }
    let all = Array(0..<6)
    let alone = all.reduce(0) { $0 + loss([$1], .inductive) } / 6
    #expect(abs(loss(all, .inductive) - alone) < 1e-12)
    // Together they are seen by one another: the checker can fail.
    #expect(abs(loss(all, .transductive) - alone) > 1e-6)
  }
}
