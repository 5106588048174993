import Bilevel
import Datasets
import Networks
import Tensors
import TestSupport
import Testing

@testable import Experiments
@testable import FewShotLearning

/// A small network and a random task, in Double.
struct SmallTask {
  let network: any ImageNetwork
  let episode: Episode<Double>

  init(seed: UInt64 = 1, residual: Bool = false) {
    network =
      residual
      ? ResidualNetwork(
        side: 6, channels: 1, filters: [2], hidden: 3, features: 4, epsilon: 0.05)
      : ConvolutionalNetwork(
        side: 6, channels: 1, filters: [2, 3], halving: .stride, padding: .one, epsilon: 0.05)
    var stream = RandomStream(seed: seed, purpose: "task")
    episode = Episode(
      ways: 3, supportImages: stream.uniform([3, 6, 6, 1], in: 0..<1), supportLabels: [0, 1, 2],
      queryImages: stream.uniform([6, 6, 6, 1], in: 0..<1), queryLabels: [0, 0, 1, 1, 2, 2])
  }

  /// A point at which no rectifier sits at its kink.
  func point(_ learner: some TaskLearner<Double>) -> Parameters<Double> {
    var stream = RandomStream(seed: 4, purpose: "point")
    var x = learner.initialUpper(using: &stream)
    for (index, name) in learner.parameterNames.enumerated()
    where !name.hasPrefix("rate") && x.tensors[index].rank == 1 {
      x.tensors[index].add(stream.uniform(x.tensors[index].shape, in: -0.3..<0.3))
    }
    return x
  }

  func initialisation(
    _ dynamics: any InnerDynamics<Double> = GradientDescent(stepSize: 0.3),
    _ estimator: any HypergradientEstimator<Double> = ReverseHypergradient(
      storage: .linearizations),
    steps: Int = 2, proximity: Double = 0, rates: InitialisationLearner<Double>.Rates = .none
  ) -> InitialisationLearner<Double> {
    InitialisationLearner(
      network: network, ways: 3, dynamics: dynamics, estimator: estimator, innerSteps: steps,
      proximity: proximity, rates: rates)
  }

  func representation(
    _ dynamics: any InnerDynamics<Double>, _ estimator: any HypergradientEstimator<Double>
  ) -> RepresentationLearner<Double> {
    RepresentationLearner(
      network: network, ways: 3, dynamics: dynamics, estimator: estimator, innerSteps: 3,
      testStepSize: 0.5)
  }

  /// The gradient of x -> F(x, y_K(x)) by central differences.
  func differences(
    _ learner: some TaskLearner<Double>, at x: Parameters<Double>
  ) -> [Tensor<Double>] {
    centralDifferenceGradient(at: x.tensors, step: 1e-6) {
      learner.estimate(upper: Parameters($0), episode: episode, outerIteration: 0).upperValue
    }
  }

  func deviation(_ learner: some TaskLearner<Double>) -> Double {
    let x = point(learner)
    let estimate = learner.estimate(upper: x, episode: episode, outerIteration: 0)
    return largestDeviation(estimate.hypergradient.tensors, differences(learner, at: x))
  }
}

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

@Suite("Meta-training", .serialized)
struct MetaTrainingTests {
  private let folder: TemporaryFolder
  private let tree: ImageTree

  init() throws {
    folder = try TemporaryFolder()
    _ = try SyntheticAlphabets.write(
      to: folder.path("tree"), .init(alphabets: 3, characters: 4, drawers: 6), seed: 0,
      command: "test")
    tree = try ImageTree.load(
      folder.path("tree"), .init(side: 12, channels: 1, inverts: true), remedy: "make it")
  }

  private func sampler() throws -> EpisodeSampler {
    try EpisodeSampler(
      tree: tree, classes: tree.classes.map(\.name), ways: 5, shots: 1, queries: 3,
      rotationsAreClasses: true, seed: 0, purpose: "training")
  }

  private func learner() -> any TaskLearner<Float> {
    InitialisationLearner<Float>(
      network: ConvolutionalNetwork(side: 12, channels: 1, filters: [8, 8]), ways: 5,
      dynamics: GradientDescent(stepSize: 0.1),
      estimator: ReverseHypergradient(storage: .linearizations), innerSteps: 2)
  }

  private func start() -> Parameters<Float> {
    var stream = RandomStream(seed: 0, purpose: "start")
    return learner().initialUpper(using: &stream)
  }

  private func training() throws -> OuterLoop<Float> {
    MetaBatchEstimate(learner: learner(), sampler: try sampler(), metaBatch: 3, momentRate: 0.25)
      .loop(optimizer: Adam(learningRate: .constant(0.01)), from: start(), iterations: 30)
  }

  @Test("The number of threads changes no bit")
  func threads() throws {
    var results: [Parameters<Float>] = []
    var scores: [EpisodeScores] = []
    for threads in [1, 2, 3] {
      try withThreads(threads) {
        var loop = try training()
        for _ in 0..<3 { _ = loop.next() }
        results.append(loop.upper)
        scores.append(
          learner().evaluate(
            upper: loop.upper, sampler: try sampler(), episodes: 5, steps: 3,
            normalisation: .transductive))
      }
    }
    #expect(results[0] == results[1] && results[1] == results[2])
    #expect(scores[0] == scores[1] && scores[1] == scores[2])
    #expect(results[0] != start())
  }

