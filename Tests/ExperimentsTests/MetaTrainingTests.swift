import Bilevel
import Datasets
import Networks
import Tensors
import TestSupport
import Testing

@testable import Experiments
@testable import FewShotLearning

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
