/// A mean over seeds, or a mean difference paired by seed, with how surely it is known.
///
/// Two values or more: Student's 95 % interval, mean ± t_{n - 1, 0.975} s / sqrt(n) with s over
/// n - 1. One value, which only claims of `minimumSeeds` 1 accept because their numbers do not
/// depend on the seed: the value itself, exactly. Of values that are not all finite, which have no
/// spread: from the smallest to the largest, "nan" where one is not a number.
struct Estimate: Equatable {
  /// The statistics of the values.
  let statistics: Statistics
  /// Where the interval begins.
  private(set) var lower: Double
  /// Where the interval ends.
  private(set) var upper: Double

  /// The estimate from at least one value.
  init(_ values: [Double]) {
    statistics = Statistics(values)
    let interval = statistics.studentInterval()
    lower = interval?.lowerBound ?? statistics.mean
    upper = interval?.upperBound ?? statistics.mean
    if interval == nil { (lower, upper) = (statistics.minimum, statistics.maximum) }
  }

  /// What this says about a claim that the number lies in a region: reproduced where the whole
  /// interval lies inside, not reproduced where it lies outside, undecided where it crosses an edge.
  func outcome(in region: Region) -> Claim.Outcome {
    if region.contains(lower) && region.contains(upper) { return .reproduced }
    if lower.isNaN || upper.isNaN { return region.acceptsNaN ? .reproduced : .notReproduced }
    return region.isBeyond(lower, upper) ? .notReproduced : .undecided
  }
}

/// A set of numbers without gaps: what a claim allows.
struct Region: Equatable {
  /// Where it begins.
  let lower: Double
  /// Where it ends.
  let upper: Double
  /// Whether the ends belong to it; infinite ends always do, beyond which there is nothing.
  let isClosed: Bool
  /// Whether "nan" is what is expected.
  var acceptsNaN = false

  /// The numbers near the expected one, within the tolerance.
  static func near(_ expected: Double, _ tolerance: Tolerance) -> Region {
    let allowance = tolerance.allowance(at: expected)
    guard expected.isFinite else {
      return Region(
        lower: expected, upper: expected, isClosed: true, acceptsNaN: expected.isNaN)
    }
    return Region(lower: expected - allowance, upper: expected + allowance, isClosed: true)
  }

  /// Whether the number is one of them.
  func contains(_ number: Double) -> Bool {
    guard !isClosed else { return number >= lower && number <= upper }
    return (number > lower || (number == lower && lower == -.infinity))
      && (number < upper || (number == upper && upper == .infinity))
  }

  /// Whether an interval with its ends lies wholly outside; one that touches an edge does not, even where
  /// the edge is not part of the region.
  func isBeyond(_ first: Double, _ last: Double) -> Bool { last < lower || first > upper }
}
