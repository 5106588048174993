import ArgumentParser
import Commands
import Experiments
import Files
import Foundation

/// Runs the cells of a sweep on this machine.
struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Run every cell that is not done, one process each.",
    discussion: """
      Complete cells are skipped, unfinished ones continued from their checkpoints, and a cell that \
      another process is at is left to it: any number of `sweep run`, on any number of machines that \
      share the folder of records, can work side by side. A cell whose method broke down is not \
      repeated. Failures do not stop the others; they are listed at the end, and the exit code is \
      theirs where they agree, else 1. SIGINT, SIGQUIT, SIGTERM and SIGHUP are passed on, so that \
      every cell writes its checkpoint.
      """)

  @OptionGroup var sweep: SweepOptions

  @Option(parsing: .unconditional, help: "How many cells run at a time.")
  var jobs = 1

  @Option(
    parsing: .unconditional,
    help: "Threads of each cell. (default: $BDA_THREADS, else all processors over --jobs)")
  var threads: Int?

  @Option(
    name: .customLong("checkpoint-seconds"), parsing: .unconditional,
    help: ArgumentHelp("Seconds between checkpoints of a cell.", valueName: "seconds"))
  var checkpointSeconds: Double?

  @Option(
    help: ArgumentHelp(
      "Folder of logs, one a cell. (default: results/logs/<name of the sweep>)",
      valueName: "folder"))
  var logs: String?

  @Flag(help: "Start unfinished cells over instead of continuing them.")
  var fresh = false

  @Flag(help: "Wait for cells that other processes are at.")
  var wait = false

  @Flag(name: .customLong("dry-run"), help: "Print the command of each cell that is not done.")
  var dryRun = false

  func validate() throws {
    for (option, number) in [("--jobs", jobs), ("--threads", threads ?? 1)]
    where !(1...1024).contains(number) {
      throw ValidationError(
        "The option \(option) wants a number from 1 to 1024 but was given \(number).")
    }
    if let checkpointSeconds {
      try SharedOptions.require(checkpointSeconds: checkpointSeconds)
    }
  }

  func run() throws {
    let console = Console()
    try console.report {
      let cells = try sweep.cells(telling: console)
      let common = sweep.common + runArguments
      if dryRun {
        for cell in cells where !cell.state.kind.isSettled {
          let words = SweepRunner.arguments(of: cell.cell, common: common)
          console.show(result: ShellWords.text([cell.cell.experiment] + words))
        }
        return
      }
      Interruption.install()
      let runner = SweepRunner(
        console: console, executables: sweep.suite, common: common, jobs: jobs,
        logs: logs ?? defaultLogs)
      console.show(note: SweepSurvey(cells).summary)
      let failures: [Int: SweepFailure]
      do { failures = try runner.run(cells, waits: wait) } catch {
        console.show(result: SweepSurvey(cells).summary)
        throw error
      }
      console.show(result: SweepSurvey(cells).summary)
      for (index, failure) in failures.sorted(by: { $0.key < $1.key }) {
        let log = failure.log.map { " (log: \($0))" } ?? ""
        console.show(
          error: PrintableText.line(
            "Cell \(cells[index].number), \(cells[index].cell.label), has no usable record (exit "
              + "code \(failure.code)): \(failure.sentence)\(log)"))
      }
      let status = SweepFailure.exitStatus(Array(failures.values))
      if status != .success { throw status.exitCode }
    }
  }

  private var defaultLogs: String {
    let name = URL(fileURLWithPath: sweep.file).deletingPathExtension().lastPathComponent
    return "results/logs/\(name)"
  }

  private var runArguments: [String] {
    var arguments: [String] = []
    // Cells side by side share the processors; what somebody has said goes before.
    let isSaid = ProcessInfo.processInfo.environment["BDA_THREADS"]?.isEmpty == false
    let share = max(1, ProcessInfo.processInfo.activeProcessorCount / jobs)
    if let threads = threads ?? (isSaid || jobs == 1 ? nil : share) {
      arguments += ["--threads", "\(threads)"]
    }
    if let checkpointSeconds { arguments += ["--checkpoint-seconds", "\(checkpointSeconds)"] }
    if fresh { arguments.append("--fresh") }
    return arguments
  }
}
