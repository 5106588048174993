import Bilevel
import Datasets
import Networks
import Tensors
import TestSupport
import Testing

@testable import Experiments
@testable import FewShotLearning
@testable import RepresentationLearning

/// Heads that labelled features determine at once, and the baselines that use them.
@Suite("Heads in closed form, in Double")
struct ClosedFormHeadTests {
  private let task = SmallTask()
  private let tolerance = 1e-8

  private func learner(_ head: ClosedFormHead) -> ClosedFormLearner<Double> {
    ClosedFormLearner(network: task.network, ways: 3, head: head)
  }

  @Test(
    "The gradient is that of the whole expression, through the head",
    arguments: [ClosedFormHead.prototypes, .ridge(coefficient: 0.7, scale: 3)])
  func differences(_ head: ClosedFormHead) {
    #expect(task.deviation(learner(head)) < tolerance)
  }

  @Test("So it is for plain classification into all classes")
  func supervised() {
    let learner = SupervisedLearner<Double>(
      network: task.network, ways: 3, classes: 7, headStepSize: 0.5)
    let batch = Episode(
      ways: 7, supportImages: task.episode.supportImages, supportLabels: [],
      queryImages: task.episode.queryImages, queryLabels: [6, 0, 3, 3, 1, 5])
    let x = task.point(learner)
    let found = learner.estimate(upper: x, episode: batch, outerIteration: 0)
    let expected = centralDifferenceGradient(at: x.tensors, step: 1e-6) {
      learner.estimate(upper: Parameters($0), episode: batch, outerIteration: 0).upperValue
    }
    #expect(largestDeviation(found.hypergradient.tensors, expected) < tolerance)
    #expect(
      learner.adaptedLogits(
        upper: x, episode: task.episode, steps: 0...2, normalisation: .transductive
      ).map(\.shape) == [[6, 3], [6, 3], [6, 3]])
  }

  private let support = Tensor<Double>(
    shape: [4, 2], scalars: [1, 0, 3, 0, 0, 2, 0, 4])
  private let query = Tensor<Double>(shape: [2, 2], scalars: [2, 1, 0, 1])

  @Test("Prototypes are class means, nearest first")
  func prototypes() {
    let head = ClosedFormHead.prototypes.evaluated(
      support: support, labels: [0, 0, 1, 1], query: query, ways: 2, own: [])
    // Means (2, 0) and (0, 3); squared distances 1 and 8, 5 and 4.
    let logits = head.logits.scalars
    #expect(logits[0] - logits[1] == 7 && logits[2] - logits[3] == -1)
  }

  @Test("The ridge head is the ridge solution of the normal equations")
  func ridge() {
    let targets = Tensor<Double>.oneHot([0, 0, 1, 1], classes: 2)
    var matrix = support.multiplied(by: support, transposingSelf: true)
    matrix.withUnsafeMutableScalars { for index in [0, 3] { $0[index] += 0.5 } }
    let weights = solvePositiveDefinite(
      matrix, support.multiplied(by: targets, transposingSelf: true))
    let head = ClosedFormHead.ridge(coefficient: 0.5, scale: 2)
    let evaluated = head.evaluated(
      support: support, labels: [0, 0, 1, 1], query: query, ways: 2, own: head.start())
    #expect(
      largestDeviation(
        [evaluated.logits], [query.multiplied(by: weights).scaled(by: 2)]) < 1e-13)
  }

  @Test("Pixels are features as they are")
  func pixels() {
    let network = PixelFeatures(side: 6, channels: 1)
    let images = task.episode.queryImages
    let features = network.features(of: Variable.constant(images), parameters: [])
    #expect(features.value.scalars == images.scalars && features.shape == [6, 36])
  }
}
