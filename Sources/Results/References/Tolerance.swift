/// How far a number may be from what is expected, and why.
///
/// The allowed distance is the larger of `absolute` and `relative * |expected|`.
public struct Tolerance: Codable, Equatable, Sendable {
  /// In the metric's unit.
  public var absolute: Double
  /// As a fraction of the expected number; 0 where a file does not say it.
  public var relative: Double
  /// Why this much, in one sentence.
  public var reason: String

  /// A tolerance with its reason; neither part may be negative.
  public init(absolute: Double, relative: Double = 0, reason: String) {
    precondition(
      absolute >= 0 && relative >= 0,
      "A tolerance of \(absolute) absolute and \(relative) relative has a negative part.")
    self.absolute = absolute
    self.relative = relative
    self.reason = reason
  }

  /// The tolerance that a file holds.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    absolute = try container.decode(Double.self, forKey: .absolute)
    relative = try container.decodeIfPresent(Double.self, forKey: .relative) ?? 0
    reason = try container.decode(String.self, forKey: .reason)
  }

  private enum CodingKeys: String, CodingKey { case absolute, relative, reason }

  /// The allowed distance from the expected number.
  public func allowance(at expected: Double) -> Double {
    expected.isFinite ? max(absolute, relative * abs(expected)) : absolute
  }

  /// Whether the found number is near enough. Equal infinities agree, and so do two "nan".
  public func accepts(_ found: Double, expected: Double) -> Bool {
    if found == expected || (found.isNaN && expected.isNaN) { return true }
    guard found.isFinite, expected.isFinite else { return false }
    return abs(found - expected) <= allowance(at: expected)
  }
}

/// The file `tolerances.json` beside the references of one budget.
public struct ToleranceFile: Codable, Equatable, Sendable {
  /// The tolerance of one metric in one experiment.
  public struct Entry: Codable, Equatable, Sendable {
    /// The experiment's name.
    public var experiment: String
    /// The metric's name.
    public var metric: String
    /// The methods it is for; nil for all. An entry that names the method goes first.
    public var methods: [String]?
    /// In the metric's unit.
    public var absolute: Double
    /// As a fraction of the expected number.
    public var relative: Double
    /// Why this much, or why the metric is not compared.
    public var reason: String
    /// True where the metric is not compared, on purpose.
    public var ignored: Bool?

    /// The tolerance of one metric.
    public init(
      experiment: String, metric: String, methods: [String]? = nil, absolute: Double,
      relative: Double, reason: String, ignored: Bool? = nil
    ) {
      self.experiment = experiment
      self.metric = metric
      self.methods = methods
      self.absolute = absolute
      self.relative = relative
      self.reason = reason
      self.ignored = ignored
    }

    /// The tolerance without its key.
    public var tolerance: Tolerance {
      Tolerance(absolute: absolute, relative: relative, reason: reason)
    }
  }

  /// The version of the format.
  public var schemaVersion = 1
  /// How the tolerances were chosen.
  public var chosen: String
  /// The tolerances.
  public var tolerances: [Entry]

  /// A file with these tolerances, chosen in this way.
  public init(chosen: String, tolerances: [Entry]) {
    self.chosen = chosen
    self.tolerances = tolerances
  }

  /// The tolerances of one budget; an absent file is an error.
  public static func load(
    referenceFolder: String, budget: String
  ) throws(ResultsError) -> ToleranceFile {
    try ToleranceFile(readingFrom: "\(referenceFolder)/\(budget)/tolerances.json")
  }

  /// The tolerances of a file.
  ///
  /// - Throws: ``ResultsError`` for a damaged file, and for one that has two entries for one metric.
  package init(readingFrom path: String) throws(ResultsError) {
    let file = try FileFormat.tolerances.read(path, as: ToleranceFile.self)
    if let twice = file.repeated {
      throw ResultsError(
        .malformed,
        "The tolerances file '\(path)' has two entries for \(twice); remove the one that is out of "
          + "date.")
    }
    self = file
  }

  /// What two entries are for, in words; nil where every metric of every method has one at the most.
  private var repeated: String? {
    var seen: Set<[String]> = []
    for entry in tolerances {
      for method in entry.methods ?? ["every method"] {
        guard seen.insert([entry.experiment, entry.metric, method]).inserted else {
          return "'\(entry.metric)' of \(entry.experiment) for \(method)"
        }
      }
    }
    return nil
  }

  /// The entry for a metric of a method, nil where the file has none.
  public func entry(experiment: String, metric: String, method: String) -> Entry? {
    let candidates = tolerances.filter { $0.experiment == experiment && $0.metric == metric }
    return candidates.first { $0.methods?.contains(method) == true }
      ?? candidates.first { $0.methods == nil }
  }
}
