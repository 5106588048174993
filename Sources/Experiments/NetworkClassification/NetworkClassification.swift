import Bilevel
import Networks
import Tensors

/// The weighted cross-entropy of a network's classifications, in closed form:
///
///     h(x, y) = 1/n sum_i w(x_i) CE(softmax(network_y(a_i)), label_i).
///
/// For every fully connected network. `features` is `[n, d]`; they are stored dense or sparse by
/// their density unless `storage` says how.
package func networkClassificationObjective<Scalar: TensorScalar>(
  network: FullyConnectedNetwork, features: Tensor<Scalar>, labels: [Int],
  weighting: SampleWeighting, storage: WideFeatureMatrix<Scalar>.Storage? = nil
) -> NetworkClassificationObjective<Scalar> {
  NetworkClassificationObjective(
    samples: NetworkSamples(
      network: network, features: features, labels: labels, storage: storage),
    weighting: weighting)
}

/// The same function as an expression: the reference that the closed forms of networks and of
/// softmax regression (no hidden layer) are tested against.
package func networkClassificationExpression<Scalar: TensorScalar>(
  network: FullyConnectedNetwork, features: Tensor<Scalar>, labels: [Int],
  weighting: SampleWeighting
) -> ExpressionObjective<Scalar> {
  let classes = network.widths[network.widths.count - 1]
  let targets = Tensor<Scalar>.oneHot(labels, classes: classes)
  precondition(
    features.rank == 2 && features.shape[0] == labels.count,
    "Features of shape \(features.shape) with \(labels.count) labels.")
  return ExpressionObjective { x, y in
    let logits = network(.constant(features), parameters: y)
    let losses = crossEntropies(logits: logits, targets: .constant(targets))
    switch weighting {
    case .uniform: return losses.mean()
    case .identity: return (x[0].reshaped([labels.count]) * losses).mean()
    case .sigmoid: return (x[0].reshaped([labels.count]).sigmoid() * losses).mean()
    }
  }
}
