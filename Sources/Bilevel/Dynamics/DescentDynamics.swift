/// Dynamics whose step is y - (u_k F_y(x, y) + l_k f_y(x, y)), with numbers u_k and l_k.
///
/// Gradient descent has u_k = 0; descent aggregation has both. The one step, its pullback and its
/// pushforward are written here once. An objective whose weight is zero is never evaluated, so
/// alpha = 0 costs and computes exactly what gradient descent does.
public protocol DescentDynamics<Scalar>: InnerDynamics {
  /// The factors of the two gradients in a step, step sizes included.
  func weights(ofStep index: StepIndex) -> DescentWeights<Scalar>

  /// The factors of several steps of outer iteration n, in their order: those of
  /// ``weights(ofStep:)``. A conformer that is generic over its scalar can be compiled for each.
  func weights(ofSteps steps: ClosedRange<Int>, outerIteration n: Int) -> [DescentWeights<Scalar>]
}

/// The factors (u_k, l_k) of the upper and the lower gradient in one step.
public struct DescentWeights<Scalar: TensorScalar>: Sendable, Equatable {
  /// u_k, the factor of F_y.
  public var upper: Scalar
  /// l_k, the factor of f_y.
  public var lower: Scalar

  /// A pair of factors.
  public init(upper: Scalar, lower: Scalar) {
    self.upper = upper
    self.lower = lower
  }

  /// The objectives with a factor other than zero.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func terms(of problem: BilevelProblem<Scalar>) -> [(Scalar, any Objective<Scalar>)] {
    [(upper, problem.upper), (lower, problem.lower)].filter { $0.0 != 0 }
  }
}

extension DescentDynamics {
  /// One step after the other.
  public func weights(
    ofSteps steps: ClosedRange<Int>, outerIteration n: Int
  ) -> [DescentWeights<Scalar>] {
    steps.map { weights(ofStep: StepIndex($0, outerIteration: n)) }
  }

  /// y - (u_k F_y + l_k f_y). One gradient per objective with a factor.
  public func step(
    _ index: StepIndex, from state: Parameters<Scalar>, upper x: Parameters<Scalar>,
    of problem: BilevelProblem<Scalar>
  ) -> Parameters<Scalar> {
    let weights = weights(ofStep: index)
    var next = state
    switch (weights.upper != 0, weights.lower != 0) {
    case (true, true):
      // Both terms in one pass, with the bits of one after the other.
      next.add(
        problem.upper.lowerGradient(upper: x, lower: state), scaledBy: -weights.upper,
        problem.lower.lowerGradient(upper: x, lower: state), scaledBy: -weights.lower)
    case (true, false):
      next.add(problem.upper.lowerGradient(upper: x, lower: state), scaledBy: -weights.upper)
    case (false, true):
      next.add(problem.lower.lowerGradient(upper: x, lower: state), scaledBy: -weights.lower)
    case (false, false): break
    }
    return next
  }

  /// The steps where each objective with a factor has a ``Objective/coordinatewiseGradient``.
  public func coordinatewiseSteps(
    _ steps: ClosedRange<Int>, outerIteration n: Int, from state: Parameters<Scalar>,
    upper x: Parameters<Scalar>, of problem: BilevelProblem<Scalar>
  ) -> CoordinatewiseSteps<Scalar>? {
    let (upper, lower) = (
      problem.upper.coordinatewiseGradient, problem.lower.coordinatewiseGradient
    )
    // Before K weights are computed for nothing.
    if upper == nil && lower == nil { return nil }
    return CoordinatewiseSteps(
      weights: weights(ofSteps: steps, outerIteration: n), upper: upper, lower: lower, at: state,
      x: x)
  }

  /// The step and its Jacobians A_k = I - u_k F_yy - l_k f_yy, B_k = -u_k F_yx - l_k f_yx.
  public func linearizeStep(
    _ index: StepIndex, from state: Parameters<Scalar>, upper x: Parameters<Scalar>,
    of problem: BilevelProblem<Scalar>
  ) -> any StepLinearization<Scalar> {
    let terms = weights(ofStep: index).terms(of: problem).map { weight, objective in
      WeightedLinearization(
        weight: weight, gradient: objective.linearizeLowerGradient(upper: x, lower: state))
    }
    var next = state
    for term in terms { next.add(term.gradient.lowerGradient, scaledBy: -term.weight) }
    return DescentStepLinearization(next: next, point: x, terms: terms)
  }

  /// Each objective's two products from one fused call.
  public func sweepBack(
    _ index: StepIndex, from state: Parameters<Scalar>, upper x: Parameters<Scalar>,
    of problem: BilevelProblem<Scalar>, _ p: inout Parameters<Scalar>,
    addingTo upper: inout Parameters<Scalar>
  ) {
    let cotangent = p
    for (weight, objective) in weights(ofStep: index).terms(of: problem) {
      let products = objective.lowerGradientPullback(upper: x, lower: state, cotangent)
      p.add(products.lower, scaledBy: -weight)
      upper.add(products.upper, scaledBy: -weight)
    }
  }
}

private struct WeightedLinearization<Scalar: TensorScalar>: Sendable {
  let weight: Scalar
  let gradient: any LowerGradientLinearization<Scalar>
}

private struct DescentStepLinearization<Scalar: TensorScalar>: StepLinearization {
  let next: Parameters<Scalar>
  /// x, shared with the loop: the space that products with B' lie in.
  let point: Parameters<Scalar>
  let terms: [WeightedLinearization<Scalar>]

  var bytes: Int { terms.reduce(next.bytes) { $0 + $1.gradient.bytes } }

  func pullback(_ p: Parameters<Scalar>) -> StepProducts<Scalar> {
    var result = StepProducts(state: p, upper: .zeros(like: point))
    for term in terms {
      let products = term.gradient.pullback(p)
      result.state.add(products.lower, scaledBy: -term.weight)
      result.upper.add(products.upper, scaledBy: -term.weight)
    }
    return result
  }

  func sweepBack(_ p: inout Parameters<Scalar>, addingTo upper: inout Parameters<Scalar>) {
    let cotangent = p
    for term in terms {
      term.gradient.addPullback(
        cotangent, scaledBy: -term.weight, toLower: &p, toUpper: &upper)
    }
  }

  func pushforward(
    state: Parameters<Scalar>?, upper: Parameters<Scalar>?
  ) -> Parameters<Scalar> {
    var result = state ?? .zeros(like: next)
    for term in terms {
      result.add(
        term.gradient.pushforward(upper: upper, lower: state), scaledBy: -term.weight)
    }
    return result
  }
}
