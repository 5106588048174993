/// Everything that can be named: dynamics, estimators, and the methods that are products of them.
///
/// A value, so that a program of one's own has dynamics, estimators or methods of its own beside the
/// suite's: see ``adding(dynamics:)`` and its neighbours.
public struct MethodCatalogue: Sendable {
  /// The inner dynamics, in the order of lists.
  public private(set) var dynamics: [any NamedDynamics]
  /// The hypergradient estimators, in the order of lists.
  public private(set) var estimators: [any NamedEstimator]
  /// The methods with names of their own, in the order of tables.
  public private(set) var methods: [Method]

  /// A catalogue of the given parts.
  public init(
    dynamics: [any NamedDynamics], estimators: [any NamedEstimator], methods: [Method]
  ) {
    self.dynamics = dynamics
    self.estimators = estimators
    self.methods = methods
  }

  /// The catalogue with dynamics of one's own, under a name that none there has.
  public func adding(dynamics addition: any NamedDynamics) -> MethodCatalogue {
    precondition(
      !dynamics.contains { $0.name == addition.name },
      "There are dynamics named \(addition.name) already: \(dynamics.map(\.name)).")
    var result = self
    result.dynamics.append(addition)
    return result
  }

  /// The catalogue with an estimator of one's own, under a name that none there has.
  public func adding(estimator addition: any NamedEstimator) -> MethodCatalogue {
    precondition(
      !estimators.contains { $0.name == addition.name },
      "There are estimators named \(addition.name) already: \(estimators.map(\.name)).")
    var result = self
    result.estimators.append(addition)
    return result
  }

  /// The catalogue with a method of one's own, under a name that none there has.
  public func adding(method addition: Method) -> MethodCatalogue {
    precondition(
      !methods.contains { $0.name == addition.name },
      "There are methods named \(addition.name) already: \(methods.map(\.name)).")
    var result = self
    result.methods.append(addition)
    return result
  }

  // MARK: - Names

  /// The method of a name.
  public func method(named name: String) throws(UnknownName) -> Method {
    guard let method = methods.first(where: { $0.name == name }) else {
      throw UnknownName(name, "method", among: methods.map(\.name))
    }
    return method
  }

  /// The dynamics of a name.
  public func dynamics(named name: String) throws(UnknownName) -> any NamedDynamics {
    guard let found = dynamics.first(where: { $0.name == name }) else {
      throw UnknownName(name, "dynamics", among: dynamics.map(\.name))
    }
    return found
  }

  /// The estimator of a name.
  public func estimator(named name: String) throws(UnknownName) -> any NamedEstimator {
    guard let found = estimators.first(where: { $0.name == name }) else {
      throw UnknownName(name, "hypergradient estimator", among: estimators.map(\.name))
    }
    return found
  }

  /// The product of a dynamics and an estimator, under its name where it has one. A method that fixes
  /// more than the product (a learned start, an initialisation) is not the product.
  public func product(_ dynamics: any NamedDynamics, _ estimator: any NamedEstimator) -> Method {
    methods.first {
      $0.dynamics.name == dynamics.name && $0.estimator.name == estimator.name
        && !$0.learnsStart && !$0.sharesOneRate && !$0.adaptsInitialization
    } ?? Method(dynamics, estimator)
  }

  /// Every product of dynamics and estimator, valid or not.
  public var products: [Method] {
    dynamics.flatMap { dynamics in estimators.map { product(dynamics, $0) } }
  }
}

