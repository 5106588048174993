import ArgumentParser
import Commands
import Experiments
import Files

/// The command `sweep`: many runs as one file, on one machine or on a cluster.
@main
struct Sweep: SuiteCommand {
  static let configuration = CommandConfiguration(
    commandName: "sweep",
    abstract: "Run a grid of cells: experiment x protocol x method x settings x seeds.",
    discussion: """
      A sweep is a YAML file: axes under "grid", further cells under "include", cells to leave out \
      under "exclude", settings of some cells under "adjust"; experiments/sweeps/README.md says \
      how. Each cell is one `run` of its experiment's executable, and is done when that run's record \
      is there, completed, with the same configuration and data: what `run --skip-completed` goes by.

      """ + ExitStatus.discussion,
    version: suiteVersion,
    subcommands: [
      ListCommand.self, RunCommand.self, SubmitCommand.self, StatusCommand.self,
    ])
}

/// The options of every subcommand.
struct SweepOptions: ParsableArguments {
  @Argument(help: ArgumentHelp("The sweep: a YAML file.", valueName: "file"))
  var file: String

  @Option(help: ArgumentHelp("Folder of records.", valueName: "folder"))
  var output = "results/runs"

  @Option(
    help: ArgumentHelp(
      "Folder of data sets. (default: $BDA_DATA_DIR, else datasets)", valueName: "folder"))
  var data: String?

  @Option(
    help: ArgumentHelp(
      "Folder of the experiments' executables. (default: that of sweep)", valueName: "folder"))
  var executables: String?

  @Option(
    help: ArgumentHelp(
      "Only every n-th cell, beginning with the i-th, such as 2/8.", valueName: "i/n"))
  var shard: Shard?

  @Option(
    name: .customLong("cell"), parsing: .unconditionalSingleValue,
    help: ArgumentHelp("Only the cell of this number; may be repeated.", valueName: "number"))
  var numbers: [Int] = []

  /// The executables of the experiments.
  var suite: SuiteExecutables {
    executables.map(SuiteExecutables.init(folder:)) ?? .besideThisProcess
  }

  /// The arguments that every cell's `run` is given besides its own.
  var common: [String] { ["--output", output] + (data.map { ["--data", $0] } ?? []) }

  /// The cells of the file that the options leave, with their runs.
  ///
  /// - Parameter console: where it is said that cells are the same.
  func cells(telling console: Console) throws -> [PlannedCell] {
    try cells(of: try SweepFile.text(at: file), telling: console)
  }

  /// The cells of the file's text that the options leave, with their runs: a pipe is read once.
  ///
  /// - Parameter console: where it is said that cells are the same.
  func cells(of text: String, telling console: Console) throws -> [PlannedCell] {
    let grid = try SweepFile.grid(of: text, source: file)
    if let refusal = PathState(output).refusal(of: output) {
      throw SweepError(refusal, .dataMissing)
    }
    let (cells, note) = try grid.expansion()
    if let note { console.show(note: note) }
    let planned = try suite.plan(cells, common: common)
    for number in numbers where !planned.indices.contains(number) {
      throw SweepError(
        "The option --cell was given \(number), but the sweep \(file) has the cells 0 to "
          + "\(planned.count - 1).", .usage)
    }
    let wanted = planned.filter {
      (shard?.holds($0.number) ?? true) && (numbers.isEmpty || numbers.contains($0.number))
    }
    let distinct = try DistinctCells(wanted, of: file)
    if let note = distinct.note { console.show(note: note) }
    return distinct.cells
  }
}
