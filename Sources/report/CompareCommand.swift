import ArgumentParser
import Files
import Foundation
import Reporting
import Results

/// `report compare`.
struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Says what moved between two folders of records, or two commits' stored references.",
    discussion: """
      Each side is a folder of run records, a folder of references (such as results/reference), or a \
      commit whose results/reference is read with git. For each final value that differs: before, \
      after, by how much, and whether that is beyond its tolerance; a value without tolerance may \
      not move. Exit codes are those of 'check', the first side being what is expected.

      \(Report.exitCodes)
      """)

  @Argument(help: "What is expected: a folder or a commit.") var before: String
  @Argument(help: "What is held against it: a folder or a commit.") var after: String
  @OptionGroup var references: ReferenceOptions
  @Option(help: ArgumentHelp("Only this experiment.", valueName: "name"))
  var experiment: String?
  @Option(help: ArgumentHelp("Only this budget.", valueName: "name")) var budget: String?
  @Flag(help: "Also what moved within its tolerance, and every run that is on one side only.")
  var verbose = false

  func run() throws {
    var code: Int32 = 0
    try Output.reporting {
      let sides = try [before, after].map { name in
        try RecordSource.records(named: name).filter {
          (experiment == nil || $0.experiment == experiment)
            && (budget == nil || $0.budget == budget)
        }
      }
      var tolerances: [String: ToleranceFile] = [:]
      for budget in Set(sides.joined().map(\.budget)).sorted() {
        if let file = try Self.tolerances(of: budget, references) { tolerances[budget] = file }
      }
      let comparison = RecordComparison(
        sides[0], sides[1], names: (before, after), tolerances: tolerances)
      try Output.write(comparison.text(isVerbose: verbose), to: nil)
      code = comparison.exitCode
    }
    if code != 0 { throw ExitCode(code) }
  }

  /// The tolerances of a budget; nil where it has none, which is said.
  private static func tolerances(
    of budget: String, _ references: ReferenceOptions
  ) throws(ResultsError) -> ToleranceFile? {
    do {
      return try ToleranceFile.load(referenceFolder: references.reference, budget: budget)
    } catch  where error.kind == .missing {
      Output.diagnose("Without tolerances of budget '\(budget)': \(error.message)")
      return nil
    }
  }
}

/// A set of runs by the name of a folder or a commit.
enum RecordSource {
  /// The runs of a folder of records, a folder of references, or a commit's references.
  static func records(named name: String) throws(ResultsError) -> [RunRecord] {
    let state = PathState(name)
    if let refusal = state.refusal(of: name) { throw ResultsError(.inputOutput, refusal) }
    if state == .folder { return try records(inFolder: name) }
    return try records(ofCommit: name)
  }

  private static func records(inFolder folder: String) throws(ResultsError) -> [RunRecord] {
    let paths: [String]
    do { paths = try FolderWalk(folder).files.filter { $0.hasSuffix(".jsonl") } } catch {
      throw ResultsError(.inputOutput, error.description)
    }
    guard !paths.isEmpty else { return try RecordStore.load(folder).map(\.record) }
    var references: [Reference] = []
    for path in paths {
      references += try ReferenceFile(readingFrom: path).references
    }
    return references.map(record)
  }

  private static func records(ofCommit commit: String) throws(ResultsError) -> [RunRecord] {
    let list = try git(
      [
        "ls-tree", "-r", "--full-tree", "--name-only", "--end-of-options", commit,
        "results/reference",
      ], commit)
    let paths = String(decoding: list, as: UTF8.self).split(separator: "\n").map(String.init)
      .filter { $0.hasSuffix(".jsonl") }
    guard !paths.isEmpty else {
      throw ResultsError(
        .missing, "The commit '\(commit)' holds no references below results/reference.")
    }
    var references: [Reference] = []
    for path in paths {
      let source = "\(commit):\(path)"
      references += try ReferenceFile(
        parsing: git(["cat-file", "blob", source], commit), source: source
      ).references
    }
    return references.map(record)
  }

  private static func record(of reference: Reference) -> RunRecord {
    RunRecord(reference, displayName: MethodStyle.displayName(reference.method))
  }

  private static func git(_ arguments: [String], _ name: String) throws(ResultsError) -> Data {
    let absent = ResultsError(
      .missing,
      "'\(name)' is neither a folder nor a commit that git knows here; name a folder of records, a "
        + "folder of references, or a commit.")
    let process: ChildProcess
    do throws(ChildProcess.Failure) {
      process = try ChildProcess(running: "git", arguments)
    } catch {
      throw ResultsError(
        .missing,
        "'\(name)' is not a folder, and whether it is a commit cannot be asked, since git does not "
          + "start: \(error.description); install git, or name a folder.")
    }
    guard process.exitCode == 0 else { throw absent }
    return Data(process.output)
  }
}