extension MethodCatalogue {
  /// What the suite comes with.
  public static let standard: MethodCatalogue = {
    let descent = NamedGradientDescent()
    let aggregation = NamedDescentAggregation()
    let heavyBall = NamedHeavyBall()
    let learned = NamedLearnedAggregation()
    let rates = NamedLearnedRateDescent()
    let (reverse, truncated, forward) = (
      NamedReverse(), NamedTruncatedReverse(), NamedForward()
    )
    let (gradients, neumann, fixedPoint) = (
      NamedConjugateGradient(), NamedNeumann(), NamedFixedPoint()
    )
    let (oneStage, firstOrder, reptile) = (
      NamedOneStage(), NamedFirstOrder(), NamedReptile()
    )
    let (pessimistic, penalty, barrier) = (
      NamedPessimisticTruncation(), NamedValueFunctionPenalty(), NamedDynamicBarrier()
    )
    func classical(
      _ name: String, _ displayName: String, _ estimator: any NamedEstimator,
      learnsStart: Bool = false
    ) -> Method {
      Method(
        name, displayName, descent, estimator, citation: estimator.citation,
        learnsStart: learnsStart)
    }
    func adapting(
      _ name: String, _ displayName: String, _ dynamics: any NamedDynamics,
      _ estimator: any NamedEstimator, _ citation: String, sharesOneRate: Bool = false
    ) -> Method {
      Method(
        name, displayName, dynamics, estimator, citation: citation, sharesOneRate: sharesOneRate,
        adaptsInitialization: true)
    }
    let slBAMM = "vis-opt-group/sl-BAMM merely_convex/strategy3.py (BAMM_CG --BDA); "
    return MethodCatalogue(
      dynamics: [
        descent, aggregation, heavyBall, NamedHeavyBallAggregation(), NamedProximalGradient(),
        learned, rates,
      ],
      estimators: [
        reverse, truncated, forward, gradients, neumann, fixedPoint, oneStage, pessimistic,
        penalty, barrier, firstOrder, reptile,
      ],
      methods: [
        classical("rhg", "RHG", reverse),
        classical("t-rhg", "T-RHG", truncated),
        classical("fhg", "FHG", forward),
        classical("cg", "CG", gradients),
        classical("neumann", "Neumann", neumann),
        classical("fixed-point", "Fixed point", fixedPoint),
        classical("one-stage", "One-stage RHG", oneStage),
        Method("heavy-ball-rhg", "Heavy-ball RHG", heavyBall, reverse),
        Method("bda", "BDA", aggregation, reverse, citation: aggregation.citation),
        Method("t-bda", "T-BDA", aggregation, truncated),
        Method("f-bda", "Forward BDA", aggregation, forward),
        Method(
          "one-stage-bda", "One-stage BDA", aggregation, oneStage, citation: oneStage.citation),
        Method(
          "bda-cg", "BDA-CG", aggregation, gradients, citation: slBAMM + gradients.citation),
        Method(
          "bda-neumann", "BDA-Neumann", aggregation, neumann, citation: slBAMM + neumann.citation),
        Method("learned-bda", "Learned BDA", learned, reverse, citation: learned.citation),
        classical("iaptt", "IAPTT-GM", pessimistic, learnsStart: true),
        classical("v-pbgd", "V-PBGD", penalty),
        classical("bome", "BOME", barrier),
        adapting(
          "maml", "MAML", descent, reverse, "Finn, Abbeel and Levine, ICML 2017, algorithm 1"),
        adapting(
          "fomaml", "FOMAML", descent, firstOrder,
          "Finn, Abbeel and Levine, ICML 2017, section 5.2; Nichol et al., arXiv 1803.02999"),
        adapting(
          "meta-sgd", "Meta-SGD", rates, reverse, "Li, Zhou, Chen and Li, arXiv 1707.09835"),
        adapting(
          "meta-sgd-scalar", "Meta-SGD (one rate)", rates, reverse,
          "vis-opt-group/BDA and dut-media-lab/BOML, option learn_lr (one scalar rate)",
          sharesOneRate: true),
        adapting(
          "reptile", "Reptile", descent, reptile, "Nichol, Achiam and Schulman, arXiv 1803.02999"),
        adapting(
          "imaml", "iMAML", descent, gradients,
          "Rajeswaran, Finn, Kakade and Levine, NeurIPS 2019"),
      ])
  }()
}
