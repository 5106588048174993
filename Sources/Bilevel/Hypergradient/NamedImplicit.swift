/// What the implicit estimators of the catalogue share: all of them differentiate a stationary point
/// and solve one linear system; they differ by the solver.
protocol NamedImplicit: NamedEstimator {
  /// The solver for checked settings.
  func solver<Scalar: TensorScalar>(
    steps: Int, stepSize: Scalar, tolerance: Scalar, damping: Scalar
  ) -> any LinearSolver<Scalar>
}

extension NamedImplicit {
  /// Up to the inner loop's distance from its limit and the linear residual.
  public var exactness: String {
    "gradient of F(x, y(x)) up to |y_K - y(x)| and the linear residual"
  }
  /// A stationary limit.
  public var needs: [DynamicsNeed] { [.stationaryLimit] }
  /// False.
  public var reachesStart: Bool { false }
  /// False: the Hessian is that of the free problem.
  public var admitsLowerSet: Bool { false }

  /// ``ImplicitHypergradient`` of f, or of what a step that forgets k descends.
  public func estimator<Scalar: TensorScalar>(
    _ settings: MethodSettings, for dynamics: any NamedDynamics, as type: Scalar.Type
  ) throws(MethodError) -> any HypergradientEstimator<Scalar> {
    let solver = settings.solver
    guard solver.steps >= 1 else {
      throw MethodError(
        "A linear solver needs at least one step, but it was given \(solver.steps).")
    }
    guard Scalar(solver.damping).isFinite, solver.damping >= 0 else {
      throw MethodError(
        "The damping must be a finite number of at least 0, but it is \(Scalar(solver.damping)).")
    }
    guard Scalar(solver.tolerance).isFinite, solver.tolerance >= 0 else {
      throw MethodError(
        "The linear solver's tolerance must be a finite number of at least 0, but it is "
          + "\(Scalar(solver.tolerance)).")
    }
    let lowerStep = settings.lowerStepSize(aggregating: dynamics.aggregates)
    let stepSize = try positive(
      solver.stepSize ?? lowerStep, "linear solver's step size", as: type)
    var objective = ImplicitHypergradient<Scalar>.DifferentiatedObjective.lower
    if dynamics.aggregates {
      objective = .aggregated(
        try dynamics.steadyWeights(settings, as: type).inUnits(of: Scalar(lowerStep)))
    }
    return ImplicitHypergradient(
      solver: self.solver(
        steps: solver.steps, stepSize: stepSize, tolerance: Scalar(solver.tolerance),
        damping: Scalar(solver.damping)),
      damping: Scalar(solver.damping), objective: objective, startsWarm: solver.startsWarm)
  }
}

private let solverSettings = [
  "solver.steps", "solver.tolerance", "solver.damping", "solver.startsWarm",
]

/// Implicit hypergradients by conjugate gradients in the catalogue.
public struct NamedConjugateGradient: NamedImplicit {
  /// The entry.
  public init() {}
  /// `conjugate-gradient`.
  public var name: String { "conjugate-gradient" }
  /// Pedregosa 2016.
  public var citation: String { "Pedregosa, ICML 2016 (HOAG); Grazzi et al., ICML 2020 (AID-CG)" }
  /// The solver's.
  public var settings: [String] { solverSettings }

  func solver<Scalar: TensorScalar>(
    steps: Int, stepSize: Scalar, tolerance: Scalar, damping: Scalar
  ) -> any LinearSolver<Scalar> {
    ConjugateGradient(maximumSteps: steps, relativeTolerance: tolerance, damping: damping)
  }
}

/// Implicit hypergradients by a Neumann series in the catalogue.
public struct NamedNeumann: NamedImplicit {
  /// The entry.
  public init() {}
  /// `neumann`.
  public var name: String { "neumann" }
  /// Lorraine et al. 2020.
  public var citation: String { "Lorraine, Vicol and Duvenaud, AISTATS 2020" }
  /// The solver's, and eta.
  public var settings: [String] { solverSettings + ["solver.stepSize"] }

  func solver<Scalar: TensorScalar>(
    steps: Int, stepSize: Scalar, tolerance: Scalar, damping: Scalar
  ) -> any LinearSolver<Scalar> {
    NeumannSeries(terms: steps - 1, stepSize: stepSize, relativeTolerance: tolerance)
  }
}

/// Implicit hypergradients by fixed-point iteration in the catalogue.
public struct NamedFixedPoint: NamedImplicit {
  /// The entry.
  public init() {}
  /// `fixed-point`.
  public var name: String { "fixed-point" }
  /// Grazzi et al. 2020.
  public var citation: String { "Grazzi, Franceschi, Pontil and Salzo, ICML 2020 (AID-FP)" }
  /// The solver's, and eta.
  public var settings: [String] { solverSettings + ["solver.stepSize"] }

  func solver<Scalar: TensorScalar>(
    steps: Int, stepSize: Scalar, tolerance: Scalar, damping: Scalar
  ) -> any LinearSolver<Scalar> {
    FixedPointIteration(maximumSteps: steps, stepSize: stepSize, relativeTolerance: tolerance)
  }
}
