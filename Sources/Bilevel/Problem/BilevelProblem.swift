/// The optimistic bi-level problem: minimise F(x, y) over x in X and y in S(x) = argmin f(x, .).
///
/// S(x) need not be a single point. What a method sees of a problem is this value and nothing else:
/// no data set, no file, no network. Source: arXiv 2102.07976, equation (1).
public struct BilevelProblem<Scalar: TensorScalar>: Sendable {
  /// The upper objective F.
  public var upper: any Objective<Scalar>
  /// The lower objective f.
  public var lower: any Objective<Scalar>
  /// The start of the inner loop, y_0(x).
  public var initialLower: any InitialLower<Scalar>
  /// X.
  public var upperFeasibleSet: any FeasibleSet<Scalar>

  /// A problem; X is the whole space unless given.
  public init(
    upper: any Objective<Scalar>, lower: any Objective<Scalar>,
    initialLower: any InitialLower<Scalar>,
    upperFeasibleSet: any FeasibleSet<Scalar> = WholeSpace<Scalar>()
  ) {
    self.upper = upper
    self.lower = lower
    self.initialLower = initialLower
    self.upperFeasibleSet = upperFeasibleSet
  }

  /// The problem with both objectives fixed at x (``Objective/fixed(at:)``), for one inner loop.
  public func fixed(at x: Parameters<Scalar>) -> BilevelProblem {
    var result = self
    result.upper = upper.fixed(at: x)
    result.lower = lower.fixed(at: x)
    return result
  }
}
