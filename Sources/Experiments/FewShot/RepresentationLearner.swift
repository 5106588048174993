import Bilevel
import Datasets
import Networks
import Tensors

/// Learning a representation: x is the network below the head, y the head, which starts at zero for
/// every task.
///
/// The setting of Franceschi et al. (ICML 2018) and of BDA's few-shot experiments. F and f depend on x
/// through the features of the query and the support images only, so a task's bi-level problem is
/// posed on those features: features once, the whole inner loop and its derivative on them, and one
/// pullback through the network. That is exact for every estimator, because each is linear in the
/// derivatives with respect to the features; it saves one pass through the network per inner step.
package struct RepresentationLearner<Scalar: TensorScalar>: TaskLearner {
  /// The network below the head.
  package let network: any ImageNetwork
  /// N.
  package let ways: Int
  /// The inner dynamics on the head.
  package let dynamics: any InnerDynamics<Scalar>
  /// The hypergradient estimator.
  package let estimator: any HypergradientEstimator<Scalar>
  /// K.
  package let innerSteps: Int
  /// The step size of plain descent at test.
  package let testStepSize: Scalar

  /// A learner of the given parts.
  package init(
    network: any ImageNetwork, ways: Int, dynamics: any InnerDynamics<Scalar>,
    estimator: any HypergradientEstimator<Scalar>, innerSteps: Int, testStepSize: Scalar
  ) {
    self.network = network
    self.ways = ways
    self.dynamics = dynamics
    self.estimator = estimator
    self.innerSteps = innerSteps
    self.testStepSize = testStepSize
  }

  /// The network's parameters.
  package var parameterNames: [String] { network.parameterNames }

  /// Glorot's draw for the network.
  package func initialUpper(using stream: inout RandomStream) -> Parameters<Scalar> {
    Parameters(network.glorotParameters(using: &stream, as: Scalar.self))
  }

  /// The mean cross-entropy of a linear head on the features that are component `index` of the upper
  /// variable.
  private func objective(features index: Int, labels: [Int]) -> ExpressionObjective<Scalar> {
    let targets = Tensor<Scalar>.oneHot(labels, classes: ways)
    return ExpressionObjective { x, y in
      crossEntropies(
        logits: linearLogits(x[index], weights: y[0], bias: y[1]), targets: .constant(targets)
      ).mean()
    }
  }

  private func problem(_ episode: Episode<Scalar>) -> BilevelProblem<Scalar> {
    BilevelProblem(
      upper: objective(features: 1, labels: episode.queryLabels),
      lower: objective(features: 0, labels: episode.supportLabels),
      initialLower: ConstantInitialLower(
        Parameters([.zeros([network.featureCount, ways]), .zeros([ways])])))
  }

  /// F(x, y_K) and its derivative through the features.
  package func estimate(
    upper x: Parameters<Scalar>, episode: Episode<Scalar>, outerIteration: Int
  ) -> HypergradientEstimate<Scalar> {
    let parameters = x.leaves
    let support = network.features(
      of: .constant(episode.supportImages), parameters: parameters)
    let query = network.features(of: .constant(episode.queryImages), parameters: parameters)
    var estimate = estimator.estimate(
      problem(episode), dynamics: dynamics,
      upper: Parameters([support.value, query.value]), innerSteps: innerSteps,
      outerIteration: outerIteration, memory: nil)
    let slope = gradient(
      of: [support, query], cotangents: estimate.hypergradient.constants,
      withRespectTo: parameters)
    estimate.hypergradient = Parameters(slope.map(\.value))
    // What an estimator remembers is in terms of this task's features.
    estimate.memory = [:]
    return estimate
  }

  /// Scores of the head after each plain step.
  package func adaptation(
    upper x: Parameters<Scalar>, episode: Episode<Scalar>, steps: Int,
    normalisation: EvaluationNormalisation<Scalar>
  ) -> [AdaptedScore] {
    let parameters = x.constants
    let support = network.features(
      of: .constant(episode.supportImages), parameters: parameters,
      normalisation: normalisation.source
    ).value
    let query = queryFeatures(
      network, episode, parameters: parameters, normalisation: normalisation)
    let features = Parameters([support, query])
    let problem = problem(episode)
    let descent = GradientDescent<Scalar>(stepSize: testStepSize)
    var head = problem.initialLower.value(upper: features)
    return (0...steps).map { step in
      if step > 0 {
        head = descent.step(StepIndex(step), from: head, upper: features, of: problem)
      }
      let logits = linearLogits(
        .constant(query), weights: .constant(head.tensors[0]), bias: .constant(head.tensors[1]))
      return AdaptedScore(logits: logits.value, labels: episode.queryLabels)
    }
  }
}
