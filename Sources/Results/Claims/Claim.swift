/// A statement that runs can support or contradict.
///
/// The claim is about every combination of `methods` and `variants` at the given experiment,
/// protocol, budget and seeds; metrics are averaged over the seeds.
public struct Claim: Codable, Equatable, Sendable {
  /// What sort of statement it is.
  public enum Kind: String, Codable, Sendable {
    /// Every subject's mean is near one number.
    case value
    /// Every subject's mean lies in an interval, widened by the tolerance.
    case interval
    /// The subjects are listed from the better to the worse, and each is better than the next by
    /// at least the margin, less the tolerance: means of differences paired by seed.
    case ordering
    /// Every subject ends in one way.
    case status
  }

  /// What the claim expects.
  public enum Expectation: Equatable, Sendable {
    /// A number.
    case value(Double)
    /// A closed interval.
    case interval(lower: Double, upper: Double)
    /// The least mean difference of neighbours in the list of subjects.
    case margin(Double)
    /// The way the runs end.
    case status(RunRecord.Status.Kind)
  }

  /// What comes of holding a claim against records.
  public enum Outcome: String, Codable, Sendable {
    /// The records support it.
    case reproduced
    /// The records contradict it.
    case notReproduced = "not reproduced"
    /// The records do not suffice.
    case notRun = "not run"
  }

  /// A short name, unique among all claims.
  public var id: String
  /// The article's table and cell, or ours at a commit, or a derivation.
  public var source: String
  /// The statement in one sentence.
  public var statement: String
  /// What sort of statement it is.
  public var kind: Kind
  /// The experiment's name.
  public var experiment: String
  /// The protocol's name.
  public var protocolName: String
  /// The metric's name; not used by claims about status.
  public var metric: String
  /// The methods; from the better to the worse for orderings.
  public var methods: [String]
  /// The variants: a run belongs to one when it has all its settings; where several do, the one
  /// without further settings is meant. Nil for "whatever there is", which must then be a single
  /// one. For orderings, they vary faster than the methods.
  public var variants: [[String: Value]]?
  /// The seeds that the claim needs, all of them.
  public var seeds: [Int]
  /// The budget's name.
  public var budget: String
  /// What is expected.
  public var expected: Expectation
  /// The direction that is better, where the metric itself says neither.
  public var direction: BetterWhen?
  /// How far the found numbers may be from the expected ones.
  public var tolerance: Tolerance
  /// The verdict known to come out; "reproduced" unless said otherwise. An honest "not reproduced"
  /// is a result, and finding it again is no failure.
  public var expectedVerdict: Outcome?
  /// Anything else a reader should know.
  public var note: String?

  /// A claim.
  public init(
    id: String, source: String, statement: String, kind: Kind, experiment: String,
    protocolName: String, metric: String, methods: [String],
    variants: [[String: Value]]? = nil, seeds: [Int], budget: String, expected: Expectation,
    direction: BetterWhen? = nil, tolerance: Tolerance, expectedVerdict: Outcome? = nil,
    note: String? = nil
  ) {
    self.id = id
    self.source = source
    self.statement = statement
    self.kind = kind
    self.experiment = experiment
    self.protocolName = protocolName
    self.metric = metric
    self.methods = methods
    self.variants = variants
    self.seeds = seeds
    self.budget = budget
    self.expected = expected
    self.direction = direction
    self.tolerance = tolerance
    self.expectedVerdict = expectedVerdict
    self.note = note
  }

  enum CodingKeys: String, CodingKey {
    case id, source, statement, kind, experiment, metric, methods, variants, seeds, budget
    case expected, direction, tolerance, expectedVerdict, note
    case protocolName = "protocol"
  }

  /// What contradicts itself in the claim, nil when nothing does.
  var inconsistency: String? {
    switch (kind, expected) {
    case (.value, .value), (.status, .status):
      return nil
    case (.interval, .interval(let lower, let upper)):
      return lower <= upper ? nil : "its interval from \(lower) to \(upper) is empty"
    case (.ordering, .margin):
      let count = methods.count * (variants?.count ?? 1)
      return count > 1 ? nil : "an ordering needs two subjects and has \(count)"
    default:
      return "its kind '\(kind.rawValue)' does not go with what it expects"
    }
  }
}

extension Claim.Expectation: Codable {
  private enum CodingKeys: String, CodingKey { case value, lower, upper, margin, status }

  /// The expectation whose key is there.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    if container.contains(.value) {
      self = .value(try container.decode(Double.self, forKey: .value))
    } else if container.contains(.margin) {
      self = .margin(try container.decode(Double.self, forKey: .margin))
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
    case .status(let kind): try container.encode(kind, forKey: .status)
    case .interval(let lower, let upper):
      try container.encode(lower, forKey: .lower)
      try container.encode(upper, forKey: .upper)
    }
  }
}

/// One file below `results/reference/claims/`.
public struct ClaimFile: Codable, Sendable {
  /// The version of the format.
  public var schemaVersion = 1
  /// The claims.
  public var claims: [Claim]

  /// A file with these claims.
  public init(claims: [Claim]) { self.claims = claims }

  /// All claims of a folder of references, in the order of files and within them; none where the
  /// folder `claims` does not exist.
  ///
  /// - Throws: ``ResultsError`` for a damaged file, a claim that contradicts itself, or two claims
  ///   of one id.
  public static func load(referenceFolder: String) throws(ResultsError) -> [Claim] {
    var paths: [String] = []
    do {
      paths = try RecordStore.jsonFiles(in: referenceFolder + "/claims")
    } catch  where error.kind == .missing {
      return []
    }
    var claims: [Claim] = []
    var owners: [String: String] = [:]
    for path in paths {
      for claim in try FileFormat.claims.read(path, as: ClaimFile.self).claims {
        if let problem = claim.inconsistency {
          throw ResultsError(
            .malformed,
            "The claim '\(claim.id)' in '\(path)' contradicts itself: \(problem); "
              + "correct its kind or its expectation.")
        }
        if let other = owners.updateValue(path, forKey: claim.id) {
          throw ResultsError(
            .malformed,
            "The claim id '\(claim.id)' is used twice, in '\(other)' and in '\(path)'; "
              + "rename one of them.")
        }
        claims.append(claim)
      }
    }
    return claims
  }
}
