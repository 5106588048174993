extension MethodSettings {
  /// The inner dynamics that the settings name. K is needed only where one weight per step is
  /// learned.
  public func innerDynamics<Scalar: TensorScalar>(
    as type: Scalar.Type, innerSteps: Int? = nil
  ) throws(MethodError) -> any InnerDynamics<Scalar> {
    if let refusal { throw MethodError(refusal) }
    let free = try unconstrainedDynamics(as: type, innerSteps: innerSteps)
    guard let lowerConstraint else { return free }
    return ProjectedDynamics(free, onto: try lowerConstraint.feasibleSet(as: type))
  }

  private func unconstrainedDynamics<Scalar: TensorScalar>(
    as type: Scalar.Type, innerSteps: Int?
  ) throws(MethodError) -> any InnerDynamics<Scalar> {
    let stepSize = try positive(innerStepSize, "inner step size", as: type)
    switch dynamics {
    case .gradientDescent: return GradientDescent(stepSize: stepSize)
    case .descentAggregation: return try aggregation(as: type)
    case .heavyBall:
      return HeavyBall(stepSize: stepSize, momentum: try checkedMomentum())
    case .heavyBallAggregation:
      return HeavyBall(try aggregation(as: type), momentum: try checkedMomentum())
    case .proximalGradient:
      return ProximalGradient(stepSize: stepSize, penalty: try checkedPenalty())
    case .learnedAggregation: return try learnedAggregation(as: type, innerSteps: innerSteps)
    }
  }

  private func aggregation<Scalar: TensorScalar>(
    as type: Scalar.Type
  ) throws(MethodError) -> DescentAggregation<Scalar> {
    try requireAlpha()
    return DescentAggregation(
      schedule: AggregationSchedule(schedule, alpha: alpha),
      upperStepSize: try positive(upperStepSize, "upper step size", as: type),
      lowerStepSize: try positive(innerStepSize, "inner step size", as: type))
  }

  func learnedAggregation<Scalar: TensorScalar>(
    as type: Scalar.Type, innerSteps: Int?
  ) throws(MethodError) -> LearnedAggregation<Scalar> {
    let lowerStep = try positive(innerStepSize, "inner step size", as: type)
    let upperStep = try positive(upperStepSize, "upper step size", as: type)
    // In the scalar's own precision: 1e-50 is 0 as a Float.
    guard Scalar(alpha) > 0, Scalar(alpha) < 1 else {
      throw MethodError(
        "A learned aggregation weight must start strictly between 0 and 1, but alpha is \(alpha).")
    }
    var weights = LearnedAggregation<Scalar>.Weights.shared
    if learnsWeightPerStep {
      guard let innerSteps, innerSteps >= 1 else {
        throw MethodError(
          "Learning one weight per inner step needs the number of steps: state K, at least 1.")
      }
      weights = .perStep(count: innerSteps)
    }
    return LearnedAggregation(
      rule: schedule, weights: weights, upperStepSize: upperStep, lowerStepSize: lowerStep,
      learnsStepSizes: learnsStepSizes)
  }

  func requireAlpha() throws(MethodError) {
    guard (0...1).contains(alpha) else {
      throw MethodError(
        "The aggregation parameter alpha must lie between 0 and 1, but it is \(alpha).")
    }
  }

  private func checkedMomentum<Scalar: TensorScalar>() throws(MethodError) -> Scalar {
    guard (0..<1).contains(Scalar(innerMomentum)) else {
      throw MethodError(
        "The inner momentum must be at least 0 and less than 1, but it is \(innerMomentum).")
    }
    return Scalar(innerMomentum)
  }

  private func checkedPenalty<Scalar: TensorScalar>() throws(MethodError)
    -> ProximalGradient<Scalar>.Penalty
  {
    switch proximalPenalty {
    case .l1(let weight):
      guard weight.isFinite, weight >= 0 else {
        throw MethodError("The weight of the l1 penalty must not be negative, but it is \(weight).")
      }
      return .l1(weight: Scalar(weight))
    case .box(let lower, let upper):
      guard lower <= upper else {
        throw MethodError("The box from \(lower) to \(upper) is empty: swap its bounds.")
      }
      return .box(lower: Scalar(lower), upper: Scalar(upper))
    }
  }
}
