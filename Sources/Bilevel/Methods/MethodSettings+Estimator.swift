extension MethodSettings {
  /// The hypergradient estimator that the settings name, for K inner steps.
  public func estimator<Scalar: TensorScalar>(
    as type: Scalar.Type, innerSteps: Int
  ) throws(MethodError) -> any HypergradientEstimator<Scalar> {
    guard innerSteps >= 1 else {
      throw MethodError(
        "The number of inner steps K must be at least 1, but it is \(innerSteps).")
    }
    if let refusal { throw MethodError(refusal) }
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
    case .conjugateGradient, .neumann, .fixedPoint: return try implicit(as: type)
    case .oneStage:
      return OneStageHypergradient(
        weights: try singleStepWeights(as: type),
        radius: try positive(oneStageRadius, "one-stage radius", as: type))
    case .pessimisticTruncation:
      return PessimisticTruncation(storage: .automatic(byteBudget: trajectoryBytes))
    case .valueFunctionPenalty:
      guard initialPenaltyWeight >= 0, penaltyWeight >= initialPenaltyWeight,
        penaltyWeight.isFinite, penaltyIterations >= 0
      else {
        throw MethodError(
          "The penalty weight must rise from a number of at least 0, but it goes from "
            + "\(initialPenaltyWeight) to \(penaltyWeight) in \(penaltyIterations) iterations.")
      }
      return ValueFunctionPenalty(
        rule: .penalty(
          from: Scalar(initialPenaltyWeight), to: Scalar(penaltyWeight),
          iterations: penaltyIterations))
    case .dynamicBarrier:
      return ValueFunctionPenalty(
        rule: .dynamicBarrier(ratio: try positive(barrierRatio, "barrier ratio", as: type)))
    }
  }

  /// The problem and the start that the method works on, given the user's.
  ///
  /// Most methods take both as they are. A learned start and value-function methods append the lower
  /// variable to x, learned aggregation its weights; the leading components of the upper variable
  /// are the user's x throughout, and its projection onto X goes on applying to them.
  public func prepare<Scalar: TensorScalar>(
    _ problem: BilevelProblem<Scalar>, from start: Parameters<Scalar>, innerSteps: Int
  ) throws(MethodError) -> (problem: BilevelProblem<Scalar>, start: Parameters<Scalar>) {
    var (problem, start) = (problem, start)
    if learnsInitialization || hypergradient.movesLowerVariable {
      let set: any FeasibleSet<Scalar> =
        try lowerConstraint?.feasibleSet(as: Scalar.self) ?? WholeSpace<Scalar>()
      (problem, start) = problem.learningInitialization(from: start, within: set)
    }
    if dynamics == .learnedAggregation {
      let learned = try learnedAggregation(as: Scalar.self, innerSteps: innerSteps)
      problem = problem.ignoringTrailingUpper(learned.trailingComponents)
      start = learned.extend(start, alpha: Scalar(alpha))
    }
    return (problem, start)
  }

  private func implicit<Scalar: TensorScalar>(
    as type: Scalar.Type
  ) throws(MethodError) -> ImplicitHypergradient<Scalar> {
    guard solverSteps >= 1 else {
      throw MethodError("A linear solver needs at least one step, but it was given \(solverSteps).")
    }
    guard Scalar(damping).isFinite, damping >= 0 else {
      throw MethodError(
        "The damping must be a finite number of at least 0, but it is \(Scalar(damping)).")
    }
    guard solverTolerance.isFinite, solverTolerance >= 0 else {
      throw MethodError(
        "The linear solver's tolerance must not be negative, but it is \(solverTolerance).")
    }
    let stepSize = try positive(
      solverStepSize ?? innerStepSize, "linear solver's step size", as: type)
    let tolerance = Scalar(solverTolerance)
    let solver: any LinearSolver<Scalar>
    switch hypergradient {
    case .neumann:
      solver = NeumannSeries(
        terms: solverSteps - 1, stepSize: stepSize, relativeTolerance: tolerance)
    case .fixedPoint:
      solver = FixedPointIteration(
        maximumSteps: solverSteps, stepSize: stepSize, relativeTolerance: tolerance)
    default:
      solver = ConjugateGradient(maximumSteps: solverSteps, relativeTolerance: tolerance)
    }
    var objective = ImplicitHypergradient<Scalar>.DifferentiatedObjective.lower
    if dynamics.aggregates {
      // The objective that a step with constant weights descends, in units of s_l.
      let weights = try singleStepWeights(as: type)
      objective = .aggregated(
        DescentWeights(
          upper: weights.upper / Scalar(innerStepSize),
          lower: weights.lower / Scalar(innerStepSize)))
    }
    return ImplicitHypergradient(
      solver: solver, damping: Scalar(damping), objective: objective,
      startsWarm: solverStartsWarm)
  }

  /// (alpha s_u, (1 - alpha) s_l), or (0, s_l) without aggregation: one step without decay in k.
  private func singleStepWeights<Scalar: TensorScalar>(
    as type: Scalar.Type
  ) throws(MethodError) -> DescentWeights<Scalar> {
    let lowerStep = try positive(innerStepSize, "inner step size", as: type)
    guard dynamics.aggregates else { return DescentWeights(upper: 0, lower: lowerStep) }
    _ = try positive(upperStepSize, "upper step size", as: type)
    try requireAlpha()
    return DescentWeights(
      upper: Scalar(alpha * upperStepSize), lower: Scalar((1 - alpha) * innerStepSize))
  }
}
