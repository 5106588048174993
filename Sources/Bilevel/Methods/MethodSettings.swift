/// A method as data: which dynamics, which estimator, and their parameters.
///
/// What command lines and configuration files fill in; ``innerDynamics(as:)`` and
/// ``estimator(as:)`` turn it into values, refusing settings that make no sense with a sentence.
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
  /// alpha, the parameter of the rule.
  public var alpha: Double
  /// H, the steps a truncated sweep goes back; nil means half of K, rounded up.
  public var history: Int?
  /// Tangents carried at one time by forward mode.
  public var tangentsPerBlock: Int
  /// Bytes of trajectory that reverse mode may keep before it recomputes instead.
  public var trajectoryBytes: Int

  /// The settings of a preset, with the given step sizes; s_u is s_l unless given.
  public init(
    _ preset: MethodPreset, innerStepSize: Double, upperStepSize: Double? = nil,
    schedule: AggregationSchedule.Rule = .harmonic, alpha: Double = 0.5, history: Int? = nil,
    tangentsPerBlock: Int = 64,
    trajectoryBytes: Int = ReverseHypergradient<Float>.defaultByteBudget
  ) {
    dynamics = preset.dynamics
    hypergradient = preset.hypergradient
    self.innerStepSize = innerStepSize
    self.upperStepSize = upperStepSize ?? innerStepSize
    self.schedule = schedule
    self.alpha = alpha
    self.history = history
    self.tangentsPerBlock = tangentsPerBlock
    self.trajectoryBytes = trajectoryBytes
  }

  /// The inner dynamics that the settings name.
  public func innerDynamics<Scalar: TensorScalar>(
    as type: Scalar.Type
  ) throws(MethodError) -> any InnerDynamics<Scalar> {
    try requireStep(innerStepSize, "inner step size")
    switch dynamics {
    case .gradientDescent:
      return GradientDescent(stepSize: Scalar(innerStepSize))
    case .descentAggregation:
      try requireStep(upperStepSize, "upper step size")
      guard (0...1).contains(alpha) else {
        throw MethodError(
          "The aggregation parameter alpha must lie between 0 and 1, but it is \(alpha).")
      }
      return DescentAggregation(
        schedule: AggregationSchedule(schedule, alpha: alpha),
        upperStepSize: Scalar(upperStepSize), lowerStepSize: Scalar(innerStepSize))
    }
  }

  /// The hypergradient estimator that the settings name, for K inner steps.
  public func estimator<Scalar: TensorScalar>(
    as type: Scalar.Type, innerSteps: Int
  ) throws(MethodError) -> any HypergradientEstimator<Scalar> {
    guard innerSteps >= 1 else {
      throw MethodError(
        "The number of inner steps K must be at least 1, but it is \(innerSteps).")
    }
    switch hypergradient {
    case .reverse:
      return ReverseHypergradient(storage: .automatic(byteBudget: trajectoryBytes))
    case .truncatedReverse:
      let steps = history ?? (innerSteps + 1) / 2
      guard steps >= 1 else {
        throw MethodError(
          "A truncated sweep must go back at least one step, but the history is \(steps).")
      }
      return ReverseHypergradient(
        history: .last(steps), storage: .automatic(byteBudget: trajectoryBytes))
    case .forward:
      guard tangentsPerBlock >= 1 else {
        throw MethodError(
          "Forward mode needs at least one tangent per block, but it was given "
            + "\(tangentsPerBlock).")
      }
      return ForwardHypergradient(tangentsPerBlock: tangentsPerBlock)
    }
  }

  private func requireStep(_ size: Double, _ name: String) throws(MethodError) {
    guard size.isFinite, size > 0 else {
      throw MethodError("The \(name) must be a positive finite number, but it is \(size).")
    }
  }
}

/// Settings from which no method can be built; the message is one sentence with the remedy.
public struct MethodError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The sentence.
  public let description: String
  /// The process exit code: a usage error.
  public var exitCode: Int32 { 64 }

  /// An error with its sentence.
  public init(_ description: String) { self.description = description }
}
