/// Value-function methods: the direction of a first-order step on F(x, y) + lambda (f(x, y) - v(x))
/// in x and y together, v(x) = min f(x, .), without second derivatives.
///
/// The lower variable y is a part of the upper one: the problem comes from
/// ``BilevelProblem/learningInitialization(from:within:)``, whose upper variable is (x, y). With w an
/// approximate minimiser of f(x, .) after K inner steps,
///
///     D = grad F(x, y),   q = (f_x(x, y) - f_x(x, w), f_y(x, y)),   direction = D + lambda q,
///
/// (Danskin: the gradient of v at x is f_x(x, w)). Rules for lambda:
/// * ``Rule/penalty(from:to:iterations:)``: V-PBGD of Shen and Chen, ICML 2023, algorithm 1, with
///   the penalty constant gamma raised linearly as in their code
///   (hanshen95/penalized-bilevel-gradient-descent, `data_hyper_clean.py`). w goes on from the last
///   w, as there; the code's extra factor min(1 / gamma, 1) on the step is left to the learning rate.
/// * ``Rule/dynamicBarrier(ratio:)``: BOME of Liu, Ye, Wright, Stone and Liu, NeurIPS 2022,
///   algorithm 1: lambda = max(0, (phi - <D, q>) / |q|^2) with phi = eta |q|^2; w starts at y.
///   With that lambda <direction, q> >= phi: f - v falls at a rate kept by the barrier.
///
/// Neither asks for a unique lower solution. `upperValue` is F(x, y) and `lower` is y (not w).
/// Cost: K inner steps, two gradients of f and one of F. Memory: a few lower variables.
public struct ValueFunctionPenalty<Scalar: TensorScalar>: HypergradientEstimator {
  /// How the multiplier is chosen.
  public enum Rule: Sendable, Equatable {
    /// gamma rises linearly over the given number of outer iterations, then stays.
    case penalty(from: Scalar, to: Scalar, iterations: Int)
    /// eta in (0, 1): BOME's dynamic barrier.
    case dynamicBarrier(ratio: Scalar)
  }

  /// The rule.
  public let rule: Rule

  /// A value-function method with the given rule.
  public init(rule: Rule) {
    switch rule {
    case .penalty(let first, let last, let iterations):
      precondition(
        first >= 0 && last >= first && iterations >= 0,
        "A penalty from \(first) to \(last) in \(iterations) iterations does not rise.")
    case .dynamicBarrier(let ratio):
      precondition(ratio > 0, "The barrier ratio must be positive, got \(ratio).")
    }
    self.rule = rule
  }

  /// F(x, y), the direction in (x, y), and y.
  public func estimate(
    _ problem: BilevelProblem<Scalar>, dynamics: any InnerDynamics<Scalar>,
    upper x: Parameters<Scalar>, innerSteps: Int, outerIteration n: Int,
    memory: EstimatorMemory<Scalar>?
  ) -> HypergradientEstimate<Scalar> {
    let lower = problem.initialLower.value(upper: x)
    precondition(
      x.tensors.suffix(lower.tensors.count).map(\.shape) == lower.shapes,
      "The upper variable of shapes \(x.shapes) does not end with a lower one \(lower.shapes).")
    var inner = problem
    inner.initialLower = ConstantInitialLower(carried(memory) ?? lower)
    let minimizer = dynamics.lowerVariable(
      after: innerSteps, upper: x, of: inner, outerIteration: n)

    let top = problem.upper.gradients(upper: x, lower: lower)
    let atLower = problem.lower.gradients(upper: x, lower: lower)
    let atMinimizer = problem.lower.gradients(upper: x, lower: minimizer)
    let descent = joint(top.upper, top.lower)
    let gap = joint(atLower.upper.adding(atMinimizer.upper, scaledBy: -1), atLower.lower)
    let multiplier = self.multiplier(descent: descent, gap: gap, iteration: n)
    return HypergradientEstimate(
      upperValue: top.value, hypergradient: descent.adding(gap, scaledBy: multiplier),
      lower: lower,
      diagnostics: EstimatorDiagnostics(
        innerSteps: innerSteps, differentiatedSteps: 0, storage: "none", storedBytes: 0,
        penaltyMultiplier: Double(multiplier)),
      memory: [Self.minimizerName: minimizer])
  }

  /// The point that the inner loop continues from, if it does.
  private func carried(_ memory: EstimatorMemory<Scalar>?) -> Parameters<Scalar>? {
    if case .dynamicBarrier = rule { return nil }
    return memory?[Self.minimizerName]
  }

