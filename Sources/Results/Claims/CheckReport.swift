/// Everything that one check of runs against references and claims found.
public struct CheckReport: Sendable {
  /// The budget that was checked.
  public let budget: String
  /// How the tolerances for references were chosen.
  public let tolerancesChosen: String
  /// Runs beside their references, ordered by identity.
  public let comparisons: [ReferenceComparison]
  /// Claims of this budget with their verdicts.
  public let verdicts: [ClaimVerdict]
  /// Runs that broke down, though neither their reference nor a claim expects it.
  public let breakdowns: [StoredRecord]

  /// Checks the runs of one budget, and of one experiment where it is named.
  ///
  /// Runs, references and claims of other budgets and experiments are left aside. A run without
  /// reference and a reference without run are both reported as missing; with
  /// `passesOverUnreferenced`, runs without reference serve claims and are not reported otherwise.
  public init(
    runs: [StoredRecord], references: [Reference], tolerances: ToleranceFile, claims: [Claim],
    budget: String, experiment: String? = nil, passesOverUnreferenced: Bool = false
  ) {
    func concerns(_ identity: RunIdentity) -> Bool {
      identity.budget == budget && (experiment == nil || identity.experiment == experiment)
    }
    let runs = runs.filter { concerns($0.record.identity) }
    let references = references.filter { concerns($0.identity) }
    self.budget = budget
    tolerancesChosen = tolerances.chosen
    let byReference = Dictionary(
      references.map { ($0.identity, $0) }, uniquingKeysWith: { first, _ in first })
    let reported =
      passesOverUnreferenced
      ? runs.filter { byReference[$0.record.identity] != nil } : runs
    let byRun = Dictionary(
      reported.map { ($0.record.identity, $0.record) }, uniquingKeysWith: { first, _ in first })
    comparisons = Set(byRun.keys).union(byReference.keys).sorted().map {
      ReferenceComparison(run: byRun[$0], reference: byReference[$0], tolerances: tolerances)
    }
    verdicts = claims.filter {
      $0.budget == budget && (experiment == nil || $0.experiment == experiment)
    }.map { ClaimVerdict($0, records: runs.map(\.record), preferring: Set(byReference.keys)) }
    let claimed = verdicts.map(\.claim)
    breakdowns = reported.filter { stored in
      let kind = stored.record.status.kind
      guard kind.isBreakdown else { return false }
      let reference = byReference[stored.record.identity]
      return reference?.status.kind != kind && !claimed.contains { $0.expects(kind, of: stored) }
    }
  }

  /// The number of metrics, or of whole runs, with an outcome.
  public func count(_ outcome: ReferenceComparison.Outcome) -> Int {
    comparisons.reduce(0) { total, comparison in
      if comparison.outcome != .within || comparison.metrics.isEmpty {
        return total + (comparison.outcome == outcome ? 1 : 0)
      }
      return total + comparison.metrics.filter { $0.outcome == outcome }.count
    }
  }

  /// The metrics that are better than their references beyond the tolerance, and the runs that
  /// completed where their references did not, with the comparison they belong to.
  public var improvements: [(ReferenceComparison, ReferenceComparison.MetricComparison?)] {
    comparisons.flatMap {
      comparison -> [(ReferenceComparison, ReferenceComparison.MetricComparison?)] in
      if comparison.outcome == .improved { return [(comparison, nil)] }
      return comparison.metrics.filter { $0.outcome == .improved }.map { (comparison, $0) }
    }
  }

  /// The number of claims that came out so.
  public func count(_ outcome: Claim.Outcome) -> Int {
    verdicts.filter { $0.outcome == outcome }.count
  }

  /// The process's exit code. Where several apply, the first of this list is taken:
  ///
  /// * 3: a run diverged, became non-finite or ran out of time, and neither its reference nor a
  ///   claim expects that;
  /// * 2: a metric deviates, or a claim has a worse verdict than it is known to have;
  /// * 5: a record, a reference, a metric or a tolerance is missing, or a claim that is known to
  ///   have a verdict got none (not run, or too few seeds);
  /// * 4: only improvements: a metric is better than its reference beyond the tolerance, or a claim
  ///   has a better verdict than it is known to have. This is no success: either the stored
  ///   expectation is out of date, or something leaks;
  /// * 0: all is as expected.
  public var exitCode: Int32 {
    if !breakdowns.isEmpty { return 3 }
    if count(.deviates) > 0 || verdicts.contains(where: { $0.isBetterThanExpected == false }) {
      return 2
    }
    let isEmpty = comparisons.isEmpty && verdicts.isEmpty
    let isUnjudged = verdicts.contains { !$0.isAsExpected && $0.isBetterThanExpected == nil }
    if isEmpty || count(.missing) > 0 || isUnjudged { return 5 }
    if count(.improved) > 0 || verdicts.contains(where: { $0.isBetterThanExpected == true }) {
      return 4
    }
    return 0
  }

  /// What an exit code of a check means, in a few words.
  public static func meaning(ofExitCode code: Int32) -> String {
    switch code {
    case 0: "everything is as expected"
    case 2: "a number is outside its tolerance or a claim has a worse verdict than is known"
    case 3: "a run diverged or became non-finite"
    case 4:
      "outside what is stored in the better direction only; find out why before you bring the "
        + "references up to date"
    case 5: "a record, reference or tolerance is missing, or a claim has no verdict"
    default: "unexpected"
    }
  }
}

extension Claim {
  /// Whether the claim is that this run ends in that way.
  func expects(_ kind: RunRecord.Status.Kind, of stored: StoredRecord) -> Bool {
    let record = stored.record
    return expected == .status(kind) && experiment == record.experiment
      && protocolName == record.protocolName && methods.contains(record.method.name)
      && seeds.contains { $0 == record.seed }
      && (variants ?? [[:]]).contains { record.belongs(to: $0) }
  }
}
