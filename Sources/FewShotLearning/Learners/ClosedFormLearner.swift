import Bilevel
import Datasets
import Experiments
import Networks
import Tensors

/// Learning features for a head in closed form: x is the network, and what the head adds to it.
///
/// No inner loop: F(x) is the mean cross-entropy of the query images under the head that the labelled
/// features determine, and its gradient goes through that head.
package struct ClosedFormLearner<Scalar: TensorScalar>: TaskLearner {
  /// The network below the head.
  package let network: any ImageNetwork
  /// N.
  package let ways: Int
  /// The head.
  package let head: ClosedFormHead

  /// A learner of the given parts.
  package init(network: any ImageNetwork, ways: Int, head: ClosedFormHead) {
    self.network = network
    self.ways = ways
    self.head = head
  }

  /// The network's parameters, then the head's.
  package var parameterNames: [String] { network.parameterNames + head.parameterNames }

  /// Glorot's draw for the network; the head's own at their start.
  package func initialUpper(using stream: inout RandomStream) -> Parameters<Scalar> {
    let tensors: [Tensor<Scalar>] = network.glorotParameters(using: &stream, as: Scalar.self)
    return Parameters(tensors + head.start())
  }

  private var count: Int { network.parameterShapes.count }

  /// F(x) and its gradient.
  package func estimate(
    upper x: Parameters<Scalar>, episode: Episode<Scalar>, outerIteration: Int
  ) -> HypergradientEstimate<Scalar> {
    let parameters = Array(x.leaves.prefix(count))
    let support = network.features(
      of: .constant(episode.supportImages), parameters: parameters)
    let query = network.features(of: .constant(episode.queryImages), parameters: parameters)
    let evaluated = head.evaluated(
      support: support.value, labels: episode.supportLabels, query: query.value, ways: ways,
      own: Array(x.tensors.dropFirst(count)))
    let logits = Variable(evaluated.logits)
    let loss = crossEntropies(
      logits: logits, targets: .constant(.oneHot(episode.queryLabels, classes: ways))
    ).mean()
    let cotangent = gradient(of: loss, withRespectTo: [logits])[0].value
    let back = evaluated.pullback(cotangent)
    let slope = gradient(
      of: [support, query], cotangents: [.constant(back.support), .constant(back.query)],
      withRespectTo: parameters)
    return HypergradientEstimate(
      upperValue: loss.value.scalar, hypergradient: Parameters(slope.map(\.value) + back.own),
      lower: Parameters([]),
      diagnostics: .withoutInnerLoop)
  }

  /// The same logits after every number of steps: there are none to take.
  package func adaptedLogits(
    upper x: Parameters<Scalar>, episode: Episode<Scalar>, steps: ClosedRange<Int>,
    normalisation: EvaluationNormalisation<Scalar>
  ) -> [Tensor<Scalar>] {
    let parameters = Array(x.constants.prefix(count))
    let support = network.features(
      of: .constant(episode.supportImages), parameters: parameters,
      normalisation: normalisation.source
    ).value
    let query = queryFeatures(
      network, episode, parameters: parameters, normalisation: normalisation)
    let logits = head.evaluated(
      support: support, labels: episode.supportLabels, query: query, ways: ways,
      own: Array(x.tensors.dropFirst(count))
    ).logits
    return Array(repeating: logits, count: steps.count)
  }
}
