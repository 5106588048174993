import Bilevel
import Datasets
import Experiments
import Networks
import Tensors

/// Features learned by plain classification into all training classes; at test a linear head on them,
/// fitted from zero as for a learned representation (Chen et al., ICLR 2019, "Baseline").
///
/// x is the network and the classifier into all classes. Its episodes are batches of labelled images
/// (``EpisodeSampler/batch(_:as:)``), so that it sees as many images in an outer iteration as the
/// methods do.
package struct SupervisedLearner<Scalar: TensorScalar>: TaskLearner {
  /// The network below the head.
  package var network: any ImageNetwork { tasks.network }
  /// The classes that are told apart in training.
  package let classes: Int
  private let tasks: RepresentationLearner<Scalar>

  /// A learner of the given parts.
  ///
  /// - Parameter headStepSize: the step size of the head that is fitted at test.
  package init(network: any ImageNetwork, ways: Int, classes: Int, headStepSize: Scalar) {
    self.classes = classes
    // Only its test is used: dynamics and estimator are what plain descent has.
    tasks = RepresentationLearner(
      network: network, ways: ways, dynamics: GradientDescent(stepSize: headStepSize),
      estimator: FirstOrderHypergradient(), innerSteps: 0, testStepSize: headStepSize)
  }

  /// The network's parameters, then the classifier's.
  package var parameterNames: [String] {
    network.parameterNames + ["classifier/weights", "classifier/bias"]
  }

  /// Glorot's draw for network and classifier.
  package func initialUpper(using stream: inout RandomStream) -> Parameters<Scalar> {
    var tensors: [Tensor<Scalar>] = network.glorotParameters(using: &stream, as: Scalar.self)
    tensors.append(stream.glorotWeights([network.featureCount, classes]))
    tensors.append(.zeros([classes]))
    return Parameters(tensors)
  }

  /// The mean cross-entropy of a batch of images and its gradient.
  package func estimate(
    upper x: Parameters<Scalar>, episode: Episode<Scalar>, outerIteration: Int
  ) -> HypergradientEstimate<Scalar> {
    let parameters = x.leaves
    let count = network.parameterShapes.count
    let features = network.features(
      of: .constant(episode.queryImages), parameters: Array(parameters.prefix(count)))
    let loss = crossEntropies(
      logits: linearLogits(features, weights: parameters[count], bias: parameters[count + 1]),
      targets: .constant(.oneHot(episode.queryLabels, classes: classes))
    ).mean()
    return HypergradientEstimate(
      upperValue: loss.value.scalar,
      hypergradient: Parameters(gradient(of: loss, withRespectTo: parameters).map(\.value)),
      lower: Parameters([]),
      diagnostics: .withoutInnerLoop)
  }

  /// Logits of a head on the features after those of its plain steps from zero.
  package func adaptedLogits(
    upper x: Parameters<Scalar>, episode: Episode<Scalar>, steps: ClosedRange<Int>,
    normalisation: EvaluationNormalisation<Scalar>
  ) -> [Tensor<Scalar>] {
    tasks.adaptedLogits(upper: x, episode: episode, steps: steps, normalisation: normalisation)
  }
}
