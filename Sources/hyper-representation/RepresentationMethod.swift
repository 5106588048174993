import Bilevel
import Commands
import Experiments

/// What can be run: a method of the field, or any other valid product of dynamics and estimator.
enum RepresentationMethod: Hashable, Sendable {
  /// A method of the field.
  case preset(MethodPreset)
  /// Any other valid product.
  case combination(MethodCombination)

  /// Every preset, in the order of tables.
  static var named: [RepresentationMethod] { MethodPreset.allCases.map { .preset($0) } }

  /// What runs when no method is named: everything that the problem's size allows.
  static func standard(_ settings: RepresentationSettings) -> [RepresentationMethod] {
    MethodPreset.allCases.filter { preset in
      // Forward mode carries one tangent per parameter of the extractor: not for images.
      settings.data.kind == .linear && settings.data.inputs <= 16
        || preset.hypergradient != .forward
    }.map { .preset($0) }
  }

  /// The product of dynamics and estimator.
  var product: MethodCombination {
    switch self {
    case .preset(let preset): MethodCombination(preset.dynamics, preset.hypergradient)
    case .combination(let combination): combination
    }
  }

  /// The name on the command line and in records.
  var name: String {
    switch self {
    case .preset(let preset): preset.rawValue
    case .combination(let product):
      "\(product.dynamics.rawValue)+\(product.hypergradient.rawValue)"
    }
  }

  /// The name in tables.
  var displayName: String {
    switch self {
    case .preset(let preset): preset.displayName
    case .combination: name
    }
  }

  /// Where the method comes from.
  var citation: String {
    switch self {
    case .preset(let preset): preset.citation
    case .combination(let product):
      product.dynamics.citation + "; " + product.hypergradient.citation
    }
  }

  /// The method of a name.
  static func parse(_ name: String) throws(MethodError) -> RepresentationMethod {
    .preset(try choice(name, of: MethodPreset.self, "method"))
  }

  /// The method of a dynamics and an estimator: a preset where the product has a name.
  static func parse(
    dynamics: String, hypergradient: String
  ) throws(MethodError) -> RepresentationMethod {
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

extension RepresentationSettings {
  /// The settings of one method under these.
  func methodSettings(_ method: RepresentationMethod) -> MethodSettings {
    var settings = MethodSettings(
      method.product, innerStepSize: inner.stepSize, upperStepSize: aggregation.upperStepSize,
      schedule: aggregation.schedule, alpha: aggregation.alpha, history: truncation.history,
      tangentsPerBlock: others.tangentsPerBlock)
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
      to: OuterSettings(upper.optimizer, rate: upper.learningRate, momentum: upper.momentum),
      iterations: upper.iterations)
  }
}
