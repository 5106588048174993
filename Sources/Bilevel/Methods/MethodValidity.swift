/// One inner dynamics with one hypergradient estimator, by name.
public struct MethodCombination: Sendable, Hashable {
  /// The inner dynamics.
  public let dynamics: DynamicsKind
  /// The estimator.
  public let hypergradient: HypergradientKind

  /// A combination, valid or not.
  public init(_ dynamics: DynamicsKind, _ hypergradient: HypergradientKind) {
    self.dynamics = dynamics
    self.hypergradient = hypergradient
  }

  /// The sentence that says why this combination is refused, or nil where it makes sense.
  public var refusal: String? {
    if hypergradient.isImplicit {
      switch dynamics {
      case .proximalGradient:
        return "Implicit hypergradients differentiate f_y = 0, which the limit of "
          + "proximal-gradient does not satisfy: use reverse, truncated-reverse or forward."
      case .learnedAggregation:
        return "Implicit hypergradients treat the aggregation weights as fixed, so learned-"
          + "aggregation would never learn them: use reverse, truncated-reverse or forward."
      case .gradientDescent, .descentAggregation, .heavyBall, .heavyBallAggregation: return nil
      }
    }
    switch hypergradient {
    case .oneStage where dynamics != .gradientDescent && dynamics != .descentAggregation:
      return "The one-stage hypergradient differentiates one plain descent step, which "
        + "\(dynamics.rawValue) does not take: use gradient-descent or descent-aggregation."
    case .valueFunctionPenalty where dynamics.aggregates,
      .dynamicBarrier where dynamics.aggregates:
      return "Value-function methods need the minimum of f alone, which \(dynamics.rawValue) does "
        + "not approach: use gradient-descent or heavy-ball."
    case .valueFunctionPenalty where dynamics == .proximalGradient,
      .dynamicBarrier where dynamics == .proximalGradient:
      return "Value-function methods compare values of f, which leave out the penalty of "
        + "proximal-gradient: use gradient-descent or heavy-ball."
    default: return nil
    }
  }

  /// Every combination that makes sense, in the order of the kinds.
  public static var valid: [MethodCombination] {
    all.filter { $0.refusal == nil }
  }

  /// Every combination.
  public static var all: [MethodCombination] {
    DynamicsKind.allCases.flatMap { dynamics in
      HypergradientKind.allCases.map { MethodCombination(dynamics, $0) }
    }
  }

  /// The presets that are this combination.
  public var presets: [MethodPreset] {
    MethodPreset.allCases.filter {
      $0.dynamics == dynamics && $0.hypergradient == hypergradient
    }
  }
}

extension MethodSettings {
  /// Every valid combination of dynamics and estimator.
  public static var validCombinations: [MethodCombination] { MethodCombination.valid }

  /// Why the settings are refused, or nil where they make sense together.
  ///
  /// Beyond ``MethodCombination/refusal``: what a constraint on y or a learned start excludes.
  public var refusal: String? {
    if let refusal = MethodCombination(dynamics, hypergradient).refusal { return refusal }
    let blind = hypergradient.isImplicit || hypergradient == .oneStage
    if lowerConstraint != nil, blind || hypergradient == .dynamicBarrier {
      return
        "The \(hypergradient.rawValue) hypergradient assumes an unconstrained lower level: "
        + "use reverse, truncated-reverse or forward with a constraint on y."
    }
    if learnsInitialization, blind || hypergradient == .truncatedReverse {
      return "The \(hypergradient.rawValue) hypergradient does not reach back to the start of the "
        + "inner loop, so a learned start would never move: use reverse, forward or "
        + "pessimistic-truncation."
    }
    return nil
  }
}
