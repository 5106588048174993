extension Claim {
  /// What the claim expects.
  public enum Expectation: Equatable, Sendable {
    /// A number.
    case value(Double)
    /// A closed interval.
    case interval(lower: Double, upper: Double)
    /// What the mean difference must exceed (orderings) or stay within (equivalences).
    case margin(Double)
    /// The mean of the first subject's metric less the second's.
    case difference(Double)
    /// The way the runs end.
    case status(RunRecord.Status.Kind)
  }

  /// What contradicts itself in the claim, nil when nothing does.
  var inconsistency: String? {
    let count = methods.count * (variants?.count ?? 1)
    var seen: Set<Int> = []
    if let seed = seeds.first(where: { !seen.insert($0).inserted }) {
      return "it names the seed \(seed) twice, which would count as two runs"
    }
    if minimumSeeds < 1 || minimumSeeds > seeds.count {
      return "it wants at least \(minimumSeeds) seeds and names \(seeds.count)"
    }
    switch (kind, expected) {
    case (.value, .value), (.status, .status):
      return nil
    case (.interval, .interval(let lower, let upper)):
      return lower <= upper ? nil : "its interval from \(lower) to \(upper) is empty"
    case (.ordering, .margin(let margin)):
      if count < 2 { return "an ordering needs two subjects and has \(count)" }
      return margin >= 0 ? nil : "an ordering by \(margin) would hold for the worse as well"
    case (.equivalence, .margin(let margin)):
      if count < 2 { return "an equivalence needs two subjects and has \(count)" }
      return margin >= 0 ? nil : "no difference is within \(margin) of 0"
    case (.difference, .difference(let difference)):
      if count != 2 { return "a difference needs two subjects and has \(count)" }
      let allowance = tolerance.allowance(at: difference)
      return allowance < abs(difference)
        ? nil
        : "its tolerance of \(allowance) around \(difference) also accepts no difference at all"
    default:
      return "its kind '\(kind.rawValue)' does not go with what it expects"
    }
  }
}

extension Claim.Expectation: Codable {
  private enum CodingKeys: String, CodingKey {
    case value, lower, upper, margin, difference, status
  }

  /// The expectation whose key is there.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    if container.contains(.value) {
      self = .value(try container.decode(Double.self, forKey: .value))
    } else if container.contains(.margin) {
      self = .margin(try container.decode(Double.self, forKey: .margin))
    } else if container.contains(.difference) {
      self = .difference(try container.decode(Double.self, forKey: .difference))
    } else if container.contains(.status) {
      self = .status(try container.decode(RunRecord.Status.Kind.self, forKey: .status))
    } else {
      self = .interval(
        lower: try container.decode(Double.self, forKey: .lower),
        upper: try container.decode(Double.self, forKey: .upper))
    }
  }

  /// Writes the expectation under the key of its kind.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    switch self {
    case .value(let value): try container.encode(value, forKey: .value)
    case .margin(let margin): try container.encode(margin, forKey: .margin)
    case .difference(let value): try container.encode(value, forKey: .difference)
    case .status(let kind): try container.encode(kind, forKey: .status)
    case .interval(let lower, let upper):
      try container.encode(lower, forKey: .lower)
      try container.encode(upper, forKey: .upper)
    }
  }
}
