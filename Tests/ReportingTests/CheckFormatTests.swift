import Foundation
import Reporting
import Results
import TestSupport
import Testing

@Suite("A check in the forms of CI systems")
struct CheckFormatTests {
  /// One run whose accuracy is as given, where 0.8 is stored, and an ordering that needs two.
  private static func report(accuracy: Double, claims: [Claim] = []) -> CheckReport {
    let run = RecordFixture.record(accuracy: accuracy)
    return CheckReport(
      runs: [StoredRecord(path: "a.json", record: run)],
      references: [Reference(RecordFixture.record())], tolerances: RecordFixture.tolerances,
      claims: claims, budget: "smoke")
  }

  /// Whether elements nest and entities are known: what goes wrong where text is not escaped.
  private enum Reader {
    static func isWellFormed(_ text: String) throws -> Bool {
      var open: [String] = []
      for match in text.matches(of: /<(\/?)([a-z]+)((?:\s[^<>]*)?)>/) {
        let (slash, name, rest) = (match.output.1, String(match.output.2), match.output.3)
        if slash == "/" {
          guard open.popLast() == name else { return false }
        } else if !rest.hasSuffix("/") {
          open.append(name)
        }
      }
      return open.isEmpty && text.matches(of: /&(?!amp;|lt;|gt;|quot;|#39;)/).isEmpty
    }
  }

  @Test("JUnit: a case for each run and claim, a failure with what was expected and found")
  func junit() throws {
    let good = Self.report(accuracy: 0.8).junit
    #expect(good.contains("tests=\"1\" failures=\"0\" errors=\"0\""))
    #expect(try Reader.isWellFormed(good))
    let bad = Self.report(accuracy: 0.7, claims: [RecordFixture.ordering()]).junit
    #expect(bad.contains("tests=\"2\" failures=\"1\" errors=\"1\""))
    #expect(bad.contains("<failure type=\"failed\""))
    #expect(bad.contains("testAccuracy: expected 0.8 fraction, found 0.7"))
    #expect(bad.contains("<error type=\"missing\""))
    // The name says which run it is; the message says what is wrong with it.
    #expect(bad.contains("message=\"testAccuracy: expected 0.8 fraction, found 0.7"), "\(bad)")
    #expect(bad.contains("message=\"[not run, where"))
    #expect(!bad.contains("message=\"hyper-cleaning"))
    #expect(try Reader.isWellFormed(bad))
    let better = Self.report(accuracy: 0.9).junit
    #expect(better.contains("<failure type=\"improved\""))
    // XML 1.0 has no place for these.
    var claim = RecordFixture.ordering()
    claim.statement = "a\u{1}b\u{FFFE}c\u{FFFF}d"
    let odd = Self.report(accuracy: 0.8, claims: [claim]).junit
    #expect(!odd.unicodeScalars.contains { [1, 0xFFFE, 0xFFFF].contains($0.value) })
  }

  @Test("GitHub: errors, warnings and notices with line breaks escaped")
  func github() {
    let bad = Self.report(accuracy: 0.7, claims: [RecordFixture.ordering()]).github
    let lines = bad.split(separator: "\n")
    #expect(lines[0].hasPrefix("::error title=references%3A hyper-cleaning / rhg"))
    #expect(lines[0].contains("%0A"))
    #expect(lines[1].hasPrefix("::warning title=claims%3A order::"))
    #expect(lines.last?.hasPrefix("::notice::Exit code 2") == true)
    #expect(lines.allSatisfy { $0.hasPrefix("::") })
    let name = CheckReport(
      runs: [StoredRecord(path: "a", record: RecordFixture.record(protocolName: "a\u{1B}[2J"))],
      references: [], tolerances: RecordFixture.tolerances, claims: [], budget: "smoke"
    ).github
    #expect(!name.unicodeScalars.contains { $0 == "\u{1B}" })
  }

  @Test("JSON: exit code, numbers and verdicts")
  func json() throws {
    let tree = Self.report(accuracy: 0.7, claims: [RecordFixture.ordering()]).json
    #expect(tree["exitCode"]?.integerValue == 2)
    let metric = try #require(tree["runs"]?.arrayValue?[0]["metrics"]?.arrayValue?[0])
    #expect(metric["expected"]?.doubleValue == 0.8 && metric["outcome"]?.stringValue == "deviates")
    #expect(tree["claims"]?.arrayValue?[0]["verdict"]?.stringValue == "not run")
  }
}
