/// One run beside the stored record of the same run.
public struct ReferenceComparison: Sendable, Equatable {
  /// What came of comparing one thing.
  public enum Outcome: String, Sendable {
    /// Within the tolerance.
    case within
    /// Outside the tolerance, and not better.
    case deviates
    /// Outside the tolerance as well, in the direction that is better. Tolerances are two-sided: a
    /// number that is too good to be expected is a question, and mistakes such as testing on
    /// training data go in this direction.
    case improved
    /// One side, or the tolerance, does not exist.
    case missing
    /// Not compared, on purpose.
    case ignored
  }

  /// One metric of the run.
  public struct MetricComparison: Sendable, Equatable {
    /// The metric's name.
    public let metric: String
    /// Its unit.
    public let unit: String
    /// The reference's final value, nil where it has none.
    public let expected: Double?
    /// The run's final value, nil where it has none.
    public let found: Double?
    /// The tolerance, nil where the file names none.
    public let tolerance: Tolerance?
    /// What came of it.
    public let outcome: Outcome
    /// Why, where the numbers do not say it.
    public let reason: String?

    /// How far the run's value is from the reference's, at least 0; nil where one is absent.
    public var distance: Double? {
      guard let expected, let found else { return nil }
      return abs(found - expected)
    }
  }

  /// Which run.
  public let identity: RunIdentity
  /// What came of comparing how the two ended, with the reason; `within` where they agree.
  public let outcome: Outcome
  /// Why, where the outcome is not `within`.
  public let reason: String?
  /// The metrics, sorted by name; empty where the outcome is not `within`.
  public let metrics: [MetricComparison]
  /// Differences of environment, configuration and data that may explain a deviation.
  public let notes: [String]

  /// Compares a run with its reference; either may be absent, not both.
  ///
  /// Runs that were interrupted or failed are no results, so they count as missing. Time and memory
  /// are compared only where a tolerance asks for it (they are metrics like others then), never the
  /// record's timing.
  public init(run: RunRecord?, reference: Reference?, tolerances: ToleranceFile) {
    guard let known = run?.identity ?? reference?.identity else {
      preconditionFailure("A comparison needs a run or a reference and got neither.")
    }
    identity = known
    guard let run, let reference else {
      outcome = .missing
      reason =
        run == nil
        ? "there is no record of this run; run it with the same budget and seed"
        : "there is no reference for this run; store one with 'report accept'"
      metrics = []
      notes = []
      return
    }
    notes = Self.differences(run, reference)
    let kinds = (run.status.kind, reference.status.kind)
    let why = run.status.reason.map { " (\($0))" } ?? ""
    guard kinds.0 == kinds.1, kinds.0 == .completed else {
      metrics = []
      if kinds.0 == kinds.1, kinds.0.isBreakdown {
        outcome = .within
        reason = "the run ended as \(kinds.0.rawValue), as the reference did"
      } else if kinds.0 == .interrupted {
        outcome = .missing
        reason = "the run is not finished: \(kinds.0.rawValue)\(why); run it again"
      } else if kinds.0 == .completed {
        outcome = .improved
        reason = "the run completed where the reference ended as \(kinds.1.rawValue)"
      } else {
        outcome = .deviates
        reason = "the run ended as \(kinds.0.rawValue)\(why), the reference as \(kinds.1.rawValue)"
      }
      return
    }
    outcome = .within
    reason = nil
    let names = Set(run.final.keys).union(reference.final.keys).sorted()
    metrics = names.map { Self.compare($0, run, reference, tolerances) }
  }

  private static func compare(
    _ name: String, _ run: RunRecord, _ reference: Reference, _ tolerances: ToleranceFile
  ) -> MetricComparison {
    let described = reference.metric(named: name) ?? run.metric(named: name)
    let unit = described?.unit ?? ""
    let entry = tolerances.entry(
      experiment: run.experiment, metric: name, method: run.method.name)
    let expected = reference.final[name]
    let found = run.final[name]
    func result(_ outcome: Outcome, _ reason: String? = nil) -> MetricComparison {
      MetricComparison(
        metric: name, unit: unit, expected: expected, found: found, tolerance: entry?.tolerance,
        outcome: outcome, reason: reason)
    }
    guard let entry else {
      return result(.missing, "tolerances.json has no entry for this metric; add one")
    }
    if entry.ignored == true { return result(.ignored, entry.reason) }
    guard let expected else { return result(.missing, "the reference lacks this metric") }
    guard let found else { return result(.missing, "the run lacks this metric") }
    if let ours = run.metric(named: name)?.unit, ours != unit {
      return result(.deviates, "the run states it in \(ours), the reference in \(unit)")
    }
    if entry.tolerance.accepts(found, expected: expected) { return result(.within) }
    let isBetter =
      switch described?.betterWhen {
      case .higher: found > expected
      case .lower: found < expected
      default: false
      }
    return result(isBetter ? .improved : .deviates)
  }

  private static func differences(_ run: RunRecord, _ reference: Reference) -> [String] {
    var notes: [String] = []
    func compare(_ name: String, _ ours: some Equatable, _ theirs: some Equatable) {
      let (ours, theirs) = ("\(ours)", "\(theirs)")
      if ours != theirs { notes.append("\(name): \(ours) here, \(theirs) in the reference") }
    }
    compare("kernels", run.environment.backend, reference.environment.backend)
    compare("scalar", run.environment.scalar, reference.environment.scalar)
    compare("threads", run.environment.threads, reference.environment.threads)
    compare("processor", run.environment.cpu, reference.environment.cpu)
    compare("compiler", run.environment.swift, reference.environment.swift)
    let data = { (datasets: [RunRecord.DatasetUse]) in
      datasets.map { "\($0.name) \($0.sha256.prefix(12)) (\($0.split))" }.joined(separator: ", ")
    }
    compare("data", data(run.datasets), data(reference.datasets))
    if run.configurationDigest != reference.configurationDigest {
      let (ours, theirs) = (run.configuration, reference.configuration)
      let changed = Set(
        (ours.differences(from: theirs) + theirs.differences(from: ours)).map(\.path)
      ).sorted()
      let list = changed.prefix(5).joined(separator: ", ")
      let more = changed.count > 5 ? " and \(changed.count - 5) more" : ""
      notes.append("configuration differs at \(list.isEmpty ? "its digest only" : list)\(more)")
    }
    return notes
  }
}
