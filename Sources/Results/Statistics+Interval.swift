import Foundation

extension Statistics {
  /// Student's interval of the mean, mean ± t s / sqrt(n), with t = t_{n - 1, (1 + coverage) / 2} and
  /// s the sample standard deviation (divisor n - 1); nil for one value and for non-finite values.
  ///
  /// Values that are all equal give an interval of no width. It holds where the values are normal;
  /// for differences paired by seed this is the usual assumption (Student, 1908).
  public func studentInterval(coverage: Double = 0.95) -> ClosedRange<Double>? {
    precondition(0 < coverage && coverage < 1, "A coverage of \(coverage) is not within 0 and 1.")
    guard let error = standardError, error.isFinite, mean.isFinite else { return nil }
    let half = StudentDistribution(degreesOfFreedom: count - 1).twoSidedQuantile(coverage) * error
    return (mean - half)...(mean + half)
  }

  /// Why there is no interval, where there is none.
  package var reasonWithoutInterval: String {
    count == 1 ? "one seed" : "no interval: not every value is finite"
  }
}

/// Student's t distribution with a whole number of degrees of freedom.
struct StudentDistribution {
  /// The degrees of freedom, at least 1.
  let degreesOfFreedom: Int

  init(degreesOfFreedom: Int) {
    precondition(
      degreesOfFreedom >= 1,
      "A t distribution of \(degreesOfFreedom) degrees of freedom does not exist; it needs 1.")
    self.degreesOfFreedom = degreesOfFreedom
  }

  /// P(|T| <= t) for t >= 0.
  ///
  /// The finite sums of Abramowitz and Stegun, 26.7.3 and 26.7.4, in theta = atan(t / sqrt(nu));
  /// cost proportional to the degrees of freedom.
  func probability(within t: Double) -> Double {
    let angle = atan(t / Double(degreesOfFreedom).squareRoot())
    let (sine, cosine) = (sin(angle), cos(angle))
    let isOdd = degreesOfFreedom % 2 == 1
    if isOdd && degreesOfFreedom == 1 { return 2 * angle / .pi }
    // Odd: cos + 2/3 cos^3 + 2/3 4/5 cos^5 ..., even: 1 + 1/2 cos^2 + 1/2 3/4 cos^4 ...
    var term = isOdd ? cosine : 1
    var sum = term
    var factor = isOdd ? 2.0 : 1.0
    while Int(factor) + 1 < degreesOfFreedom {
      term *= factor / (factor + 1) * cosine * cosine
      sum += term
      factor += 2
    }
    return isOdd ? 2 / .pi * (angle + sine * sum) : sine * sum
  }

  /// The t for which P(|T| <= t) is the given probability, to rounding: 4.3027 for 0.95 and two
  /// degrees of freedom.
  func twoSidedQuantile(_ probability: Double) -> Double {
    precondition(
      0 < probability && probability < 1, "A probability of \(probability) has no quantile.")
    var (lower, upper) = (0.0, 1.0)
    while self.probability(within: upper) < probability, upper < 1e300 { upper *= 2 }
    // Ends when no number lies between the two, long before the bound.
    for _ in 0..<1100 {
      let middle = lower + (upper - lower) / 2
      if middle <= lower || middle >= upper { break }
      if self.probability(within: middle) < probability { lower = middle } else { upper = middle }
    }
    return upper
  }
}
