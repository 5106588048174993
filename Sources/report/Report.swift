import ArgumentParser
import Commands
import Files
import Foundation
import Results

/// The command `report`: tables, figures and checks, as functions of stored records.
@main
struct Report: SuiteCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Tables, figures and checks of stored runs.",
    discussion: """
      Computes nothing anew: every number comes from a record below --runs, a reference, a claim or \
      a published figure below --reference. Results go to standard output, diagnostics to standard \
      error.

      \(Self.exitCodes)
      """,
    version: suiteVersion,
    subcommands: [
      TableCommand.self, CheckCommand.self, FigureCommand.self, ListCommand.self,
      AcceptCommand.self, SchemaCommand.self,
    ])

  /// What every subcommand's exit codes mean.
  static let exitCodes = """
    EXIT CODES
      0   success; for 'check', everything is as expected
      1   unexpected failure (a file that cannot be written, for example)
      2   'check': a number is outside its tolerance or a claim is not reproduced
      3   'check': a run diverged, became non-finite or timed out
      4   'check': only improvements over what is stored
      5   a record, reference or tolerance is missing, or a claim was not run
      64  wrong usage
      65  a file is there but damaged, of another version, or has unknown keys
    """
}

/// Options that every subcommand reading records takes.
struct RecordOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The folder of records.", valueName: "dir"))
  var runs = "results/runs"

  @Option(help: ArgumentHelp("Only this experiment.", valueName: "name"))
  var experiment: String?

  /// The records of the folder, of one experiment where it is named.
  func load() throws(ResultsError) -> [StoredRecord] {
    let contents = try RecordStore.contents(of: runs)
    for note in contents.passedOver { Output.diagnose(note) }
    return contents.records.filter { experiment == nil || $0.record.experiment == experiment }
  }

  /// The records of the folder, limited further; none is an error that says what was looked for.
  func load(
    protocolName: String?, budget: String?, methods: [String] = []
  ) throws(ResultsError) -> [RunRecord] {
    let records = try load().map(\.record).filter {
      (protocolName == nil || $0.protocolName == protocolName)
        && (budget == nil || $0.budget == budget)
        && (methods.isEmpty || methods.contains($0.method.name))
    }
    guard records.isEmpty else { return records }
    let limits = [
      experiment.map { "experiment '\($0)'" }, protocolName.map { "protocol '\($0)'" },
      budget.map { "budget '\($0)'" },
      methods.isEmpty ? nil : "method \(methods.map { "'\($0)'" }.joined(separator: " or "))",
    ].compactMap { $0 }
    let what = limits.isEmpty ? "" : " of \(limits.joined(separator: ", "))"
    throw ResultsError(
      .missing,
      "The folder '\(runs)' holds no record\(what); run the experiment first, or see "
        + "'report list' for what there is.")
  }
}

/// The option that names the folder of references.
struct ReferenceOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The folder of references, claims and published figures.", valueName: "dir"))
  var reference = "results/reference"
}

/// Output in the ways all subcommands share.
enum Output {
  private static let console = Console()

  /// Writes results to a file, or to standard output where no file is named.
  static func write(_ text: String, to path: String?) throws(ResultsError) {
    if let path {
      do { try AtomicFile.write(text, to: path) } catch { throw ResultsError(error) }
    } else {
      console.show(results: text)
    }
  }

  /// Writes one line of diagnostics to standard error.
  static func diagnose(_ line: String) { console.show(note: line) }

  /// Runs a subcommand; an error of reading or writing becomes its sentence and its exit code.
  static func reporting(_ body: () throws -> Void) throws {
    do {
      try body()
    } catch let error as ResultsError {
      throw CommandFailure(error.message, exitCode: error.exitCode)
    }
  }
}
