/// Conjugate gradients for A q = b with A symmetric and positive definite (Hestenes and Stiefel
/// 1952), one product with A per step.
///
/// In exact arithmetic at most as many steps as A has distinct eigenvalues. The error in the A-norm
/// falls at least by 2 ((sqrt(c) - 1) / (sqrt(c) + 1))^k after k steps, c the condition number.
///
/// Departures from the textbook:
/// 1. The iterate *after* the step that met the tolerance is returned (hypertorch's `CG_torch`
///    returns the one before it), and the next direction is built from the *updated* residual
///    (leopard-ai/betty issue 15: the old one "made no noticeable difference", and nobody tested).
/// 2. Every ``residualRefresh`` steps the residual is computed afresh as b - A q, for one product
///    more: the recursion drifts away from the truth by rounding.
/// 3. The step is refused where it would not make sense: when A v vanishes to rounding although the
///    residual does not, b has a component in the null space (`singularInconsistent`); when v'Av <= 0
///    otherwise, A is not positive semi-definite (`nonPositiveCurvature`). The textbook divides. What is
///    no less than the damping that the caller has added does not vanish, however small it is beside A.
/// 4. Convergence is |r| <= max(absolute tolerance, relative tolerance |b|), tested before the first
///    step as well, so that a warm start that already solves the system costs one product.
public struct ConjugateGradient<Scalar: TensorScalar>: LinearSolver {
  /// The largest number of steps.
  public let maximumSteps: Int
  /// The tolerance relative to |b|.
  public let relativeTolerance: Scalar
  /// The tolerance on |r| itself.
  let absoluteTolerance: Scalar
  /// What the caller has added to the diagonal: A less that is positive semi-definite.
  let damping: Scalar
  /// Steps between two evaluations of b - A q.
  public let residualRefresh: Int

  /// Conjugate gradients; tolerances of zero run all steps.
  public init(
    maximumSteps: Int, relativeTolerance: Scalar = 0, absoluteTolerance: Scalar = 0,
    damping: Scalar = 0, residualRefresh: Int = 50
  ) {
    precondition(maximumSteps >= 0, "\(maximumSteps) steps cannot be taken.")
    precondition(
      relativeTolerance >= 0 && absoluteTolerance >= 0,
      "Tolerances \(relativeTolerance) and \(absoluteTolerance) must not be negative.")
    precondition(residualRefresh > 0, "A refresh every \(residualRefresh) steps is none.")
    self.maximumSteps = maximumSteps
    self.relativeTolerance = relativeTolerance
    self.absoluteTolerance = absoluteTolerance
    self.damping = damping
    self.residualRefresh = residualRefresh
  }

  /// `conjugate-gradient`.
  public var name: String { "conjugate-gradient" }

  /// An approximate solution of A q = b. Memory: four points of the space.
  public func solve(
    _ apply: LinearOperator<Scalar>, rightSide b: Parameters<Scalar>,
    from start: Parameters<Scalar>?
  ) -> LinearSolution<Scalar> {
    var value = start ?? .zeros(like: b)
    var residual = b
    if start != nil { residual.add(apply(value), scaledBy: -1) }
    var direction = residual
    var squared = residual.dot(residual)
    let tolerance = max(absoluteTolerance, relativeTolerance * b.norm)
    // The largest |A v| / |v| seen: a lower bound of |A|, by which A v is judged to vanish.
    var gain = Scalar(0)
    var steps = 0
    while true {
      func ended(_ outcome: LinearSolverOutcome) -> LinearSolution<Scalar> {
        LinearSolution(
          value: value, outcome: outcome, steps: steps, residualNorm: squared.squareRoot())
      }
      guard squared.isFinite else { return ended(.nonFinite) }
      if squared.squareRoot() <= tolerance { return ended(.converged) }
      guard steps < maximumSteps else { return ended(.maximumSteps) }
      let image = apply(direction)
      let curvature = direction.dot(image)
      let (length, extent) = (direction.norm, image.norm)
      guard curvature.isFinite, extent.isFinite else { return ended(.nonFinite) }
      gain = max(gain, extent / length)
      let vanishes = extent <= 64 * Scalar.ulpOfOne * gain * length
      if extent == 0 || vanishes && (damping == 0 || extent < damping / 2 * length) {
        return ended(.breakdown(.singularInconsistent))
      }
      guard curvature > 0 else { return ended(.breakdown(.nonPositiveCurvature)) }
      let step = squared / curvature
      value.add(direction, scaledBy: step)
      if (steps + 1) % residualRefresh == 0 {
        residual = b.adding(apply(value), scaledBy: -1)
      } else {
        residual.add(image, scaledBy: -step)
      }
      let next = residual.dot(residual)
      direction.scale(by: next / squared)
      direction.add(residual)
      squared = next
      steps += 1
    }
  }
}
