/// Where a step stands: step k of the inner loop in outer iteration n.
///
/// Most dynamics look at neither; aggregation schedules look at k, those that shrink over the outer
/// loop at n.
public struct StepIndex: Sendable, Hashable {
  /// k, counted from 1.
  public var inner: Int
  /// n, counted from 0.
  public var outer: Int

  /// Step k of outer iteration n.
  public init(_ inner: Int, outerIteration outer: Int = 0) {
    self.inner = inner
    self.outer = outer
  }
}
