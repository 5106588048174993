/// Descent aggregation whose weights, and step sizes if asked, are a part of x (form G).
///
///     y_k = y_{k-1} - (a_k s_u F_y + b_k s_l f_y),  a_k = sigma(w_k) c_k,  b_k = 1 - sigma(w_k) d_k,
///
/// with (c_k, 1 - d_k) the schedule's weights at alpha = 1, and s_u = exp(t_1), s_l = exp(t_2). The
/// last components of x are w (shape `[]` for one weight, `[K]` for one per step) and then, where
/// step sizes are learned, t (shape `[2]`); the problem must ignore them
/// (``BilevelProblem/ignoringTrailingUpper(_:)``), and `extend(_:)` appends their start.
///
/// The official code learns alpha, one per step, and s and t (vis-opt-group/BDA
/// `boml/boml_optimizer/optimizer.py`, `learn_alpha`, `learn_alpha_itr`, `learn_st`). Departure: the
/// sigmoid and the exponential are ours; they keep weights in (0, 1) and steps positive without a
/// projection.
public struct LearnedAggregation<Scalar: TensorScalar>: InnerDynamics {
  /// How many weights are learned.
  public enum Weights: Sendable, Equatable {
    /// One alpha for all steps, shaped by the schedule.
    case shared
    /// One alpha for each of the given number of steps.
    case perStep(count: Int)
  }

  /// The rule whose decay in k the learned weight is multiplied by.
  public let rule: AggregationSchedule.Rule
  /// How many weights are learned.
  public let weights: Weights
  /// s_u at the start, or throughout where step sizes are not learned.
  public let upperStepSize: Scalar
  /// s_l at the start, or throughout where step sizes are not learned.
  public let lowerStepSize: Scalar
  /// Whether step sizes are a part of x.
  public let learnsStepSizes: Bool

  /// Learned aggregation.
  public init(
    rule: AggregationSchedule.Rule, weights: Weights, upperStepSize: Scalar,
    lowerStepSize: Scalar, learnsStepSizes: Bool = false
  ) {
    precondition(
      upperStepSize > 0 && lowerStepSize > 0,
      "Step sizes \(upperStepSize) and \(lowerStepSize) must be positive.")
    if case .perStep(let count) = weights {
      precondition(count > 0, "Weights for \(count) steps cannot be learned.")
    }
    self.rule = rule
    self.weights = weights
    self.upperStepSize = upperStepSize
    self.lowerStepSize = lowerStepSize
    self.learnsStepSizes = learnsStepSizes
  }

  /// The number of components at the end of x that are read here.
  public var trailingComponents: Int { learnsStepSizes ? 2 : 1 }

  /// x with the learned components appended: every weight at `alpha` in (0, 1), the given steps.
  public func extend(_ x: Parameters<Scalar>, alpha: Scalar) -> Parameters<Scalar> {
    precondition(alpha > 0 && alpha < 1, "A learned weight starts within (0, 1), not at \(alpha).")
    let logit = Scalar.logarithm(alpha / (1 - alpha))
    var tensors = x.tensors
    switch weights {
    case .shared: tensors.append(Tensor(logit))
    case .perStep(let count): tensors.append(Tensor(repeating: logit, shape: [count]))
    }
    if learnsStepSizes {
      tensors.append(Tensor([Scalar.logarithm(upperStepSize), Scalar.logarithm(lowerStepSize)]))
    }
    return Parameters(tensors)
  }

  /// The weights sigma(w) and the step sizes that x holds.
  public func learned(
    in x: Parameters<Scalar>
  ) -> (alpha: [Scalar], upperStepSize: Scalar, lowerStepSize: Scalar) {
    let own = x.last(trailingComponents).tensors
    let (upper, lower) = stepSizes(in: own)
    return (own[0].scalars.map { logisticSigmoid($0) }, upper, lower)
  }

  /// s_u and s_l, of the learned components.
  private func stepSizes(in own: [Tensor<Scalar>]) -> (upper: Scalar, lower: Scalar) {
    guard learnsStepSizes else { return (upperStepSize, lowerStepSize) }
    let steps = own[1].scalars.map { Scalar.exponential($0) }
    precondition(steps.count == 2, "Two learned step sizes are needed, x holds \(steps.count).")
    return (steps[0], steps[1])
  }

