import Foundation
import Results
import TestSupport
import Testing

/// The README's table and figures are those of the stored records.
@Suite("What the README shows of stored records")
struct StoredRecordsTests {
  private static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  private static func text(_ path: String) throws -> String {
    try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
  }

  /// The cells of the rows of a Markdown table, without padding and rules.
  private static func rows(_ text: String) -> [[String]] {
    text.split(separator: "\n").filter { $0.hasPrefix("|") && !$0.contains("---") }.map { line in
      line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
    }
  }

  @Test("Each row of its table is what the command below it prints")
  func table() throws {
    let readme = try Self.text("README.md").replacing(/\s*\\\n\s*/, with: " ")
    let command = try #require(
      readme.split(separator: "\n").first { $0.contains("report table --runs results/curves") })
    let arguments = command.split(separator: " ").map(String.init).dropFirst()
    let result = try CommandRunner.run("report", Array(arguments), currentDirectory: Self.root)
    #expect(result.exitCode == 0, "\(result.standardError)")
    let printed = Self.rows(result.standardOutput)
    let shown = Set(Self.rows(readme))
    #expect(printed.count >= 4)
    for row in printed { #expect(shown.contains(row), "\(row)") }
  }

  @Test("Each of its figures can be drawn from them, and says so")
  func figures() throws {
    let readme = try Self.text("README.md")
    let names = Set(
      readme.matches(of: /results\/figures-reference\/([a-z-]+)\.svg/).map { String($0.output.1) })
    #expect(names.count >= 3)
    let folder = try TemporaryFolder()
    for name in names {
      let result = try CommandRunner.run(
        "report",
        [
          "figure", "--runs", "results/curves", "--name", name, "--output",
          folder.path,
        ], currentDirectory: Self.root)
      #expect(result.exitCode == 0, "\(result.standardError)")
      #expect(try folder.names().contains("\(name).dat"))
      #expect(
        try Self.text("results/figures-reference/\(name).svg").contains("Drawn by: report figure"))
    }
  }

  @Test("accept --curves keeps what figures need and little else")
  func curves() throws {
    let folder = try TemporaryFolder()
    var record = RecordFixture.record()
    record.metrics[0].headline = true
    record.metrics[0].steps = Array(0...100)
    record.metrics[0].values = (0...100).map { Double($0) / 200 }
    record.timing.steps = Array(0...100)
    record.timing.seconds = (0...100).map(Double.init)
    try record.write(intoRuns: folder.path("runs"))
    let result = try CommandRunner.run(
      "report",
      [
        "accept", "--curves", "--runs", folder.path("runs"), "--reference",
        folder.path("reference"),
      ])
    #expect(result.exitCode == 0, "\(result.standardError)")
    let kept = try #require(RecordStore.load(folder.path("curves")).first?.record)
    #expect(kept.identity == record.identity && kept.final == record.final)
    #expect(kept.metrics[0].steps.count == 26 && kept.metrics[1].steps.isEmpty)
    #expect(kept.metrics[0].steps.first == 0 && kept.metrics[0].steps.last == 100)
    #expect(kept.timing.steps == kept.metrics[0].steps && kept.diagnostics.isEmpty)
  }
}
