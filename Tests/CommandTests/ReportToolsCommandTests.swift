import Foundation
import Results
import TestSupport
import Testing

@Suite("report compare, check --format, summary, watch, and what others refuse")
struct ReportToolsCommandTests {
  private static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  @Test("compare: two folders of records, and a folder of references")
  func folders() throws {
    let folder = try TemporaryFolder()
    try RecordFixture.record().write(intoRuns: folder.path("a"))
    try RecordFixture.record(accuracy: 0.7).write(intoRuns: folder.path("b"))
    try ReferenceFile(
      experiment: "hyper-cleaning", budget: "smoke", references: [Reference(RecordFixture.record())]
    ).write(intoReferences: folder.path("reference"))
    try Data(Value(encoding: RecordFixture.tolerances).prettyText.utf8)
      .write(to: folder.url.appendingPathComponent("reference/smoke/tolerances.json"))
    func compare(_ sides: [String]) throws -> CommandResult {
      try CommandRunner.run(
        "report", ["compare"] + sides + ["--reference", folder.path("reference")])
    }
    let moved = try compare([folder.path("a"), folder.path("b")])
    #expect(moved.exitCode == 2)
    #expect(moved.standardOutput.contains("testAccuracy 0.8 -> 0.7 (-0.1, allowed ± 0.01): beyond"))
    let same = try compare([folder.path("reference"), folder.path("a")])
    #expect(same.exitCode == 0, "\(same.standardOutput)\(same.standardError)")
    let nothing = try compare([folder.path("a"), "no-such-commit"])
    #expect(nothing.exitCode == 5)
    #expect(nothing.standardError.contains("neither a folder nor a commit"))
    let withoutGit = try CommandRunner.run(
      "report", ["compare", folder.path("a"), "no-such-commit"],
      environment: ["PATH": folder.path("nothing")])
    #expect(withoutGit.exitCode == 5)
    #expect(withoutGit.standardError.contains("since git does not start: No such file"))
  }

  @Test("compare: two commits' stored references, read with git")
  func commits() throws {
    let head = try CommandRunner.run(
      "report", ["compare", "HEAD", "HEAD"], currentDirectory: Self.root)
    // A source archive has no commits.
    guard FileManager.default.fileExists(atPath: Self.root.appendingPathComponent(".git").path)
    else {
      print("Skipped: this is no checkout, so there are no commits to compare.")
      return
    }
    #expect(head.exitCode == 0, "\(head.standardError)")
    #expect(head.standardOutput.contains("0 runs are gone, 0 are new."))
  }

  @Test("check: three formats, the same exit code")
  func formats() throws {
    let folder = try TemporaryFolder()
    try RecordFixture.record(accuracy: 0.7).write(intoRuns: folder.path("runs"))
    try ReferenceFile(
      experiment: "hyper-cleaning", budget: "smoke", references: [Reference(RecordFixture.record())]
    ).write(intoReferences: folder.path("reference"))
    try Data(Value(encoding: RecordFixture.tolerances).prettyText.utf8)
      .write(to: folder.url.appendingPathComponent("reference/smoke/tolerances.json"))
    for (format, words) in [
      ("junit", "<testsuites"), ("json", "\"exitCode\": 2"), ("github", "::error "),
    ] {
      let result = try CommandRunner.run(
        "report",
        [
          "check", "--runs", folder.path("runs"), "--reference", folder.path("reference"),
          "--format", format,
        ])
      #expect(result.exitCode == 2)
      #expect(result.standardOutput.contains(words), "\(result.standardOutput)")
    }
  }

