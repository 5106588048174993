import Files
import Foundation
import Results
import TestSupport
import Testing

@Suite("The command report")
struct ReportCommandTests {
  /// Runs and references in a temporary folder, and the command on them.
  final class Laboratory {
    let folder: TemporaryFolder
    init() throws { folder = try TemporaryFolder() }

    func run(_ records: [RunRecord]) throws {
      for record in records { try record.write(intoRuns: folder.path("runs")) }
    }

    func reference(_ records: [RunRecord], claims: [Claim] = []) throws {
      for record in records {
        let name = record.referenceFileName
        try record.slimmed().write(to: folder.path("reference/smoke/\(name)"))
      }
      try AtomicFile.write(
        Value(encoding: RecordFixture.tolerances).prettyText,
        to: folder.path("reference/smoke/tolerances.json"))
      if !claims.isEmpty {
        try AtomicFile.write(
          Value(encoding: ClaimFile(claims: claims)).prettyText,
          to: folder.path("reference/claims/hyper-cleaning.json"))
      }
    }

    func report(_ command: String, _ arguments: [String] = []) throws -> CommandResult {
      var all = [command, "--runs", folder.path("runs")]
      if ["table", "check", "accept"].contains(command) {
        all += ["--reference", folder.path("reference")]
      }
      return try CommandRunner.run("report", all + arguments)
    }
  }

  @Test(
    "check: every exit code",
    arguments: [
      (0.8, "completed", 0), (0.7, "completed", 2), (0.8, "diverged", 3), (0.9, "completed", 4),
      (0.8, "absent", 5), (0.8, "damaged", 65),
    ] as [(Double, String, Int32)])
  func exitCodes(accuracy: Double, state: String, code: Int32) throws {
    let laboratory = try Laboratory()
    try laboratory.reference([RecordFixture.record()])
    let status = RunRecord.Status(RunRecord.Status.Kind(rawValue: state) ?? .completed)
    if state != "absent" {
      try laboratory.run([RecordFixture.record(accuracy: accuracy, status: status)])
    }
    if state == "damaged" {
      let text = try Value(encoding: RecordFixture.record()).prettyText
      _ = try laboratory.folder.write(
        Array(text.replacing("\"innerSteps\": 20", with: "\"innerSteps\": 21").utf8),
        to: "runs/broken.json")
    }
    let result = try laboratory.report("check")
    #expect(result.exitCode == code, "\(result.standardOutput) \(result.standardError)")
    if code < 5 {
      #expect(result.standardOutput.contains("Exit code \(code):"))
      #expect(result.standardError.isEmpty)
    } else {
      #expect(result.standardError.hasPrefix("error: The "))
      #expect(result.standardError.contains(laboratory.folder.path("runs")))
    }
  }

  @Test("A JSON file that is no record is named and does not refuse the rest")
  func foreign() throws {
    let laboratory = try Laboratory()
    try laboratory.reference([RecordFixture.record()])
    try laboratory.run([RecordFixture.record()])
    _ = try laboratory.folder.write(Array("{".utf8), to: "runs/broken.json")
    let result = try laboratory.report("check")
    #expect(result.exitCode == 0, "\(result.standardOutput) \(result.standardError)")
    #expect(result.standardError.contains("Passed over: "))
    #expect(result.standardError.contains("runs/broken.json"))
  }

  @Test("check: a contradicted claim is 2, a known non-reproduction 0, and both say what was found")
  func claims() throws {
    let laboratory = try Laboratory()
    let records = [
      RecordFixture.record(method: "bda", accuracy: 0.8), RecordFixture.record(accuracy: 0.8),
    ]
    try laboratory.run(records)
    try laboratory.reference(records, claims: [RecordFixture.ordering()])
    let contradicted = try laboratory.report("check")
    #expect(contradicted.exitCode == 2)
    #expect(contradicted.standardOutput.contains("bda better than rhg by 0 (one seed)"))
    try laboratory.reference(
      records, claims: [RecordFixture.ordering(expectedVerdict: .notReproduced)])
    let known = try laboratory.report("check")
    #expect(known.exitCode == 0)
    #expect(known.standardOutput.contains("[not reproduced] order"))
    #expect(known.standardOutput.contains("Claims: 0 reproduced, 1 not reproduced, 0 not run."))
  }

