import ArgumentParser
import Commands
import Experiments

/// Says where a sweep stands.
struct StatusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Say where a sweep stands: counts, what is running, what broke down, Slurm's tasks.",
    discussion: """
      A cell that its experiment refuses, or whose record cannot be read, is shown with the \
      reason, and the exit code is 65.
      """)

  @OptionGroup var sweep: SweepOptions

  func run() throws {
    let console = Console()
    try console.report {
      let survey = SweepSurvey(try sweep.cells(telling: console))
      console.show(result: survey.summary)
      for (line, (_, state)) in zip(survey.lines, survey.cells)
      where [.running, .interrupted, .brokenDown, .unreadable, .refused].contains(state.kind) {
        console.show(result: line)
      }
      showTasks(on: console)
      if survey.needsCorrection { throw ExitStatus.dataInvalid.exitCode }
    }
  }

  /// Says what Slurm still has of the last submission, where there is one.
  private func showTasks(on console: Console) {
    let submissions = SlurmSubmission.all(
      named: SlurmFolder.name(of: sweep.file), in: SlurmFolder.submissions)
    guard let last = submissions.last else { return }
    console.show(
      result:
        "Slurm: array \(last.array) of \(last.cells.count) cells, tables as job \(last.tables).")
    do {
      let tasks = try last.tasks()
      for task in tasks { console.show(result: "  " + task) }
      if tasks.isEmpty { console.show(result: "  No task of it is left in the queue.") }
    } catch {
      // Slurm forgets jobs after a while, and may be on another machine.
      console.show(note: error.sentence)
    }
  }
}
