import Bilevel
import Datasets
import Experiments
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
  /// The step size of descent on f alone; where the rate is learned, its start.
  package let testStepSize: Scalar
  /// What fits the head where F must not be seen; where the rate is learned, descent by that rate.
  package let testDynamics: any InnerDynamics<Scalar>
  /// Whether the step size of the inner loop is the last component of x, starting at
  /// ``testStepSize``.
  package let learnsRate: Bool

  /// A learner of the given parts.
  ///
  /// - Parameters:
  ///   - testDynamics: gradient descent with `testStepSize` when nil.
  ///   - learnsRate: whether x ends with the inner loop's step size; the dynamics are then given with
  ///     steps of size `testStepSize`, which the rate scales.
  package init(
    network: any ImageNetwork, ways: Int, dynamics: any InnerDynamics<Scalar>,
    estimator: any HypergradientEstimator<Scalar>, innerSteps: Int, testStepSize: Scalar,
    testDynamics: (any InnerDynamics<Scalar>)? = nil, learnsRate: Bool = false
  ) {
    self.network = network
    self.ways = ways
    self.dynamics =
      learnsRate ? RateScaledDynamics(dynamics, stepSize: testStepSize) : dynamics
    self.estimator = estimator
    self.innerSteps = innerSteps
    self.testStepSize = testStepSize
    self.testDynamics = testDynamics ?? GradientDescent(stepSize: testStepSize)
    self.learnsRate = learnsRate
  }

  /// The network's parameters, then the rate where it is learned.
  package var parameterNames: [String] { network.parameterNames + (learnsRate ? ["rate"] : []) }

  /// Glorot's draw for the network; a learned rate at its start.
  package func initialUpper(using stream: inout RandomStream) -> Parameters<Scalar> {
    let tensors: [Tensor<Scalar>] = network.glorotParameters(using: &stream, as: Scalar.self)
    return Parameters(tensors + (learnsRate ? [Tensor(testStepSize)] : []))
  }

  /// The network's part of x or of its variables.
  private func leading<Element>(_ components: [Element]) -> [Element] {
    Array(components.prefix(network.parameterShapes.count))
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
    let parameters = leading(x.leaves)
    let support = network.features(
      of: .constant(episode.supportImages), parameters: parameters)
    let query = network.features(of: .constant(episode.queryImages), parameters: parameters)
    var estimate = estimator.estimate(
      problem(episode), dynamics: dynamics,
      upper: Parameters(
        [support.value, query.value] + (learnsRate ? [Tensor(RateScaledDynamics.rate(in: x))] : [])),
      innerSteps: innerSteps, outerIteration: outerIteration, memory: nil)
    let slope = gradient(
      of: [support, query], cotangents: Array(estimate.hypergradient.constants.prefix(2)),
      withRespectTo: parameters)
    estimate.hypergradient = Parameters(
      slope.map(\.value) + estimate.hypergradient.tensors.dropFirst(2))
    // What an estimator remembers is in terms of this task's features.
    estimate.memory = [:]
    return estimate
  }

  /// Logits of the head after those of its steps on f.
  package func adaptedLogits(
    upper x: Parameters<Scalar>, episode: Episode<Scalar>, steps: ClosedRange<Int>,
    normalisation: EvaluationNormalisation<Scalar>
  ) -> [Tensor<Scalar>] {
    let parameters = leading(x.constants)
    let support = network.features(
      of: .constant(episode.supportImages), parameters: parameters,
      normalisation: normalisation.source
    ).value
    let query = queryFeatures(
      network, episode, parameters: parameters, normalisation: normalisation)
    let features = Parameters([support, query])
    let problem = problem(episode)
    let descent: any InnerDynamics<Scalar> =
      learnsRate ? GradientDescent(stepSize: RateScaledDynamics.rate(in: x)) : testDynamics
    var state = descent.layout.initialState(from: problem.initialLower.value(upper: features))
    return (0...steps.upperBound).compactMap { step in
      if step > 0 {
        state = descent.step(StepIndex(step), from: state, upper: features, of: problem)
      }
      guard steps.contains(step) else { return nil }
      let head = descent.layout.lowerVariable(of: state)
      return linearLogits(
        .constant(query), weights: .constant(head.tensors[0]), bias: .constant(head.tensors[1])
      ).value
    }
  }
}
