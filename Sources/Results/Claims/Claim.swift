/// A statement that runs can support or contradict.
///
/// The claim is about every combination of `methods` and `variants` (its subjects) at the given
/// experiment, protocol, budget and seeds. Every claim but those about status is a region in which a
/// mean over seeds, or a mean difference paired by seed, is said to lie, and it is held against the
/// 95 % interval of that mean: inside, outside or across an edge.
public struct Claim: Codable, Equatable, Sendable {
  /// What sort of statement it is.
  public enum Kind: String, Codable, Sendable {
    /// Every subject's mean is near one number.
    case value
    /// Every subject's mean lies in an interval, widened by the tolerance.
    case interval
    /// The subjects are listed from the better to the worse, and each is better than the next by
    /// more than the margin and, beyond it, the tolerance: what differs by less is not told apart.
    case ordering
    /// No two subjects differ by more than the margin, widened by the tolerance, in either
    /// direction (two one-sided tests).
    case equivalence
    /// The first of two subjects less the second is near one number, whose tolerance leaves out 0.
    case difference
    /// Every subject ends in one way.
    case status
  }

  /// What comes of holding a claim against records.
  public enum Outcome: String, Codable, Sendable {
    /// The records support it.
    case reproduced
    /// The records neither support nor contradict it: the interval crosses an edge.
    case undecided
    /// The records contradict it.
    case notReproduced = "not reproduced"
    /// There are records, of fewer seeds than the claim wants.
    case tooFewSeeds = "too few seeds"
    /// There are no records of some subject, or they cannot be judged.
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
  /// The seeds that the claim is about.
  public var seeds: [Int]
  /// How many of these seeds must have been run, of every subject, for a verdict. 1 says that the
  /// numbers do not depend on the seed, so that one run is held exactly, without interval.
  public var minimumSeeds: Int
  /// The budget's name.
  public var budget: String
  /// What is expected.
  public var expected: Expectation
  /// The direction that is better, where the metric itself says neither.
  public var direction: BetterWhen?
  /// How far the found numbers may be from the expected ones; for orderings, what cannot be told
  /// from no difference.
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
    variants: [[String: Value]]? = nil, seeds: [Int], minimumSeeds: Int, budget: String,
    expected: Expectation, direction: BetterWhen? = nil, tolerance: Tolerance,
    expectedVerdict: Outcome? = nil, note: String? = nil
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
    self.minimumSeeds = minimumSeeds
    self.budget = budget
    self.expected = expected
    self.direction = direction
    self.tolerance = tolerance
    self.expectedVerdict = expectedVerdict
    self.note = note
  }

  enum CodingKeys: String, CodingKey {
    case id, source, statement, kind, experiment, metric, methods, variants, seeds
    case minimumSeeds, budget
    case expected, direction, tolerance, expectedVerdict, note
    case protocolName = "protocol"
  }
}
