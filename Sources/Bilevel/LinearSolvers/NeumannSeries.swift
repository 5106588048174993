/// The truncated Neumann series of A^-1: q_K = q_0 + eta sum over j = 0 ... K of (I - eta A)^j r_0,
/// with r_0 = b - A q_0 (Lorraine, Vicol and Duvenaud, AISTATS 2020, equation 7).
///
/// Identical in exact arithmetic to K + 1 steps of ``FixedPointIteration``. For 0 < eta < 2 / L with
/// mu I <= A <= L I the error obeys |q_K - A^-1 b| <= rho^(K+1) |q_0 - A^-1 b|, rho = max(|1 - eta
/// mu|, |1 - eta L|). Components of b in a null space of A are added up K + 1 times: q grows linearly
/// with K, its image A q does not. Cost: K + 1 products; the last one buys the exact residual
/// b - A q_K = (I - eta A)^(K+1) r_0.
public struct NeumannSeries<Scalar: TensorScalar>: LinearSolver {
  /// K: the highest power of I - eta A that is summed.
  public let terms: Int
  /// eta.
  public let stepSize: Scalar
  /// The sum stops once |residual| <= this times |b|.
  public let relativeTolerance: Scalar

  /// The series up to the power `terms`, with scaling `stepSize`.
  public init(terms: Int, stepSize: Scalar, relativeTolerance: Scalar = 0) {
    precondition(terms >= 0, "A series up to the power \(terms) has no term.")
    precondition(stepSize > 0, "The scaling of a Neumann series must be positive, got \(stepSize).")
    self.terms = terms
    self.stepSize = stepSize
    self.relativeTolerance = relativeTolerance
  }

  /// `neumann`.
  public var name: String { "neumann" }

  /// The partial sum q_K. Memory: three points of the space.
  public func solve(
    _ apply: LinearOperator<Scalar>, rightSide b: Parameters<Scalar>,
    from start: Parameters<Scalar>?
  ) -> LinearSolution<Scalar> {
    var value = start ?? .zeros(like: b)
    var power = b
    if start != nil { power.add(apply(value), scaledBy: -1) }
    let tolerance = relativeTolerance * b.norm
    var progress = RichardsonProgress(
      initial: power.norm, tolerance: tolerance, rightSide: b.norm)
    while progress.outcome == nil, progress.steps <= terms {
      value.add(power, scaledBy: stepSize)
      power.add(apply(power), scaledBy: -stepSize)
      progress.advance(to: power.norm)
    }
    return progress.solution(value)
  }
}

/// The residual norms of an iteration q <- q + eta (b - A q), and what they say about it.
struct RichardsonProgress<Scalar: TensorScalar> {
  /// The first residual, at least what rounding leaves of one: from a start that solves the system, later
  /// residuals go up and down with it.
  private let initial: Scalar
  private let tolerance: Scalar
  private(set) var residualNorm: Scalar
  private(set) var steps = 0
  /// Set when there is a reason to stop.
  private(set) var outcome: LinearSolverOutcome?

  init(initial: Scalar, tolerance: Scalar, rightSide: Scalar) {
    self.initial = max(initial, 256 * Scalar.ulpOfOne * rightSide)
    self.tolerance = tolerance
    residualNorm = initial
    judge()
  }

  mutating func advance(to norm: Scalar) {
    steps += 1
    let hadGrown = residualNorm > 1e3 * initial
    residualNorm = norm
    judge()
    // It has grown until there were no numbers left: nothing is wrong with the products.
    if hadGrown, outcome == .nonFinite { outcome = .breakdown(.divergence) }
  }

  private mutating func judge() {
    if !residualNorm.isFinite {
      outcome = .nonFinite
    } else if residualNorm <= tolerance {
      outcome = .converged
    }
  }

  /// For symmetric positive semi-definite A and eta <= 2 / L the residual cannot grow; growth beyond
  /// rounding therefore means that eta is too large (or A indefinite).
  func solution(_ value: Parameters<Scalar>) -> LinearSolution<Scalar> {
    let grown = residualNorm > initial * (1 + Scalar.ulpOfOne.squareRoot())
    return LinearSolution(
      value: value, outcome: outcome ?? (grown ? .breakdown(.divergence) : .maximumSteps),
      steps: steps, residualNorm: residualNorm)
  }
}
