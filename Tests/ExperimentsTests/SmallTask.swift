import Bilevel
import Datasets
import Networks
import Tensors
import TestSupport

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