  @Test("check: tolerances and references that are absent are 5 and named")
  func noReferences() throws {
    let laboratory = try Laboratory()
    try laboratory.run([RecordFixture.record()])
    let result = try laboratory.report("check", ["--budget", "paper"])
    #expect(result.exitCode == 5)
    #expect(result.standardError.contains("reference/paper/tolerances.json' does not exist"))
  }

  @Test("table: three formats on standard output, and into a file")
  func tables() throws {
    let laboratory = try Laboratory()
    try laboratory.run([RecordFixture.record(), RecordFixture.record(method: "bda", accuracy: 0.9)])
    let markdown = try laboratory.report("table", ["--metric", "testAccuracy"])
    #expect(markdown.exitCode == 0)
    #expect(markdown.standardOutput.contains("| BDA    |                   90.00 |"))
    #expect(markdown.standardOutput.contains("synthetic"))
    #expect(markdown.standardError.contains("published.json' does not exist"))
    let csv = try laboratory.report("table", ["--format", "csv"])
    #expect(csv.standardOutput.hasPrefix("method,test accuracy mean (percent),"))
    let file = laboratory.folder.path("out/table.tex")
    let latex = try laboratory.report("table", ["--format", "latex", "--output", file])
    #expect(latex.standardOutput.isEmpty)
    #expect(try String(contentsOfFile: file, encoding: .utf8).contains("\\toprule"))
  }

  @Test("Nothing to show is 5 and says what was looked for; a wrong option is 64")
  func nothing() throws {
    let laboratory = try Laboratory()
    #expect(try laboratory.report("list").exitCode == 5)
    try laboratory.run([RecordFixture.record()])
    let empty = try laboratory.report("table", ["--experiment", "few-shot"])
    #expect(empty.exitCode == 5)
    #expect(empty.standardError.contains("no record of experiment 'few-shot'"))
    let metric = try laboratory.report("table", ["--metric", "speed"])
    #expect(metric.exitCode == 5)
    #expect(metric.standardError.contains("testAccuracy, upperObjective"))
    #expect(try laboratory.report("table", ["--format", "html"]).exitCode == 64)
  }

  @Test("list, figure, and accept followed by check")
  func others() throws {
    let laboratory = try Laboratory()
    try laboratory.run([
      RecordFixture.record(),
      RecordFixture.record(seed: 1, status: .init(.interrupted, reason: "by the user")),
    ])
    let list = try laboratory.report("list")
    #expect(list.standardOutput.contains("seed 0: completed, synthetic data"))
    #expect(list.standardOutput.contains("reason: by the user"))
    let figures = laboratory.folder.path("figures")
    let figure = try laboratory.report(
      "figure", ["--metric", "testAccuracy", "--output", figures])
    #expect(figure.exitCode == 0)
    let name = "hyper-cleaning-icml2020-digits-smoke-testAccuracy-iteration"
    #expect(try laboratory.folder.names(in: "figures").contains("\(name).gp"))
    try laboratory.reference([])
    let accept = try laboratory.report("accept")
    #expect(accept.exitCode == 0)
    #expect(accept.standardOutput.hasSuffix("hyper-cleaning_rhg_icml2020_K20_seed0.json\n"))
    #expect(accept.standardError.contains("Left out"))
    let check = try laboratory.report("check")
    // The interrupted run is no result: its reference is missing.
    #expect(check.exitCode == 5)
    #expect(check.standardOutput.contains("References: 2 within"))
  }

  @Test("schema prints what is compiled in, and validates files")
  func schema() throws {
    let printed = try CommandRunner.run("report", ["schema", "claims"])
    #expect(printed.standardOutput == FileFormat.claims.schemaText)
    let laboratory = try Laboratory()
    let path = try RecordFixture.record().write(intoRuns: laboratory.folder.path("runs"))
    #expect(try CommandRunner.run("report", ["schema", "run-record", path]).exitCode == 0)
    #expect(try CommandRunner.run("report", ["schema", "claims", path]).exitCode == 65)
  }

  @Test("Help lists the exit codes", arguments: [["--help"], ["check", "--help"]])
  func help(arguments: [String]) throws {
    let result = try CommandRunner.run("report", arguments)
    #expect(result.exitCode == 0)
    for words in ["EXIT CODES", "outside its tolerance", "damaged"] {
      #expect(result.standardOutput.contains(words), "\(words)")
    }
  }
}
