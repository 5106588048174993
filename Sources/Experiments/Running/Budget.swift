import ArgumentParser

/// How much a run may cost.
package enum Budget: String, Sendable, CaseIterable, ExpressibleByArgument, Codable {
  /// Synthetic data, minutes: every method once, for continuous integration.
  case smoke
  /// Real data, one evening: one seed, fewer outer steps.
  case short
  /// Real data, as long as it takes: the published settings over several seeds.
  case paper
}

/// The scalar type computations use.
package enum ScalarChoice: String, Sendable, CaseIterable, ExpressibleByArgument, Codable {
  /// 32 bits: fast, for runs.
  case float
  /// 64 bits: for proofs and comparisons.
  case double

  /// Whether a finite number stays finite in this type, and one that is not 0 stays so.
  package func holds(_ value: Double) -> Bool {
    switch self {
    case .float: value == 0 || (Float(value).isFinite && Float(value) != 0)
    case .double: true
    }
  }
}
