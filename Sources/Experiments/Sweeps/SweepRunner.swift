import Commands
import Files
import Foundation

/// Runs the cells of a sweep, each in a process of its experiment's executable.
///
/// The claim to a cell is the run layer's: a lock that the kernel frees with the process. Any number
/// of runners, on any number of machines with a common file system, can work at the same sweep, and
/// none has to be told of the others. A runner that is killed leaves its cells to the processes that
/// are at them, or to the next runner.
package struct SweepRunner {
  let console: Console
  let executables: SuiteExecutables
  /// The arguments that every cell's `run` is given besides its own.
  let common: [String]
  /// How many processes run at a time.
  let jobs: Int
  /// The folder of logs, one a cell.
  let logs: String

  /// A runner.
  package init(
    console: Console, executables: SuiteExecutables, common: [String], jobs: Int, logs: String
  ) {
    self.console = console
    self.executables = executables
    self.common = common
    self.jobs = jobs
    self.logs = logs
  }

  private struct Job {
    let index: Int
    let process: CellProcess
    /// The bytes of its log that are of earlier attempts.
    let logLength: UInt64
    let watch: Stopwatch
  }

  /// Often enough: a cell that another process held may have been left by it.
  private static let attempts = 3
  private static let poll: UInt32 = 20_000

  /// Runs every cell that is not settled; returns the cells that failed, by index.
  ///
  /// - Parameter waits: whether to wait for cells that other processes are at.
  /// - Throws: `Interrupted` once the processes have written their checkpoints; ``SweepError``.
  package func run(_ cells: [PlannedCell], waits: Bool = false) throws -> [Int: SweepFailure] {
    var failures: [Int: SweepFailure] = [:]
    for (index, cell) in cells.enumerated() {
      if let refusal = cell.refusal {
        failures[index] = SweepFailure(
          code: refusal.exitCode ?? 1, sentence: refusal.error ?? "", log: nil)
      }
    }
    var attempts = [Int](repeating: 0, count: cells.count)
    while true {
      let states = cells.map(\.state.kind)
      let open = cells.indices.filter {
        failures[$0] == nil && !states[$0].isSettled && attempts[$0] < Self.attempts
      }
      // The first time everything is tried: who is said to be at a cell may be gone. After that its
      // own process has said whether somebody is.
      let next = open.filter {
        attempts[$0] == 0 || (states[$0] != .running && !cells[$0].isHeld)
      }
      if next.isEmpty {
        guard waits, !open.isEmpty else { break }
        try Interruption.checkpoint()
        usleep(500_000)
        continue
      }
      for index in next { attempts[index] += 1 }
      try pass(next, cells, &failures)
    }
    for index in cells.indices {
      let state = cells[index].state
      // Somebody else may have done what failed here.
      if state.kind == .completed { failures[index] = nil }
      guard failures[index] == nil else { continue }
      switch state.kind {
      case .brokenDown:
        failures[index] = SweepFailure(
          code: ExitStatus.diverged.rawValue, sentence: state.detail ?? "The method broke down.",
          log: nil)
      case .missing, .interrupted:
        // It was left to somebody else.
        guard attempts[index] >= Self.attempts else { continue }
        failures[index] = SweepFailure(
          code: 1, sentence: "It ended without its record, \(Self.attempts) times.",
          log: logPath(cells[index]))
      case .unreadable:
        failures[index] = SweepFailure(
          code: ExitStatus.dataInvalid.rawValue,
          sentence: state.detail ?? "Its record cannot be read.", log: nil)
      case .completed, .running, .refused: break
      }
    }
    return failures
  }

  private func pass(
    _ indices: [Int], _ cells: [PlannedCell], _ failures: inout [Int: SweepFailure]
  ) throws {
    var waiting = indices[...]
    var jobs: [Job] = []
    var forwarded = false
    var failure: SweepError?
    while !waiting.isEmpty || !jobs.isEmpty {
      if let requested = Interruption.requested {
        if !forwarded { for job in jobs { job.process.send(signal: requested.signal) } }
        forwarded = true
        waiting = []
        if jobs.isEmpty { throw requested }
      }
      while jobs.count < self.jobs, let index = waiting.popFirst() {
        // Another runner may have done it in the meantime.
        if cells[index].state.kind.isSettled { continue }
        do throws(SweepError) {
          let length = SweepFailure.length(ofLog: logPath(cells[index]))
          jobs.append(
            Job(
              index: index, process: try start(cells[index]), logLength: length,
              watch: Stopwatch()))
        } catch {
          // What runs must not outlive the sweep: it writes its checkpoint and is awaited.
          for job in jobs { job.process.send(signal: SIGTERM) }
          failure = error
          waiting = []
        }
      }
      var running: [Job] = []
      for job in jobs {
        guard let code = job.process.exitCode else {
          running.append(job)
          continue
        }
        finish(job, code, cells[job.index], &failures)
      }
      jobs = running
      if !jobs.isEmpty { usleep(Self.poll) }
    }
    if let failure { throw failure }
    if forwarded { try Interruption.checkpoint() }
  }

  /// What the executable of a cell is told, with the arguments that all cells share.
  package static func arguments(of cell: SweepCell, common: [String]) -> [String] {
    ["run"] + cell.arguments + common + ["--skip-completed", "--progress", "none"]
  }

  private func start(_ cell: PlannedCell) throws(SweepError) -> CellProcess {
    let path = try executables.path(of: cell.cell.experiment)
    let arguments = Self.arguments(of: cell.cell, common: common)
    let log = logPath(cell)
    // Not before a cell starts: where all are done, nothing has to be writable.
    do { try AtomicFile.prepareFolder(logs, for: logs) } catch {
      throw SweepError(error.message, .unexpected)
    }
    do { return try CellProcess(path, arguments, log: log) } catch {
      // The system has one number for both, so the log is tried.
      let descriptor = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
      guard descriptor >= 0 else {
        throw SweepError(
          "The log '\(log)' could not be written (\(SystemError.last)); make its folder writable, or "
            + "name another one with --logs.", .unexpected)
      }
      close(descriptor)
      throw SweepError(
        "The executable \(path) could not be started (\(error.text)); repeat the command when the "
          + "machine has room for it.", .unexpected)
    }
  }

  private func logPath(_ cell: PlannedCell) -> String {
    "\(logs)/\(cell.cell.fileName).log"
  }

  private func finish(
    _ job: Job, _ code: Int32, _ cell: PlannedCell, _ failures: inout [Int: SweepFailure]
  ) {
    let state = cell.state
    let seconds = String(format: "%.1f s", job.watch.seconds)
    let kind = code == 0 || state.kind.isSettled ? state.kind.rawValue : "ended with \(code)"
    console.show(result: PrintableText.line("\(kind)  \(seconds)  \(cell.cell.label)"))
    // What is interrupted is no failure of the cell; what broke down is told by its record.
    guard code != 0, !state.kind.isSettled, Interruption.requested == nil else { return }
    // A process that was killed has no last word.
    let isKilled = code > 128 && ExitStatus(rawValue: code) == nil
    let log = logPath(cell)
    let words =
      isKilled
      ? "Its process was ended by signal \(code - 128)."
      : SweepFailure.lastSentence(ofLog: log, after: job.logLength)
    let sentence =
      SweepFailure.loss(ofLog: log, endingWith: code).map { loss in
        words == SweepFailure.silence
          ? "What it said is lost. \(loss)" : "\(words) Its log lacks the rest. \(loss)"
      } ?? words
    failures[job.index] = SweepFailure(code: code, sentence: sentence, log: log)
  }
}

