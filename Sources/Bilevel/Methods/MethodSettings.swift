/// A method as data: which dynamics, which estimator, and their parameters.
///
/// What command lines and configuration files fill in. ``innerDynamics(as:innerSteps:)``,
/// ``estimator(as:innerSteps:)`` and ``prepare(_:from:innerSteps:)`` turn it into values, refusing
/// settings that make no sense with a sentence.
public struct MethodSettings: Sendable, Equatable, Codable {
  /// The inner dynamics.
  public var dynamics: DynamicsKind
  /// The hypergradient estimator.
  public var hypergradient: HypergradientKind
  /// s_l, the step size of the lower direction (the inner learning rate).
  public var innerStepSize: Double
  /// s_u, the step size of the upper direction in descent aggregation.
  public var upperStepSize: Double
  /// The rule of the aggregation weights.
  public var schedule: AggregationSchedule.Rule
  /// alpha, the parameter of the rule; where weights are learned, their start.
  public var alpha: Double
  /// H, the steps a truncated sweep goes back; nil means half of K, rounded up.
  public var history: Int?
  /// Tangents carried at one time by forward mode.
  public var tangentsPerBlock: Int
  /// Bytes of trajectory that reverse mode may keep before it recomputes instead.
  public var trajectoryBytes: Int
  /// beta of heavy-ball dynamics.
  public var innerMomentum = 0.9
  /// The penalty of proximal-gradient dynamics.
  public var proximalPenalty = ProximalPenalty.l1(weight: 0.001)
  /// Y, if the inner loop is projected.
  public var lowerConstraint: LowerConstraint?
  /// Whether learned weights are one per inner step, not one for all.
  public var learnsWeightPerStep = false
  /// Whether learned aggregation learns s_u and s_l too.
  public var learnsStepSizes = false
  /// Whether the start of the inner loop is a part of the upper variable.
  public var learnsInitialization = false
  /// Steps of conjugate gradients or of the fixed-point iteration; K + 1 for K Neumann terms.
  public var solverSteps = 20
  /// The linear solvers' tolerance relative to |F_y|.
  public var solverTolerance = 1e-8
  /// eta of Neumann series and fixed-point iteration; nil means s_l.
  public var solverStepSize: Double?
  /// Added to the diagonal of the lower Hessian.
  public var damping = 0.0
  /// Whether linear solves start from the last outer iteration's solution.
  public var solverStartsWarm = true
  /// r, the distance by which one-stage differences move y.
  public var oneStageRadius = 0.01
  /// gamma of V-PBGD at the end (0.2 in the official hyper-cleaning script).
  public var penaltyWeight = 0.2
  /// gamma of V-PBGD at the start.
  public var initialPenaltyWeight = 0.0
  /// Outer iterations over which gamma rises.
  public var penaltyIterations = 0
  /// eta of BOME's dynamic barrier (0.5 as recalled from the article, to be checked).
  public var barrierRatio = 0.5

  /// The settings of a preset, with the given step sizes; s_u is s_l unless given.
  public init(
    _ preset: MethodPreset, innerStepSize: Double, upperStepSize: Double? = nil,
    schedule: AggregationSchedule.Rule = .harmonic, alpha: Double = 0.5, history: Int? = nil,
    tangentsPerBlock: Int = 64,
    trajectoryBytes: Int = ReverseHypergradient<Float>.defaultByteBudget
  ) {
    self.init(
      MethodCombination(preset.dynamics, preset.hypergradient), innerStepSize: innerStepSize,
      upperStepSize: upperStepSize, schedule: schedule, alpha: alpha, history: history,
      tangentsPerBlock: tangentsPerBlock, trajectoryBytes: trajectoryBytes)
    learnsInitialization = preset.learnsInitialization
  }

  /// The settings of any combination, with the given step sizes; s_u is s_l unless given.
  public init(
    _ combination: MethodCombination, innerStepSize: Double, upperStepSize: Double? = nil,
    schedule: AggregationSchedule.Rule = .harmonic, alpha: Double = 0.5, history: Int? = nil,
    tangentsPerBlock: Int = 64,
    trajectoryBytes: Int = ReverseHypergradient<Float>.defaultByteBudget
  ) {
    dynamics = combination.dynamics
    hypergradient = combination.hypergradient
    self.innerStepSize = innerStepSize
    self.upperStepSize = upperStepSize ?? innerStepSize
    self.schedule = schedule
    self.alpha = alpha
    self.history = history
    self.tangentsPerBlock = tangentsPerBlock
    self.trajectoryBytes = trajectoryBytes
  }

  /// Whether an inner loop may start from the last y_K: not where its start is a part of x.
  public var allowsWarmStart: Bool { !learnsInitialization && !hypergradient.movesLowerVariable }
}

/// The penalty of proximal-gradient dynamics, as data.
public enum ProximalPenalty: Sendable, Equatable, Codable {
  /// ``ProximalGradient/Penalty/l1(weight:)``.
  case l1(weight: Double)
  /// ``ProximalGradient/Penalty/box(lower:upper:)``.
  case box(lower: Double, upper: Double)
}