  @Test("summary: a budget with claims of one experiment and no references is judged as by check")
  func summaryOfClaimsOnly() throws {
    let laboratory = try ReportCommandTests.Laboratory()
    try laboratory.run(
      ["bda", "rhg"].map {
        RecordFixture.record(method: $0, budget: "short", accuracy: $0 == "bda" ? 0.9 : 0.8)
      })
    var claim = RecordFixture.ordering()
    claim.budget = "short"
    try laboratory.reference([], claims: [claim])
    let folder = laboratory.folder.path("tables")
    for own in [[], ["--experiment", "hyper-cleaning"]] {
      let arguments = ["--budget", "short"] + own
      let check = try laboratory.report("check", arguments)
      let summary = try laboratory.report("summary", arguments + ["--output", folder])
      #expect(check.exitCode == 0, "\(check.standardError)")
      #expect(summary.exitCode == 0, "\(summary.standardError)")
      #expect(summary.standardOutput.contains("Claims: 1 of 1 reproduced."))
      let notes = summary.standardError.split(separator: "\n")
      #expect(notes.count { $0.hasPrefix("Claims only: ") } == 1, "\(notes)")
    }
    // Neither claims nor references: an error of both.
    for command in ["check", "summary"] {
      let extra = command == "summary" ? ["--output", folder] : []
      #expect(try laboratory.report(command, ["--budget", "paper"] + extra).exitCode == 5)
    }
  }

  @Test("watch: plain lines where there is no terminal; nothing under way is 5")
  func watch() throws {
    let folder = try TemporaryFolder()
    let nothing = try CommandRunner.run("report", ["watch", folder.path("")])
    #expect(nothing.exitCode == 5)
    #expect(nothing.standardError.contains("No run is under way"))
    let absent = try CommandRunner.run("report", ["watch", folder.path("absent")])
    #expect(absent.exitCode == 5)
    #expect(absent.standardError.contains("There is no folder, record or checkpoint"))
    let record = try RecordFixture.record().write(intoRuns: folder.path("runs"))
    let ended = try CommandRunner.run("report", ["watch", record])
    #expect(ended.exitCode == 0)
    #expect(ended.standardOutput.contains("completed after 1 outer steps"))
    #expect(!ended.standardOutput.contains("\u{1B}"))
    // Stopped, and its checkpoint is gone.
    let stopped = try RecordFixture.record(
      seed: 1, status: .init(.interrupted, reason: "SIGTERM")
    ).write(intoRuns: folder.path("runs"))
    #expect(try CommandRunner.run("report", ["watch", stopped]).exitCode == 5)
  }

  @Test("watch: a run that is under way is followed to its end")
  func follows() throws {
    let folder = try TemporaryFolder()
    let run = try CommandRunner.start(
      "counter-example",
      [
        "run", "--method", "rhg", "--inner-steps", "4096", "--start=0,0", "--outer-iterations",
        "1500", "--checkpoint-seconds", "0.05", "--output", folder.path("runs"),
      ])
    var watched: CommandResult?
    var wasLookedAt = false
    // Until the run has made its lock there is nothing to watch.
    for _ in 0..<200 {
      let result = try CommandRunner.run(
        "report", ["watch", folder.path("runs"), "--interval", "0.05"], timeout: 120)
      if result.exitCode != 5 || result.standardOutput.contains("stopped") {
        watched = result
        break
      }
      wasLookedAt = wasLookedAt || run.isRunning && run.standardErrorSoFar.contains("seed")
      Thread.sleep(forTimeInterval: 0.01)
    }
    let ended = try run.wait(timeout: 120)
    // A machine so fast that the run is over before it is looked at has shown nothing.
    if let watched {
      #expect(watched.standardOutput.contains("completed after"), "\(watched.standardOutput)")
      #expect(watched.exitCode == 0)
    } else {
      #expect(!wasLookedAt, "A run under way (its end: \(ended.exitCode)) was not shown.")
      print("Skipped: the run was over before it could be watched (exit code \(ended.exitCode)).")
    }
  }

  @Test(
    "figure: what only figures of one's own have is refused for the chosen ones",
    arguments: [
      ["--protocol", "icml2020"], ["--budget", "smoke"], ["--against", "seconds"],
      ["--logarithmic"], ["--minimum", "3"], ["--x-label", "foo"], ["--y-label", "foo"],
      ["--title", "foo"], ["--scatter", "seconds"], ["--rows"], ["--method", "rhg"],
    ])
  func chosenFigures(options: [String]) throws {
    for chosen in [[], ["--name", "hyper-cleaning-methods"], ["--list"]] {
      let result = try CommandRunner.run("report", ["figure"] + chosen + options)
      #expect(result.exitCode == 64, "\(chosen) \(options): \(result.standardOutput)")
      #expect(result.standardError.contains("The chosen figures have"), "\(result.standardError)")
    }
  }

