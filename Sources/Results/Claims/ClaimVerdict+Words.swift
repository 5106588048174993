import Foundation

extension ClaimVerdict {
  /// What a claim expects, in words and numbers.
  static func expectation(of claim: Claim) -> String {
    switch claim.expected {
    case .value(let value): return "\(claim.metric) = \(short(value))"
    case .interval(let lower, let upper):
      return "\(claim.metric) from \(short(lower)) to \(short(upper))"
    case .margin(let margin) where claim.kind == .equivalence:
      return "no two differ in \(claim.metric) by more than \(short(margin))"
    case .margin(let margin):
      return "each better than the next in \(claim.metric) by more than \(short(margin))"
    case .difference(let difference):
      return "\(claim.metric) of the first less that of the second = \(short(difference))"
    case .status(let kind): return "ends as \(kind.rawValue)"
    }
  }

  /// Seeds that some of the subjects have and others lack, or that were never run, one sentence.
  static func leftOut(_ subjects: [ClaimSubject], _ claim: Claim) -> [String] {
    subjects.compactMap { subject in
      let absent = claim.seeds.filter { subject.runs[$0] == nil }
      guard !absent.isEmpty, absent.count < claim.seeds.count else { return nil }
      let word = absent.count == 1 ? "seed" : "seeds"
      return "\(word) \(list(absent)) left out: not run to the end by \(subject.name)"
    }
  }

  /// Why there is nothing to judge: which subject has no runs, or that no seed is shared.
  static func absence(of claim: Claim, _ subjects: [ClaimSubject]) -> String {
    let place = "on the protocol '\(claim.protocolName)' and the budget '\(claim.budget)'"
    let seeds = "\(claim.seeds.count == 1 ? "seed" : "seeds") \(list(claim.seeds))"
    guard let absent = subjects.first(where: \.runs.isEmpty) else {
      return "no seed was run of both sides of a comparison \(place); run \(seeds) of each"
    }
    return "there is no finished record of \(absent.name) with \(seeds) \(place)"
  }

  /// Numbers as a list for readers: "0, 1, 2".
  static func list(_ seeds: [Int]) -> String {
    seeds.map(String.init).joined(separator: ", ")
  }

  /// Six significant digits: enough to see by how much a claim holds or fails.
  static func short(_ value: Double) -> String { String(format: "%.6g", value) }
}

extension Estimate {
  /// Mean, spread, number of seeds and interval, as a verdict states them: in more digits where the
  /// usual ones would not show on which side of an edge they lie.
  func description(beside region: Region) -> String {
    let edges = [region.lower, region.upper].filter(\.isFinite)
    let needsMore = edges.contains { edge in
      [lower, upper].contains { $0 != edge && ClaimVerdict.short($0) == ClaimVerdict.short(edge) }
    }
    func text(_ value: Double) -> String {
      needsMore ? String(format: "%.12g", value) : ClaimVerdict.short(value)
    }
    let mean = text(statistics.mean)
    guard let spread = statistics.standardDeviation else { return "\(mean) (one seed)" }
    let interval = "\(text(lower)) to \(text(upper))"
    return "\(mean) ± \(ClaimVerdict.short(spread)) (std, n = \(statistics.count)), "
      + "95 % interval \(interval)"
  }
}
