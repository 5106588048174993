import Bilevel
import Datasets
import Experiments
import Foundation
import Networks
import Results
import Tensors
import TestSupport
import Testing

@testable import FewShotLearning
@testable import few_shot

/// Which classes episodes come from, which stream draws them, and which x is tested.
@Suite("Data and tests of few-shot", .interruptionFlag)
struct FewShotDataTests {
  private let temporary: TemporaryFolder
  private let tree: ImageTree

  init() throws {
    temporary = try TemporaryFolder()
    _ = try SyntheticAlphabets.write(
      to: temporary.path("images"), .init(alphabets: 3, characters: 6, drawers: 6), seed: 1,
      command: "test")
    tree = try ImageTree.load(
      temporary.path("images"), .init(side: 28, channels: 1, inverts: true), remedy: "none")
  }

  private var settings: RunSettings<FewShotSettings> {
    var settings = FewShotProtocol.icml2020.settings(.smoke)
    settings.data.name = temporary.path("images")
    settings.split = .init(rule: .seeded, train: 6, validation: 6)
    settings.task = .init(ways: 3, shots: 1, queries: 3, metaBatch: 2)
    settings.network.filters = 3
    settings.inner.steps = 2
    settings.outer.iterations = 6
    settings.evaluation.every = 1
    settings.evaluation.validationEpisodes = 14
    settings.evaluation.testEpisodes = 14
    settings.evaluation.extraSteps = 2
    return settings
  }

  /// The class of each image of an episode's support and query images.
  private func classes(_ selection: EpisodeSampler.Selection) -> [ImageTree.Class] {
    (selection.support + selection.query).compactMap { image in
      tree.classes.last { $0.firstImage <= image.position }
    }
  }

  @Test("Parts share no class, and episodes of a part show its classes and no others")
  func parts() throws {
    for seed in 0..<3 {
      var settings = settings.own
      settings.split.seed = seed
      let data = try FewShotData(settings, tree: tree)
      let split = data.split
      let all = split.train + split.validation + split.test
      #expect(Set(all) == Set(tree.classes.map(\.name)) && all.count == 18)
      for (part, names) in [
        (FewShotData.Part.training, split.train), (.validation, split.validation),
        (.test, split.test),
      ] {
        #expect(names.count == 6)
        let sampler = try data.sampler(part, settings, seed: 7)
        let shown = Set((0..<20).flatMap { classes(sampler.selection($0)).map(\.name) })
        #expect(shown == Set(names), "\(part)")
        for index in 0..<20 {
          let selection = sampler.selection(index)
          let images = (selection.support + selection.query).map(\.position)
          #expect(Set(images).count == images.count, "An image is shown twice.")
          #expect(selection.support.count == 3 && selection.query.count == 9)
        }
      }
    }
  }

  @Test("The stream of episodes depends on the purpose and on the seed")
  func streams() throws {
    let data = try FewShotData(settings.own, tree: tree)
    // What is drawn as ranks within the part, so that only the stream tells parts apart.
    func drawn(_ part: FewShotData.Part, _ seed: UInt64) throws -> [[Int]] {
      let sampler = try data.sampler(part, settings.own, seed: seed)
      let names =
        switch part {
        case .training: data.split.train
        case .validation: data.split.validation
        case .test: data.split.test
        }
      return (0..<10).map { index in
        let selection = sampler.selection(index)
        return zip(selection.support + selection.query, classes(selection)).flatMap {
          [names.firstIndex(of: $1.name) ?? -1, $0.position - $1.firstImage, $0.quarterTurns]
        }
      }
    }
    let all = try FewShotData.Part.allCases.flatMap { part in
      try ([0, 1] as [UInt64]).map { try drawn(part, $0) }
    }
    #expect(Set(all).count == 6)
    #expect(try drawn(.test, 0) == drawn(.test, 0))
    #expect(all.joined().allSatisfy { !$0.contains(-1) })
  }

  // MARK: - The body

  private func run(
    _ method: String, _ settings: RunSettings<FewShotSettings>, seed: UInt64 = 0
  ) throws -> Run<FewShotSettings> {
    Run(
      experiment: FewShot.name,
      arm: .method(try MethodCatalogue.standard.method(named: method)), protocolName: "icml2020",
      budget: .smoke, seed: seed, scalar: .double, configuration: Configuration(settings),
      variant: [:], datasets: [])
  }

