import Foundation
import Testing

/// The mistakes of `make mutants`: patches that no longer apply, or name no test, would prove nothing.
///
/// Texts alone are compared, in milliseconds; whether tests catch the mistakes is what the script
/// finds out.
@Suite("Mistakes kept as patches")
struct MutantsTests {
  private static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
  private static let folder = root.appendingPathComponent("Tests/Mutants")

  private static func text(_ path: String) throws -> String {
    try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
  }

  /// The names of all patches, in order.
  static var names: [String] {
    let all = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return all.filter { $0.hasSuffix(".patch") }.sorted()
  }

  /// The texts of all test files by target, read once.
  private static let tests: [String: [String]] = {
    let folder = root.appendingPathComponent("Tests")
    let names = FileManager.default.enumerator(atPath: folder.path)?.compactMap { $0 as? String }
    let files = (names ?? []).filter { $0.hasSuffix(".swift") }
    return Dictionary(grouping: files) { String($0.prefix { $0 != "/" }) }.mapValues { files in
      files.compactMap { try? text("Tests/\($0)") }
    }
  }()

  /// A patch as its text says.
  struct Patch {
    var headers: [String: String] = [:]
    /// What is replaced in which file: lines before and after.
    var hunks: [(file: String, before: [String], after: [String])] = []

    init(_ text: String) {
      var file = ""
      for line in text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
        if line.hasPrefix("+++ b/") {
          file = String(line.dropFirst(6))
        } else if line.hasPrefix("@@") {
          hunks.append((file, [], []))
        } else if file.isEmpty, let colon = line.firstRange(of: ": ") {
          headers[String(line[..<colon.lowerBound])] = String(line[colon.upperBound...])
        } else if !hunks.isEmpty, let sign = line.first, " -+".contains(sign) {
          let content = String(line.dropFirst())
          if sign != "+" { hunks[hunks.count - 1].before.append(content) }
          if sign != "-" { hunks[hunks.count - 1].after.append(content) }
        }
      }
    }

    /// How often the lines that a hunk replaces stand in a text.
    static func places(of lines: [String], in text: String) -> Int {
      let all = text.split(separator: "\n", omittingEmptySubsequences: false)
      return all.indices.count { start in
        all[start...].prefix(lines.count).elementsEqual(lines) { $0 == $1 }
      }
    }
  }

  @Test("There are at least sixty, each said in the table")
  func table() throws {
    #expect(Self.names.count >= 60)
    let page = try Self.text("Tests/Mutants/README.md")
    for name in Self.names {
      let patch = Patch(try Self.text("Tests/Mutants/\(name)"))
      let row = "| \(name.prefix { $0 != "-" }) \(patch.headers["Mistake"] ?? "no mistake") |"
      #expect(page.contains(row), "Write the table anew with scripts/mutants --table.")
    }
  }

  @Test("Each applies at one place and changes something", arguments: names)
  func applies(name: String) throws {
    let patch = Patch(try Self.text("Tests/Mutants/\(name)"))
    #expect(!patch.hunks.isEmpty)
    for hunk in patch.hunks {
      #expect(hunk.file.hasPrefix("Sources/") && hunk.before != hunk.after)
      let places = Patch.places(of: hunk.before, in: try Self.text(hunk.file))
      #expect(
        places == 1,
        "\(name) applies at \(places) places of \(hunk.file): bring the patch up to date.")
    }
  }

  @Test("Each names a test that exists", arguments: names)
  func namesATest(name: String) throws {
    let patch = Patch(try Self.text("Tests/Mutants/\(name)"))
    let test = try #require(patch.headers["Test"])
    let parts = try #require(test.wholeMatch(of: /(\w+)\.(\w+)\/(\w+)/))
    let isThere = (Self.tests[String(parts.1)] ?? []).contains { text in
      text.contains("func \(parts.3)(")
        && ["struct", "extension", "class"].contains { text.contains("\($0) \(parts.2) ") }
    }
    #expect(isThere, "\(name) names the test \(test), which does not exist.")
  }

  @Test("A patch of other lines is noticed")
  func checker() {
    let patch = Patch(
      "Mistake: one\nTest: A.B/c\n\n--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n")
    #expect(patch.headers == ["Mistake": "one", "Test": "A.B/c"])
    #expect(patch.hunks.map(\.before) == [["a", "b", "c"]])
    #expect(patch.hunks.map(\.after) == [["a", "B", "c"]])
    #expect(Patch.places(of: ["a", "b", "c"], in: "a\nb\nc\n") == 1)
    #expect(Patch.places(of: ["a", "b", "c"], in: "a\nB\nc\n") == 0)
    #expect(Patch.places(of: ["a", "b", "c"], in: "a\nb\nc\na\nb\nc\n") == 2)
  }
}
