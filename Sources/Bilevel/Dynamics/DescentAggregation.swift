/// Descent aggregation (BDA): y_k = y_{k-1} - (a_k s_u F_y + b_k s_l f_y), weights by a schedule.
///
/// The inner step that does not assume a unique lower solution: it moves within S(x) towards what
/// the upper objective prefers. Source: arXiv 2102.07976, section 3; ICML form arXiv 2006.04045.
public struct DescentAggregation<Scalar: TensorScalar>: DescentDynamics {
  /// The weights a_k and b_k.
  public let schedule: AggregationSchedule
  /// s_u, the step size of the upper direction.
  public let upperStepSize: Scalar
  /// s_l, the step size of the lower direction.
  public let lowerStepSize: Scalar
  private let outerIteration: Int

  /// Descent aggregation with the given schedule and step sizes.
  public init(
    schedule: AggregationSchedule, upperStepSize: Scalar, lowerStepSize: Scalar
  ) {
    self.init(
      schedule: schedule, upperStepSize: upperStepSize, lowerStepSize: lowerStepSize,
      outerIteration: 0)
  }

  private init(
    schedule: AggregationSchedule, upperStepSize: Scalar, lowerStepSize: Scalar,
    outerIteration: Int
  ) {
    self.schedule = schedule
    self.upperStepSize = upperStepSize
    self.lowerStepSize = lowerStepSize
    self.outerIteration = outerIteration
  }

  /// (a_k s_u, b_k s_l).
  public func weights(ofStep k: Int) -> DescentWeights<Scalar> {
    let (upper, lower) = schedule.weights(step: k, outerIteration: outerIteration)
    return DescentWeights(
      upper: Scalar(upper) * upperStepSize, lower: Scalar(lower) * lowerStepSize)
  }

  /// The same schedule, told which outer iteration it is in.
  public func atOuterIteration(_ n: Int) -> any InnerDynamics<Scalar> {
    DescentAggregation(
      schedule: schedule, upperStepSize: upperStepSize, lowerStepSize: lowerStepSize,
      outerIteration: n)
  }
}
