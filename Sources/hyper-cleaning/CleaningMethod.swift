import Bilevel
import Commands
import Experiments

/// What can be run: the methods of the field, and the two baselines that frame them.
enum CleaningMethod: Hashable, Sendable {
  /// Training on all labels as they are, every weight as the methods start with.
  case noCleaning
  /// Training on the clean labels alone: weight 1 for clean samples, 0 for noisy ones.
  case oracle
  /// A bi-level method of the field.
  case preset(MethodPreset)
  /// Any other valid product of dynamics and estimator.
  case combination(MethodCombination)

  /// The baselines and every preset, in the order of tables.
  static var named: [CleaningMethod] {
    [.noCleaning] + MethodPreset.allCases.map { .preset($0) } + [.oracle]
  }

  /// What runs when no method is named: the paper's methods and the classical ones beside them.
  static func standard(_ budget: Budget) -> [CleaningMethod] {
    let methods: [MethodPreset] =
      budget == .smoke
      ? [.rhg, .truncatedRHG, .fhg, .conjugateGradient, .neumann, .oneStage, .bda, .oneStageBDA]
      // On the reduced problem forward mode says nothing about accuracy, only about cost.
      : [.rhg, .truncatedRHG, .bda]
    return [.noCleaning] + methods.map { .preset($0) } + [.oracle]
  }

  /// The product of dynamics and estimator; nil for a baseline.
  var product: MethodCombination? {
    switch self {
    case .noCleaning, .oracle: nil
    case .preset(let preset): MethodCombination(preset.dynamics, preset.hypergradient)
    case .combination(let combination): combination
    }
  }

  /// The name on the command line and in records.
  var name: String {
    switch self {
    case .noCleaning: "no-cleaning"
    case .oracle: "oracle"
    case .preset(let preset): preset.rawValue
    case .combination(let product):
      "\(product.dynamics.rawValue)+\(product.hypergradient.rawValue)"
    }
  }

  /// The name in tables.
  var displayName: String {
    switch self {
    case .noCleaning: "No cleaning"
    case .oracle: "Oracle"
    case .preset(let preset): preset.displayName
    case .combination: name
    }
  }

  /// Where the method comes from.
  var citation: String {
    switch self {
    case .noCleaning: "baseline: all training labels as they are"
    case .oracle: "baseline: clean training labels only (Franceschi et al., ICML 2017)"
    case .preset(let preset): preset.citation
    case .combination(let product):
      product.dynamics.citation + "; " + product.hypergradient.citation
    }
  }

  /// The method of a name.
  static func parse(_ name: String) throws(MethodError) -> CleaningMethod {
    guard let method = named.first(where: { $0.name == name }) else {
      throw MethodError(
        "There is no method \"\(name)\"; "
          + Spelling.advice(
            for: name, among: named.map(\.name), plural: "the methods are"))
    }
    return method
  }

  /// The method of a dynamics and an estimator: a preset where the product has a name.
  static func parse(
    dynamics: String, hypergradient: String
  ) throws(MethodError) -> CleaningMethod {
    let product = MethodCombination(
      try choice(dynamics, of: DynamicsKind.self, "dynamics"),
      try choice(hypergradient, of: HypergradientKind.self, "hypergradient estimator"))
    if let refusal = product.refusal { throw MethodError(refusal) }
    // A preset that learns its start besides is more than the product.
    if let preset = product.presets.first(where: { !$0.learnsInitialization }) {
      return .preset(preset)
    }
    return .combination(product)
  }
}

/// The named choice, or an error that lists the names.
func choice<Choice: RawRepresentable & CaseIterable>(
  _ name: String, of type: Choice.Type, _ what: String
) throws(MethodError) -> Choice where Choice.RawValue == String {
  guard let choice = Choice(rawValue: name) else {
    let names = Choice.allCases.map(\.rawValue)
    throw MethodError(
      "There is no \(what) \"\(name)\"; "
        + Spelling.advice(for: name, among: names, plural: "the names are"))
  }
  return choice
}

extension CleaningSettings {
  /// The settings of one bi-level method under these.
  func methodSettings(_ method: CleaningMethod, _ product: MethodCombination) -> MethodSettings {
    let stepSize =
      product.dynamics.aggregates ? aggregation.lowerStepSize ?? inner.stepSize : inner.stepSize
    var settings = MethodSettings(
      product, innerStepSize: stepSize, upperStepSize: aggregation.upperStepSize,
      schedule: aggregation.schedule, alpha: aggregation.alpha, history: truncation.history,
      tangentsPerBlock: reduced.tangentsPerBlock)
    if case .preset(let preset) = method {
      settings.learnsInitialization = preset.learnsInitialization
    }
    settings.solverSteps = solver.steps
    settings.solverTolerance = solver.tolerance
    settings.solverStepSize = solver.stepSize
    settings.damping = solver.damping
    settings.solverStartsWarm = solver.startsWarm
    settings.innerMomentum = others.innerMomentum
    settings.oneStageRadius = others.oneStageRadius
    settings.penaltyWeight = others.penaltyWeight
    settings.barrierRatio = others.barrierRatio
    return details.applied(to: settings)
  }

  /// The outer optimiser.
  var outerSettings: OuterSettings {
    outer.applied(
      to: OuterSettings(
        upper.optimizer, rate: upper.learningRate,
        decay: upper.inverseTimeDecay > 0 ? .inverseTime(decay: upper.inverseTimeDecay) : .none,
        momentum: upper.momentum), iterations: upper.iterations)
  }
}
