/// The fixed-point iteration q <- q - eta (A q - b) for A q = b (Grazzi, Franceschi, Pontil and
/// Salzo, ICML 2020, algorithm AID-FP).
///
/// It contracts towards the solution by max(|1 - eta mu|, |1 - eta L|) per step when mu I <= A <= L I
/// and 0 < eta < 2 / L. n steps from zero are the Neumann series up to the power n - 1. Cost: one
/// product per step.
public struct FixedPointIteration<Scalar: TensorScalar>: LinearSolver {
  /// The largest number of steps.
  public let maximumSteps: Int
  /// eta.
  public let stepSize: Scalar
  /// The iteration stops once |b - A q| <= this times |b|.
  public let relativeTolerance: Scalar

  /// At most `maximumSteps` steps of size `stepSize`.
  public init(maximumSteps: Int, stepSize: Scalar, relativeTolerance: Scalar = 0) {
    precondition(maximumSteps >= 0, "\(maximumSteps) steps cannot be taken.")
    precondition(stepSize > 0, "The step of a fixed-point iteration is \(stepSize), not positive.")
    self.maximumSteps = maximumSteps
    self.stepSize = stepSize
    self.relativeTolerance = relativeTolerance
  }

  /// `fixed-point`.
  public var name: String { "fixed-point" }

  /// The iterate after the last step. Memory: three points of the space.
  public func solve(
    _ apply: LinearOperator<Scalar>, rightSide b: Parameters<Scalar>,
    from start: Parameters<Scalar>?
  ) -> LinearSolution<Scalar> {
    var value = start ?? .zeros(like: b)
    var residual = b
    if start != nil { residual.add(apply(value), scaledBy: -1) }
    var progress = RichardsonProgress(
      initial: residual.norm, tolerance: relativeTolerance * b.norm, rightSide: b.norm)
    while progress.outcome == nil, progress.steps < maximumSteps {
      value.add(residual, scaledBy: stepSize)
      residual = b.adding(apply(value), scaledBy: -1)
      progress.advance(to: residual.norm)
    }
    return progress.solution(value)
  }
}
