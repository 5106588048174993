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
      try ReferenceFile(
        experiment: "hyper-cleaning", budget: "smoke", references: records.map(Reference.init)
      ).write(intoReferences: folder.path("reference"))
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
      if ["table", "check", "accept", "summary", "page", "figure"].contains(command) {
        all += ["--reference", folder.path("reference")]
      }
      return try CommandRunner.run("report", all + arguments)
    }
  }

  @Test(
    "check: every exit code",
    arguments: [
      (0.8, "completed", 0), (0.7, "completed", 2), (0.8, "diverged", 3), (0.9, "completed", 4),
      (0.8, "absent", 5),
    ] as [(Double, String, Int32)])
  func exitCodes(accuracy: Double, state: String, code: Int32) throws {
    let laboratory = try Laboratory()
    try laboratory.reference([RecordFixture.record()])
    let status = RunRecord.Status(RunRecord.Status.Kind(rawValue: state) ?? .completed)
    if state != "absent" {
      try laboratory.run([RecordFixture.record(accuracy: accuracy, status: status)])
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

  @Test("Foreign and damaged JSON among the records is named and passed over")
  func passedOver() throws {
    let laboratory = try Laboratory()
    try laboratory.reference([RecordFixture.record()])
    try laboratory.run([RecordFixture.record()])
    _ = try laboratory.folder.write(Array("{".utf8), to: "runs/broken.json")
    _ = try laboratory.folder.write(Array(#"{"name": "other"}"#.utf8), to: "runs/a/package.json")
    for command in ["check", "list", "table", "summary"] {
      let extra = command == "summary" ? ["--output", laboratory.folder.path("tables")] : []
      let result = try laboratory.report(command, extra)
      #expect(result.exitCode == 0, "\(command): \(result.standardError)")
      let lines = result.standardError.split(separator: "\n").filter {
        $0.hasPrefix("Passed over: ")
      }
      #expect(lines.count == 2)
      #expect(lines.first?.contains("runs/a/package.json' is not a run record") == true)
      #expect(lines.last?.contains("runs/broken.json' is not valid JSON") == true)
    }
  }

  @Test("check: a claim without seeds enough is 5 and is not counted as reproduced")
  func tooFewSeeds() throws {
    let laboratory = try Laboratory()
    let records = [
      RecordFixture.record(method: "bda", accuracy: 0.9), RecordFixture.record(accuracy: 0.8),
    ]
    try laboratory.run(records)
    try laboratory.reference(
      records, claims: [RecordFixture.ordering(seeds: [0, 1], minimumSeeds: 2)])
    let result = try laboratory.report("check")
    #expect(result.exitCode == 5)
    #expect(result.standardOutput.contains("[too few seeds, where 'reproduced' was expected]"))
    #expect(result.standardOutput.contains("0 of 1 reproduced, 1 too few seeds"))
  }

  @Test("Standard output that cannot be written is an exit status, never a crash")
  func closedOutput() throws {
    let laboratory = try Laboratory()
    try laboratory.run([RecordFixture.record()])
    let program = CommandRunner.productsDirectory.appendingPathComponent("report").path
    func status(_ redirection: String) throws -> Int32 {
      let runs = laboratory.folder.path("runs")
      let shell = try CapturedOutput(
        of: "/bin/bash", ["-c", "'\(program)' list --runs '\(runs)' \(redirection)"])
      #expect(!shell.endedBySignal)
      return shell.code
    }
    #expect(try status("> /dev/null") == 0)
    #expect(try status("> /dev/full") == 1)
    #expect(try status(">&-") == 1)
    #expect(try status("2>&- > /dev/full") == 1)
    // A pipe whose only reader is gone before anything is written.
    let pipe = laboratory.folder.path("pipe")
    let shell = try CapturedOutput(
      of: "/bin/bash",
      [
        "-c",
        "mkfifo '\(pipe)'; true < '\(pipe)' & exec 3> '\(pipe)'; wait; "
          + "'\(program)' list --runs '\(laboratory.folder.path("runs"))' >&3",
      ])
    #expect(!shell.endedBySignal && shell.code == 1, "\(shell.text)")
  }

  @Test("check: a contradicted claim is 2, a known non-reproduction 0, and both say what was found")
  func claims() throws {
    let laboratory = try Laboratory()
    let records = [
      RecordFixture.record(method: "bda", accuracy: 0.7), RecordFixture.record(accuracy: 0.8),
    ]
    try laboratory.run(records)
    try laboratory.reference(records, claims: [RecordFixture.ordering()])
    let contradicted = try laboratory.report("check")
    #expect(contradicted.exitCode == 2)
    #expect(contradicted.standardOutput.contains("bda better than rhg by -0.1 (one seed)"))
    try laboratory.reference(
      records, claims: [RecordFixture.ordering(expectedVerdict: .notReproduced)])
    let known = try laboratory.report("check")
    #expect(known.exitCode == 0)
    #expect(
      known.standardOutput.contains(
        "Claims: 0 of 1 reproduced, 1 not reproduced (1 known to be)."))
    let verbose = try laboratory.report("check", ["--verbose"])
    #expect(verbose.standardOutput.contains("[not reproduced] order"))
  }

  @Test("check: a budget without references, or without tolerances, is 5 and says what to do")
  func noReferences() throws {
    let laboratory = try Laboratory()
    try laboratory.run([RecordFixture.record()])
    try laboratory.reference([RecordFixture.record()])
    let result = try laboratory.report("check", ["--budget", "short"])
    #expect(result.exitCode == 5)
    #expect(
      result.standardError.contains("No references of the budget 'short' are stored in "))
    #expect(result.standardError.contains("there are some of smoke"))
    #expect(result.standardError.contains("'report accept --budget short'"))
    try FileManager.default.removeItem(
      atPath: laboratory.folder.path("reference/smoke/tolerances.json"))
    let without = try laboratory.report("check")
    #expect(without.exitCode == 5)
    #expect(without.standardError.contains("tolerances.json' does not exist"))
  }

  @Test("check: claims of a budget without references are judged, and that is said")
  func claimsOnly() throws {
    let laboratory = try Laboratory()
    let records = ["bda", "rhg"].map {
      RecordFixture.record(method: $0, budget: "short", accuracy: $0 == "bda" ? 0.9 : 0.8)
    }
    try laboratory.run(records)
    var claim = RecordFixture.ordering()
    claim.budget = "short"
    try laboratory.reference([], claims: [claim])
    let result = try laboratory.report("check", ["--budget", "short"])
    #expect(result.exitCode == 0, "\(result.standardError)")
    #expect(result.standardError.hasPrefix("Claims only: No references of the budget 'short'"))
    #expect(result.standardOutput.contains("Claims: 1 of 1 reproduced."))
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
    let html = try laboratory.report("table", ["--format", "html"])
    #expect(html.standardOutput.contains("<th scope=\"row\">BDA</th>"))
    let json = try laboratory.report("table", ["--format", "json", "--spread", "student"])
    let tree = try Value(parsing: Data(json.standardOutput.utf8), source: "output")
    #expect(tree.arrayValue?.first?["rows"]?.arrayValue?.count == 2)
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
    #expect(
      empty.standardError.contains(
        "no record of experiment 'few-shot'; there are records of 'hyper-cleaning'"))
    #expect(try laboratory.report("list", ["--experiment", "nope"]).exitCode == 5)
    let metric = try laboratory.report("table", ["--metric", "speed"])
    #expect(metric.exitCode == 5)
    #expect(metric.standardError.contains("testAccuracy, upperObjective"))
    #expect(try laboratory.report("table", ["--format", "word"]).exitCode == 64)
  }

  @Test(
    "Pictures lie in the folder that is named, whatever it is called and whatever CDPATH says",
    .enabled(if: ShellLine.finds("gnuplot"), "No gnuplot."), arguments: ["figs", "-figs"])
  func folderOfFigures(name: String) throws {
    let laboratory = try Laboratory()
    try laboratory.run([20, 50].map { RecordFixture.record(innerSteps: $0) })
    _ = try laboratory.folder.write([], to: "other/\(name)/file")
    let result = try ShellLine(
      "cd '\(laboratory.folder.path)' && \"$0\" figure --metric testAccuracy --runs runs "
        + "--reference none --output=\(name)", "report",
      environment: ["CDPATH": laboratory.folder.path("other")])
    #expect(result.code == 0 && !result.text.contains("gnuplot"), "\(result.text)")
    let names = try laboratory.folder.names(in: name)
    #expect(names.contains { $0.hasSuffix(".png") } && names.contains { $0.hasSuffix(".svg") })
    #expect(try laboratory.folder.names(in: "other/\(name)") == ["file"])
  }

  @Test("figure --rows: every variant has a figure of its own, and what cannot be drawn is said")
  func rowFigures() throws {
    let laboratory = try Laboratory()
    try laboratory.run([20, 50].map { RecordFixture.record(innerSteps: $0) })
    let output = ["--metric", "testAccuracy", "--output", laboratory.folder.path("figures")]
    let figures = try laboratory.report("figure", ["--rows"] + output)
    #expect(figures.exitCode == 0, "\(figures.standardError)")
    let scripts = try laboratory.folder.names(in: "figures").filter { $0.hasSuffix(".gp") }
    #expect(scripts.count == 2, "\(scripts)")
    let announced = figures.standardOutput.split(separator: "\n")
    #expect(Set(announced).count == announced.count)
    let minimum = try laboratory.report("figure", ["--minimum", "nan"] + output)
    #expect(minimum.exitCode == 64 && minimum.standardError.contains("wants a finite number"))
    let level = try laboratory.report("figure", ["--logarithmic", "--minimum", "0"] + output)
    #expect(
      level.exitCode == 64 && level.standardError.contains("must be positive on a logarithmic"))
    let listed = try laboratory.report("figure", ["--list"] + output)
    #expect(
      listed.exitCode == 64 && listed.standardError.contains("--list names the chosen figures"))
    let titled = try laboratory.report(
      "figure", ["--title", "It's one", "--minimum", "0", "--name", "titled"] + output)
    #expect(titled.exitCode == 0, "\(titled.standardError)")
    let script = try String(
      contentsOfFile: laboratory.folder.path("figures/titled.gp"), encoding: .utf8)
    #expect(
      script.contains(#"--minimum 0.0 --title 'It'\''s one' --name titled"#),
      "\(script.prefix(400))")
    let absent = try laboratory.report("figure", ["--variant", "innerSteps=7"] + output)
    #expect(absent.exitCode == 5 && absent.standardError.contains("has the variant innerSteps=7"))
    let unknown = try laboratory.report("figure", ["--against", "nosuch"] + output)
    #expect(unknown.exitCode == 5)
    #expect(unknown.standardError.contains("nothing to draw against 'nosuch'"))
    let above = try laboratory.report("figure", ["--minimum", "5"] + output)
    #expect(above.exitCode == 64 && above.standardError.contains("lies at 0.8 or below"))
    let both = try laboratory.report("figure", ["--rows", "--minimum", "0"] + output)
    #expect(both.exitCode == 64 && both.standardError.contains("where --rows has the methods"))
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
    #expect(
      accept.standardOutput.hasSuffix(
        "reference/smoke/hyper-cleaning.jsonl: 1 runs stored, 1 in all\n"))
    #expect(accept.standardError.contains("Left out"))
    let check = try laboratory.report("check")
    // The interrupted run is no result: its reference is missing.
    #expect(check.exitCode == 5)
    #expect(check.standardOutput.contains("2 numbers within their tolerances"))
  }

  @Test("Two that store runs of one experiment at the same time lose nothing of each other's")
  func acceptedTogether() throws {
    let laboratory = try Laboratory()
    let methods = ["rhg", "bda", "t-rhg", "cg"]
    try laboratory.run(methods.map { RecordFixture.record(method: $0) })
    try laboratory.reference([])
    let commands = try methods.map { method in
      try CommandRunner.start(
        "report",
        [
          "accept", "--runs", laboratory.folder.path("runs"), "--reference",
          laboratory.folder.path("reference"), "--method", method,
        ])
    }
    for command in commands { #expect(try command.wait().exitCode == 0) }
    let file = ReferenceFile.path(
      folder: laboratory.folder.path("reference"), budget: "smoke", experiment: "hyper-cleaning")
    let stored = try ReferenceFile(readingFrom: file).references
    #expect(Set(stored.map(\.identity.method)) == Set(methods))
    #expect(
      try laboratory.folder.names(in: "reference/smoke")
        == ["hyper-cleaning.jsonl", "tolerances.json"])
  }

  @Test("schema prints what is compiled in, and validates files")
  func schema() throws {
    let printed = try CommandRunner.run("report", ["schema", "claims"])
    #expect(printed.standardOutput == FileFormat.claims.schemaText)
    let laboratory = try Laboratory()
    try laboratory.reference([RecordFixture.record()])
    let lines = laboratory.folder.path("reference/smoke/hyper-cleaning.jsonl")
    #expect(try CommandRunner.run("report", ["schema", "references", lines]).exitCode == 0)
    let path = try RecordFixture.record().write(intoRuns: laboratory.folder.path("runs"))
    #expect(try CommandRunner.run("report", ["schema", "references", path]).exitCode == 65)
    #expect(try CommandRunner.run("report", ["schema", "run-record", path]).exitCode == 0)
    #expect(try CommandRunner.run("report", ["schema", "claims", path]).exitCode == 65)
    // Every file is looked at, and a record that contradicts itself is none.
    var torn = RecordFixture.record()
    torn.metrics[0].values.append(0.5)
    let text = try Value(encoding: torn).prettyText
    let wrong = try ["one.json", "two.json"].map {
      try laboratory.folder.write(Array(text.utf8), to: $0)
    }
    let all = try CommandRunner.run("report", ["schema", "run-record"] + wrong + [path])
    #expect(all.exitCode == 65 && all.standardOutput == "\(path): valid\n")
    #expect(wrong.allSatisfy { all.standardError.contains($0) }, "\(all.standardError)")
  }

  @Test("summary: one screen on standard output, all tables and the whole check in files")
  func summary() throws {
    let laboratory = try Laboratory()
    let records = ["bda", "rhg"].map {
      RecordFixture.record(method: $0, accuracy: $0 == "bda" ? 0.9 : 0.8)
    }
    try laboratory.run(records)
    try laboratory.reference(records, claims: [RecordFixture.ordering()])
    let folder = laboratory.folder.path("tables")
    let result = try laboratory.report("summary", ["--output", folder])
    #expect(result.exitCode == 0, "\(result.standardError)")
    #expect(result.standardOutput.split(separator: "\n").count <= 50)
    #expect(result.standardOutput.contains("(table 2)"))
    #expect(result.standardOutput.hasSuffix("Exit code 0: everything is as expected.\n"))
    #expect(try laboratory.folder.names(in: "tables/smoke") == ["check.txt", "hyper-cleaning.md"])
    try laboratory.run([RecordFixture.record(accuracy: 0.9)])
    let better = try laboratory.report("summary", ["--output", folder])
    #expect(better.exitCode == 2)
    let article = try laboratory.report("table", ["--article"])
    #expect(article.standardOutput.contains("| BDA "))
    #expect(try laboratory.report("table", ["--article", "--method", "rhg"]).exitCode == 64)
  }

  @Test("Tables of an experiment that is called like a path stay in the folder of tables")
  func summaryOfAPath() throws {
    let laboratory = try Laboratory()
    var record = RecordFixture.record()
    record.experiment = "../outside"
    try laboratory.run([record, RecordFixture.record()])
    try laboratory.reference([RecordFixture.record()])
    _ = try laboratory.report("summary", ["--output", laboratory.folder.path("tables/in")])
    #expect(try laboratory.folder.names(in: "tables") == ["in"])
    #expect(
      try laboratory.folder.names(in: "tables/in/smoke") == [
        "%2E.%2Foutside.md", "check.txt", "hyper-cleaning.md",
      ])
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
