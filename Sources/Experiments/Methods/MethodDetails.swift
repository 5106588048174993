import Bilevel

/// What single methods can be told beyond an experiment's main settings, the same in all of them.
///
/// Every field reads as `details.<name>` in `--set` and in configuration files; its default is the
/// library's.
public struct MethodDetails: Codable, Sendable, Equatable {
  /// Megabytes of trajectory that reverse mode may keep before it recomputes instead.
  public var trajectoryMegabytes = 64
  /// Whether learned aggregation learns one weight per inner step, not one for all.
  public var learnsWeightPerStep = false
  /// Whether learned aggregation learns s_u and s_l too.
  public var learnsStepSizes = false
  /// Whether the start of the inner loop is a part of the upper variable, for methods of which it
  /// is not one anyway.
  public var learnsInitialization = false
  /// The penalty r of proximal-gradient dynamics.
  public var proximalPenalty = ProximalChoice.l1
  /// The weight of the l1 penalty, or the half width of the box.
  public var proximalSize = 0.001
  /// Y, the set that the inner loop is projected onto.
  public var lowerSet = LowerSetChoice.none
  /// Half the width of the box, the sum of the simplex or the radius of the ball.
  public var lowerSetSize = 1.0
  /// gamma of V-PBGD in the first outer iteration, where it rises.
  public var initialPenaltyWeight = 0.0
  /// Outer iterations over which it rises; 0 for a constant gamma.
  public var penaltyIterations = 0

  /// The defaults.
  public init() {}

  /// The penalties of proximal-gradient dynamics by name.
  public enum ProximalChoice: String, NamedChoice {
    /// ``ProximalPenalty/l1(weight:)``.
    case l1
    /// ``ProximalPenalty/box(lower:upper:)``, symmetric about 0.
    case box
  }

  /// The sets Y by name.
  public enum LowerSetChoice: String, NamedChoice {
    /// The whole space.
    case none
    /// ``LowerConstraint/box(lower:upper:)``, symmetric about 0.
    case box
    /// ``LowerConstraint/simplex(total:)``.
    case simplex
    /// ``LowerConstraint/ball(radius:)``.
    case ball
  }

  /// Throws the first detail that makes no sense by itself; what depends on the method is refused
  /// where the method is built.
  public func validate() throws(ConfigurationError) {
    guard (1...(Int.max >> 20)).contains(trajectoryMegabytes) else {
      throw ConfigurationError(
        .invalidOption,
        "The setting details.trajectoryMegabytes must be at least 1, but it is "
          + "\(trajectoryMegabytes).")
    }
    for (value, name) in [(proximalSize, "proximalSize"), (lowerSetSize, "lowerSetSize")]
    where !value.isFinite || value <= 0 {
      throw ConfigurationError(
        .invalidOption,
        "The setting details.\(name) must be a positive finite number, but it is \(value).")
    }
  }

  /// The settings of a method with these details.
  public func applied(to settings: MethodSettings) -> MethodSettings {
    var result = settings
    result.trajectoryBytes = trajectoryMegabytes << 20
    result.learnsWeightPerStep = learnsWeightPerStep
    result.learnsStepSizes = learnsStepSizes
    result.learnsInitialization = settings.learnsInitialization || learnsInitialization
    result.proximalPenalty =
      switch proximalPenalty {
      case .l1: .l1(weight: proximalSize)
      case .box: .box(lower: -proximalSize, upper: proximalSize)
      }
    result.lowerConstraint =
      switch lowerSet {
      case .none: nil
      case .box: .box(lower: -lowerSetSize, upper: lowerSetSize)
      case .simplex: .simplex(total: lowerSetSize)
      case .ball: .ball(radius: lowerSetSize)
      }
    result.initialPenaltyWeight = initialPenaltyWeight
    result.penaltyIterations = penaltyIterations
    return result
  }

  /// Whether a detail (by its name) can change what a method computes: it then belongs to the
  /// identity of a run. The memory budget changes time and memory alone.
  public static func matters(_ name: String, to combination: MethodCombination) -> Bool {
    switch name {
    case "trajectoryMegabytes": false
    case "learnsWeightPerStep", "learnsStepSizes": combination.dynamics == .learnedAggregation
    case "proximalPenalty", "proximalSize": combination.dynamics == .proximalGradient
    case "initialPenaltyWeight", "penaltyIterations":
      combination.hypergradient == .valueFunctionPenalty
    default: true
    }
  }
}
