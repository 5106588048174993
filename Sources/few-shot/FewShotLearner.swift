import Bilevel
import Datasets
import Experiments
import Networks
import Tensors

/// What methods do with a task: learn the representation below a head, or an initialisation of all
/// parameters.
enum FewShotLearner {
  /// Whether a method adds the proximal term of implicit MAML to the task's loss: without it, the
  /// solution that it differentiates would not depend on the initialisation.
  static func isProximal(_ method: Method) -> Bool {
    method.adaptsInitialization && method.estimator.needs.contains(.stationaryLimit)
  }

  /// The learner of a method under settings, with the given network.
  static func learner<Scalar: TensorScalar>(
    _ method: Method, _ settings: RunSettings<FewShotSettings>, network: any ImageNetwork,
    ways: Int, as type: Scalar.Type
  ) throws(MethodError) -> any TaskLearner<Scalar> {
    let dynamics = try method.innerDynamics(settings.method, as: type)
    let estimator = try method.hypergradientEstimator(settings.method, as: type)
    let size = settings.inner.stepSize
    guard method.adaptsInitialization else {
      return RepresentationLearner<Scalar>(
        network: network, ways: ways, dynamics: dynamics, estimator: estimator,
        innerSteps: settings.inner.steps, testStepSize: Scalar(size))
    }
    var rates = InitialisationLearner<Scalar>.Rates.none
    if method.dynamics.name == NamedLearnedRateDescent().name {
      rates = method.sharesOneRate ? .shared(start: size) : .perParameter(start: size)
    }
    return InitialisationLearner<Scalar>(
      network: network, ways: ways, dynamics: dynamics, estimator: estimator,
      innerSteps: settings.inner.steps,
      proximity: isProximal(method) ? Scalar(settings.implicit.proximity) : 0, rates: rates)
  }

  /// The network that a method learns.
  static func network(
    _ settings: FewShotSettings, for method: Method
  ) -> any ImageNetwork {
    let (data, network) = (settings.data, settings.network)
    if network.kind == .residual {
      return ResidualNetwork(
        side: data.side, channels: data.channels,
        filters: (0..<network.blocks).map { network.filters + $0 * network.filters / 2 },
        hidden: 32 * network.filters, features: 8 * network.filters, epsilon: network.epsilon)
    }
    return ConvolutionalNetwork(
      side: data.side, channels: data.channels,
      filters: Array(repeating: network.filters, count: network.blocks),
      halving: network.halving, padding: network.padding, learnsScale: network.learnsScale,
      averagesPixels: method.adaptsInitialization && network.averagesPixelsForInitialisation,
      epsilon: network.epsilon)
  }
}