  @Test("The order of tasks changes rounding only")
  func permutation() throws {
    let sampler = try sampler()
    let episodes = (0..<4).map { sampler.episode($0, as: Float.self) }
    let x = start()
    let forward = learner().estimate(upper: x, episodes: episodes, outerIteration: 0)
    let backward = learner().estimate(
      upper: x, episodes: Array(episodes.reversed()), outerIteration: 0)
    let doubles = [forward, backward].map {
      $0.hypergradient.tensors.map { $0.converted(to: Double.self) }
    }
    #expect(largestDeviation(doubles[0], doubles[1]) < 1e-5)
    #expect(abs(forward.upperValue - backward.upperValue) < 1e-5)
  }

  @Test("A loop continued from a stored checkpoint is the uninterrupted one")
  func checkpoint() throws {
    var whole = try training()
    for _ in 0..<5 { _ = whole.next() }
    var first = try training()
    for _ in 0..<2 { _ = first.next() }
    var body = BodyState<Float>()
    body.points["best"] = first.upper
    body.values["bestAccuracy"] = 0.5
    let file = CheckpointFile(path: folder.path("run.checkpoint"))
    try file.write(
      Checkpoint(
        stage: 0, closingSteps: 0, loop: first.checkpoint, body: body,
        progress: RunProgress(recorder: MetricRecorder([]), steps: [0, 1], seconds: [0.1, 0.2])),
      of: ["run": 1])
    let stored = try file.read(of: ["run": 1], as: Float.self)
    #expect(stored.body == body && stored.progress.steps == [0, 1])
    #expect(stored.loop == first.checkpoint)
    #expect(NormalisationMoments(memory: stored.loop.memory) != nil)
    var second = try training()
    second.resume(from: stored.loop)
    for _ in 0..<3 { _ = second.next() }
    #expect(second.upper == whole.upper)
    #expect(second.memory == whole.memory)
  }

  @Test(
    "Running moments are the exponential average of what training met, and evaluation uses them")
  func runningMoments() throws {
    var loop = try training()
    let sampler = try sampler()
    let network = ConvolutionalNetwork(side: 12, channels: 1, filters: [8, 8])
    var expected: NormalisationMoments<Float>?
    for iteration in 0..<3 {
      var means: [[Float]] = []
      for task in 0..<3 {
        let episode: Episode<Float> = sampler.episode(3 * iteration + task)
        let moments = network.moments(
          of: episode.queryImages, parameters: Array(loop.upper.tensors.prefix(6)))
        means.append(moments.means[1].scalars)
        #expect(moments.means.map(\.shape) == [[8], [8]])
        #expect(moments.variances[0].scalars.allSatisfy { $0 > 0 })
      }
      _ = loop.next()
      let found = try #require(NormalisationMoments(memory: loop.memory))
      for filter in 0..<8 {
        let newest = means.reduce(0) { $0 + $1[filter] } / 3
        let before = expected?.means[1].scalars[filter]
        let wanted = before.map { 0.75 * $0 + 0.25 * newest } ?? newest
        #expect(abs(found.means[1].scalars[filter] - wanted) < 1e-5)
      }
      expected = found
    }
    let moments = try #require(NormalisationMoments(memory: loop.memory))
    let episode: Episode<Float> = sampler.episode(100)
    func scores(_ normalisation: EvaluationNormalisation<Float>) -> [AdaptedScore] {
      learner().adaptation(
        upper: loop.upper, episode: episode, steps: 0...2, normalisation: normalisation)
    }
    #expect(scores(.running(moments)) != scores(.transductive))
    // With the moments of the query images themselves, features are the transductive ones.
    let parameters = Array(loop.upper.tensors.prefix(6))
    let own = network.moments(of: episode.queryImages, parameters: parameters)
    let constants = parameters.map { Variable.constant($0) }
    let images = Variable.constant(episode.queryImages)
    let left = network.features(of: images, parameters: constants, normalisation: .running(own))
    let right = network.features(of: images, parameters: constants)
    #expect(
      largestDeviation(
        [left.value.converted(to: Double.self)], [right.value.converted(to: Double.self)]) < 1e-4)
  }

  @Test("Training lowers the loss")
  func learns() throws {
    var loop = try training()
    let values = (0..<30).compactMap { _ in loop.next().map { Double($0.estimate.upperValue) } }
    #expect(values.count == 30)
    #expect(values.suffix(5).reduce(0, +) < values.prefix(5).reduce(0, +))
  }

  @Test("Means and intervals over episodes follow their formulas")
  func intervals() throws {
    let sampler = try sampler()
    let scores = learner().evaluate(
      upper: start(), sampler: sampler, episodes: 4, steps: 1, normalisation: .transductive)
    let values = scores.scores.map { $0[1].accuracy }
    let mean = values.reduce(0, +) / 4
    #expect(abs(scores.accuracy(afterStep: 1) - mean) < 1e-15)
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 3
    #expect(
      abs(scores.accuracyHalfWidth(afterStep: 1) - 1.96 * (variance / 4).squareRoot()) < 1e-15)
  }
}
