/// A closed convex set that a variable is projected onto.
public protocol FeasibleSet<Scalar>: Sendable {
  associatedtype Scalar: TensorScalar

  /// The point of the set nearest to `point` in the Euclidean norm. Idempotent.
  func project(_ point: Parameters<Scalar>) -> Parameters<Scalar>
}

/// The whole space: projection is the identity.
public struct WholeSpace<Scalar: TensorScalar>: FeasibleSet {
  /// The whole space.
  public init() {}

  /// `point` itself.
  public func project(_ point: Parameters<Scalar>) -> Parameters<Scalar> { point }
}

/// The box {lower <= each coordinate <= upper}.
public struct Box<Scalar: TensorScalar>: FeasibleSet {
  /// The least value of a coordinate.
  public let lower: Scalar
  /// The largest value of a coordinate.
  public let upper: Scalar

  /// The box between two bounds.
  public init(lower: Scalar, upper: Scalar) {
    precondition(lower <= upper, "A box from \(lower) to \(upper) is empty.")
    self.lower = lower
    self.upper = upper
  }

  /// Each coordinate clamped; NaN stays NaN. O(count).
  public func project(_ point: Parameters<Scalar>) -> Parameters<Scalar> {
    Parameters(point.tensors.map { $0.map { $0 < lower ? lower : ($0 > upper ? upper : $0) } })
  }
}

/// The capped simplex {0 <= each coordinate <= 1, sum of coordinates <= total}.
///
/// The set that sample weights are projected onto in Franceschi et al. 2017, section 5.1 (data
/// hyper-cleaning with at most `total` examples kept).
public struct CappedSimplex<Scalar: TensorScalar>: FeasibleSet {
  /// The largest sum of coordinates.
  public let total: Scalar

  /// The capped simplex with the given largest sum.
  public init(total: Scalar) {
    precondition(total >= 0, "A sum of at most \(total) leaves no point.")
    self.total = total
  }

  /// clamp(point - shift, 0, 1) with the least shift >= 0 for which the sum is at most `total`.
  ///
  /// The sum is non-increasing and continuous in the shift, so bisection finds it; 60 halvings of
  /// an interval that contains it reach rounding. O(60 count). A non-finite point comes back as it
  /// is: there is nothing nearest to it.
  public func project(_ point: Parameters<Scalar>) -> Parameters<Scalar> {
    guard point.isFinite else { return point }
    func clamped(_ shift: Scalar) -> Parameters<Scalar> {
      Parameters(point.tensors.map { $0.map { min(1, max(0, $0 - shift)) } })
    }
    func sum(_ shift: Scalar) -> Scalar {
      clamped(shift).tensors.reduce(0) { $0 + $1.sum() }
    }
    guard sum(0) > total else { return clamped(0) }
    var low = Scalar(0)
    var high = point.tensors.flatMap(\.scalars).max() ?? 0
    for _ in 0..<60 {
      let middle = low + (high - low) / 2
      if sum(middle) > total { low = middle } else { high = middle }
    }
    return clamped(high)
  }
}
