import ArgumentParser
import Commands
import Experiments
import Files
import Foundation

/// Hands a sweep to Slurm.
struct SubmitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "submit",
    abstract: "Submit every cell that is not done to Slurm, as a job array.",
    discussion: """
      One task a cell. Some time before its limit a task is asked to stop: the cell writes its \
      checkpoint, and the task, alone, is put back into the queue, where it continues. A job that \
      depends on the array makes tables of what is there. Time and memory are asked for by the \
      measured cells; a limit that is too short costs requeues, nothing else. The scripts and a copy \
      of the sweep, which the tasks read, are kept in results/slurm. While tasks of an earlier \
      array are pending or running, their cells cannot be submitted again. Cells that must be \
      corrected first are named and left out; where nothing else is left, the exit code is 65.
      """)

  @OptionGroup var sweep: SweepOptions

  @Flag(help: "Print the scripts and submit nothing.")
  var dryRun = false

  @Option(
    parsing: .unconditional,
    help: "Minutes after which a task is ended and put back. (default: by measured cells)")
  var minutes: Int?

  @Option(
    parsing: .unconditional, help: "Megabytes that a task may use. (default: by measured cells)")
  var megabytes: Int?

  @Option(parsing: .unconditional, help: "Processors of a task.")
  var processors = 2

  @Option(
    name: .customLong("at-a-time"), parsing: .unconditional,
    help: "How many tasks run at a time. (default: no limit)")
  var tasksAtATime: Int?

  @Option(help: "Partition. (default: Slurm's)")
  var partition: String?

  @Option(
    name: .customLong("seconds-of-warning"), parsing: .unconditional,
    help: "Seconds before the limit at which a task writes its checkpoint.")
  var secondsOfWarning = 120

  @Option(parsing: .unconditional, help: "How often a task may be put back before it is given up.")
  var requeues = 50

  func validate() throws {
    for (option, number, largest) in [
      ("--minutes", minutes ?? 1, 525_600), ("--megabytes", megabytes ?? 1, 100_000_000),
      ("--processors", processors, 1024), ("--at-a-time", tasksAtATime ?? 1, 1_000_000),
      ("--seconds-of-warning", secondsOfWarning, 65_535), ("--requeues", requeues, 1_000_000),
    ] where !(1...largest).contains(number) {
      throw ValidationError(
        "The option \(option) wants a number from 1 to \(largest) but was given \(number).")
    }
    if let minutes, secondsOfWarning >= minutes * 60 {
      throw ValidationError(
        "The options --minutes \(minutes) and --seconds-of-warning \(secondsOfWarning) leave a task "
          + "no time before its warning; give --minutes \(secondsOfWarning / 60 + 1) or more, or "
          + "--seconds-of-warning \(minutes * 60 - 1) or less.")
    }
  }

  func run() throws {
    let console = Console()
    try console.report {
      let text = try SweepFile.text(at: sweep.file)
      let survey = SweepSurvey(try sweep.cells(of: text, telling: console))
      for (cell, state) in survey.cells where state.kind.needsCorrection {
        console.show(
          warning: PrintableText.line(
            "Cell \(cell.number), \(cell.cell.label), is left out: "
              + (cell.refusal?.error ?? state.detail ?? "refused.")))
      }
      let open = survey.cells.filter { !$0.state.kind.isSettled }
      guard !open.isEmpty else {
        guard !survey.needsCorrection else { throw nothingToSubmit(survey) }
        console.show(result: "Nothing is left to submit. \(survey.summary)")
        return
      }
      let (script, folder) = script(open.map(\.cell), survey)
      if dryRun {
        console.show(results: try script.array() + "\n" + script.tables())
        return
      }
      if let largest = SlurmScript.largestTask(), let number = script.cells.max(), number > largest
      {
        throw SweepError(
          "Slurm is configured for task numbers up to \(largest) (MaxArraySize), and the sweep "
            + "\(sweep.file) has cells up to \(number); divide it into several files.", .dataInvalid
        )
      }
      try requireNotQueued(script)
      let submission = try SlurmSubmission.submit(script, copying: text, into: folder)
      console.show(
        result:
          "Submitted \(script.cells.count) \(script.cells.count == 1 ? "cell" : "cells") as array \(submission.array), tables as job "
          + "\(submission.tables); scripts and logs: \(folder)")
    }
  }

  /// The error of a sweep whose cells are done, but for those that somebody must correct.
  private func nothingToSubmit(_ survey: SweepSurvey) -> SweepError {
    let count = survey.cells.count { $0.state.kind.needsCorrection }
    let cells =
      count == 1
      ? "1 cell is corrected, which the warning above names"
      : "\(count) cells are corrected, which the warnings above name"
    return SweepError(
      "Nothing of the sweep \(sweep.file) can be submitted until \(cells). \(survey.summary)",
      .dataInvalid)
  }

  /// Throws where Slurm still has tasks of an earlier submission for the same cells.
  private func requireNotQueued(_ script: SlurmScript) throws(SweepError) {
    let earlier = SlurmSubmission.all(named: script.name, in: SlurmFolder.submissions)
    guard
      let (array, count) = SlurmSubmission.queued(script.cells, of: earlier, named: script.name)
    else { return }
    let tasks = count == 1 ? "1 task" : "\(count) tasks"
    throw SweepError(
      "Slurm still has \(tasks) of the array \(array) of the sweep \(sweep.file), pending or "
        + "running, for cells that would be queued twice; wait for the array, or cancel it with "
        + "`scancel \(array)`, and submit then.", .unexpected)
  }

  private func script(
    _ open: [PlannedCell], _ survey: SweepSurvey
  ) -> (script: SlurmScript, folder: String) {
    let costs = open.compactMap { survey.estimate.cost(of: $0.cell) }
    let limit = SlurmScript.limit(
      measuredSeconds: costs.map(\.seconds).max(), secondsOfWarning: secondsOfWarning)
    let measuredMegabytes = costs.compactMap(\.bytes).max().map { $0 / 650_000 + 256 }
    let name = SlurmFolder.name(of: sweep.file)
    let here = FileManager.default.currentDirectoryPath
    func absolute(_ path: String) -> String { URL(fileURLWithPath: path).path }
    let folder = absolute(SlurmFolder.submissions) + "/\(name)-\(SlurmFolder.stamp())"
    let executables = absolute(sweep.suite.folder)
    let own = SuiteExecutables.besideThisProcess.folder
    let output = absolute(sweep.output)
    var options = ["--output", output, "--executables", executables]
    if let data = sweep.data { options += ["--data", absolute(data)] }
    return (
      SlurmScript(
        name: name, cells: open.map(\.number), tasksAtATime: tasksAtATime,
        minutes: minutes ?? limit,
        megabytes: megabytes ?? measuredMegabytes ?? 2_000, processors: processors,
        partition: partition, secondsOfWarning: secondsOfWarning, requeues: requeues, folder: here,
        sweep: own + "/sweep", report: own + "/report",
        scontrol: SlurmTool.path(of: "scontrol"), file: folder + "/sweep.yaml", options: options,
        logs: folder + "/logs", output: output), folder
    )
  }
}

/// Where submissions are kept.
enum SlurmFolder {
  static let submissions = "results/slurm"

  /// The name of a sweep: that of its file.
  static func name(of file: String) -> String {
    let name = URL(fileURLWithPath: file).deletingPathExtension().lastPathComponent
    let plain = name.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" }
    return String(plain)
  }

  /// The moment, in a form that sorts; with the process, so that two of one second differ.
  static func stamp() -> String {
    let parts = Calendar(identifier: .gregorian).dateComponents(
      in: TimeZone(identifier: "UTC") ?? .current, from: Date())
    let numbers = [parts.month, parts.day, parts.hour, parts.minute, parts.second].map { $0 ?? 0 }
    return String(
      format: "%04d%02d%02d-%02d%02d%02d-%d", parts.year ?? 0, numbers[0], numbers[1], numbers[2],
      numbers[3], numbers[4], getpid())
  }
}