  @Test("schema claims: what a check refuses is not valid")
  func claims() throws {
    let folder = try TemporaryFolder()
    func schema(_ text: String) throws -> CommandResult {
      let path = try folder.write(Array(text.utf8), to: "claims.json")
      return try CommandRunner.run("report", ["schema", "claims", path])
    }
    func text(_ claims: [Claim]) throws -> String {
      try Value(encoding: ClaimFile(claims: claims)).prettyText
    }
    let good = RecordFixture.ordering()
    #expect(try schema(text([good])).exitCode == 0)
    let withoutExperiment = try text([good]).replacing(
      "\"experiment\": \"hyper-cleaning\",", with: "")
    for (wrong, words) in [
      (try text([good, good]), "'order' is used twice"),
      (try text([RecordFixture.ordering(margin: -1)]), "contradicts itself"),
      (withoutExperiment, "does not say its 'experiment'"),
    ] {
      let result = try schema(wrong)
      #expect(result.exitCode == 65 && result.standardOutput.isEmpty, "\(words)")
      #expect(result.standardError.contains(words), "\(result.standardError)")
    }
  }

  @Test("schema: what a check refuses of tolerances and published numbers is no valid file")
  func contradictions() throws {
    let folder = try TemporaryFolder()
    let entry = """
      {"experiment": "hyper-cleaning", "metric": "testAccuracy", "absolute": 0.1, "relative": 0,
       "reason": "rounding"}
      """
    func schema(_ format: String, _ text: String) throws -> CommandResult {
      let path = try folder.write(Array(text.utf8), to: "\(format).json")
      return try CommandRunner.run("report", ["schema", format, path])
    }
    func tolerances(_ entries: [String]) -> String {
      """
      {"chosen": "by hand", "schemaVersion": 1, "tolerances": [\(entries.joined(separator: ","))]}
      """
    }
    #expect(try schema("tolerances", tolerances([entry])).exitCode == 0)
    let twice = try schema("tolerances", tolerances([entry, entry]))
    #expect(twice.exitCode == 65 && twice.standardError.contains("two entries"), "\(twice)")
    let number = """
      {"experiment": "hyper-cleaning", "protocols": ["icml2020"], "dataset": "mnist", "method": "rhg",
       "variant": {}, "metric": "testAccuracy", "number": 1, "unit": "percent", "status": "memory",
       "source": {"article": "a", "table": "t", "cell": "c"}}
      """
    func published(_ key: String) -> String {
      "{\"schemaVersion\": 2, \"articles\": {\"\(key)\": \"x\"}, \"values\": [\(number)]}"
    }
    #expect(try schema("published", published("a")).exitCode == 0)
    let unknown = try schema("published", published("b"))
    #expect(unknown.exitCode == 65 && unknown.standardError.contains("names the article 'a'"))
  }

  @Test("table: without a table nothing is written, and that is 5", arguments: ["md", "json"])
  func noTable(format: String) throws {
    let laboratory = try ReportCommandTests.Laboratory()
    try laboratory.run([RecordFixture.record(protocolName: "own")])
    let result = try laboratory.report(
      "table", ["--article", "--format", format, "--output", laboratory.folder.path("table")])
    #expect(result.exitCode == 5, "\(result.standardError)")
    #expect(result.standardError.contains("holds no run that a table of the article shows"))
    #expect(try laboratory.folder.names() == ["runs"])
  }

  @Test("What records are called steers no terminal where it stands in an error or a note")
  func printable() throws {
    let laboratory = try ReportCommandTests.Laboratory()
    var record = RecordFixture.record(status: .init(.interrupted, reason: "SIGTERM"))
    record.experiment = "a\u{1B}[2J"
    try laboratory.run([record])
    for (command, options) in [("list", ["--experiment", "none"]), ("accept", [])]
      as [(String, [String])]
    {
      let result = try laboratory.report(command, options)
      #expect(result.standardError.contains("a\u{FFFD}[2J"), "\(result.standardError)")
      #expect(!result.standardError.unicodeScalars.contains { $0 == "\u{1B}" })
    }
  }
}
