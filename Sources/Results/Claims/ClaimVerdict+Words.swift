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

  /// Six significant digits: enough to see by how much a claim holds or fails. What is not a number has
  /// no sign.
  static func short(_ value: Double) -> String {
    value.isNaN ? "nan" : String(format: "%.6g", value)
  }
}

extension Estimate {
  /// Mean, spread, number of seeds and interval, as a verdict states them: to the second digit of the
  /// interval's half width, and in more digits where these would not show on which side of an edge it
  /// lies.
  func description(beside region: Region) -> String {
    let edges = [region.lower, region.upper].filter(\.isFinite)
    let halfWidth = (upper - lower) / 2
    var place = halfWidth > 0 && halfWidth.isFinite ? 1 - Self.exponent(halfWidth) : Self.mostDigits
    func text(_ value: Double) -> String {
      guard value.isFinite else { return ClaimVerdict.short(value) }
      let leading = value == 0 ? 0 : Self.exponent(value)
      return String(format: "%.\(min(Self.mostDigits, max(1, leading + place + 1)))g", value)
    }
    func hidesSide() -> Bool {
      edges.contains { edge in
        [lower, upper].contains { $0 != edge && text($0) == text(edge) }
      }
    }
    guard let spread = statistics.standardDeviation else {
      let mean = statistics.mean
      let hidesSide = edges.contains {
        $0 != mean && ClaimVerdict.short($0) == ClaimVerdict.short(mean)
      }
      return "\(hidesSide ? text(mean) : ClaimVerdict.short(mean)) (one seed)"
    }
    guard spread.isFinite else {
      let ends = [lower, upper].map(ClaimVerdict.short)
      let range = ends[0] == ends[1] ? ends[0] : ends.joined(separator: " to ")
      return "\(range) (n = \(statistics.count), without a finite spread)"
    }
    var attempts = 0
    while hidesSide(), attempts < Self.mostDigits {
      place += 1
      attempts += 1
    }
    let interval = "\(text(lower)) to \(text(upper))"
    return "\(text(statistics.mean)) ± \(text(spread)) (std, n = \(statistics.count)), "
      + "95 % interval \(interval)"
  }

  /// The power of ten of a number's first digit; the number is finite and not 0.
  private static func exponent(_ value: Double) -> Int { Int(log10(abs(value)).rounded(.down)) }

  /// The most digits of a number in a sentence: beyond them Double itself is rounding.
  private static let mostDigits = 15
}
