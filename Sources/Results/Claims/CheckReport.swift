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
    runs: [StoredRecord], references: [StoredRecord], tolerances: ToleranceFile, claims: [Claim],
    budget: String, experiment: String? = nil, passesOverUnreferenced: Bool = false
  ) {
    func concerns(_ record: RunRecord) -> Bool {
      record.budget == budget && (experiment == nil || record.experiment == experiment)
    }
    let runs = runs.filter { concerns($0.record) }
    let references = references.filter { concerns($0.record) }
    self.budget = budget
    tolerancesChosen = tolerances.chosen
    func indexed(_ records: [StoredRecord]) -> [RunIdentity: RunRecord] {
      let pairs = records.map { ($0.record.identity, $0.record) }
      return Dictionary(pairs, uniquingKeysWith: { first, _ in first })
    }
    let byReference = indexed(references)
    let reported =
      passesOverUnreferenced
      ? runs.filter { byReference[$0.record.identity] != nil } : runs
    let byRun = indexed(reported)
    comparisons = Set(byRun.keys).union(byReference.keys).sorted().map {
      ReferenceComparison(run: byRun[$0], reference: byReference[$0], tolerances: tolerances)
    }
    verdicts = claims.filter {
      $0.budget == budget && (experiment == nil || $0.experiment == experiment)
    }.map { ClaimVerdict($0, records: runs.map(\.record)) }
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

  /// The process's exit code. Where several apply, the first of this list is taken:
  ///
  /// * 3: a run diverged, became non-finite or ran out of time, and neither its reference nor a
  ///   claim expects that;
  /// * 2: a metric deviates, or a claim is contradicted that was reproduced before;
  /// * 5: a record, a reference, a metric or a tolerance is missing, or a claim was not run;
  /// * 4: only improvements: a metric is better than its reference beyond the tolerance, or a claim
  ///   holds that was known not to; the stored expectation should be brought up to date;
  /// * 0: all is as expected.
  public var exitCode: Int32 {
    let surprises = verdicts.filter { !$0.isAsExpected }.map(\.outcome)
    if !breakdowns.isEmpty { return 3 }
    if count(.deviates) > 0 || surprises.contains(.notReproduced) { return 2 }
    let isEmpty = comparisons.isEmpty && verdicts.isEmpty
    if isEmpty || count(.missing) > 0 || surprises.contains(.notRun) { return 5 }
    if count(.improved) > 0 || surprises.contains(.reproduced) { return 4 }
    return 0
  }

  /// What an exit code of a check means, in a few words.
  public static func meaning(ofExitCode code: Int32) -> String {
    switch code {
    case 0: "everything is as expected"
    case 2: "a number is outside its tolerance or a claim is not reproduced"
    case 3: "a run diverged, became non-finite or timed out"
    case 4: "only improvements over what is stored; consider bringing the references up to date"
    case 5: "a record, reference or tolerance is missing, or a claim was not run"
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
      && (variants ?? [[:]]).contains { variant in
        variant.allSatisfy { record.variant[$0.key] == $0.value }
      }
  }
}