  private func body(
    _ method: String, _ settings: RunSettings<FewShotSettings>, seed: UInt64 = 0
  ) throws -> FewShotBody<Double> {
    try FewShotBody(
      run(method, settings, seed: seed), data: try FewShotData(settings.own, tree: tree))
  }

  /// Accuracies after each of some plain steps on the head, for the episodes of a part: softmax
  /// regression on the network's features, from zero, written out.
  private func accuracies(
    of x: Parameters<Double>, _ part: FewShotData.Part, _ settings: RunSettings<FewShotSettings>,
    seed: UInt64 = 0, episodes: Int = 14, steps: Int
  ) throws -> [Double] {
    let data = try FewShotData(settings.own, tree: tree)
    let sampler = try data.sampler(part, settings.own, seed: seed)
    let method = try MethodCatalogue.standard.method(named: "rhg")
    let network = FewShotLearner.network(
      settings.own, averagesPixels: method.adaptsInitialization)
    var correct = [Int](repeating: 0, count: steps + 1)
    for index in 0..<episodes {
      let episode: Episode<Double> = sampler.episode(index)
      let support = network.features(
        of: .constant(episode.supportImages), parameters: x.constants
      ).value
      let query = network.features(
        of: .constant(episode.queryImages), parameters: x.constants
      ).value
      let width = support.shape[1]
      var head = [Double](repeating: 0, count: (width + 1) * 3)
      func logits(_ features: Tensor<Double>, _ row: Int) -> [Double] {
        (0..<3).map { c in
          head[width * 3 + c]
            + (0..<width).reduce(0) { $0 + features.scalars[row * width + $1] * head[$1 * 3 + c] }
        }
      }
      for step in 0...steps {
        if step > 0 {
          var slope = [Double](repeating: 0, count: head.count)
          for row in 0..<3 {
            let powers = logits(support, row).map { exp($0) }
            for c in 0..<3 {
              let wanted = episode.supportLabels[row] == c ? 1.0 : 0
              let error = (powers[c] / powers.reduce(0, +) - wanted) / 3
              slope[width * 3 + c] += error
              for k in 0..<width { slope[k * 3 + c] += error * support.scalars[row * width + k] }
            }
          }
          for k in head.indices { head[k] -= settings.inner.stepSize * slope[k] }
        }
        for row in 0..<9 {
          let values = logits(query, row)
          // Ties go to the first class.
          let best = values.indices.first { values[$0] == values.max() }
          if best == episode.queryLabels[row] { correct[step] += 1 }
        }
      }
    }
    return correct.map { Double($0) / Double(9 * episodes) }
  }

  /// What all closing steps measure, by name and step.
  private func closed(_ body: inout FewShotBody<Double>) throws -> [String: [Int: Double]] {
    var result: [String: [Int: Double]] = [:]
    for step in 0..<body.closingSteps {
      for value in try body.close(step: step, stage: 0, after: .completed).measurements {
        result[value.metric, default: [:]][value.step] = value.value
      }
    }
    return result
  }

