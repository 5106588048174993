import Files
import Results

extension CheckReport {
  /// One run or claim of a check, as systems that run tests see it.
  struct Case: Equatable {
    /// What came of it for the exit code.
    enum Result: String {
      case passed
      case failed
      case improved
      case missing
    }

    let suite: String
    let group: String
    let name: String
    let result: Result
    /// What was expected and found, one line each; empty where all is as expected.
    let lines: [String]

    /// What is wrong, in a line; the first one only says again which run it is.
    var message: String { lines.first { $0 != name } ?? result.rawValue }
  }

  /// Every run with its reference, every claim, and every run that broke down.
  var cases: [Case] {
    let runs = comparisons.map { comparison -> Case in
      let outcomes = [comparison.outcome] + comparison.metrics.map(\.outcome)
      let result: Case.Result =
        outcomes.contains(.deviates)
        ? .failed
        : outcomes.contains(.missing)
          ? .missing : outcomes.contains(.improved) ? .improved : .passed
      let identity = comparison.identity
      return Case(
        suite: "references", group: "\(identity.experiment).\(identity.protocolName)",
        name: PrintableText.line(identity.description), result: result,
        lines: result == .passed ? [] : Self.trimmed(Self.lines(for: comparison, isVerbose: false)))
    }
    let claims = verdicts.map { verdict -> Case in
      let result: Case.Result =
        verdict.isAsExpected
        ? .passed
        : verdict.isBetterThanExpected == true
          ? .improved : verdict.isBetterThanExpected == false ? .failed : .missing
      return Case(
        suite: "claims", group: "\(verdict.claim.experiment).\(verdict.claim.protocolName)",
        name: PrintableText.line(verdict.claim.id), result: result,
        lines: result == .passed ? [] : Self.trimmed(Self.lines(for: verdict)))
    }
    let broken = breakdowns.map { stored in
      Case(
        suite: "breakdowns", group: stored.record.experiment,
        name: PrintableText.line(stored.record.identity.description), result: .failed,
        lines: Self.trimmed([
          "\(stored.record.status.kind.rawValue): \(stored.record.status.reason ?? "no reason given")"
        ]))
    }
    return runs + claims + broken
  }

  /// The check as JUnit's XML: a test suite each for references, claims and breakdowns. What is
  /// outside in the better direction is a failure of type `improved`, what is missing is an error.
  package var junit: String {
    let cases = cases
    var lines = [
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>",
      "<testsuites name=\"report check, budget \(Self.xml(budget))\"\(Self.counts(cases))>",
    ]
    for suite in ["references", "claims", "breakdowns"] {
      let own = cases.filter { $0.suite == suite }
      guard !own.isEmpty else { continue }
      lines.append("  <testsuite name=\"\(suite)\"\(Self.counts(own))>")
      for one in own {
        let head =
          "    <testcase classname=\"\(Self.xml(one.group))\" name=\"\(Self.xml(one.name))\""
        guard one.result != .passed else {
          lines.append(head + "/>")
          continue
        }
        let element = one.result == .missing ? "error" : "failure"
        let message = Self.xml(one.message)
        lines.append(head + ">")
        lines.append(
          "      <\(element) type=\"\(one.result.rawValue)\" message=\"\(message)\">"
            + one.lines.map(Self.xml).joined(separator: "\n") + "</\(element)>")
        lines.append("    </testcase>")
      }
      lines.append("  </testsuite>")
    }
    return (lines + ["</testsuites>"]).joined(separator: "\n") + "\n"
  }

  /// The check as GitHub's workflow commands: an error for what is worse, a warning for what is
  /// better or missing, and the counts as notices.
  package var github: String {
    let found = cases.filter { $0.result != .passed }.map { one -> String in
      let level = one.result == .failed ? "error" : "warning"
      return "::\(level) title=\(Self.property("\(one.suite): \(one.name)"))::"
        + Self.message(one.lines.joined(separator: "\n"))
    }
    let counts = [referenceCounts, claimCounts, exitLine].map { "::notice::" + Self.message($0) }
    return (found + counts).joined(separator: "\n") + "\n"
  }

  /// The check as a tree: `budget`, `exitCode`, `meaning`, `runs` and `claims` with outcomes and
  /// numbers, `breakdowns`.
  package var json: Value {
    [
      "budget": .string(budget), "exitCode": .integer(Int(exitCode)),
      "meaning": .string(Self.meaning(ofExitCode: exitCode)),
      "runs": .array(comparisons.map(Self.json)),
      "claims": .array(verdicts.map(Self.json)),
      "breakdowns": .array(
        breakdowns.map { stored in
          [
            "run": .string(stored.record.identity.description),
            "status": .string(stored.record.status.kind.rawValue),
            "reason": .string(stored.record.status.reason ?? ""),
          ]
        }),
    ]
  }

  private static func json(of comparison: ReferenceComparison) -> Value {
    func optional(_ number: Double?) -> Value { number.map { .number($0) } ?? .null }
    return [
      "run": .string(comparison.identity.description),
      "outcome": .string(comparison.outcome.rawValue),
      "reason": comparison.reason.map { .string($0) } ?? .null,
      "metrics": .array(
        comparison.metrics.map { metric in
          [
            "metric": .string(metric.metric), "unit": .string(metric.unit),
            "expected": optional(metric.expected), "found": optional(metric.found),
            "allowed": optional(metric.tolerance?.allowance(at: metric.expected ?? 0)),
            "outcome": .string(metric.outcome.rawValue),
          ]
        }),
    ]
  }

  private static func json(of verdict: ClaimVerdict) -> Value {
    [
      "id": .string(verdict.claim.id), "statement": .string(verdict.claim.statement),
      "experiment": .string(verdict.claim.experiment),
      "protocol": .string(verdict.claim.protocolName),
      "verdict": .string(verdict.outcome.rawValue),
      "expectedVerdict": .string(verdict.expectedOutcome.rawValue),
      "expected": .string(verdict.expected), "found": .array(verdict.found.map { .string($0) }),
      "reason": verdict.reason.map { .string($0) } ?? .null,
    ]
  }

  // MARK: - Words

  private static func trimmed(_ lines: [String]) -> [String] {
    lines.map { PrintableText.line(String($0.drop { $0 == " " })) }.filter { !$0.isEmpty }
  }

  private static func counts(_ cases: [Case]) -> String {
    let failures = cases.filter { $0.result == .failed || $0.result == .improved }.count
    let errors = cases.filter { $0.result == .missing }.count
    return " tests=\"\(cases.count)\" failures=\"\(failures)\" errors=\"\(errors)\""
  }

  /// The text for XML, without the characters that XML 1.0 cannot hold.
  private static func xml(_ text: String) -> String {
    let allowed = String(
      String.UnicodeScalarView(
        text.unicodeScalars.filter {
          [9, 10, 13].contains($0.value)
            || ($0.value >= 0x20 && ![0xFFFE, 0xFFFF].contains($0.value))
        }))
    return Table.htmlEscaped(allowed)
  }

  private static func message(_ text: String) -> String {
    Table.escaped(text) { character in
      switch character {
      case "%": "%25"
      case "\n": "%0A"
      case "\r": "%0D"
      default: nil
      }
    }
  }

  private static func property(_ text: String) -> String {
    Table.escaped(message(text)) { $0 == ":" ? "%3A" : $0 == "," ? "%2C" : nil }
  }
}
