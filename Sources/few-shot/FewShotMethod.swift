import Bilevel
import Commands
import Datasets
import Experiments
import Networks
import Tensors

/// What can be run: a representation learned through the head's inner loop by any method of the suite
/// that keeps x as it is, or an initialisation of all parameters.
enum FewShotMethod: Hashable, Sendable {
  case representation(MethodPreset)
  case maml
  case firstOrderMAML
  case metaSGD
  case scalarMetaSGD
  case reptile
  case implicitMAML

  /// The presets that a representation can be learned by.
  static let presets: [MethodPreset] = [
    .rhg, .truncatedRHG, .conjugateGradient, .neumann, .oneStage, .bda, .truncatedBDA, .oneStageBDA,
  ]

  /// Every method, in the order of tables.
  static let all: [FewShotMethod] =
    [.maml, .firstOrderMAML, .metaSGD, .scalarMetaSGD, .reptile, .implicitMAML]
    + presets.map { .representation($0) }

  /// The methods of the article's table, and the one-stage forms: what is run unless named.
  static let usual: [FewShotMethod] =
    [.maml, .firstOrderMAML, .metaSGD, .reptile]
    + [.rhg, .truncatedRHG, .oneStage, .bda, .oneStageBDA].map { .representation($0) }

  /// Whether all parameters are the lower variable.
  var learnsInitialisation: Bool {
    if case .representation = self { false } else { true }
  }

  /// The name on the command line and in records.
  var name: String {
    switch self {
    case .representation(let preset): preset.rawValue
    case .maml: "maml"
    case .firstOrderMAML: "fomaml"
    case .metaSGD: "meta-sgd"
    case .scalarMetaSGD: "meta-sgd-scalar"
    case .reptile: "reptile"
    case .implicitMAML: "imaml"
    }
  }

  /// The name in tables.
  var displayName: String {
    switch self {
    case .representation(let preset): preset.displayName
    case .maml: "MAML"
    case .firstOrderMAML: "FOMAML"
    case .metaSGD: "Meta-SGD"
    case .scalarMetaSGD: "Meta-SGD (one rate)"
    case .reptile: "Reptile"
    case .implicitMAML: "iMAML"
    }
  }

  /// Where the method comes from.
  var citation: String {
    switch self {
    case .representation(let preset): preset.citation
    case .maml: "Finn, Abbeel and Levine, ICML 2017, algorithm 1"
    case .firstOrderMAML:
      "Finn, Abbeel and Levine, ICML 2017, section 5.2; Nichol et al., arXiv 1803.02999"
    case .metaSGD: "Li, Zhou, Chen and Li, arXiv 1707.09835"
    case .scalarMetaSGD:
      "vis-opt-group/BDA and dut-media-lab/BOML, option learn_lr (one scalar rate)"
    case .reptile: "Nichol, Achiam and Schulman, arXiv 1803.02999"
    case .implicitMAML: "Rajeswaran, Finn, Kakade and Levine, NeurIPS 2019"
    }
  }

  /// The names of dynamics and estimator, for lists and records.
  var parts: (dynamics: String, hypergradient: String) {
    switch self {
    case .representation(let preset):
      (preset.dynamics.rawValue, preset.hypergradient.rawValue)
    case .maml: ("gradient-descent", "reverse")
    case .firstOrderMAML: ("gradient-descent", "first-order")
    case .metaSGD: ("learned-rate-descent", "reverse")
    case .scalarMetaSGD: ("learned-rate-descent (one rate)", "reverse")
    case .reptile: ("gradient-descent", "reptile")
    case .implicitMAML: ("gradient-descent (proximal term)", "conjugate-gradient")
    }
  }

  /// The method of a name.
  static func named(_ name: String) throws(MethodError) -> FewShotMethod {
    guard let method = all.first(where: { $0.name == name }) else {
      throw MethodError(
        "There is no method \"\(name)\"; "
          + Spelling.advice(for: name, among: all.map(\.name), plural: "the methods are"))
    }
    return method
  }
}

extension FewShotMethod {
  /// What the method does with a task, under settings, with the given network.
  func learner<Scalar: TensorScalar>(
    _ settings: FewShotSettings, network: any ImageNetwork, ways: Int, as type: Scalar.Type
  ) throws(MethodError) -> any TaskLearner<Scalar> {
    if case .representation(let preset) = self {
      let method = settings.methodSettings(preset)
      return RepresentationLearner<Scalar>(
        network: network, ways: ways, dynamics: try method.innerDynamics(as: Scalar.self),
        estimator: try method.estimator(as: Scalar.self, innerSteps: settings.inner.steps),
        innerSteps: settings.inner.steps, testStepSize: Scalar(settings.inner.stepSize))
    }
    let size = settings.inner.stepSize
    let descent = GradientDescent<Scalar>(stepSize: Scalar(size))
    // One task's linearisations are a few megabytes: keeping them avoids a second pass per step.
    let reverse = ReverseHypergradient<Scalar>(storage: .linearizations)
    func learner(
      _ dynamics: any InnerDynamics<Scalar>, _ estimator: any HypergradientEstimator<Scalar>,
      proximity: Double = 0, rates: InitialisationLearner<Scalar>.Rates = .none
    ) -> any TaskLearner<Scalar> {
      InitialisationLearner<Scalar>(
        network: network, ways: ways, dynamics: dynamics, estimator: estimator,
        innerSteps: settings.inner.steps, proximity: Scalar(proximity), rates: rates)
    }
    switch self {
    case .representation, .maml: return learner(descent, reverse)
    case .firstOrderMAML: return learner(descent, FirstOrderHypergradient())
    case .metaSGD:
      return learner(
        LearnedRateDescent(sharesOneRate: false), reverse, rates: .perParameter(start: size))
    case .scalarMetaSGD:
      return learner(LearnedRateDescent(sharesOneRate: true), reverse, rates: .shared(start: size))
    case .reptile: return learner(descent, ReptileDirection())
    case .implicitMAML:
      return learner(
        descent,
        ImplicitHypergradient<Scalar>(
          solver: ConjugateGradient(
            maximumSteps: settings.implicit.solverSteps, relativeTolerance: 1e-6),
          startsWarm: false),
        proximity: settings.implicit.proximity)
    }
  }
}
