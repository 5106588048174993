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

  /// One record for every run that is known, ordered by identity.
  package let records: [RunRecord]
  /// Numbers from the literature.
  package let published: [PublishedValue]
  /// Statements, in the order of their files.
  package let claims: [Claim]
  private let origins: [RunIdentity: Origin]

  /// The evidence of these parts. Of several records of a run the first kind that completed is
  /// taken: runs, then stored records, then references; a run that did not end where none did.
  package init(
    runs: [RunRecord], stored: [RunRecord] = [], references: [Reference],
    published: [PublishedValue], claims: [Claim]
  ) {
    self.published = published
    self.claims = claims
    var chosen: [RunIdentity: (RunRecord, Origin)] = [:]
    let remembered = references.map {
      RunRecord($0, displayName: MethodStyle.displayName($0.method))
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
    self.records = chosen.sorted { $0.key < $1.key }.map(\.value.0)
    origins = chosen.mapValues(\.1)
  }

  /// Where the record of a run comes from.
  package func origin(of record: RunRecord) -> Origin { origins[record.identity] ?? .run }

  /// The verdicts of all claims, or of those of one experiment.
  package func verdicts(experiment: String? = nil) -> [ClaimVerdict] {
    claims.filter { experiment == nil || $0.experiment == experiment }
      .map { ClaimVerdict($0, records: records) }
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
  /// one of most runs is taken, real data before synthetic; a method that was run in several
  /// settings on it stands with those of most of its runs. Which problem and which K are the usual ones
  /// all methods say together, so that every question of an experiment is answered at the same place.
  package func principal(
    experiment: String, protocolName: String, methods: [String]? = nil, budget: String? = nil
  ) -> [RunRecord] {
    let known = records.filter { record in
      record.experiment == experiment && record.protocolName == protocolName
        && record.sweep == nil && (budget == nil || record.budget == budget)
        && (record.status.kind == .completed || record.status.kind.isBreakdown)
    }
    for budget in Self.budgets {
      let here = known.filter { $0.budget == budget }
      let asked = here.filter { methods?.contains($0.method.name) ?? true }
      let bySetting = Dictionary(grouping: asked, by: ResultsTable.Setting.init(of:))
      let best = bySetting.min { left, right in
        if left.key.isSynthetic != right.key.isSynthetic { return right.key.isSynthetic }
        if left.value.count != right.value.count { return left.value.count > right.value.count }
        return left.key < right.key
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
    let steps = Dictionary(grouping: most.compactMap(\.innerSteps)) { $0 }
      .filter { possibleSteps.contains($0.key) }
    let usual = steps.min { ($1.value.count, $0.key) < ($0.value.count, $1.key) }?.key ?? 0
    return Dictionary(grouping: ours) { $0.method.name }.values.flatMap { runs -> [RunRecord] in
      let same = runs.filter { ($0.innerSteps ?? 0) == usual }
      let candidates = same.isEmpty ? runs : same
      let unchanged = candidates.filter { $0.variant.keys.allSatisfy(problemKeys.contains) }
      return mostFrequent(
        Dictionary(grouping: unchanged.isEmpty ? candidates : unchanged) { $0.identity.variant })
        ?? []
    }.sorted { $0.identity < $1.identity }
  }

  private static func mostFrequent(_ groups: [String: [RunRecord]]) -> [RunRecord]? {
    groups.min { left, right in
      left.value.count != right.value.count
        ? left.value.count > right.value.count : left.key < right.key
    }?.value
  }

  private static let problemKeys: Set<String> = [
    "innerSteps", "ways", "shots", "y1", "y2", "problem",
  ]

  /// What makes a problem: the settings of data and networks, not those of a method.
  private static func problem(of record: RunRecord) -> String {
    let settings = record.variant.filter { key, _ in
      ["ways", "shots", "y1", "y2", "problem"].contains(key)
        || ["data.", "corruption.", "network.", "split."].contains { key.hasPrefix($0) }
    }
    return settings.map { "\($0.key)=\($0.value.canonicalText)" }.sorted().joined(separator: ",")
  }
}
