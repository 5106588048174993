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

  /// Descent aggregation with the given schedule and step sizes.
  public init(
    schedule: AggregationSchedule, upperStepSize: Scalar, lowerStepSize: Scalar
  ) {
    self.schedule = schedule
    self.upperStepSize = upperStepSize
    self.lowerStepSize = lowerStepSize
  }

  /// (a_k s_u, b_k s_l).
  public func weights(ofStep index: StepIndex) -> DescentWeights<Scalar> {
    let (upper, lower) = schedule.weights(step: index.inner, outerIteration: index.outer)
    return DescentWeights(
      upper: Scalar(upper) * upperStepSize, lower: Scalar(lower) * lowerStepSize)
  }

  /// (a_k s_u, b_k s_l) of each step.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func weights(
    ofSteps steps: ClosedRange<Int>, outerIteration n: Int
  ) -> [DescentWeights<Scalar>] {
    var result: [DescentWeights<Scalar>] = []
    result.reserveCapacity(steps.count)
    for k in steps { result.append(weights(ofStep: StepIndex(k, outerIteration: n))) }
    return result
  }
}

/// Descent aggregation in the catalogue.
public struct NamedDescentAggregation: NamedDynamics {
  /// The entry.
  public init() {}
  /// `descent-aggregation`.
  public var name: String { "descent-aggregation" }
  /// The step.
  public var formula: String { "y - (a_k s_u F_y + b_k s_l f_y)" }
  /// The articles that the suite reproduces.
  public var citation: String {
    "Liu, Mu, Yuan, Zeng and Zhang, ICML 2020 (arXiv 2006.04045); TPAMI 2022 (arXiv 2102.07976)"
  }
  /// The rule, its parameter and both step sizes.
  public var settings: [String] { Self.weightSettings }
  /// True.
  public var aggregates: Bool { true }

  /// The settings of every dynamics with aggregation weights.
  static let weightSettings = [
    "aggregation.schedule", "aggregation.alpha", "aggregation.upperStepSize",
    "aggregation.lowerStepSize",
  ]

  /// Refused by value-function methods alone: its step is plain, and with weights that stay the same over
  /// an inner loop its limit is stationary for what the step descends. With others it is not; see
  /// ``Method/remark(under:)``.
  public func refusal(of need: DynamicsNeed) -> String? {
    need == .lowerMinimum ? aggregationRefusal : nil
  }

  /// ``DescentAggregation`` by the rule.
  public func dynamics<Scalar: TensorScalar>(
    _ settings: MethodSettings, as type: Scalar.Type
  ) throws(MethodError) -> any InnerDynamics<Scalar> {
    try settings.descentAggregation(as: type)
  }
}

extension MethodSettings {
  /// The aggregation that the settings describe.
  func descentAggregation<Scalar: TensorScalar>(
    as type: Scalar.Type
  ) throws(MethodError) -> DescentAggregation<Scalar> {
    DescentAggregation(
      schedule: AggregationSchedule(aggregation.schedule, alpha: try checkedAlpha()),
      upperStepSize: try positive(upperStepSize, "upper step size", as: type),
      lowerStepSize: try checkedLowerStepSize(aggregating: true))
  }
}
