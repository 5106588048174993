/// A method of the field: one inner dynamics with one hypergradient estimator, under a name.
///
/// A value that says everything that experiments, lists and records need: ``MethodCatalogue`` lists
/// methods, and nothing else knows which product a method is.
public struct Method: Sendable {
  /// The name on the command line and in records.
  public let name: String
  /// The name in tables.
  public let displayName: String
  /// Where the method was published.
  public let citation: String
  /// The inner dynamics.
  public let dynamics: any NamedDynamics
  /// The hypergradient estimator.
  public let estimator: any NamedEstimator
  /// Whether the start of the inner loop is a part of the upper variable.
  public let learnsStart: Bool
  /// Whether learned rates are one number for all scalars of y.
  public let sharesOneRate: Bool
  /// Whether x is the start of the inner loop itself, as in MAML: possible where tasks share an
  /// initialisation.
  public let adaptsInitialization: Bool

  /// A method under a name; dynamics and estimator are cited where no citation is given.
  public init(
    _ name: String, _ displayName: String, _ dynamics: any NamedDynamics,
    _ estimator: any NamedEstimator, citation: String? = nil, learnsStart: Bool = false,
    sharesOneRate: Bool = false, adaptsInitialization: Bool = false
  ) {
    self.name = name
    self.displayName = displayName
    self.dynamics = dynamics
    self.estimator = estimator
    self.citation = citation ?? dynamics.citation + "; " + estimator.citation
    self.learnsStart = learnsStart
    self.sharesOneRate = sharesOneRate
    self.adaptsInitialization = adaptsInitialization
  }

  /// The product of a dynamics and an estimator without a name of its own.
  public init(_ dynamics: any NamedDynamics, _ estimator: any NamedEstimator) {
    let name = dynamics.name + "+" + estimator.name
    self.init(name, name, dynamics, estimator)
  }

  /// The settings as the method uses them: what its name fixes is fixed.
  public func applied(to settings: MethodSettings) -> MethodSettings {
    var result = settings
    result.inner.learnsStart = learnsStart || settings.inner.learnsStart
    result.inner.sharesOneRate = sharesOneRate || settings.inner.sharesOneRate
    return result
  }

  // MARK: - What goes with what

  /// Why dynamics and estimator do not go together; nil where they do.
  public var refusal: String? {
    for need in estimator.needs {
      if let refusal = dynamics.refusal(of: need) { return refusal }
    }
    return nil
  }

  /// Why the method is refused under settings; nil where they make sense together.
  ///
  /// Beyond ``refusal``: what a constraint on y, a learned or a warm start exclude.
  public func refusal(under settings: MethodSettings) -> String? {
    if let refusal { return refusal }
    let settings = applied(to: settings)
    if settings.lowerSet.kind != .none, !estimator.admitsLowerSet {
      return "The \(estimator.name) hypergradient assumes an unconstrained lower level: "
        + "use reverse, truncated-reverse or forward with a constraint on y."
    }
    if settings.inner.learnsStart, estimator.movesLowerVariable {
      return "The method \(name) keeps the start of its inner loop in x already: set "
        + "inner.learnsStart=false."
    }
    if settings.inner.learnsStart, !estimator.reachesStart {
      return "The \(estimator.name) hypergradient does not reach back to the start of the "
        + "inner loop, so a learned start would never move: use reverse, forward or "
        + "pessimistic-truncation."
    }
    if settings.inner.startsWarm, settings.inner.learnsStart || estimator.movesLowerVariable {
      return "The method \(name) keeps the start of its inner loop in x, so that it cannot start "
        + "from the last y: set inner.startsWarm=false."
    }
    return nil
  }

  /// What a person should know who takes the method with these settings, as one full sentence; nil where
  /// there is nothing.
  ///
  /// Implicit estimators differentiate a F + (1 - a) f with the constant weight a = alpha. An inner loop
  /// whose weights change with k ends at no stationary point of that: at the point of S(x) that F
  /// prefers, in the limit. The direction then mixes y of one with sensitivities of the other.
  public func remark(under settings: MethodSettings) -> String? {
    let schedule = settings.aggregation.schedule
    guard dynamics.aggregates, estimator.needs.contains(.stationaryLimit),
      !schedule.isConstantWithinLoop, settings.aggregation.alpha > 0
    else { return nil }
    let steady = AggregationSchedule.Rule.allCases.filter(\.isConstantWithinLoop).map(\.rawValue)
    return
      "\(displayName) differentiates the aggregated objective with constant weights, alpha and "
      + "1 - alpha, while those of its inner loop change from step to step (\(schedule.rawValue)), so "
      + "that it ends elsewhere: give --schedule \(steady.joined(separator: " or ")) for the two to "
      + "agree."
  }

  /// Whether an inner loop may start from another point than the problem's y_0: not where its start
  /// is a part of x.
  public func allowsOtherStart(under settings: MethodSettings) -> Bool {
    !applied(to: settings).inner.learnsStart && !estimator.movesLowerVariable
  }

  // MARK: - Settings

  /// Whether a key of ``MethodSettings`` can change what the method does; see
  /// ``MethodSettings/costKeys`` for those that change its cost alone.
  public func reads(_ key: String) -> Bool {
    MethodSettings.commonKeys.contains(key) || dynamics.settings.contains(key)
      || estimator.settings.contains(key)
  }

  // MARK: - Parts

  /// The inner dynamics for settings, projected onto Y where there is one.
  public func innerDynamics<Scalar: TensorScalar>(
    _ settings: MethodSettings, as type: Scalar.Type
  ) throws(MethodError) -> any InnerDynamics<Scalar> {
    if let refusal = refusal(under: settings) { throw MethodError(refusal) }
    let settings = applied(to: settings)
    let free = try dynamics.dynamics(settings, as: type)
    guard let set = try settings.lowerFeasibleSet(as: type) else { return free }
    return ProjectedDynamics(free, onto: set)
  }

  /// The estimator for settings.
  public func hypergradientEstimator<Scalar: TensorScalar>(
    _ settings: MethodSettings, as type: Scalar.Type
  ) throws(MethodError) -> any HypergradientEstimator<Scalar> {
    guard settings.inner.steps >= 1 else {
      throw MethodError(
        "The number of inner steps K must be at least 1, but it is \(settings.inner.steps).")
    }
    if let refusal = refusal(under: settings) { throw MethodError(refusal) }
    return try estimator.estimator(applied(to: settings), for: dynamics, as: type)
  }

  /// The problem and the start that the method works on, given the user's.
  ///
  /// Most methods take both as they are. A learned start and value-function methods append the lower
  /// variable to x, some dynamics their weights; the leading components of the upper variable are the
  /// user's x throughout, and its projection onto X goes on applying to them.
  public func prepare<Scalar: TensorScalar>(
    _ problem: BilevelProblem<Scalar>, from start: Parameters<Scalar>, _ settings: MethodSettings
  ) throws(MethodError) -> (problem: BilevelProblem<Scalar>, start: Parameters<Scalar>) {
    let settings = applied(to: settings)
    var (problem, start) = (problem, start)
    if settings.inner.learnsStart || estimator.movesLowerVariable {
      let set: any FeasibleSet<Scalar> =
        try settings.lowerFeasibleSet(as: Scalar.self) ?? WholeSpace<Scalar>()
      (problem, start) = problem.learningInitialization(from: start, within: set)
    }
    return try dynamics.prepare(problem, from: start, settings)
  }
}
