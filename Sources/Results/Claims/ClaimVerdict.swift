/// What came of holding one claim against records.
public struct ClaimVerdict: Sendable, Equatable {
  /// The claim.
  public let claim: Claim
  /// What came of it.
  public let outcome: Claim.Outcome
  /// What was expected, in words and numbers.
  public let expected: String
  /// What was found, in words and numbers, one entry per subject or pair.
  public let found: [String]
  /// Why the claim could not be judged, nil when it was.
  public let reason: String?
  /// What a reader must know of a judgement: seeds that were left out, and why.
  public let notes: [String]

  /// Whether the outcome is the one the claim is known to have.
  public var isAsExpected: Bool { outcome == expectedOutcome }

  /// The outcome the claim is known to have: reproduced unless it says otherwise.
  public var expectedOutcome: Claim.Outcome { claim.expectedVerdict ?? .reproduced }

  /// Whether the verdict says more for the claim than was known (true) or less (false); nil where it
  /// says the same, or where there is no judgement. Known to have none and reproduced is more.
  public var isBetterThanExpected: Bool? {
    let order: [Claim.Outcome] = [.notReproduced, .undecided, .reproduced]
    guard !isAsExpected, let found = order.firstIndex(of: outcome) else { return nil }
    guard let known = order.firstIndex(of: expectedOutcome) else { return outcome == .reproduced }
    return found > known
  }

  /// Holds a claim against records of any experiment, budget and seed; only those it names count.
  ///
  /// - Parameter known: the runs that something is stored of: of runs that differ in scalar type or data
  ///   alone the claim is about these.
  public init(_ claim: Claim, records: [RunRecord], preferring known: Set<RunIdentity> = []) {
    self.claim = claim
    expected = Self.expectation(of: claim)
    do {
      let subjects = try ClaimSubject.all(of: claim, in: records, preferring: known)
      let evidence =
        if case .status(let kind) = claim.expected {
          Self.endings(of: subjects, claim, kind)
        } else {
          try Self.evidence(of: subjects, claim)
        }
      found = evidence.map(\.found)
      notes = evidence.flatMap(\.notes)
      let least = evidence.map(\.count).min() ?? 0
      if least == 0 {
        outcome = .notRun
        reason = Self.absence(of: claim, subjects)
      } else if least < claim.minimumSeeds {
        outcome = .tooFewSeeds
        reason =
          "runs of \(least) \(least == 1 ? "seed" : "seeds") where the claim wants at least "
          + "\(claim.minimumSeeds) of seeds \(Self.list(claim.seeds))"
      } else {
        outcome = Self.combined(evidence.map(\.outcome))
        reason = nil
      }
    } catch {
      outcome = .notRun
      found = []
      notes = []
      reason = error.reason
    }
  }

  /// What one subject or pair says about the claim.
  private struct Evidence {
    let found: String
    /// The number of seeds it rests on.
    let count: Int
    let outcome: Claim.Outcome
    let notes: [String]
  }

  /// One contradiction contradicts the whole; a claim of several parts holds where all do.
  private static func combined(_ outcomes: [Claim.Outcome]) -> Claim.Outcome {
    if outcomes.contains(.notReproduced) { return .notReproduced }
    return outcomes.contains(.undecided) ? .undecided : .reproduced
  }

  private static func endings(
    of subjects: [ClaimSubject], _ claim: Claim, _ kind: RunRecord.Status.Kind
  ) -> [Evidence] {
    subjects.map { subject in
      let runs = subject.runs.sorted { $0.key < $1.key }
      let words = runs.map { "\($1.status.kind.rawValue) (seed \($0))" }
      return Evidence(
        found: "\(subject.name): \(words.joined(separator: ", "))", count: runs.count,
        outcome: runs.allSatisfy { $0.value.status.kind == kind } ? .reproduced : .notReproduced,
        notes: leftOut([subject], claim))
    }
  }