  /// The step with its weights read from x.
  public func step(
    _ index: StepIndex, from state: Parameters<Scalar>, upper x: Parameters<Scalar>,
    of problem: BilevelProblem<Scalar>
  ) -> Parameters<Scalar> {
    let factors = factors(ofStep: index, upper: x)
    return
      state
      .adding(problem.upper.lowerGradient(upper: x, lower: state), scaledBy: -factors.value.upper)
      .adding(problem.lower.lowerGradient(upper: x, lower: state), scaledBy: -factors.value.lower)
  }

  /// The step and its Jacobians, with those with respect to the learned components.
  public func linearizeStep(
    _ index: StepIndex, from state: Parameters<Scalar>, upper x: Parameters<Scalar>,
    of problem: BilevelProblem<Scalar>
  ) -> any StepLinearization<Scalar> {
    let upper = problem.upper.linearizeLowerGradient(upper: x, lower: state)
    let lower = problem.lower.linearizeLowerGradient(upper: x, lower: state)
    let factors = factors(ofStep: index, upper: x)
    let next =
      state
      .adding(upper.lowerGradient, scaledBy: -factors.value.upper)
      .adding(lower.lowerGradient, scaledBy: -factors.value.lower)
    return Linearization(next: next, shapeOfUpper: x, upper: upper, lower: lower, factors: factors)
  }

  /// The two factors in a step, and their derivatives by w_k, t_1 and t_2.
  private func factors(ofStep step: StepIndex, upper x: Parameters<Scalar>) -> Factors {
    let own = x.last(trailingComponents).tensors
    let (upperStep, lowerStep) = stepSizes(in: own)
    var index = 0
    if case .perStep(let count) = weights {
      precondition(
        step.inner <= count, "Step \(step.inner) has no weight: \(count) weights are learned.")
      index = step.inner - 1
    }
    let shape = AggregationSchedule(rule, alpha: 1)
      .weights(step: step.inner, outerIteration: step.outer)
    let (c, d) = (Scalar(shape.upper), Scalar(1 - shape.lower))
    let alpha = logisticSigmoid(own[0].scalars[index])
    let value = DescentWeights(
      upper: alpha * c * upperStep, lower: (1 - alpha * d) * lowerStep)
    let slope = alpha * (1 - alpha)
    return Factors(
      value: value, weightIndex: index,
      byWeight: DescentWeights(upper: slope * c * upperStep, lower: -slope * d * lowerStep),
      learnsStepSizes: learnsStepSizes)
  }

  private struct Factors: Sendable {
    let value: DescentWeights<Scalar>
    let weightIndex: Int
    let byWeight: DescentWeights<Scalar>
    let learnsStepSizes: Bool
  }

  private struct Linearization: StepLinearization {
    let next: Parameters<Scalar>
    let shapeOfUpper: Parameters<Scalar>
    let upper: any LowerGradientLinearization<Scalar>
    let lower: any LowerGradientLinearization<Scalar>
    let factors: Factors

    var bytes: Int { next.bytes + upper.bytes + lower.bytes }

    private var weightComponent: Int {
      shapeOfUpper.tensors.count - (factors.learnsStepSizes ? 2 : 1)
    }

    func pullback(_ p: Parameters<Scalar>) -> StepProducts<Scalar> {
      let mixed = factors.value.combine(upper.pullback(p), lower.pullback(p))
      var x = mixed.upper.scaled(by: -1)
      let along = (upper.lowerGradient.dot(p), lower.lowerGradient.dot(p))
      x.tensors[weightComponent].withUnsafeMutableScalars {
        $0[factors.weightIndex] -=
          factors.byWeight.upper * along.0 + factors.byWeight.lower * along.1
      }
      if factors.learnsStepSizes {
        // d exp(t) = exp(t) dt: the derivative by t is the factor itself.
        x.tensors[weightComponent + 1].withUnsafeMutableScalars {
          $0[0] -= factors.value.upper * along.0
          $0[1] -= factors.value.lower * along.1
        }
      }
      return StepProducts(state: p.adding(mixed.lower, scaledBy: -1), upper: x)
    }

