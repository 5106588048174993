import Results

/// All that a report may say something from: records, what is stored of earlier ones, what was
/// published, and claims.
package struct Evidence: Sendable {
  /// Where a record comes from.
  package enum Origin: Sendable, Equatable {
    /// A run of this machine.
    case run
    /// A stored record, with curves.
    case stored
    /// A stored reference: final numbers alone.
    case reference

    /// In a few words.
    package var words: String {
      switch self {
      case .run: "run here"
      case .stored: "stored record"
      case .reference: "stored reference"
      }
    }
  }

  /// One record for every run that is known, ordered by identity; told apart where they differ in more
  /// than their variants say.
  package let records: [RunRecord]
  /// Numbers from the literature.
  package let published: [PublishedValue]
  /// Statements, in the order of their files.
  package let claims: [Claim]
  private let origins: [RunIdentity: Origin]
  /// The same records as they were written, for claims, which name variants.
  private let asWritten: [RunRecord]
  /// The runs that something is stored of.
  private let known: Set<RunIdentity>

  /// The evidence of these parts. Of several records of a run the first kind that completed is
  /// taken: runs, then stored records, then references; a run that did not end where none did.
  package init(
    runs: [RunRecord], stored: [RunRecord] = [], references: [Reference],
    published: [PublishedValue], claims: [Claim]
  ) {
    self.published = published
    self.claims = claims
    var chosen: [RunIdentity: (RunRecord, Origin)] = [:]
    let methods = Dictionary(
      (runs + stored).map { ([$0.experiment, $0.method.name], $0.method) },
      uniquingKeysWith: { first, _ in first })
    let remembered = references.map { reference in
      RunRecord(reference, displayName: MethodStyle.displayName(reference.method))
        .completed(from: methods[[reference.experiment, reference.method]])
    }
    for (records, origin) in [
      (runs, Origin.run), (stored, .stored), (remembered, .reference),
    ] {
      for record in records {
        let known = chosen[record.identity]?.0.status.kind
        if known == nil || (known.map(Self.isEnding) == false && Self.isEnding(record.status.kind))
        {
          chosen[record.identity] = (record, origin)
        }
      }
    }
    let ordered = chosen.sorted { $0.key < $1.key }.map(\.value)
    asWritten = ordered.map(\.0)
    records = asWritten.toldApart
    origins = Dictionary(
      zip(records.map(\.identity), ordered.map(\.1)), uniquingKeysWith: { first, _ in first })
    known = Set(stored.map(\.identity)).union(remembered.map(\.identity))
  }

  /// Where the record of a run comes from.
  package func origin(of record: RunRecord) -> Origin { origins[record.identity] ?? .run }

  /// The verdicts of all claims, or of those of one experiment.
  package func verdicts(experiment: String? = nil) -> [ClaimVerdict] {
    claims.filter { experiment == nil || $0.experiment == experiment }
      .map { ClaimVerdict($0, records: asWritten, preferring: known) }
  }

  /// How a run ended for good, one way or the other.
  private static func isEnding(_ kind: RunRecord.Status.Kind) -> Bool {
    kind == .completed || kind.isBreakdown
  }
}

extension Evidence {
  /// The budgets from the most telling to the least.
  package static let budgets = ["paper", "short", "smoke"]

  /// The runs by which an experiment is judged at its most telling budget: of one protocol, budget
  /// and data set, on one problem. Empty where there are none.
  ///
  /// Of several data sets and several problems (numbers of images, of ways, starting points) the
  /// one is taken that most methods with most seeds were run on, as the protocol says before runs
  /// with settings of their own, and real data before synthetic: a search over step sizes has many
  /// runs, and decides nothing by their number. A method that was run in several settings stands
  /// with those of most of its seeds. Which problem and which K are the usual ones all methods say
  /// together, so that every question of an experiment is answered at the same place; with `innerSteps`,
  /// at that K, and with a `problem` at those settings.
  package func principal(
    experiment: String, protocolName: String, methods: [String]? = nil, budget: String? = nil,
    innerSteps: Int? = nil, problem: [String: Value] = [:]
  ) -> [RunRecord] {
    let known = records.filter { record in
      record.experiment == experiment && record.protocolName == protocolName
        && record.sweep == nil && (budget == nil || record.budget == budget)
        && (innerSteps == nil || record.innerSteps == innerSteps)
        && problem.allSatisfy { record.variant[$0.key] == $0.value }
        && (record.status.kind == .completed || record.status.kind.isBreakdown)
    }
    for budget in Self.budgets {
      let here = known.filter { $0.budget == budget }
      let asked = here.filter { methods?.contains($0.method.name) ?? true }
      let bySetting = Dictionary(grouping: asked, by: ResultsTable.Setting.init(of:))
      let best = bySetting.min { left, right in
        if left.key.isSynthetic != right.key.isSynthetic { return right.key.isSynthetic }
        let breadths = [left, right].map { Breadth(of: $0.value) }
        return breadths[0] != breadths[1] ? breadths[0] > breadths[1] : left.key < right.key
      }
      guard let best else { continue }
      let beside = here.filter { ResultsTable.Setting(of: $0) == best.key }
      return Self.principal(of: best.value, among: beside)
    }
    return []
  }

