import Bilevel
import Datasets
import Experiments
import Networks
import Tensors

/// Learning an initialisation: x holds all parameters, head included, and the lower variable starts
/// at y_0(x) = x.
///
/// MAML is the reverse hypergradient of this problem, first-order MAML its first-order one, implicit
/// MAML the implicit one with a proximal term, Meta-SGD appends learned rates to x. Nothing here knows
/// which of them it is part of: they differ by the estimator and the dynamics alone.
package struct InitialisationLearner<Scalar: TensorScalar>: TaskLearner {
  /// The network below the head.
  package let network: any ImageNetwork
  /// N.
  package let ways: Int
  /// The inner dynamics on all parameters; also used at test.
  package let dynamics: any InnerDynamics<Scalar>
  /// The hypergradient estimator.
  package let estimator: any HypergradientEstimator<Scalar>
  /// K.
  package let innerSteps: Int
  /// The weight of the proximal term |y - x|^2 / 2 in f; 0 for none.
  package let proximity: Scalar
  /// The learned rates that follow the parameters in x.
  package let rates: Rates

  /// Which learned rates there are.
  package enum Rates: Sendable, Equatable {
    /// None.
    case none
    /// One per scalar, each starting at the given value.
    case perParameter(start: Double)
    /// One for all.
    case shared(start: Double)
  }

  /// A learner of the given parts.
  package init(
    network: any ImageNetwork, ways: Int, dynamics: any InnerDynamics<Scalar>,
    estimator: any HypergradientEstimator<Scalar>, innerSteps: Int, proximity: Scalar = 0,
    rates: Rates = .none
  ) {
    precondition(proximity >= 0, "The proximal term must not be negative, got \(proximity).")
    self.network = network
    self.ways = ways
    self.dynamics = dynamics
    self.estimator = estimator
    self.innerSteps = innerSteps
    self.proximity = proximity
    self.rates = rates
  }

  private var bodyNames: [String] { network.parameterNames + ["head/weights", "head/bias"] }

  /// Parameters of network and head, then the rates.
  package var parameterNames: [String] {
    switch rates {
    case .none: bodyNames
    case .shared: bodyNames + ["rate"]
    case .perParameter: bodyNames + bodyNames.map { "rate/\($0)" }
    }
  }

  /// Glorot's draw for network and head; rates at their start.
  package func initialUpper(using stream: inout RandomStream) -> Parameters<Scalar> {
    var tensors: [Tensor<Scalar>] = network.glorotParameters(
      using: &stream, as: Scalar.self)
    tensors.append(stream.glorotWeights([network.featureCount, ways]))
    tensors.append(.zeros([ways]))
    return appendingRates(Parameters(tensors))
  }

  /// Parameters with the rates at their start appended.
  package func appendingRates(_ parameters: Parameters<Scalar>) -> Parameters<Scalar> {
    switch rates {
    case .none: parameters
    case .shared(let start): Parameters(parameters.tensors + [Tensor(Scalar(start))])
    case .perParameter(let start):
      Parameters(
        parameters.tensors
          + parameters.tensors.map { Tensor(repeating: Scalar(start), shape: $0.shape) })
    }
  }

  private func logits(
    _ images: Tensor<Scalar>, _ y: [Variable<Scalar>], _ source: NormalisationSource<Scalar>
  ) -> Variable<Scalar> {
    let body = Array(y.dropLast(2))
    let features = network.features(
      of: .constant(images), parameters: body, normalisation: source)
    return linearLogits(features, weights: y[y.count - 2], bias: y[y.count - 1])
  }

  private func loss(
    _ images: Tensor<Scalar>, _ labels: [Int], _ source: NormalisationSource<Scalar>
  ) -> @Sendable ([Variable<Scalar>]) -> Variable<Scalar> {
    let targets = Tensor<Scalar>.oneHot(labels, classes: ways)
    return { y in
      crossEntropies(logits: logits(images, y, source), targets: .constant(targets)).mean()
    }
  }

  /// The problem of one task, or, at test, that of its support images alone: dynamics that aggregate
  /// must not see labels that they are judged by.
  private func problem(
    _ episode: Episode<Scalar>, normalisation source: NormalisationSource<Scalar> = .own,
    isTest: Bool = false
  ) -> BilevelProblem<Scalar> {
    let support = loss(episode.supportImages, episode.supportLabels, source)
    let query =
      isTest ? support : loss(episode.queryImages, episode.queryLabels, source)
    let (proximity, count) = (proximity, bodyNames.count)
    return BilevelProblem(
      upper: ExpressionObjective { _, y in query(y) },
      lower: ExpressionObjective { x, y in
        guard proximity > 0 else { return support(y) }
        let terms = zip(x, y).map { anchor, value in
          ((value - anchor) * (value - anchor)).sum()
        }
        return terms.reduce(support(y)) { $0 + (proximity / 2) * $1 }
      },
      initialLower: ExpressionInitialLower { x in Array(x.prefix(count)) })
  }

  /// F(x, y_K) and the estimate of its total derivative.
  package func estimate(
    upper x: Parameters<Scalar>, episode: Episode<Scalar>, outerIteration: Int
  ) -> HypergradientEstimate<Scalar> {
    estimator.estimate(
      problem(episode), dynamics: dynamics, upper: x, innerSteps: innerSteps,
      outerIteration: outerIteration, memory: nil)
  }

  /// Logits of the network after those of its inner steps.
  package func adaptedLogits(
    upper x: Parameters<Scalar>, episode: Episode<Scalar>, steps: ClosedRange<Int>,
    normalisation: EvaluationNormalisation<Scalar>
  ) -> [Tensor<Scalar>] {
    let problem = problem(episode, normalisation: normalisation.source, isTest: true)
    var state = dynamics.layout.initialState(from: problem.initialLower.value(upper: x))
    return (0...steps.upperBound).compactMap { step in
      if step > 0 {
        state = dynamics.step(StepIndex(step), from: state, upper: x, of: problem)
      }
      guard steps.contains(step) else { return nil }
      let y = dynamics.layout.lowerVariable(of: state)
      let features = queryFeatures(
        network, episode, parameters: Array(y.constants.dropLast(2)), normalisation: normalisation)
      return linearLogits(
        .constant(features), weights: .constant(y.tensors[y.tensors.count - 2]),
        bias: .constant(y.tensors[y.tensors.count - 1])
      ).value
    }
  }
}
