import Bilevel
import Datasets
import Experiments
import Networks
import Tensors

/// One way of learning from a task: what x is, how a task moves it, and how x is put to a new task.
///
/// The bi-level problem of one task: F is the mean cross-entropy on its query images, f that on its
/// support images. Over a meta-batch F is averaged.
package protocol TaskLearner<Scalar>: Sendable {
  associatedtype Scalar: TensorScalar

  /// The names of x's components, in order.
  var parameterNames: [String] { get }

  /// The network below the head; its parameters are the first components of x.
  var network: any ImageNetwork { get }

  /// x_0, drawn from a seeded stream.
  func initialUpper(using stream: inout RandomStream) -> Parameters<Scalar>

  /// F(x, y_K) of one task and the method's estimate of its total derivative, in the shapes of x.
  ///
  /// - Parameter outerIteration: n, for dynamics that depend on it.
  func estimate(
    upper x: Parameters<Scalar>, episode: Episode<Scalar>, outerIteration: Int
  ) -> HypergradientEstimate<Scalar>

  /// The logits of the query images after each of `steps` inner steps from x, 0 being x itself, each
  /// `[images, ways]`.
  ///
  /// Inner steps at test are plain: descent on f alone. Images are classified only after the steps
  /// asked for, which for an initialisation is what costs most.
  func adaptedLogits(
    upper x: Parameters<Scalar>, episode: Episode<Scalar>, steps: ClosedRange<Int>,
    normalisation: EvaluationNormalisation<Scalar>
  ) -> [Tensor<Scalar>]
}

extension TaskLearner {
  /// The query images classified after each of `steps` inner steps from x.
  package func adaptation(
    upper x: Parameters<Scalar>, episode: Episode<Scalar>, steps: ClosedRange<Int>,
    normalisation: EvaluationNormalisation<Scalar>
  ) -> [AdaptedScore] {
    adaptedLogits(upper: x, episode: episode, steps: steps, normalisation: normalisation).map {
      AdaptedScore(logits: $0, labels: episode.queryLabels)
    }
  }
}

/// How images are normalised while a task is evaluated.
package enum EvaluationNormalisation<Scalar: TensorScalar>: Sendable {
  /// By the moments of the support images, and of all query images together: what the official code
  /// does.
  case transductive
  /// By the moments of the support images, and each query image by those of the support images and
  /// itself: it never sees another query image.
  case inductive
  /// All images by a running average over training.
  case running(NormalisationMoments<Scalar>)

  /// The moments for images that are evaluated together.
  var source: NormalisationSource<Scalar> {
    if case .running(let moments) = self { .running(moments) } else { .own }
  }
}

/// Loss and accuracy on a task's query images after some inner steps.
package struct AdaptedScore: Sendable, Equatable {
  /// Mean cross-entropy in nats.
  package var loss: Double
  /// Fraction in [0, 1].
  package var accuracy: Double

  /// A score as it was noted.
  package init(loss: Double, accuracy: Double) {
    self.loss = loss
    self.accuracy = accuracy
  }

  /// The score of logits `[images, classes]`.
  init<Scalar: TensorScalar>(logits: Tensor<Scalar>, labels: [Int]) {
    let targets = Tensor<Scalar>.oneHot(labels, classes: logits.shape[1])
    loss = Double(
      crossEntropies(logits: .constant(logits), targets: .constant(targets)).mean().value.scalar)
    accuracy = Networks.accuracy(logits: logits, labels: labels)
  }
}

/// Features of query images under parameters.
func queryFeatures<Scalar: TensorScalar>(
  _ network: any ImageNetwork, _ episode: Episode<Scalar>,
  parameters: [Variable<Scalar>], normalisation: EvaluationNormalisation<Scalar>
) -> Tensor<Scalar> {
  guard case .inductive = normalisation else {
    return network.features(
      of: .constant(episode.queryImages), parameters: parameters,
      normalisation: normalisation.source
    ).value
  }
  let support = episode.supportImages
  var rows: [Scalar] = []
  for index in episode.queryLabels.indices {
    let image = episode.queryImages.gatheringRows([index])
    var shape = support.shape
    shape[0] += 1
    let together = Tensor(shape: shape, scalars: support.scalars + image.scalars)
    let features = network.features(of: .constant(together), parameters: parameters).value
    rows += features.gatheringRows([shape[0] - 1]).scalars
  }
  return Tensor(shape: [episode.queryLabels.count, network.featureCount], scalars: rows)
}
