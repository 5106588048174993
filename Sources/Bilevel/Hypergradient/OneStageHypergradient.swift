/// One-stage hypergradients: the mixed product of one aggregated step by central differences.
///
///     delta = F_y(x, y_K),   eps = r / |delta|,   y+- = y_K +- eps delta,
///     g = F_x - (h_x(x, y+) - h_x(x, y-)) / (2 eps),   h = u F + l f,
///
/// with u and l including the step sizes: (0, eta) for RHG, (a s_u, (1 - a) s_l) for BDA.
/// It approximates F_x - h_xy F_y, which is a truncated reverse sweep of one step taken at y_K. Two
/// extra gradients, no second derivative, no trajectory.
///
/// Radius rule: r is the Euclidean distance that y is moved by, over all components together, 0.01
/// unless given. The error against the exact product is at most r^2 |delta| sup |h_xyyy| / 6 from
/// the expansion, plus |delta| (rounding of h_x) / r from cancellation; in Double the two meet near
/// r = 1e-5 times the scale of y, in Float near 5e-3. That is why 0.01 does for both.
///
/// From the formula (arXiv 2102.07976, one-stage approximation; Liu, Simonyan and Yang, ICLR 2019,
/// equation 8), deliberately not from the official repositories: their `darts.py` moves y by
/// epsilon = 1 times delta but divides by 0.01 / |delta|. The weights are those of one step of outer
/// iteration n without a decay in k (as recalled, the journal's form, to be checked against the PDF).
public struct OneStageHypergradient<Scalar: TensorScalar>: HypergradientEstimator {
  /// u and l in each outer iteration, step sizes included.
  public let weights: SteadyWeights<Scalar>
  /// r.
  public let radius: Scalar

  /// A one-stage estimate for a step with the given weights in every outer iteration.
  public init(weights: DescentWeights<Scalar>, radius: Scalar = 0.01) {
    self.init(weights: SteadyWeights(weights), radius: radius)
  }

  /// A one-stage estimate for a step with the given weights.
  public init(weights: SteadyWeights<Scalar>, radius: Scalar = 0.01) {
    precondition(radius > 0, "A difference needs a positive radius, got \(radius).")
    self.weights = weights
    self.radius = radius
  }

  /// F(x, y_K), the one-stage hypergradient, and y_K. Where F_y vanishes it is F_x.
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
    let length = top.lower.norm
    // Not `length > 0`: a NaN must go through and show in the result.
    if length != 0 {
      let epsilon = radius / length
      for side: Scalar in [1, -1] {
        let moved = lower.adding(top.lower, scaledBy: side * epsilon)
        for (weight, objective) in weights.weights(outerIteration: n).terms(of: problem) {
          hypergradient.add(
            objective.gradients(upper: x, lower: moved).upper,
            scaledBy: -side * weight / (2 * epsilon))
        }
      }
    }
    return HypergradientEstimate(
      upperValue: top.value, hypergradient: hypergradient, lower: lower,
      diagnostics: EstimatorDiagnostics(
        innerSteps: innerSteps, differentiatedSteps: 1, storage: "none", storedBytes: 0))
  }
}

/// One-stage hypergradients in the catalogue.
public struct NamedOneStage: NamedEstimator {
  /// The entry.
  public init() {}
  /// `one-stage`.
  public var name: String { "one-stage" }
  /// Through one step.
  public var exactness: String { "gradient through one step, by central differences" }
  /// The journal article, and DARTS.
  public var citation: String {
    "arXiv 2102.07976, one-stage approximation; Liu, Simonyan and Yang, ICLR 2019 (DARTS)"
  }
  /// r.
  public var settings: [String] { ["oneStage.radius"] }
  /// A plain step.
  public var needs: [DynamicsNeed] { [.plainStep] }
  /// False.
  public var reachesStart: Bool { false }
  /// False: it differentiates the step without the projection.
  public var admitsLowerSet: Bool { false }

  /// ``OneStageHypergradient`` of one step that forgets k.
  public func estimator<Scalar: TensorScalar>(
    _ settings: MethodSettings, for dynamics: any NamedDynamics, as type: Scalar.Type
  ) throws(MethodError) -> any HypergradientEstimator<Scalar> {
    OneStageHypergradient<Scalar>(
      weights: try dynamics.steadyWeights(settings, as: type),
      radius: try positive(settings.oneStage.radius, "one-stage radius", as: type))
  }
}
