import Bilevel
import Commands
import Experiments

/// What can be run: a preset of the field, or any valid combination of dynamics and hypergradient.
enum CounterExampleMethod: Hashable, Sendable {
  case preset(MethodPreset)
  case combined(MethodCombination)

  /// The inner dynamics and the estimator.
  var combination: MethodCombination {
    switch self {
    case .preset(let preset): MethodCombination(preset.dynamics, preset.hypergradient)
    case .combined(let combination): combination
    }
  }

  /// Whether the start of the inner loop is a part of x.
  var learnsInitialization: Bool {
    if case .preset(let preset) = self { preset.learnsInitialization } else { false }
  }

  /// Whether x and y move together, as in value-function methods.
  var movesLowerVariable: Bool {
    let kind = combination.hypergradient
    return kind == .valueFunctionPenalty || kind == .dynamicBarrier
  }

  /// Whether the method solves a linear system with a Hessian.
  var isImplicit: Bool {
    let kind = combination.hypergradient
    return kind == .conjugateGradient || kind == .neumann || kind == .fixedPoint
  }

  /// The name in records: a preset's, or "dynamics+hypergradient".
  var name: String {
    switch self {
    case .preset(let preset): preset.rawValue
    case .combined(let combination):
      "\(combination.dynamics.rawValue)+\(combination.hypergradient.rawValue)"
    }
  }

  /// The name in tables.
  var displayName: String {
    if case .preset(let preset) = self { preset.displayName } else { name }
  }

  /// Where the method comes from.
  var citation: String {
    switch self {
    case .preset(let preset): preset.citation
    case .combined(let combination):
      combination.dynamics.citation + "; " + combination.hypergradient.citation
    }
  }

  /// The methods of `--method` names, or the one of `--dynamics` and `--hypergradient`; every
  /// preset where nothing is named.
  ///
  /// - Throws: `MethodError` for an unknown name or a combination that makes no sense, with why.
  static func selected(
    names: [String], dynamics: String?, hypergradient: String?
  ) throws -> [CounterExampleMethod] {
    if dynamics == nil, hypergradient == nil {
      let presets = try names.map { name in
        try named(name, MethodPreset.self, option: "method", plural: "methods")
      }
      return (presets.isEmpty ? MethodPreset.allCases : presets).map { .preset($0) }
    }
    guard names.isEmpty else {
      throw MethodError(
        "The option --method names a whole method, so that --dynamics and --hypergradient cannot "
          + "change it; use the one or the others.")
    }
    let inner = try named(
      dynamics ?? DynamicsKind.gradientDescent.rawValue, DynamicsKind.self, option: "dynamics",
      plural: "dynamics")
    let estimator = try named(
      hypergradient ?? HypergradientKind.reverse.rawValue, HypergradientKind.self,
      option: "hypergradient", plural: "hypergradients")
    let combination = MethodCombination(inner, estimator)
    if let refusal = combination.refusal { throw MethodError(refusal) }
    let preset = combination.presets.first { !$0.learnsInitialization }
    return [preset.map { .preset($0) } ?? .combined(combination)]
  }

  /// The member of a named kind.
  static func named<Kind: RawRepresentable & CaseIterable>(
    _ name: String, _ kind: Kind.Type, option: String, plural: String
  ) throws(MethodError) -> Kind where Kind.RawValue == String {
    if let member = Kind(rawValue: name) { return member }
    throw MethodError(
      "The option --\(option) names \"\(name)\", which does not exist; "
        + Spelling.advice(
          for: name, among: Kind.allCases.map(\.rawValue), plural: "the \(plural) are"))
  }
}
