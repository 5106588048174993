import Bilevel
import Datasets
import Networks
import Tensors
import TestSupport
import Testing

@testable import Experiments
@testable import FewShotLearning

@Suite("Few-shot learners, in Double")
struct FewShotLearnerTests {
  private let task = SmallTask()
  /// Differences of F with step 1e-6: rounding about 1e-10, truncation below.
  private let tolerance = 1e-8

  @Test("MAML's second-order gradient is that of the whole inner loop")
  func maml() {
    #expect(task.deviation(task.initialisation()) < tolerance)
  }

  @Test("So it is through a residual network")
  func residualMAML() {
    let task = SmallTask(residual: true)
    #expect(task.deviation(task.initialisation()) < tolerance)
  }

  @Test("First-order MAML is not: the checker can fail")
  func firstOrderMAML() {
    let learner = task.initialisation(
      GradientDescent(stepSize: 0.3), FirstOrderHypergradient())
    #expect(task.deviation(learner) > 1e-4)
    // It is F_y at y_K: MAML without inner steps, at y_K.
    let x = task.point(learner)
    let plain = task.initialisation(GradientDescent(stepSize: 0.3), steps: 0)
    let reptile = task.initialisation(GradientDescent(stepSize: 0.3), ReptileDirection())
    let travelled = reptile.estimate(upper: x, episode: task.episode, outerIteration: 0)
    let end = x.adding(travelled.hypergradient, scaledBy: -1)
    let expected = plain.estimate(upper: end, episode: task.episode, outerIteration: 0)
    let found = learner.estimate(upper: x, episode: task.episode, outerIteration: 0)
    #expect(
      largestDeviation(found.hypergradient.tensors, expected.hypergradient.tensors) < 1e-13)
    #expect(abs(found.upperValue - travelled.upperValue) < 1e-13)
  }

  @Test("Meta-SGD's gradient covers the rates", arguments: [true, false])
  func metaSGD(sharesOneRate: Bool) {
    let learner = task.initialisation(
      LearnedRateDescent(sharesOneRate: sharesOneRate),
      rates: sharesOneRate ? .shared(start: 0.3) : .perParameter(start: 0.3))
    #expect(task.deviation(learner) < tolerance)
    // With equal rates the parameters' part is MAML's.
    let x = task.point(learner)
    let found = learner.estimate(upper: x, episode: task.episode, outerIteration: 0)
    let maml = task.initialisation()
    let count = maml.parameterNames.count
    let expected = maml.estimate(
      upper: Parameters(Array(x.tensors.prefix(count))), episode: task.episode, outerIteration: 0)
    #expect(
      largestDeviation(
        Array(found.hypergradient.tensors.prefix(count)), expected.hypergradient.tensors) < 1e-13)
  }

  @Test("The forward sweep through learned rates equals the reverse one")
  func learnedRatesForward() {
    let forward = task.initialisation(
      LearnedRateDescent(sharesOneRate: false), ForwardHypergradient(tangentsPerBlock: 500),
      steps: 1, rates: .perParameter(start: 0.2))
    let reverse = task.initialisation(
      LearnedRateDescent(sharesOneRate: false), steps: 1, rates: .perParameter(start: 0.2))
    let x = task.point(reverse)
    let found = [forward, reverse].map {
      $0.estimate(upper: x, episode: task.episode, outerIteration: 0).hypergradient.tensors
    }
    #expect(largestDeviation(found[0], found[1]) < 1e-12)
  }

  @Test("Implicit MAML's gradient is that of the converged inner loop")
  func implicitMAML() {
    let learner = task.initialisation(
      GradientDescent(stepSize: 0.015),
      ImplicitHypergradient(
        solver: ConjugateGradient(maximumSteps: 200, relativeTolerance: 1e-12), startsWarm: false),
      steps: 150, proximity: 50)
    let x = task.point(learner)
    let estimate = learner.estimate(upper: x, episode: task.episode, outerIteration: 0)
    var stream = RandomStream(seed: 5, purpose: "direction")
    let direction = Parameters(
      x.tensors.map { stream.uniform($0.shape, in: -1..<1) as Tensor<Double> })
    func value(_ offset: Double) -> Double {
      learner.estimate(
        upper: x.adding(direction, scaledBy: offset), episode: task.episode, outerIteration: 0
      ).upperValue
    }
    let slope = (value(1e-5) - value(-1e-5)) / 2e-5
    #expect(abs(slope - estimate.hypergradient.dot(direction)) < 1e-6 * (1 + abs(slope)))
    let firstOrder = task.initialisation(
      GradientDescent(stepSize: 0.015), FirstOrderHypergradient(), steps: 150, proximity: 50)
    let other = firstOrder.estimate(upper: x, episode: task.episode, outerIteration: 0)
    #expect(abs(slope - other.hypergradient.dot(direction)) > 1e-4)
  }

  @Test("RHG and BDA on the head differentiate the whole inner loop")
  func representation() {
    let reverse = ReverseHypergradient<Double>()
    #expect(
      task.deviation(task.representation(GradientDescent(stepSize: 0.5), reverse)) < tolerance)
    for rule in AggregationSchedule.Rule.allCases {
      let aggregation = DescentAggregation<Double>(
        schedule: AggregationSchedule(rule, alpha: 0.6), upperStepSize: 0.5, lowerStepSize: 0.5)
      #expect(task.deviation(task.representation(aggregation, reverse)) < tolerance, "\(rule)")
    }
    let truncated = task.representation(
      GradientDescent(stepSize: 0.5), ReverseHypergradient(history: .last(1)))
    #expect(task.deviation(truncated) > 1e-5)
  }

  @Test("The problem on features is the problem on the network")
  func featuresAreExact() {
    let learner = task.representation(GradientDescent(stepSize: 0.5), ReverseHypergradient())
    let x = task.point(learner)
    let (network, episode) = (task.network, task.episode)
    func objective(_ images: Tensor<Double>, _ labels: [Int]) -> ExpressionObjective<Double> {
      let targets = Tensor<Double>.oneHot(labels, classes: 3)
      return ExpressionObjective { x, y in
        let features = network.features(of: .constant(images), parameters: x)
        return crossEntropies(
          logits: linearLogits(features, weights: y[0], bias: y[1]), targets: .constant(targets)
        ).mean()
      }
    }
    let whole = BilevelProblem(
      upper: objective(episode.queryImages, episode.queryLabels),
      lower: objective(episode.supportImages, episode.supportLabels),
      initialLower: ConstantInitialLower(
        Parameters([.zeros([network.featureCount, 3]), .zeros([3])])))
    for estimator: any HypergradientEstimator<Double> in [
      ReverseHypergradient(), ReverseHypergradient(history: .last(1)),
      OneStageHypergradient(weights: DescentWeights(upper: 0, lower: 0.5)),
      ImplicitHypergradient(solver: ConjugateGradient(maximumSteps: 8), damping: 0.1),
    ] {
      let expected = estimator.estimate(
        whole, dynamics: GradientDescent(stepSize: 0.5), upper: x, innerSteps: 3)
      let found = task.representation(GradientDescent(stepSize: 0.5), estimator)
        .estimate(upper: x, episode: episode, outerIteration: 0)
      #expect(
        largestDeviation(found.hypergradient.tensors, expected.hypergradient.tensors) < 1e-9)
    }
  }

  @Test("Scores go from chance to better, and inductive ones differ from transductive ones")
  func adaptation() {
    let learner = task.representation(GradientDescent(stepSize: 0.5), ReverseHypergradient())
    let x = task.point(learner)
    // The support images as query images: descent on f must help.
    let own = Episode(
      ways: 3, supportImages: task.episode.supportImages,
      supportLabels: task.episode.supportLabels, queryImages: task.episode.supportImages,
      queryLabels: task.episode.supportLabels)
    let scores = learner.adaptation(
      upper: x, episode: own, steps: 0...20, normalisation: .transductive)
    #expect(scores.count == 21 && scores[20].loss < scores[0].loss)
    #expect(abs(scores[0].loss - 1.0986122886681098) < 1e-12)
    let joint = learner.adaptation(
      upper: x, episode: task.episode, steps: 0...3, normalisation: .transductive)
    let alone = learner.adaptation(
      upper: x, episode: task.episode, steps: 0...3, normalisation: .inductive)
    #expect(joint[3].loss != alone[3].loss)
  }

  @Test("No labels of query images reach the classifier at test, whatever the inner dynamics")
  func queryLabels() {
    func logits(_ dynamics: any InnerDynamics<Double>, _ labels: [Int]) -> [Tensor<Double>] {
      let learner = task.initialisation(dynamics)
      let episode = Episode(
        ways: 3, supportImages: task.episode.supportImages,
        supportLabels: task.episode.supportLabels, queryImages: task.episode.queryImages,
        queryLabels: labels)
      return learner.adaptedLogits(
        upper: task.point(learner), episode: episode, steps: 0...2, normalisation: .transductive)
    }
    let all: [any InnerDynamics<Double>] = [
      GradientDescent(stepSize: 0.3),
      DescentAggregation(
        schedule: AggregationSchedule(.harmonic, alpha: 0.5), upperStepSize: 0.3, lowerStepSize: 0.3
      ),
    ]
    for dynamics in all {
      #expect(logits(dynamics, [0, 0, 1, 1, 2, 2]) == logits(dynamics, [2, 1, 0, 2, 1, 0]))
    }
  }

  @Test("Classifying after some of the steps gives the bits of classifying after all")
  func laterSteps() {
    func agree(_ learner: some TaskLearner<Double>) {
      let x = task.point(learner)
      func logits(_ steps: ClosedRange<Int>) -> [Tensor<Double>] {
        learner.adaptedLogits(
          upper: x, episode: task.episode, steps: steps, normalisation: .transductive)
      }
      let all = logits(0...3)
      #expect(all[2] != all[1])
      #expect(logits(2...3) == Array(all[2...3]) && logits(3...3) == [all[3]])
    }
    agree(task.representation(GradientDescent(stepSize: 0.5), ReverseHypergradient()))
    agree(task.initialisation(GradientDescent(stepSize: 0.3), steps: 2))
  }
}
