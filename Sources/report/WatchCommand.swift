import ArgumentParser
import Commands
import Files
import Foundation
import Reporting
import Results

/// `report watch`.
struct WatchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "watch",
    abstract: "Shows runs that are under way: how far they are, F and accuracy as sparklines.",
    discussion: """
      Reads the checkpoints that a run writes (every 30 seconds unless its --checkpoint-seconds says \
      otherwise) and ends when no run is under way any more. On a terminal the lines are redrawn in \
      place; elsewhere there is one plain line whenever something is new. A run that left a \
      checkpoint and that no process is running is named as stopped.

      \(Report.exitCodes)
      """)

  @Argument(
    help: "A folder of runs, a record or a checkpoint.")
  var path = "results/runs"
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Seconds between looks.", valueName: "seconds"))
  var interval = 2.0
  @Flag(help: "Look once.") var once = false

  func validate() throws {
    guard interval > 0, interval <= 3600 else {
      throw ValidationError(
        "The option --interval wants seconds above 0 and up to 3600 but was given \(interval).")
    }
  }

  func run() throws {
    var code: Int32 = 0
    try Output.reporting {
      var watched = try recordPaths()
      guard !watched.isEmpty else {
        throw ResultsError(
          .missing,
          "No run is under way below '\(path)', and none was stopped there; start one first, or see "
            + "'report list' for those that have ended.")
      }
      let terminal = Terminal(descriptor: STDOUT_FILENO)
      var drawn = 0
      var last: [String: WatchedRun] = [:]
      while true {
        let runs = watched.compactMap(WatchedRun.init(recordPath:))
        if terminal.movesCursor {
          drawn = redraw(runs, over: drawn, width: terminal.columns)
        } else {
          for run in runs where last[run.recordPath] != run {
            try Output.write(run.line + "\n", to: nil)
            last[run.recordPath] = run
          }
        }
        let isRunning = runs.contains { $0.state == .running }
        if once || !isRunning {
          code = Self.exitCode(runs)
          break
        }
        Thread.sleep(forTimeInterval: interval)
        // A sweep goes on to its next run.
        for path in try recordPaths() where !watched.contains(path) { watched.append(path) }
      }
    }
    if code != 0 { throw ExitCode(code) }
  }

  /// 3 where a run broke down, 65 where a checkpoint is damaged, 5 where one was stopped, 0 else.
  private static func exitCode(_ runs: [WatchedRun]) -> Int32 {
    let kinds = runs.compactMap { run -> RunRecord.Status.Kind? in
      if case .ended(let status) = run.state { status.kind } else { nil }
    }
    if kinds.contains(where: \.isBreakdown) { return 3 }
    if runs.contains(where: { $0.state == .damaged }) { return 65 }
    // One that was stopped has a record of it, too, after its checkpoint is gone.
    return kinds.contains(.interrupted) || runs.contains { $0.state == .stopped } ? 5 : 0
  }

  private func recordPaths() throws(ResultsError) -> [String] {
    let state = PathState(path)
    if let refusal = state.refusal(of: path) { throw ResultsError(.inputOutput, refusal) }
    let names = [path, path + ".json", CheckpointPlace.path(for: path)]
    guard names.contains(where: { PathState($0) != .nothing }) else {
      throw ResultsError(
        .missing,
        "There is no folder, record or checkpoint '\(path)'; name the folder that runs write their records "
          + "to.")
    }
    if state == .folder {
      do { return try WatchedRun.unfinished(in: path) } catch {
        throw ResultsError(.inputOutput, error.description)
      }
    }
    let record =
      CheckpointPlace.record(ofCheckpointAt: path)
      ?? (path.hasSuffix(".json") ? path : path + ".json")
    return WatchedRun(recordPath: record) == nil ? [] : [record]
  }

  /// Draws the runs over the lines of the last time; returns how many lines there are now.
  private func redraw(_ runs: [WatchedRun], over drawn: Int, width: Int) -> Int {
    let lines = runs.flatMap { $0.lines(width: width) }
    var text = drawn > 0 ? "\u{1B}[\(drawn)A" : ""
    for line in lines { text += line + "\u{1B}[K\n" }
    text += "\u{1B}[J"
    try? Output.write(text, to: nil)
    return lines.count
  }
}