  private static var minimizerName: String { "minimizer" }

  /// A gradient in x (whose trailing components are zero) with the one in y put in their place.
  private func joint(
    _ upper: Parameters<Scalar>, _ lower: Parameters<Scalar>
  ) -> Parameters<Scalar> {
    Parameters(upper.tensors.dropLast(lower.tensors.count) + lower.tensors)
  }

  private func multiplier(
    descent: Parameters<Scalar>, gap: Parameters<Scalar>, iteration: Int
  ) -> Scalar {
    switch rule {
    case .penalty(let first, let last, let iterations):
      let progress = min(1, Scalar(iteration) / Scalar(max(1, iterations)))
      return iterations == 0 ? last : first + (last - first) * progress
    case .dynamicBarrier(let ratio):
      let squared = gap.dot(gap)
      // At a stationary point of f there is nothing for the barrier to hold.
      guard squared != 0 else { return 0 }
      let multiplier = ratio - descent.dot(gap) / squared
      // Not max: it would make 0 of NaN.
      return multiplier < 0 ? 0 : multiplier
    }
  }
}

/// V-PBGD in the catalogue.
public struct NamedValueFunctionPenalty: NamedEstimator {
  /// The entry.
  public init() {}
  /// `value-function-penalty`.
  public var name: String { "value-function-penalty" }
  /// A direction in both variables.
  public var exactness: String { "first-order direction in x and y together" }
  /// Shen and Chen 2023.
  public var citation: String { "Shen and Chen, ICML 2023 (V-PBGD), algorithm 1" }
  /// gamma and how it rises, and the outer learning rate.
  public var settings: [String] {
    ["penalty.weight", "penalty.initialWeight", "penalty.iterations", "penalty.learningRate"]
  }
  /// The minimum of f.
  public var needs: [DynamicsNeed] { [.lowerMinimum] }
  /// True.
  public var movesLowerVariable: Bool { true }

  /// ``ValueFunctionPenalty`` with a penalty constant.
  public func estimator<Scalar: TensorScalar>(
    _ settings: MethodSettings, for dynamics: any NamedDynamics, as type: Scalar.Type
  ) throws(MethodError) -> any HypergradientEstimator<Scalar> {
    let penalty = settings.penalty
    _ = try positive(penalty.weight, "penalty weight", as: type)
    // Without iterations in which it rises, the weight is one number.
    let initial = penalty.iterations > 0 ? penalty.initialWeight : 0
    guard initial >= 0, penalty.weight >= initial, Scalar(penalty.weight).isFinite,
      penalty.iterations >= 0
    else {
      throw MethodError(
        "The penalty weight must rise from a number of at least 0 to a finite one, but it goes from "
          + "\(initial) to \(Scalar(penalty.weight)) in \(penalty.iterations) iterations: correct "
          + "penalty.initialWeight, penalty.weight or penalty.iterations.")
    }
    return ValueFunctionPenalty<Scalar>(
      rule: .penalty(
        from: Scalar(initial), to: Scalar(penalty.weight),
        iterations: penalty.iterations))
  }
}

/// BOME in the catalogue.
public struct NamedDynamicBarrier: NamedEstimator {
  /// The entry.
  public init() {}
  /// `dynamic-barrier`.
  public var name: String { "dynamic-barrier" }
  /// A direction in both variables.
  public var exactness: String { "first-order direction in x and y together" }
  /// Liu et al. 2022.
  public var citation: String {
    "Liu, Ye, Wright, Stone and Liu, NeurIPS 2022 (BOME), algorithm 1"
  }
  /// eta, and the outer learning rate.
  public var settings: [String] { ["penalty.barrierRatio", "penalty.learningRate"] }
  /// The minimum of f.
  public var needs: [DynamicsNeed] { [.lowerMinimum] }
  /// True.
  public var movesLowerVariable: Bool { true }
  /// False: w starts at y and is not projected with it.
  public var admitsLowerSet: Bool { false }
  /// False: the multiplier depends on norms in x.
  public var factors: Bool { false }

  /// ``ValueFunctionPenalty`` with a dynamic barrier.
  public func estimator<Scalar: TensorScalar>(
    _ settings: MethodSettings, for dynamics: any NamedDynamics, as type: Scalar.Type
  ) throws(MethodError) -> any HypergradientEstimator<Scalar> {
    ValueFunctionPenalty<Scalar>(
      rule: .dynamicBarrier(
        ratio: try positive(settings.penalty.barrierRatio, "barrier ratio", as: type)))
  }
}
