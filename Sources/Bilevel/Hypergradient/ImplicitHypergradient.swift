/// Implicit hypergradients: with h the differentiated objective,
///
///     (h_yy + damping I) q = F_y,     g = F_x - h_xy q,     all at (x, y_K).
///
/// The gradient of F(x, y(x)) where h_y(x, y(x)) = 0 has a unique solution y(x) with an invertible
/// Hessian; at y_K instead of y(x) the error is of the order of |y_K - y(x)| plus that of the linear
/// solve. Nothing of the trajectory is kept, and a dependence of y_0 on x is not seen.
/// Sources: Pedregosa, ICML 2016 (HOAG; conjugate gradients, warm start of q); Lorraine et al.,
/// AISTATS 2020 (Neumann); Grazzi et al., ICML 2020 (fixed point). Cost: K steps, one product with
/// h_yy per solver step, one with h_xy. Memory: one linearisation and a few lower variables.
///
/// How the solve ended is in ``EstimatorDiagnostics/linearSolves``: the estimate is returned
/// whatever it was, because a breakdown is a finding about the problem.
public struct ImplicitHypergradient<Scalar: TensorScalar>: HypergradientEstimator {
  /// The objective whose stationarity defines y(x).
  public enum DifferentiatedObjective: Sendable, Equatable {
    /// f: the lower level has a unique solution.
    case lower
    /// u F + l f: what BDA's inner loop descends where its weights are the same in all of its steps.
    case aggregated(SteadyWeights<Scalar>)

    /// alpha F + (1 - alpha) f.
    public static func aggregated(alpha: Scalar) -> Self {
      .aggregated(SteadyWeights(DescentWeights(upper: alpha, lower: 1 - alpha)))
    }
  }

  /// The linear solver.
  public let solver: any LinearSolver<Scalar>
  /// Added to the diagonal of the Hessian.
  public let damping: Scalar
  /// h.
  public let objective: DifferentiatedObjective
  /// Whether q starts from the previous outer iteration's (only where a memory is handed in).
  public let startsWarm: Bool

  /// Implicit differentiation with the given solver.
  public init(
    solver: any LinearSolver<Scalar>, damping: Scalar = 0,
    objective: DifferentiatedObjective = .lower, startsWarm: Bool = true
  ) {
    precondition(damping >= 0, "Damping must not be negative, got \(damping).")
    self.solver = solver
    self.damping = damping
    self.objective = objective
    self.startsWarm = startsWarm
  }

  /// F(x, y_K), the implicit hypergradient with q started from the memory, and y_K.
  public func estimate(
    _ problem: BilevelProblem<Scalar>, dynamics: any InnerDynamics<Scalar>,
    upper x: Parameters<Scalar>, innerSteps: Int, outerIteration n: Int,
    memory: EstimatorMemory<Scalar>?
  ) -> HypergradientEstimate<Scalar> {
    let problem = problem.fixed(at: x)
    let lower = dynamics.lowerVariable(
      after: innerSteps, upper: x, of: problem, outerIteration: n)
    let top = problem.upper.gradients(upper: x, lower: lower)
    let linearization = differentiated(problem, outerIteration: n)
      .linearizeLowerGradient(upper: x, lower: lower)
    let solution = solver.solve(
      { v in
        let product = linearization.hessianVectorProduct(v)
        return damping > 0 ? product.adding(v, scaledBy: damping) : product
      }, rightSide: top.lower, from: startsWarm ? memory?[Self.adjointName] : nil)
    let mixed = linearization.pullback(solution.value).upper
    return HypergradientEstimate(
      upperValue: top.value, hypergradient: top.upper.adding(mixed, scaledBy: -1), lower: lower,
      diagnostics: EstimatorDiagnostics(
        innerSteps: innerSteps, differentiatedSteps: 0, storage: "none",
        storedBytes: linearization.bytes,
        linearSolves: [
          LinearSolverReport(
            solver: solver.name, outcome: solution.outcome, steps: solution.steps,
            residualNorm: Double(solution.residualNorm), rightSideNorm: Double(top.lower.norm))
        ]),
      memory: startsWarm ? [Self.adjointName: solution.value] : [:])
  }

  private static var adjointName: String { "adjoint" }

  private func differentiated(
    _ problem: BilevelProblem<Scalar>, outerIteration n: Int
  ) -> any Objective<Scalar> {
    switch objective {
    case .lower: problem.lower
    case .aggregated(let weights):
      AggregatedObjective(
        upper: problem.upper, lower: problem.lower, weights: weights.weights(outerIteration: n))
    }
  }
}
