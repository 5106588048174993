/// Inner dynamics as the catalogue lists them: a name, where they come from, which settings they
/// read, and how they are built.
///
/// Adding dynamics is one file (the dynamics, and a conformance to this) and one entry in
/// ``MethodCatalogue``; everything else follows from the members here.
public protocol NamedDynamics: Sendable {
  /// The name in `--dynamics`, in configurations and in records.
  var name: String { get }
  /// The step as a formula.
  var formula: String { get }
  /// Where the dynamics were published.
  var citation: String { get }
  /// The keys of ``MethodSettings`` that they read, beside those that concern every method.
  var settings: [String] { get }
  /// Whether the inner step uses the upper objective.
  var aggregates: Bool { get }

  /// Whether a step knows a term of the lower level that f does not have, such as a penalty with a proximal
  /// map.
  var hasTermBesideLowerObjective: Bool { get }

  /// Why an estimator that needs something of the dynamics cannot be used with them; nil where it
  /// can.
  func refusal(of need: DynamicsNeed) -> String?

  /// The dynamics for settings.
  func dynamics<Scalar: TensorScalar>(
    _ settings: MethodSettings, as type: Scalar.Type
  ) throws(MethodError) -> any InnerDynamics<Scalar>

  /// The problem and the start that the dynamics work on, given the user's: those with parameters of
  /// their own append them to the upper variable.
  func prepare<Scalar: TensorScalar>(
    _ problem: BilevelProblem<Scalar>, from start: Parameters<Scalar>, _ settings: MethodSettings
  ) throws(MethodError) -> (problem: BilevelProblem<Scalar>, start: Parameters<Scalar>)

  /// The factors of the two gradients in one step that forgets k: what implicit and one-stage
  /// estimators differentiate.
  func steadyWeights<Scalar: TensorScalar>(
    _ settings: MethodSettings, as type: Scalar.Type
  ) throws(MethodError) -> SteadyWeights<Scalar>
}

/// What an estimator may need of dynamics.
public enum DynamicsNeed: Sendable, Hashable {
  /// That the inner loop tends to a stationary point of the differentiated objective.
  case stationaryLimit
  /// That a step is y - (u F_y + l f_y) and nothing else.
  case plainStep
  /// That the inner loop approaches the minimum of f alone.
  case lowerMinimum
}

extension NamedDynamics {
  /// None.
  public var settings: [String] { [] }

  /// False.
  public var aggregates: Bool { false }

  /// False.
  public var hasTermBesideLowerObjective: Bool { false }

  /// The defaults: any dynamics have a stationary limit, none take plain steps, and those that
  /// aggregate do not approach the minimum of f.
  public func refusal(of need: DynamicsNeed) -> String? {
    switch need {
    case .stationaryLimit: nil
    case .plainStep: plainStepRefusal
    case .lowerMinimum: aggregationRefusal
    }
  }

  /// The sentence against one-stage estimators.
  package var plainStepRefusal: String {
    "The one-stage hypergradient differentiates one plain descent step, which \(name) does not "
      + "take: use gradient-descent or descent-aggregation."
  }

  /// The sentence against value-function methods, for dynamics that aggregate.
  package var aggregationRefusal: String? {
    aggregates
      ? "Value-function methods need the minimum of f alone, which \(name) does not approach: use "
        + "gradient-descent or heavy-ball." : nil
  }

  /// The problem and the start as they are.
  public func prepare<Scalar: TensorScalar>(
    _ problem: BilevelProblem<Scalar>, from start: Parameters<Scalar>, _ settings: MethodSettings
  ) throws(MethodError) -> (problem: BilevelProblem<Scalar>, start: Parameters<Scalar>) {
    (problem, start)
  }

  /// Those of the aggregation's schedule with s_u and s_l, or (0, s_l) without aggregation.
  public func steadyWeights<Scalar: TensorScalar>(
    _ settings: MethodSettings, as type: Scalar.Type
  ) throws(MethodError) -> SteadyWeights<Scalar> {
    let lower = settings.lowerStepSize(aggregating: aggregates)
    let step = try positive(lower, "inner step size", as: type)
    guard aggregates else { return SteadyWeights(DescentWeights(upper: 0, lower: step)) }
    _ = try positive(settings.upperStepSize, "upper step size", as: type)
    return SteadyWeights(
      AggregationSchedule(settings.aggregation.schedule, alpha: try settings.checkedAlpha()),
      upperStepSize: settings.upperStepSize, lowerStepSize: lower)
  }
}

extension MethodSettings {
  /// alpha, checked.
  func checkedAlpha() throws(MethodError) -> Double {
    guard (0...1).contains(aggregation.alpha) else {
      throw MethodError(
        "The aggregation parameter alpha must lie between 0 and 1, but it is \(aggregation.alpha).")
    }
    return aggregation.alpha
  }

  /// beta, checked in the scalar's own precision.
  public func checkedMomentum<Scalar: TensorScalar>() throws(MethodError) -> Scalar {
    let momentum = Scalar(inner.momentum)
    guard (0..<1).contains(momentum) else {
      let isRounded = (0..<1).contains(inner.momentum)
      throw MethodError(
        "The inner momentum must be at least 0 and less than 1, but it is \(inner.momentum)"
          + (isRounded ? ", which as a \(Scalar.name) is \(momentum)." : "."))
    }
    return momentum
  }

  /// s_l, checked, for dynamics that aggregate or do not.
  public func checkedLowerStepSize<Scalar: TensorScalar>(
    aggregating: Bool = false
  ) throws(MethodError) -> Scalar {
    try positive(
      lowerStepSize(aggregating: aggregating), "inner step size", as: Scalar.self)
  }
}