  /// The asked runs of the problem that most of all runs are of, each method in one setting.
  private static func principal(of asked: [RunRecord], among all: [RunRecord]) -> [RunRecord] {
    let possible = Set(asked.map { problem(of: $0) })
    let problems = Dictionary(grouping: all, by: problem).filter { possible.contains($0.key) }
    guard let most = mostFrequent(problems), let one = most.first else { return [] }
    let ours = asked.filter { problem(of: $0) == problem(of: one) }
    let possibleSteps = Set(ours.compactMap(\.innerSteps))
    let steps = Dictionary(grouping: most) { $0.innerSteps ?? 0 }
      .filter { possibleSteps.contains($0.key) }.mapValues { Breadth(of: $0) }
    let usual =
      steps.min { $0.value != $1.value ? $0.value > $1.value : $0.key < $1.key }?.key ?? 0
    return Dictionary(grouping: ours) { $0.method.name }.values.flatMap { runs -> [RunRecord] in
      let same = runs.filter { ($0.innerSteps ?? 0) == usual }
      let candidates = same.isEmpty ? runs : same
      let unchanged = candidates.filter(isAsTheProtocolSays)
      return mostFrequent(
        Dictionary(grouping: unchanged.isEmpty ? candidates : unchanged) { $0.identity.variant })
        ?? []
    }.sorted { $0.identity < $1.identity }
  }

  /// The runs of a method in each of the settings that it was run in, on the problem, at the budget and
  /// with the inner steps of a given run.
  package func settings(of method: String, like run: RunRecord) -> [[RunRecord]] {
    let alike = records.filter { record in
      record.method.name == method && record.sweep == nil && record.innerSteps == run.innerSteps
        && ResultsTable.Setting(of: record) == ResultsTable.Setting(of: run)
        && Self.problem(of: record) == Self.problem(of: run)
        && (record.status.kind == .completed || record.status.kind.isBreakdown)
    }
    return Dictionary(grouping: alike) { $0.identity.variant }.sorted { $0.key < $1.key }
      .map(\.value)
  }

  private static func mostFrequent(_ groups: [String: [RunRecord]]) -> [RunRecord]? {
    groups.min { left, right in
      let breadths = [left, right].map { Breadth(of: $0.value) }
      return breadths[0] != breadths[1] ? breadths[0] > breadths[1] : left.key < right.key
    }?.value
  }

  /// How many methods with how many seeds some runs are of, those as the protocol says first.
  private struct Breadth: Comparable {
    let asTheProtocolSays: Int
    let inAll: Int

    init(of runs: [RunRecord]) {
      func pairs(_ runs: [RunRecord]) -> Int {
        Set(runs.map { [$0.method.name, String($0.seed)] }).count
      }
      asTheProtocolSays = pairs(runs.filter(isAsTheProtocolSays))
      inAll = pairs(runs)
    }

    static func < (left: Breadth, right: Breadth) -> Bool {
      (left.asTheProtocolSays, left.inAll) < (right.asTheProtocolSays, right.inAll)
    }
  }

  /// Whether nothing is set but what every run of the protocol states.
  private static func isAsTheProtocolSays(_ record: RunRecord) -> Bool {
    record.variant.keys.allSatisfy { ProblemSettings.stated.contains($0) || usual.contains($0) }
  }

  /// What runs state that do nothing but what the protocol says: forward mode is on the reduced problem,
  /// and what tells records apart is no setting.
  private static let usual: Set<String> = ["innerSteps", "problem", "scalar", "data"]

  /// What makes a problem: the settings of data and networks, not those of a method.
  private static func problem(of record: RunRecord) -> String {
    let settings = record.variant.filter { key, _ in
      key == "scalar" || ProblemSettings.namesProblem(key)
    }
    return settings.map { "\($0.key)=\($0.value.canonicalText)" }.sorted().joined(separator: ",")
  }
}
