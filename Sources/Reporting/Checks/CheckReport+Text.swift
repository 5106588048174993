import Files
import Foundation
import Results

extension CheckReport {
  /// The report for readers, which ends with ``summaryLines``.
  ///
  /// What is not as expected is there in full: for a metric of a reference and for a claim what was
  /// expected, what was found, the tolerance and why, and the verdict. What is as expected is there
  /// only in a verbose report. What comes from records steers no terminal and begins no line.
  package func text(isVerbose: Bool = false) -> String {
    var lines: [String] = []
    if isVerbose {
      lines += ["References of budget \(budget)", "  Tolerances: \(tolerancesChosen)"]
      if comparisons.isEmpty { lines.append("  (none)") }
    }
    for comparison in comparisons { lines += Self.lines(for: comparison, isVerbose: isVerbose) }
    if isVerbose {
      lines += ["", "Claims of budget \(budget)"]
      if verdicts.isEmpty { lines.append("  (none)") }
    }
    for verdict in verdicts where isVerbose || !verdict.isAsExpected {
      lines += Self.lines(for: verdict)
    }
    lines += breakdownLines
    if lines.first == "" { lines.removeFirst() }
    if !lines.isEmpty { lines.append("") }
    return (lines + summaryLines).map(PrintableText.line).joined(separator: "\n") + "\n"
  }

  /// What is not as expected, in full and without empty lines; empty where all is.
  package var deviationLines: [String] {
    let lines =
      comparisons.flatMap { Self.lines(for: $0, isVerbose: false) }
      + verdicts.filter { !$0.isAsExpected }.flatMap(Self.lines) + breakdownLines
    return lines.filter { !$0.isEmpty }.map(PrintableText.line)
  }

  /// The last lines: counts of references and of claims; what is better than is stored, each with by
  /// how much; and in the last one what the exit code means.
  package var summaryLines: [String] {
    [referenceCounts, claimCounts] + improvementLines + [exitLine]
  }

  /// What is better than stored beyond the tolerance, each with by how much; empty where nothing is.
  package var improvementLines: [String] {
    let surprises = verdicts.filter { $0.isBetterThanExpected == true }
    if improvements.isEmpty && surprises.isEmpty { return [] }
    var lines = ["Better than stored, beyond the tolerance:"]
    for (comparison, metric) in improvements {
      lines.append("  \(comparison.identity): \(metric.map(Self.gain) ?? comparison.reason ?? "")")
    }
    for verdict in surprises {
      lines.append(
        "  claim \(verdict.claim.id): \(verdict.outcome.rawValue), known as "
          + "\(verdict.expectedOutcome.rawValue)")
    }
    return lines.map(PrintableText.line)
  }

  /// The exit code and what it means.
  package var exitLine: String {
    "Exit code \(exitCode): \(Self.meaning(ofExitCode: exitCode))."
  }

  private var breakdownLines: [String] {
    guard !breakdowns.isEmpty else { return [] }
    return ["", "Runs that broke down"]
      + breakdowns.map { stored in
        let status = stored.record.status
        let reason = status.reason.map { ": \($0)" } ?? ""
        return "  \(stored.record.identity): \(status.kind.rawValue)\(reason)"
      }
  }

  /// How many numbers of how many runs were compared, and what came of it.
  package var referenceCounts: String {
    let better = count(.improved)
    var parts = [
      "\(count(.within)) numbers within their tolerances",
      "\(count(.deviates) + better) outside" + (better > 0 ? " (\(better) of them better)" : ""),
    ]
    if count(.missing) > 0 { parts.append("\(count(.missing)) missing") }
    if count(.ignored) > 0 { parts.append("\(count(.ignored)) not compared on purpose") }
    let runs = comparisons.count == 1 ? "1 run" : "\(comparisons.count) runs"
    return "References: \(runs), \(parts.joined(separator: ", "))."
  }

  /// How many claims there are, and their verdicts.
  package var claimCounts: String {
    let others: [Claim.Outcome] = [.undecided, .notReproduced, .tooFewSeeds, .notRun]
    let parts = others.compactMap { outcome -> String? in
      let all = verdicts.filter { $0.outcome == outcome }
      guard !all.isEmpty else { return nil }
      let known = all.filter(\.isAsExpected).count
      return ", \(all.count) \(outcome.rawValue)" + (known > 0 ? " (\(known) known to be)" : "")
    }
    return "Claims: \(count(.reproduced)) of \(verdicts.count) reproduced\(parts.joined())."
  }

  private static func gain(_ metric: ReferenceComparison.MetricComparison) -> String {
    let unit = metric.unit.isEmpty || metric.unit == "1" ? "" : " \(metric.unit)"
    return "\(metric.metric) \(number(metric.found)) where \(number(metric.expected)) is stored, "
      + "better by \(number(metric.distance))\(unit)"
  }

  static func lines(
    for comparison: ReferenceComparison, isVerbose: Bool
  ) -> [String] {
    let isPlain = comparison.outcome == .within && comparison.reason == nil
    let metrics = comparison.metrics.filter {
      isVerbose || ($0.outcome != .within && $0.outcome != .ignored)
    }
    if !isVerbose, comparison.outcome == .within, metrics.isEmpty { return [] }
    var lines = ["", "  \(comparison.identity)"]
    if !isPlain {
      lines.append("    \(comparison.outcome.rawValue): \(comparison.reason ?? "")")
    }
    for metric in metrics {
      let unit = metric.unit.isEmpty ? "" : " \(metric.unit)"
      var line = "    \(metric.metric): expected \(number(metric.expected))\(unit), "
      line += "found \(number(metric.found))"
      if let tolerance = metric.tolerance, metric.outcome != .ignored {
        let allowed = tolerance.allowance(at: metric.expected ?? 0)
        line += ", allowed ± \(number(allowed)) (\(tolerance.reason))"
      }
      lines.append(line + " -> \(words(metric.outcome))")
      if let reason = metric.reason { lines.append("      \(reason)") }
    }
    return lines + comparison.notes.map { "    note: \($0)" }
  }

  private static func words(_ outcome: ReferenceComparison.Outcome) -> String {
    switch outcome {
    case .within: "within"
    case .deviates: "outside"
    case .improved: "outside, in the better direction"
    case .missing: "missing"
    case .ignored: "not compared"
    }
  }

  static func lines(for verdict: ClaimVerdict) -> [String] {
    let claim = verdict.claim
    let surprise =
      verdict.isAsExpected
      ? "" : ", where '\(verdict.expectedOutcome.rawValue)' was expected"
    var lines = [
      "", "  [\(verdict.outcome.rawValue)\(surprise)] \(claim.id)", "    \(claim.statement)",
      "    source: \(claim.source)", "    expected: \(verdict.expected)",
    ]
    if case .status = claim.expected {
    } else {
      let tolerance = claim.tolerance
      let relative = tolerance.relative > 0 ? " or \(number(tolerance.relative)) of it" : ""
      lines.append(
        "    tolerance: ± \(number(tolerance.absolute))\(relative) (\(tolerance.reason))")
    }
    lines += verdict.found.map { "    found: \($0)" }
    lines += verdict.notes.map { "    note: \($0)" }
    if let reason = verdict.reason { lines.append("    not judged: \(reason)") }
    if let note = claim.note { lines.append("    note: \(note)") }
    return lines
  }

  private static func number(_ value: Double?) -> String {
    value.map { $0.isNaN ? "nan" : String(format: "%.6g", $0) } ?? "nothing"
  }
}
