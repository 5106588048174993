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
    upper x: Parameters<Scalar>, innerSteps: Int
  ) -> HypergradientEstimate<Scalar> {
    let lower = dynamics.lowerVariable(
      of: dynamics.run(steps: innerSteps, upper: x, of: problem))
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

  /// F(x, y_K), the direction, and y_K. x itself where y_0 does not depend on it: zero.
  public func estimate(
    _ problem: BilevelProblem<Scalar>, dynamics: any InnerDynamics<Scalar>,
    upper x: Parameters<Scalar>, innerSteps: Int
  ) -> HypergradientEstimate<Scalar> {
    let start = problem.initialLower.value(upper: x)
    let lower = dynamics.lowerVariable(
      of: dynamics.run(steps: innerSteps, upper: x, of: problem))
    let travelled = start.adding(lower, scaledBy: -1)
    return HypergradientEstimate(
      upperValue: problem.upper.value(upper: x, lower: lower),
      hypergradient: problem.initialLower.pullback(upper: x, travelled) ?? .zeros(like: x),
      lower: lower,
      diagnostics: EstimatorDiagnostics(
        innerSteps: innerSteps, differentiatedSteps: 0, storage: "none", storedBytes: 0))
  }
}
