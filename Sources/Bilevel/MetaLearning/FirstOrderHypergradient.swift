/// Hypergradients that take every step's Jacobian dy_k/dy_{k-1} for the identity.
///
///     g = F_x + (dy_0/dx)' F_y(x, y_K)
///
/// With y_0(x) = x this is first-order MAML (Finn, Abbeel and Levine, ICML 2017, section 5.2; named
/// FOMAML by Nichol, Achiam and Schulman, arXiv 1803.02999): no trajectory, no second derivative.
public struct FirstOrderHypergradient<Scalar: TensorScalar>: HypergradientEstimator {
  /// The first-order estimate.
  public init() {}

  /// F(x, y_K), the first-order hypergradient, and y_K.
  public func estimate(
    _ problem: BilevelProblem<Scalar>, dynamics: any InnerDynamics<Scalar>,
    upper x: Parameters<Scalar>, innerSteps: Int, outerIteration n: Int,
    memory: EstimatorMemory<Scalar>?
  ) -> HypergradientEstimate<Scalar> {
    let problem = problem.fixed(at: x)
    let lower = dynamics.lowerVariable(
      after: innerSteps, upper: x, of: problem, outerIteration: n)
    let top = problem.upper.gradients(upper: x, lower: lower)
    var hypergradient = top.upper
    if let atStart = problem.initialLower.pullback(upper: x, top.lower) {
      hypergradient.add(atStart)
    }
    return HypergradientEstimate(
      upperValue: top.value, hypergradient: hypergradient, lower: lower,
      diagnostics: EstimatorDiagnostics(
        innerSteps: innerSteps, differentiatedSteps: 0, storage: "none", storedBytes: 0))
  }
}

/// The direction of Reptile (Nichol, Achiam and Schulman, arXiv 1803.02999): from y_K back to y_0.
///
///     g = (dy_0/dx)' (y_0(x) - y_K)
///
/// Not a gradient of F, which is evaluated only to be reported; an outer gradient step of rate 1 moves
/// x to y_K.
public struct ReptileDirection<Scalar: TensorScalar>: HypergradientEstimator {
  /// The direction.
  public init() {}

  /// F(x, y_K), the direction, and y_K. The direction is zero where y_0 does not depend on x.
  public func estimate(
    _ problem: BilevelProblem<Scalar>, dynamics: any InnerDynamics<Scalar>,
    upper x: Parameters<Scalar>, innerSteps: Int, outerIteration n: Int,
    memory: EstimatorMemory<Scalar>?
  ) -> HypergradientEstimate<Scalar> {
    let start = problem.initialLower.value(upper: x)
    let problem = problem.fixed(at: x)
    let lower = dynamics.lowerVariable(
      after: innerSteps, upper: x, of: problem, outerIteration: n)
    let travelled = start.adding(lower, scaledBy: -1)
    return HypergradientEstimate(
      upperValue: problem.upper.value(upper: x, lower: lower),
      hypergradient: problem.initialLower.pullback(upper: x, travelled) ?? .zeros(like: x),
      lower: lower,
      diagnostics: EstimatorDiagnostics(
        innerSteps: innerSteps, differentiatedSteps: 0, storage: "none", storedBytes: 0))
  }
}

/// First-order hypergradients in the catalogue.
public struct NamedFirstOrder: NamedEstimator {
  /// The entry.
  public init() {}
  /// False.
  public var differentiatesLowerObjective: Bool { false }
  /// `first-order`.
  public var name: String { "first-order" }
  /// Through y_0 alone.
  public var exactness: String { "gradient through y_0(x), every step taken for the identity" }
  /// Finn et al. 2017.
  public var citation: String { "Finn, Abbeel and Levine, ICML 2017, section 5.2 (FOMAML)" }
  /// True.
  public var seesStartOnly: Bool { true }

  /// ``FirstOrderHypergradient``.
  public func estimator<Scalar: TensorScalar>(
    _ settings: MethodSettings, for dynamics: any NamedDynamics, as type: Scalar.Type
  ) throws(MethodError) -> any HypergradientEstimator<Scalar> {
    FirstOrderHypergradient<Scalar>()
  }
}

/// Reptile's direction in the catalogue.
public struct NamedReptile: NamedEstimator {
  /// The entry.
  public init() {}
  /// False.
  public var differentiatesLowerObjective: Bool { false }
  /// `reptile`.
  public var name: String { "reptile" }
  /// Not a gradient.
  public var exactness: String { "the way from y_K back to y_0(x), not a gradient of F" }
  /// Nichol et al. 2018.
  public var citation: String { "Nichol, Achiam and Schulman, arXiv 1803.02999" }
  /// True.
  public var seesStartOnly: Bool { true }

  /// ``ReptileDirection``.
  public func estimator<Scalar: TensorScalar>(
    _ settings: MethodSettings, for dynamics: any NamedDynamics, as type: Scalar.Type
  ) throws(MethodError) -> any HypergradientEstimator<Scalar> {
    ReptileDirection<Scalar>()
  }
}