    func pushforward(
      state: Parameters<Scalar>?, upper dx: Parameters<Scalar>?
    ) -> Parameters<Scalar> {
      var result = state ?? .zeros(like: next)
      result.add(
        factors.value.combine(
          upper.pushforward(upper: dx, lower: state), lower.pushforward(upper: dx, lower: state)),
        scaledBy: -1)
      guard let dx else { return result }
      let dw = dx.tensors[weightComponent].scalars[factors.weightIndex]
      var (byUpper, byLower) = (factors.byWeight.upper * dw, factors.byWeight.lower * dw)
      if factors.learnsStepSizes {
        let dt = dx.tensors[weightComponent + 1].scalars
        byUpper += factors.value.upper * dt[0]
        byLower += factors.value.lower * dt[1]
      }
      result.add(upper.lowerGradient, scaledBy: -byUpper)
      result.add(lower.lowerGradient, scaledBy: -byLower)
      return result
    }
  }
}

/// Learned aggregation in the catalogue.
public struct NamedLearnedAggregation: NamedDynamics {
  /// The entry.
  public init() {}
  /// `learned-aggregation`.
  public var name: String { "learned-aggregation" }
  /// The step.
  public var formula: String {
    "y - (a_k s_u F_y + b_k s_l f_y), weights (and steps) part of x"
  }
  /// The official code.
  public var citation: String {
    "vis-opt-group/BDA boml/boml_optimizer/optimizer.py (learn_alpha, learn_alpha_itr, learn_st)"
  }
  /// Those of descent aggregation, and what is learned.
  public var settings: [String] {
    NamedDescentAggregation.weightSettings
      + ["aggregation.learnsWeightPerStep", "aggregation.learnsStepSizes"]
  }
  /// True.
  public var aggregates: Bool { true }

  /// Refused by implicit estimators beside what all aggregation is refused by.
  public func refusal(of need: DynamicsNeed) -> String? {
    switch need {
    case .stationaryLimit:
      "Implicit hypergradients treat the aggregation weights as fixed, so learned-aggregation would "
        + "never learn them: use reverse, truncated-reverse or forward."
    case .plainStep: plainStepRefusal
    case .lowerMinimum: aggregationRefusal
    }
  }

  /// ``LearnedAggregation`` by the rule.
  public func dynamics<Scalar: TensorScalar>(
    _ settings: MethodSettings, as type: Scalar.Type
  ) throws(MethodError) -> any InnerDynamics<Scalar> {
    try learned(settings, as: type)
  }

  /// The problem that ignores the learned components, and x_0 with their start.
  public func prepare<Scalar: TensorScalar>(
    _ problem: BilevelProblem<Scalar>, from start: Parameters<Scalar>, _ settings: MethodSettings
  ) throws(MethodError) -> (problem: BilevelProblem<Scalar>, start: Parameters<Scalar>) {
    let learned = try learned(settings, as: Scalar.self)
    return (
      problem.ignoringTrailingUpper(learned.trailingComponents),
      learned.extend(start, alpha: Scalar(settings.aggregation.alpha))
    )
  }

  private func learned<Scalar: TensorScalar>(
    _ settings: MethodSettings, as type: Scalar.Type
  ) throws(MethodError) -> LearnedAggregation<Scalar> {
    let lowerStep: Scalar = try settings.checkedLowerStepSize(aggregating: true)
    let upperStep = try positive(settings.upperStepSize, "upper step size", as: type)
    let alpha = settings.aggregation.alpha
    // In the scalar's own precision: 1e-50 is 0 as a Float.
    guard Scalar(alpha) > 0, Scalar(alpha) < 1 else {
      let isRounded = alpha > 0 && alpha < 1
      throw MethodError(
        "A learned aggregation weight must start strictly between 0 and 1, but alpha is \(alpha)"
          + (isRounded ? ", which as a \(Scalar.name) is \(Scalar(alpha))." : "."))
    }
    var weights = LearnedAggregation<Scalar>.Weights.shared
    if settings.aggregation.learnsWeightPerStep {
      guard settings.inner.steps >= 1 else {
        throw MethodError(
          "Learning one weight per inner step needs the number of steps: state K, at least 1.")
      }
      weights = .perStep(count: settings.inner.steps)
    }
    return LearnedAggregation(
      rule: settings.aggregation.schedule, weights: weights, upperStepSize: upperStep,
      lowerStepSize: lowerStep, learnsStepSizes: settings.aggregation.learnsStepSizes)
  }
}