/// Why a cell has no record.
package struct SweepFailure: Sendable, Equatable {
  /// The exit code of its process, 128 plus a signal's number, or that of its refusal.
  package let code: Int32
  /// The sentence that its process ended with.
  package let sentence: String
  /// The log of its process; nil where it had none.
  package let log: String?

  /// The exit code of a sweep with these failures: theirs where it is one and documented, else 1.
  package static func exitStatus(_ failures: [SweepFailure]) -> ExitStatus {
    let codes = Set(failures.map(\.code))
    guard let code = codes.first else { return .success }
    return codes.count == 1 ? ExitStatus(rawValue: code) ?? .unexpected : .unexpected
  }

  /// The bytes of a log; 0 where there is none.
  static func length(ofLog path: String) -> UInt64 {
    guard let file = FileHandle(forReadingAtPath: path) else { return 0 }
    defer { try? file.close() }
    return (try? file.seekToEnd()) ?? 0
  }

  /// What is said of a process that left nothing in its log.
  static let silence = "It said nothing."

  /// Adds to a log how its process ended. Where the log can hold no more, the last words of the process
  /// are lost too: a sentence with the reason, else nil.
  static func loss(ofLog path: String, endingWith code: Int32) -> String? {
    let descriptor = open(path, O_WRONLY | O_APPEND | O_CLOEXEC)
    var problem = descriptor < 0 ? errno : 0
    if descriptor >= 0 {
      let line = Array("The process ended with exit code \(code).\n".utf8)
      problem = line.withUnsafeBytes { FileDescriptor.write($0, to: descriptor) }
      if close(descriptor) != 0, errno != EINTR, problem == 0 { problem = errno }
    }
    // That there is no log is said in its place.
    guard problem != 0, !PathState.isAbsence(problem) else { return nil }
    return FileError(problem, writing: path).message
  }

  /// The last error in a log, else its last line; of what was written after so many bytes.
  static func lastSentence(ofLog path: String, after length: UInt64 = 0) -> String {
    guard let file = FileHandle(forReadingAtPath: path) else { return "It left no log." }
    defer { try? file.close() }
    let end = (try? file.seekToEnd()) ?? 0
    try? file.seek(toOffset: max(min(length, end), end > 65_536 ? end - 65_536 : 0))
    let data = (try? file.readToEnd()) ?? Data()
    let lines = String(decoding: data, as: UTF8.self).split(separator: "\n").map(String.init)
    // The words of the suite, or of its parser of arguments.
    let prefixes = ["error: ", "Error: "]
    func isError(_ line: String) -> Bool { prefixes.contains { line.hasPrefix($0) } }
    guard let line = lines.last(where: isError) ?? lines.last else { return silence }
    return isError(line) ? String(line.dropFirst(7)) : line
  }
}