  private static func evidence(
    of subjects: [ClaimSubject], _ claim: Claim
  ) throws(ClaimSubject.Unjudgeable) -> [Evidence] {
    switch claim.expected {
    case .value(let value):
      return try levels(of: subjects, claim, .near(value, claim.tolerance))
    case .interval(let lower, let upper):
      let tolerance = claim.tolerance
      let region = Region(
        lower: lower - tolerance.allowance(at: lower),
        upper: upper + tolerance.allowance(at: upper),
        isClosed: true)
      return try levels(of: subjects, claim, region)
    case .difference(let difference):
      let pairs = zip(subjects, subjects.dropFirst()).map { ($0, $1) }
      return try differences(
        of: pairs, claim, sign: 1, .near(difference, claim.tolerance), words: ("less", ":"))
    case .margin(let margin) where claim.kind == .equivalence:
      let pairs = subjects.indices.flatMap { first in
        subjects[(first + 1)...].map { (subjects[first], $0) }
      }
      let most = margin + claim.tolerance.allowance(at: margin)
      let region = Region(lower: -most, upper: most, isClosed: true)
      return try differences(of: pairs, claim, sign: 1, region, words: ("less", ":"))
    case .margin(let margin):
      let pairs = zip(subjects, subjects.dropFirst()).map { ($0, $1) }
      let region = Region(
        lower: margin + claim.tolerance.allowance(at: margin), upper: .infinity, isClosed: false)
      let sign = try orientation(of: claim, subjects)
      return try differences(of: pairs, claim, sign: sign, region, words: ("better than", " by"))
    case .status:
      return []
    }
  }

  private static func levels(
    of subjects: [ClaimSubject], _ claim: Claim, _ region: Region
  ) throws(ClaimSubject.Unjudgeable) -> [Evidence] {
    var evidence: [Evidence] = []
    for subject in subjects {
      var values: [Double] = []
      for seed in claim.seeds {
        if let value = try subject.value(of: claim.metric, seed: seed) { values.append(value) }
      }
      let notes = leftOut([subject], claim)
      evidence.append(self.evidence("\(subject.name):", values, region, notes))
    }
    return evidence
  }

  /// Differences paired by seed: a seed that one of the two lacks is left out, and that is said.
  private static func differences(
    of pairs: [(ClaimSubject, ClaimSubject)], _ claim: Claim, sign: Double, _ region: Region,
    words: (between: String, after: String)
  ) throws(ClaimSubject.Unjudgeable) -> [Evidence] {
    var evidence: [Evidence] = []
    for (first, second) in pairs {
      var values: [Double] = []
      for seed in claim.seeds {
        let ours = try first.value(of: claim.metric, seed: seed)
        let theirs = try second.value(of: claim.metric, seed: seed)
        if let ours, let theirs { values.append(sign * (ours - theirs)) }
      }
      let name = "\(first.name) \(words.between) \(second.name)\(words.after)"
      evidence.append(self.evidence(name, values, region, leftOut([first, second], claim)))
    }
    return evidence
  }

  private static func evidence(
    _ name: String, _ values: [Double], _ region: Region, _ notes: [String]
  ) -> Evidence {
    guard !values.isEmpty else {
      return Evidence(found: "\(name) no seed", count: 0, outcome: .notRun, notes: notes)
    }
    let estimate = Estimate(values)
    return Evidence(
      found: "\(name) \(estimate.description(beside: region))", count: values.count,
      outcome: estimate.outcome(in: region), notes: notes)
  }

  /// +1 where higher is better and -1 where lower is.
  private static func orientation(
    of claim: Claim, _ subjects: [ClaimSubject]
  ) throws(ClaimSubject.Unjudgeable) -> Double {
    let runs = subjects.lazy.flatMap(\.runs.values)
    let metrics = runs.compactMap { $0.metric(named: claim.metric) }
    let declared = metrics.compactMap(\.betterWhen).first
    switch claim.direction ?? declared {
    case .higher: return 1
    case .lower: return -1
    default:
      if subjects.allSatisfy(\.runs.isEmpty) { return 1 }
      guard !metrics.isEmpty else {
        throw ClaimSubject.Unjudgeable(
          reason: "no run that the claim is about has the metric '\(claim.metric)'")
      }
      throw ClaimSubject.Unjudgeable(
        reason: "the metric '\(claim.metric)' has no better direction and the claim names none")
    }
  }
}
