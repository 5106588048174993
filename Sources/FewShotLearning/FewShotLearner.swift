import Bilevel
import Datasets
import Experiments
import Networks
import Tensors

/// What methods do with a task: learn the representation below a head, or an initialisation of all
/// parameters.
package enum FewShotLearner {
  /// Whether a method adds the proximal term of implicit MAML to the task's loss: without it, the
  /// solution that it differentiates would not depend on the initialisation.
  package static func isProximal(_ method: Method) -> Bool {
    method.adaptsInitialization && method.estimator.needs.contains(.stationaryLimit)
  }

  /// Whether a method differentiates every step of plain or aggregated descent, so that it can learn
  /// the size of the steps.
  package static func canLearnRate(_ method: Method) -> Bool {
    [NamedReverse().name, NamedTruncatedReverse().name].contains(method.estimator.name)
      && [NamedGradientDescent().name, NamedDescentAggregation().name].contains(
        method.dynamics.name)
  }

  /// The learner of a method under settings, with the given network.
  package static func learner<Scalar: TensorScalar>(
    _ method: Method, _ settings: FewShotSettings, _ methods: MethodSettings,
    network: any ImageNetwork, ways: Int, as type: Scalar.Type
  ) throws(MethodError) -> any TaskLearner<Scalar> {
    let dynamics = try method.innerDynamics(methods, as: type)
    let estimator = try method.hypergradientEstimator(methods, as: type)
    guard method.adaptsInitialization else {
      return RepresentationLearner<Scalar>(
        network: network, ways: ways, dynamics: dynamics, estimator: estimator,
        innerSteps: methods.inner.steps,
        testStepSize: Scalar(methods.lowerStepSize(aggregating: method.dynamics.aggregates)),
        testDynamics: try testDynamics(method, methods, as: type),
        learnsRate: settings.head.learnsRate)
    }
    var rates = InitialisationLearner<Scalar>.Rates.none
    if method.dynamics.name == NamedLearnedRateDescent().name {
      let size = methods.inner.stepSize
      rates =
        method.applied(to: methods).inner.sharesOneRate
        ? .shared(start: size) : .perParameter(start: size)
    }
    return InitialisationLearner<Scalar>(
      network: network, ways: ways, dynamics: dynamics, estimator: estimator,
      innerSteps: methods.inner.steps,
      proximity: isProximal(method) ? Scalar(settings.implicit.proximity) : 0, rates: rates)
  }

  /// The dynamics that fit a head where F must not be seen, at validation and test: descent on f with the
  /// step size that the method takes along it, onto the same Y. The method's own where f has a term that
  /// descent does not know.
  private static func testDynamics<Scalar: TensorScalar>(
    _ method: Method, _ methods: MethodSettings, as type: Scalar.Type
  ) throws(MethodError) -> any InnerDynamics<Scalar> {
    if method.dynamics.hasTermBesideLowerObjective {
      return try method.innerDynamics(methods, as: type)
    }
    var plain = methods
    plain.inner.stepSize = methods.lowerStepSize(aggregating: method.dynamics.aggregates)
    return try Method(NamedGradientDescent(), NamedReverse()).innerDynamics(plain, as: type)
  }

  /// The learner of an arm for tasks of a number of classes.
  ///
  /// - Parameter trainingClasses: the classes that plain classification tells apart.
  package static func learner<Scalar: TensorScalar>(
    _ arm: Arm, _ settings: FewShotSettings, _ methods: MethodSettings, ways: Int,
    trainingClasses: Int, as type: Scalar.Type
  ) throws(MethodError) -> any TaskLearner<Scalar> {
    let network = network(settings, averagesPixels: arm.method?.adaptsInitialization == true)
    if let method = arm.method {
      return try learner(method, settings, methods, network: network, ways: ways, as: type)
    }
    let size = Scalar(methods.inner.stepSize)
    func fitted(_ network: any ImageNetwork) -> RepresentationLearner<Scalar> {
      RepresentationLearner(
        network: network, ways: ways, dynamics: GradientDescent(stepSize: size),
        estimator: FirstOrderHypergradient(), innerSteps: methods.inner.steps,
        testStepSize: size)
    }
    switch FewShotBaseline(rawValue: arm.name) {
    case .rawPixels?:
      return fitted(PixelFeatures(side: settings.data.side, channels: settings.data.channels))
    case .untrained?: return fitted(network)
    case .prototypes?: return ClosedFormLearner(network: network, ways: ways, head: .prototypes)
    case .ridgeHead?:
      return ClosedFormLearner(
        network: network, ways: ways,
        head: .ridge(coefficient: settings.ridge.coefficient, scale: settings.ridge.scale))
    case .supervised?:
      return SupervisedLearner(
        network: network, ways: ways, classes: trainingClasses, headStepSize: size)
    case nil: throw MethodError("The baseline \(arm.name) is none of few-shot's.")
    }
  }

  /// The network that a method learns.
  package static func network(
    _ settings: FewShotSettings, averagesPixels: Bool
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
      averagesPixels: averagesPixels && network.averagesPixelsForInitialisation,
      epsilon: network.epsilon)
  }
}
