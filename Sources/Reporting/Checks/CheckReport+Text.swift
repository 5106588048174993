import Foundation
import Results

extension CheckReport {
  /// The report for readers: for each reference metric and claim what was expected, what was found,
  /// the tolerance and why, and the verdict; then a summary with the exit code. A brief report
  /// leaves out references that agree, and gives a line to each claim that does.
  public func text(isBrief: Bool = false) -> String {
    var lines: [String] = []
    lines.append("References, budget \(budget)")
    lines.append("  Tolerances: \(tolerancesChosen)")
    if comparisons.isEmpty { lines.append("  (none)") }
    for comparison in comparisons {
      lines += Self.lines(for: comparison, isBrief: isBrief)
    }
    lines += ["", "Claims, budget \(budget)"]
    if verdicts.isEmpty { lines.append("  (none)") }
    for verdict in verdicts {
      if isBrief, verdict.isAsExpected {
        lines.append("  [\(verdict.outcome.rawValue)] \(verdict.claim.statement)")
      } else {
        lines += Self.lines(for: verdict)
      }
    }
    if !breakdowns.isEmpty { lines += ["", "Runs that broke down"] }
    for stored in breakdowns {
      let status = stored.record.status
      let reason = status.reason.map { ": \($0)" } ?? ""
      lines.append("  \(stored.record.identity): \(status.kind.rawValue)\(reason)")
    }
    return (lines + ["", summary]).joined(separator: "\n") + "\n"
  }

  /// The last line: counts, and what the exit code means.
  public var summary: String {
    let outcomes: [ReferenceComparison.Outcome] = [
      .within, .improved, .deviates, .missing, .ignored,
    ]
    let counts = outcomes.map { "\(count($0)) \($0.rawValue)" }.joined(separator: ", ")
    let claims = [Claim.Outcome.reproduced, .notReproduced, .notRun].map { outcome in
      "\(verdicts.filter { $0.outcome == outcome }.count) \(outcome.rawValue)"
    }
    return "References: \(counts). Claims: \(claims.joined(separator: ", ")). "
      + "Exit code \(exitCode): \(Self.meaning(ofExitCode: exitCode))."
  }

  private static func lines(for comparison: ReferenceComparison, isBrief: Bool) -> [String] {
    let isPlain = comparison.outcome == .within && comparison.reason == nil
    let metrics = comparison.metrics.filter {
      !isBrief || ($0.outcome != .within && $0.outcome != .ignored)
    }
    if isBrief, comparison.outcome == .within, metrics.isEmpty { return [] }
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
      lines.append(line + " -> \(metric.outcome.rawValue)")
      if let reason = metric.reason { lines.append("      \(reason)") }
    }
    return lines + comparison.notes.map { "    note: \($0)" }
  }

  private static func lines(for verdict: ClaimVerdict) -> [String] {
    let claim = verdict.claim
    let surprise =
      verdict.isAsExpected
      ? "" : ", where '\((claim.expectedVerdict ?? .reproduced).rawValue)' was expected"
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
    if let reason = verdict.reason { lines.append("    not judged: \(reason)") }
    if let note = claim.note { lines.append("    note: \(note)") }
    return lines
  }

  private static func number(_ value: Double?) -> String {
    value.map { String(format: "%.6g", $0) } ?? "nothing"
  }
}
