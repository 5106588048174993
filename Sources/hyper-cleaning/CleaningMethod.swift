import Bilevel
import Experiments

/// What can be run: the methods of the field, and the two baselines that frame them.
enum CleaningMethod: Hashable, Sendable {
  /// Training on all labels as they are: every weight 1.
  case noCleaning
  /// Training on the clean labels alone: weight 1 for clean samples, 0 for noisy ones.
  case oracle
  /// A bi-level method.
  case bilevel(MethodPreset)

  /// The baselines and every preset, in the order of tables.
  static var all: [CleaningMethod] {
    [.noCleaning] + MethodPreset.allCases.map { .bilevel($0) } + [.oracle]
  }

  /// The name on the command line and in records.
  var name: String {
    switch self {
    case .noCleaning: "no-cleaning"
    case .oracle: "oracle"
    case .bilevel(let preset): preset.rawValue
    }
  }

  /// The name in tables.
  var displayName: String {
    switch self {
    case .noCleaning: "No cleaning"
    case .oracle: "Oracle"
    case .bilevel(let preset): preset.displayName
    }
  }

  /// Where the method comes from.
  var citation: String {
    switch self {
    case .noCleaning: "baseline: all training labels as they are"
    case .oracle: "baseline: clean training labels only (Franceschi et al., ICML 2017)"
    case .bilevel(let preset): preset.citation
    }
  }

  /// The method of a name.
  static func named(_ name: String) throws -> CleaningMethod {
    guard let method = all.first(where: { $0.name == name }) else {
      throw MethodError(
        "There is no method \"\(name)\"; "
          + Spelling.advice(
            for: name, among: all.map(\.name), plural: "the methods are"))
    }
    return method
  }
}

extension CleaningSettings {
  /// The settings of one bi-level method under these.
  func methodSettings(_ preset: MethodPreset) -> MethodSettings {
    let aggregates = preset.dynamics == .descentAggregation
    let lowerStepSize = aggregates ? aggregation.lowerStepSize ?? inner.stepSize : inner.stepSize
    return MethodSettings(
      preset, innerStepSize: lowerStepSize, upperStepSize: aggregation.upperStepSize,
      schedule: aggregation.schedule, alpha: aggregation.alpha, history: truncation.history,
      tangentsPerBlock: reduced.tangentsPerBlock)
  }

  /// The outer optimiser.
  func outerOptimizer<Scalar: TensorScalar>(as type: Scalar.Type) -> any OuterOptimizer<Scalar> {
    let rate: LearningRate =
      upper.inverseTimeDecay > 0
      ? .inverseTime(upper.learningRate, decay: upper.inverseTimeDecay)
      : .constant(upper.learningRate)
    switch upper.optimizer {
    case .adam: return Adam(learningRate: rate)
    case .momentum: return GradientStep(learningRate: rate, momentum: upper.momentum)
    case .gradient: return GradientStep(learningRate: rate)
    }
  }
}