  @Test("The best validated x is what is tested: its part, step size and number of steps")
  func best() throws {
    var settings = settings
    // Steps so long that the last x is not the best.
    settings.outer.learningRate = 0.5
    settings.outer.decay = .none
    settings.inner.stepSize = 0.3
    var body = try body("rhg", settings)
    var validated: [(x: Parameters<Double>, accuracy: Double)] = []
    while let event = body.loop.next() {
      let observation = try body.observe(event)
      let value = try #require(
        observation.measurements.first { $0.metric == "validationAccuracy" })
      #expect(value.step == event.iteration + 1)
      validated.append((body.loop.upper, value.value))
    }
    #expect(validated.count == 6)
    for (x, accuracy) in validated {
      #expect(
        abs(try accuracies(of: x, .validation, settings, steps: 2)[2] - accuracy) < 1e-12)
    }
    let highest = try #require(validated.map(\.accuracy).max())
    let best = try #require(validated.first { $0.accuracy == highest })
    let last = try #require(validated.last)
    #expect(best.x != last.x, "The last x is the best: the test shows nothing.")
    let found = try closed(&body)
    let expected = try accuracies(of: best.x, .test, settings, steps: 4)
    #expect(abs((found["testAccuracy"]?[6] ?? 0) - expected[2]) < 1e-12)
    for step in 0...4 {
      #expect(
        abs((found["testAccuracyByInnerStep"]?[step] ?? 0) - expected[step]) < 1e-12, "\(step)")
    }
    #expect(found["testAccuracyByInnerStep"]?.count == 5)
    let other = try accuracies(of: last.x, .test, settings, steps: 4)
    #expect(expected != other)
  }

  @Test("A state with another best x is tested at that x")
  func handedState() throws {
    var body = try body("rhg", settings)
    while let event = body.loop.next() { _ = try body.observe(event) }
    let start = try self.body("rhg", settings, seed: 9).loop.upper
    body.state.points["best"] = start
    let found = try closed(&body)
    let expected = try accuracies(of: start, .test, settings, steps: 2)
    #expect(abs((found["testAccuracy"]?[6] ?? 0) - expected[2]) < 1e-12)
  }

  @Test("Patience counts the validations since the last gain")
  func patience() throws {
    var settings = settings
    settings.evaluation.patience = 2
    var body = try body("rhg", settings)
    // Whether each validation is a gain, by the accuracy that it has to beat.
    let gains = [true, false, true, false, false, true]
    for (gain, stops) in zip(gains, [false, false, false, false, true, false]) {
      guard let event = body.loop.next() else { throw Unexpected("The loop has ended.") }
      body.state.values["trialAccuracy"] = gain ? -1 : 2
      let observation = try body.observe(event)
      #expect(observation.stops == stops)
    }
  }

  @Test("The same accuracy again is no gain: the first x that reaches it is kept")
  func ties() throws {
    var body = try body("rhg", settings)
    guard let event = body.loop.next() else { throw Unexpected("The loop has ended.") }
    _ = try body.observe(event)
    #expect(body.state.points["best"] == body.loop.upper)
    let earlier = try self.body("rhg", settings, seed: 9).loop.upper
    body.state.points["best"] = earlier
    _ = try body.observe(event)
    #expect(body.state.points["best"] == earlier)
    #expect(body.state.values["validationsWithoutGain"] == .integer(1))
  }

  @Test("The best x is tested with the running moments that belong to it")
  func bestMoments() throws {
    var settings = settings
    settings.evaluation.normalisation = .running
    var body = try body("rhg", settings)
    var first: (x: Parameters<Double>, moments: NormalisationMoments<Double>)?
    while let event = body.loop.next() {
      _ = try body.observe(event)
      if first == nil {
        first = (
          body.loop.upper, try #require(NormalisationMoments(memory: body.loop.memory))
        )
      }
      // No later x is better.
      body.state.values["bestAccuracy"] = 2
    }
    let best = try #require(first)
    let method = try MethodCatalogue.standard.method(named: "rhg")
    let learner = try FewShotLearner.learner(
      method, settings.own, settings.method,
      network: FewShotLearner.network(
        settings.own, averagesPixels: method.adaptsInitialization), ways: 3,
      as: Double.self)
    let sampler = try FewShotData(settings.own, tree: tree).sampler(.test, settings.own, seed: 0)
    func loss(_ moments: NormalisationMoments<Double>) -> Double {
      learner.evaluate(
        upper: best.x, sampler: sampler, episodes: 14, steps: 2, normalisation: .running(moments)
      ).loss(afterStep: 2)
    }
    let found = try closed(&body)
    #expect(abs((found["testLoss"]?[6] ?? 0) - loss(best.moments)) < 1e-12)
    let last = try #require(NormalisationMoments(memory: body.loop.memory))
    #expect(abs(loss(last) - loss(best.moments)) > 1e-9)
  }

  @Test("x_0 depends on the seed, and so do the tasks", arguments: ["rhg", "maml"])
  func seeds(method: String) throws {
    func first(_ seed: UInt64) throws -> (Parameters<Double>, Double) {
      var body = try body(method, settings, seed: seed)
      let start = body.loop.upper
      guard let event = body.loop.next() else { throw Unexpected("There is no first iteration.") }
      return (start, event.estimate.upperValue)
    }
    let (one, again, other) = (try first(0), try first(0), try first(1))
    #expect(one == again)
    #expect(one.0 != other.0 && one.1 != other.1)
    #expect(one.0.norm > 0)
  }
}
