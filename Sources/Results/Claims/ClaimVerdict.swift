import Foundation

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

  /// Whether the outcome is the one the claim is known to have.
  public var isAsExpected: Bool { outcome == claim.expectedVerdict ?? .reproduced }

  /// Holds a claim against records of any experiment, budget and seed; only those it names count.
  public init(_ claim: Claim, records: [RunRecord]) {
    self.claim = claim
    expected = Self.expectation(of: claim)
    do {
      let subjects = try Self.subjects(of: claim, records: records)
      (outcome, found) = try Self.judge(claim, subjects)
      reason = nil
    } catch {
      outcome = .notRun
      found = []
      reason = error.reason
    }
  }

  /// Why a claim cannot be judged.
  private struct Unjudgeable: Error { let reason: String }

  /// One method at one variant, with its runs in the order of the claim's seeds.
  private struct Subject {
    let name: String
    let runs: [RunRecord]
  }

  private static func subjects(
    of claim: Claim, records: [RunRecord]
  ) throws(Unjudgeable) -> [Subject] {
    let candidates = records.filter {
      $0.experiment == claim.experiment && $0.protocolName == claim.protocolName
        && $0.budget == claim.budget
    }
    var subjects: [Subject] = []
    for method in claim.methods {
      for variant in claim.variants ?? [[:]] {
        let label = RunRecord.pathComponent(variant: variant)
        let name = label.isEmpty ? method : "\(method) \(label)"
        var runs: [RunRecord] = []
        for seed in claim.seeds {
          var matches = candidates.filter { record in
            record.method.name == method && record.seed == seed
              && variant.allSatisfy { record.variant[$0.key] == $0.value }
          }
          // A run with these settings and no others is meant where there is one.
          if let exact = matches.first(where: { $0.variant == variant }) { matches = [exact] }
          guard let run = matches.first else {
            throw Unjudgeable(
              reason: "there is no record of \(name) with seed \(seed) on the protocol "
                + "'\(claim.protocolName)' and the budget '\(claim.budget)'")
          }
          guard matches.count == 1 else {
            let variants = matches.map { "'\($0.identity.variant)'" }.joined(separator: ", ")
            throw Unjudgeable(
              reason: "\(matches.count) records of \(name) with seed \(seed) match "
                + "(variants \(variants)); the claim must name one")
          }
          runs.append(run)
        }
        subjects.append(Subject(name: name, runs: runs))
      }
    }
    return subjects
  }

  private static func values(of claim: Claim, _ subject: Subject) throws(Unjudgeable) -> [Double] {
    var values: [Double] = []
    for run in subject.runs {
      guard run.status.kind == .completed else {
        throw Unjudgeable(
          reason: "\(subject.name) with seed \(run.seed) ended as \(run.status.kind.rawValue)")
      }
      guard let value = run.final[claim.metric] else {
        throw Unjudgeable(
          reason: "\(subject.name) with seed \(run.seed) has no final '\(claim.metric)'")
      }
      values.append(value)
    }
    return values
  }

  private static func judge(
    _ claim: Claim, _ subjects: [Subject]
  ) throws(Unjudgeable) -> (Claim.Outcome, [String]) {
    var holds = true
    var found: [String] = []
    switch claim.expected {
    case .status(let kind):
      for subject in subjects {
        let kinds = subject.runs.map(\.status.kind)
        holds = holds && kinds.allSatisfy { $0 == kind }
        let list = zip(claim.seeds, kinds).map { "\($1.rawValue) (seed \($0))" }
        found.append("\(subject.name): \(list.joined(separator: ", "))")
      }
    case .value(let expected):
      for subject in subjects {
        let statistics = Statistics(try values(of: claim, subject))
        holds = holds && claim.tolerance.accepts(statistics.mean, expected: expected)
        found.append("\(subject.name): \(describe(statistics))")
      }
    case .interval(let lower, let upper):
      for subject in subjects {
        let statistics = Statistics(try values(of: claim, subject))
        let mean = statistics.mean
        let isInside =
          mean >= lower - claim.tolerance.allowance(at: lower)
          && mean <= upper + claim.tolerance.allowance(at: upper)
        holds = holds && isInside
        found.append("\(subject.name): \(describe(statistics))")
      }
    case .margin(let margin):
      let sign = try orientation(of: claim, subjects)
      for (better, worse) in zip(subjects, subjects.dropFirst()) {
        let pairs = zip(try values(of: claim, better), try values(of: claim, worse))
        let statistics = Statistics(pairs.map { sign * ($0 - $1) })
        let least = margin - claim.tolerance.allowance(at: margin)
        holds = holds && statistics.mean >= least
        found.append("\(better.name) better than \(worse.name) by \(describe(statistics))")
      }
    }
    return (holds ? .reproduced : .notReproduced, found)
  }

  /// +1 where higher is better and -1 where lower is.
  private static func orientation(
    of claim: Claim, _ subjects: [Subject]
  ) throws(Unjudgeable) -> Double {
    let declared = subjects.first?.runs.first?.metric(named: claim.metric)?.betterWhen
    switch claim.direction ?? declared {
    case .higher: return 1
    case .lower: return -1
    default:
      throw Unjudgeable(
        reason: "the metric '\(claim.metric)' has no better direction and the claim names none")
    }
  }

  private static func expectation(of claim: Claim) -> String {
    switch claim.expected {
    case .value(let value): "\(claim.metric) = \(Value.text(of: value))"
    case .interval(let lower, let upper):
      "\(claim.metric) from \(Value.text(of: lower)) to \(Value.text(of: upper))"
    case .margin(let margin):
      "each better than the next in \(claim.metric) by at least \(Value.text(of: margin))"
    case .status(let kind): "ends as \(kind.rawValue)"
    }
  }

  private static func describe(_ statistics: Statistics) -> String {
    let mean = Self.short(statistics.mean)
    guard let spread = statistics.standardDeviation else { return "\(mean) (one seed)" }
    return "\(mean) ± \(Self.short(spread)) (std, n = \(statistics.count))"
  }

  /// Six significant digits: enough to see by how much a claim holds or fails.
  private static func short(_ value: Double) -> String { String(format: "%.6g", value) }
}
