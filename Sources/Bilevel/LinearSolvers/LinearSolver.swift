/// A linear map v -> A v of the lower space into itself; A is symmetric wherever it is a Hessian.
public typealias LinearOperator<Scalar: TensorScalar> = (Parameters<Scalar>) -> Parameters<Scalar>

/// One way of solving A q = b when all that is known of A is its product with a vector.
///
/// The invariant: what comes back is the best-informed iterate with its outcome, never an error. A
/// solve that did not converge is a numerical outcome which the caller records and shows.
public protocol LinearSolver<Scalar>: Sendable {
  associatedtype Scalar: TensorScalar

  /// The name that records show.
  var name: String { get }

  /// An approximate solution of A q = b, started from `start` (zero when nil).
  func solve(
    _ apply: LinearOperator<Scalar>, rightSide b: Parameters<Scalar>,
    from start: Parameters<Scalar>?
  ) -> LinearSolution<Scalar>
}

/// What a linear solver returns: a value, how it ended, and what it cost.
public struct LinearSolution<Scalar: TensorScalar>: Sendable {
  /// The last iterate q.
  public var value: Parameters<Scalar>
  /// How the solve ended.
  public var outcome: LinearSolverOutcome
  /// Steps taken.
  public var steps: Int
  /// |b - A q| (2-norm over all components), as the solver's own recursion knows it.
  public var residualNorm: Scalar

  /// A solution with its parts.
  public init(
    value: Parameters<Scalar>, outcome: LinearSolverOutcome, steps: Int, residualNorm: Scalar
  ) {
    self.value = value
    self.outcome = outcome
    self.steps = steps
    self.residualNorm = residualNorm
  }
}

/// How a linear solve ended.
public enum LinearSolverOutcome: Sendable, Equatable, Codable {
  /// The residual is within the tolerance.
  case converged
  /// The steps were used up before the tolerance was met.
  case maximumSteps
  /// The method cannot go on; the iterate before the failing step is returned.
  case breakdown(LinearSolverBreakdown)
  /// A product or a residual became NaN or infinite.
  case nonFinite

  /// One sentence that says what to do about it.
  public var advice: String {
    switch self {
    case .converged: "The linear system was solved to the requested tolerance."
    case .maximumSteps:
      "The linear solver used all its steps before it met the tolerance: allow more steps, add "
        + "damping, or accept the stated residual."
    case .breakdown(let kind): kind.advice
    case .nonFinite:
      "A product with the Hessian or an iterate of the solver became infinite or NaN: where the inner "
        + "loop has diverged, reduce the inner step size; else reduce the solver's damping."
    }
  }
}

/// Why a linear solver could not go on.
public enum LinearSolverBreakdown: String, Sendable, Equatable, Codable {
  /// v'Av <= 0 although A v is not zero: A is not positive semi-definite.
  case nonPositiveCurvature = "non-positive-curvature"
  /// A v = 0 for a direction v along which b has a component: no q solves the system.
  case singularInconsistent = "singular-inconsistent"
  /// The residual grew: I - eta A is not a contraction.
  case divergence

  /// One sentence that says what to do about it.
  public var advice: String {
    switch self {
    case .nonPositiveCurvature:
      "The lower Hessian is not positive definite here: take more inner steps, or add damping larger "
        + "than its most negative eigenvalue."
    case .singularInconsistent:
      "The lower Hessian is singular and the upper gradient has a component in its null space, so "
        + "the lower solution is not unique and no implicit hypergradient exists: use descent "
        + "aggregation, or add damping and read the result as that of a regularised problem."
    case .divergence:
      "The iteration diverges: its step size exceeds two over the largest eigenvalue of the Hessian, so "
        + "reduce the solver's step size; where that does not help, the Hessian is indefinite, so add "
        + "damping larger than its most negative eigenvalue."
    }
  }
}

/// The outcome of a linear solve, for diagnostics and records.
public struct LinearSolverReport: Sendable, Equatable, Codable {
  /// The solver's name.
  public var solver: String
  /// How the solve ended.
  public var outcome: LinearSolverOutcome
  /// Steps taken.
  public var steps: Int
  /// |b - A q|.
  public var residualNorm: Double
  /// |b|, against which the residual is to be judged.
  public var rightSideNorm: Double

  /// A report with its parts.
  public init(
    solver: String, outcome: LinearSolverOutcome, steps: Int, residualNorm: Double,
    rightSideNorm: Double
  ) {
    self.solver = solver
    self.outcome = outcome
    self.steps = steps
    self.residualNorm = residualNorm
    self.rightSideNorm = rightSideNorm
  }
}
