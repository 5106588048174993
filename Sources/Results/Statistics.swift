import Foundation

/// Location and spread of a few numbers, one per seed as a rule.
public struct Statistics: Equatable, Sendable {
  /// The numbers, in the order given.
  public let values: [Double]

  /// The statistics of at least one number.
  public init(_ values: [Double]) {
    precondition(!values.isEmpty, "Statistics need at least one value and got \(values.count).")
    self.values = values
  }

  /// How many numbers there are.
  public var count: Int { values.count }

  /// The arithmetic mean; not a number if any value is not. Values that are all equal have that mean
  /// to the last digit, so that their spread is 0.
  public var mean: Double {
    if let first = values.first, values.allSatisfy({ $0 == first }) { return first }
    return values.reduce(0, +) / Double(count)
  }

  /// The sample standard deviation, sqrt(sum (v - mean)^2 / (n - 1)); nil for one value.
  public var standardDeviation: Double? {
    guard count > 1 else { return nil }
    let mean = mean
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return (squares / Double(count - 1)).squareRoot()
  }

  /// The standard error of the mean, standard deviation / sqrt(n); nil for one value.
  public var standardError: Double? { standardDeviation.map { $0 / Double(count).squareRoot() } }

  /// The smallest value.
  public var minimum: Double {
    values.reduce(.infinity) { $1.isNaN || $0.isNaN ? .nan : min($0, $1) }
  }

  /// The largest value.
  public var maximum: Double {
    values.reduce(-.infinity) { $1.isNaN || $0.isNaN ? .nan : max($0, $1) }
  }

  /// The middle value, or the mean of the two middle ones; not a number if any value is not.
  public var median: Double {
    if values.contains(where: \.isNaN) { return .nan }
    let sorted = values.sorted()
    return Self.quantile(0.5, ofSorted: sorted)
  }

  /// The percentile bootstrap interval of the mean (Efron, 1979), nil for one value.
  ///
  /// The means of `resamples` draws with replacement are sorted and cut at (1 - coverage) / 2 on
  /// either side. The generator is seeded, so the same values give the same interval everywhere.
  /// With fewer than about ten values the interval is too narrow; it is then a description of the
  /// values rather than a statement about the distribution.
  public func bootstrapInterval(
    coverage: Double = 0.95, resamples: Int = 10_000, seed: UInt64 = 0
  ) -> ClosedRange<Double>? {
    precondition(0 < coverage && coverage < 1, "A coverage of \(coverage) is not within 0 and 1.")
    precondition(resamples > 0, "A bootstrap of \(resamples) resamples is empty.")
    guard count > 1, values.allSatisfy(\.isFinite) else { return nil }
    var state = seed
    let means = (0..<resamples).map { _ -> Double in
      var sum = 0.0
      for _ in 0..<count { sum += values[Self.index(below: count, &state)] }
      return sum / Double(count)
    }.sorted()
    let tail = (1 - coverage) / 2
    return Self.quantile(tail, ofSorted: means)...Self.quantile(1 - tail, ofSorted: means)
  }

  /// The quantile by linear interpolation between order statistics (type 7 of Hyndman and Fan).
  static func quantile(_ level: Double, ofSorted sorted: [Double]) -> Double {
    let position = level * Double(sorted.count - 1)
    let lower = Int(position.rounded(.down))
    let upper = min(lower + 1, sorted.count - 1)
    // A weighted sum rather than start plus fraction: two infinities must not make "nan".
    let fraction = position - Double(lower)
    if fraction == 0 || sorted[lower] == sorted[upper] { return sorted[lower] }
    return (1 - fraction) * sorted[lower] + fraction * sorted[upper]
  }

  /// SplitMix64, then the high half of a full-width product; the bias is below n / 2^64.
  private static func index(below count: Int, _ state: inout UInt64) -> Int {
    state &+= 0x9e37_79b9_7f4a_7c15
    var bits = state
    bits = (bits ^ (bits >> 30)) &* 0xbf58_476d_1ce4_e5b9
    bits = (bits ^ (bits >> 27)) &* 0x94d0_49bb_1331_11eb
    bits ^= bits >> 31
    return Int(bits.multipliedFullWidth(by: UInt64(count)).high)
  }
}

/// A named way to state the spread of a mean over seeds.
public enum SpreadKind: String, CaseIterable, Sendable {
  /// The sample standard deviation.
  case std
  /// The standard error of the mean.
  case sem
  /// The 95 % percentile bootstrap interval of the mean.
  case bootstrap
  /// Student's 95 % interval of the mean, the one that claims are judged by.
  case student

  /// Whether it is an interval and not a distance on either side.
  public var isInterval: Bool { self == .bootstrap || self == .student }

  /// The name tables print.
  public var displayName: String {
    switch self {
    case .std: "std"
    case .sem: "sem"
    case .bootstrap: "95 % bootstrap interval"
    case .student: "95 % interval"
    }
  }
}
