/// The capped simplex {0 <= each coordinate <= 1, sum of coordinates <= total}.
///
/// The set that sample weights are projected onto in Franceschi et al. 2017, section 5.1 (data
/// hyper-cleaning with at most `total` examples kept).
public struct CappedSimplex<Scalar: TensorScalar>: DifferentiableFeasibleSet {
  /// The largest sum of coordinates.
  public let total: Scalar

  /// The capped simplex with the given largest sum.
  public init(total: Scalar) {
    precondition(total >= 0, "A sum of at most \(total) leaves no point.")
    self.total = total
  }

  /// clamp(point - shift, 0, 1) with the least shift >= 0 for which the sum is at most `total`.
  ///
  /// The sum is non-increasing in the shift, and linear between two shifts at which a coordinate meets 0
  /// or 1: bisection finds the two, then 60 halvings reach rounding. O((60 + log count) count). A
  /// non-finite point comes back as it is: there is nothing nearest to it.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func project(_ point: Parameters<Scalar>) -> Parameters<Scalar> {
    guard point.isFinite else { return point }
    return clamped(point, shift(for: point))
  }

  /// v on the coordinates from 0 to 1, less its mean over them where the bound on the
  /// sum is active; 0 elsewhere. O((60 + log count) count). At a non-finite point, which the projection leaves as it
  /// is, v itself.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func projectionProduct(
    at point: Parameters<Scalar>, _ v: Parameters<Scalar>
  ) -> Parameters<Scalar> {
    guard point.isFinite else { return v }
    let shift = shift(for: point)
    let (scalars, directions) = (point.flattened(), v.flattened())
    let free = scalars.map { (0...1).contains(shift.applied(to: $0)) }
    return v.unflattening(restricted(directions, to: free, centred: shift.isActive))
  }

  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  private func clamped(_ point: Parameters<Scalar>, _ shift: Shift) -> Parameters<Scalar> {
    Parameters(point.tensors.map { $0.map { min(1, max(0, shift.applied(to: $0))) } })
  }

  /// What is taken off every coordinate, in two parts: beside coordinates of 1e8 it would be lost to
  /// rounding in one.
  private struct Shift {
    /// The least shift at which a coordinate meets 0 or 1 and the sum is no longer too large; 0 where
    /// nothing is taken off. The coordinates between 0 and 1 then lie between this and this plus 1.
    var base = Scalar(0)
    /// The shift less that.
    var rest = Scalar(0)
    /// Whether the bound on the sum is active.
    var isActive = false

    func applied(to coordinate: Scalar) -> Scalar { (coordinate - base) - rest }
  }

  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  private func shift(for point: Parameters<Scalar>) -> Shift {
    func sum(_ shift: Shift) -> Scalar {
      clamped(point, shift).tensors.reduce(0) { $0 + $1.sum() }
    }
    guard sum(Shift()) > total else { return Shift() }
    let corners = ([0] + point.flattened().flatMap { [$0 - 1, $0] }.filter { $0 > 0 }).sorted()
    // The sum is too large at the first of them, and 0 at the last.
    var (below, above) = (0, corners.count - 1)
    while above - below > 1 {
      let middle = (below + above) / 2
      if sum(Shift(base: corners[middle])) > total { below = middle } else { above = middle }
    }
    let base = corners[above]
    var low = corners[below] - base
    var high = Scalar(0)
    for _ in 0..<60 {
      let middle = low + (high - low) / 2
      if sum(Shift(base: base, rest: middle)) > total { low = middle } else { high = middle }
    }
    return Shift(base: base, rest: high, isActive: true)
  }
}

/// `directions` on the free coordinates, less their mean if asked, and 0 elsewhere: the derivative
/// of a projection onto a face of a simplex.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
private func restricted<Scalar: TensorScalar>(
  _ directions: [Scalar], to free: [Bool], centred: Bool
) -> [Scalar] {
  let chosen = zip(directions, free).filter(\.1).map(\.0)
  let mean = centred && !chosen.isEmpty ? chosen.reduce(0, +) / Scalar(chosen.count) : 0
  return zip(directions, free).map { $1 ? $0 - mean : 0 }
}

/// The simplex {each coordinate >= 0, sum of coordinates = total}.
public struct Simplex<Scalar: TensorScalar>: DifferentiableFeasibleSet {
  /// The sum of coordinates.
  public let total: Scalar

  /// The simplex with the given sum; 1 is the probability simplex.
  public init(total: Scalar = 1) {
    precondition(total > 0, "A simplex of sum \(total) has no interior.")
    self.total = total
  }

  /// max(0, point - shift) with the shift that makes the sum right (Held, Wolfe and Crowder 1974).
  ///
  /// O(count log count) by sorting. A non-finite point comes back as it is.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func project(_ point: Parameters<Scalar>) -> Parameters<Scalar> {
    guard point.isFinite else { return point }
    let (top, shift) = shift(for: point)
    return Parameters(point.tensors.map { $0.map { max(0, ($0 - top) - shift) } })
  }

  /// v less its mean over the positive coordinates of the projection, and 0 on the others; at a
  /// non-finite point, which the projection leaves as it is, v itself.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func projectionProduct(
    at point: Parameters<Scalar>, _ v: Parameters<Scalar>
  ) -> Parameters<Scalar> {
    guard point.isFinite else { return v }
    let (top, shift) = shift(for: point)
    let free = point.flattened().map { $0 - top > shift }
    return v.unflattening(restricted(v.flattened(), to: free, centred: true))
  }

  /// The largest coordinate, and the shift of all coordinates less that one: beside a coordinate of 1e8
  /// the sum of the simplex would be lost to rounding, and with it the shift.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  private func shift(for point: Parameters<Scalar>) -> (top: Scalar, shift: Scalar) {
    let sorted = point.flattened().sorted(by: >)
    let top = sorted.first ?? 0
    var sum = Scalar(0)
    var shift = -total
    for (index, value) in sorted.enumerated() {
      sum += value - top
      let candidate = (sum - total) / Scalar(index + 1)
      guard value - top > candidate else { break }
      shift = candidate
    }
    return (top, shift)
  }
}
