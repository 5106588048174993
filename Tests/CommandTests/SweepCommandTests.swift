import Foundation
import Results
import TestSupport
import Testing

@testable import Experiments

/// A sweep of the counter-example, which needs no data, in a temporary folder.
final class SmallSweep {
  let folder: TemporaryFolder

  static let methods = ["rhg", "bda"]
  static let steps = [4, 8]

  /// - Parameter iterations: how long a cell takes.
  init(iterations: Int = 20, more: String = "") throws {
    folder = try TemporaryFolder()
    _ = try folder.write(
      Array(
        """
        grid:
          experiment: counter-example
          budget: smoke
          scalar: double
          method: [\(Self.methods.joined(separator: ", "))]
          inner.steps: [\(Self.steps.map(String.init).joined(separator: ", "))]
          seed: 0
          problem.dimension: 500
          start.first: [[1]]
          start.second: [[1]]
          outer.iterations: \(iterations)
        \(more)
        """.utf8), to: "small.yaml")
  }

  var file: String { folder.path("small.yaml") }

  /// The folder of that name below the sweep's, made where it is not there.
  func place(_ name: String) throws -> URL {
    let url = folder.url.appendingPathComponent(name, isDirectory: true)
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    return url
  }

  /// A program of the shell in the sweep's folder.
  func program(_ name: String, _ lines: String) throws {
    _ = try folder.program(lines, named: name)
  }

  /// An environment in which Slurm's programs do what is said.
  func slurm(
    array: String = "echo 7", tables: String = "echo 8", scancel: String = ":"
  ) throws -> [String: String] {
    try program(
      "slurm/sbatch", "case \"$*\" in *tables.sh) \(tables) ;; *array.sh) \(array) ;; esac")
    try program("slurm/scancel", "echo \"$*\" >> \"$(dirname \"$0\")/cancelled\"; \(scancel)")
    try program("slurm/scontrol", "exit 1")
    let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
    return ["PATH": folder.path("slurm") + ":" + path]
  }

  func arguments(_ verb: String, output: String) -> [String] {
    [verb, file, "--output", folder.path(output)]
  }

  func run(_ output: String, _ more: [String] = []) throws -> CommandResult {
    try start(output, more).wait(timeout: 180)
  }

  func start(_ output: String, _ more: [String] = []) throws -> RunningCommand {
    try CommandRunner.start(
      "sweep",
      arguments("run", output: output)
        + ["--logs", folder.path(output + "-logs"), "--threads", "1"] + more)
  }

  /// The same runs as single commands.
  func runDirectly(into output: String, iterations: Int = 20) throws {
    for method in Self.methods {
      let result = try CommandRunner.run(
        "counter-example",
        [
          "run", "--budget", "smoke", "--scalar", "double", "--method", method, "--seed", "0",
          "--start", "1",
          "--set", "problem.dimension=500", "--set", "outer.iterations=\(iterations)", "--output",
          folder.path(output),
        ] + Self.steps.flatMap { ["--inner-steps", "\($0)"] })
      try #require(result.exitCode == 0, "\(result.standardError)")
    }
  }

  /// The records in a folder without what may differ from run to run, by their paths.
  func records(in output: String) throws -> [String: String] {
    let stored = try RecordStore.load(folder.path(output))
    return try Dictionary(
      uniqueKeysWithValues: stored.map { stored in
        var members = try Value(encoding: stored.record).objectValue ?? [:]
        members["timing"] = nil
        members["environment"] = nil
        return (
          String(stored.path.dropFirst(folder.path(output).count)),
          Value.object(sorted: members).canonicalText
        )
      })
  }

  /// How often a record was written, by the logs: lines that end in the path of a record.
  func timesWritten(in output: String) throws -> [String: Int] {
    var times: [String: Int] = [:]
    for name in try folder.names(in: output + "-logs") {
      let text = try String(contentsOfFile: folder.path("\(output)-logs/\(name)"), encoding: .utf8)
      for line in text.split(separator: "\n")
      where line.hasSuffix(".json") && line.contains("completed") { times[name, default: 0] += 1 }
    }
    return times
  }

  /// The processes that hold locks below a folder of records.
  func holders(in output: String) -> [Int32] {
    let all = FileManager.default.enumerator(atPath: folder.path(output))?.allObjects ?? []
    return all.compactMap { $0 as? String }.filter { $0.hasSuffix(".lock") }.compactMap { name in
      let text = try? String(contentsOfFile: folder.path("\(output)/\(name)"), encoding: .utf8)
      return text?.split(separator: " ").first.flatMap { Int32($0) }
    }
  }

  /// Returns once a cell runs and a checkpoint lies in a folder of records, or half a minute is over.
  ///
  /// A checkpoint alone may be that of an earlier sweep; a running cell says that this one is under way.
  func waitForCheckpoint(in output: String) {
    let deadline = Date().addingTimeInterval(30)
    while Date() < deadline {
      let all = FileManager.default.enumerator(atPath: folder.path(output))?.allObjects ?? []
      let isSaved = all.contains { ($0 as? String)?.hasSuffix(".checkpoint") == true }
      if isSaved, holders(in: output).contains(where: { kill($0, 0) == 0 }) { return }
      usleep(5_000)
    }
  }
}

@Suite("The command sweep", .serialized)
struct SweepCommandTests {
  @Test("A list names cells, states and what is left; a run makes them complete; again is nothing")
  func listed() throws {
    let sweep = try SmallSweep()
    let before = try CommandRunner.run("sweep", sweep.arguments("list", output: "runs"))
    #expect(before.exitCode == 0, "\(before.standardError)")
    #expect(before.standardOutput.contains("4 cells: 4 missing. How long the rest takes is not"))
    let first = try sweep.run("runs", ["--shard", "1/4"])
    #expect(first.exitCode == 0, "\(first.standardError)")
    let between = try CommandRunner.run("sweep", sweep.arguments("list", output: "runs"))
    #expect(between.standardOutput.contains("4 cells: 1 completed, 3 missing. About "))
    #expect(between.standardOutput.contains("estimated from 1 measured cell."))
    #expect(try sweep.run("runs", ["--jobs", "2"]).exitCode == 0)
    let after = try CommandRunner.run("sweep", sweep.arguments("status", output: "runs"))
    #expect(after.standardOutput == "4 cells: 4 completed.\n")
    try sweep.runDirectly(into: "direct")
    #expect(try sweep.records(in: "runs") == sweep.records(in: "direct"))
    let written = try sweep.timesWritten(in: "runs")
    #expect(written.count == 4 && written.values.allSatisfy { $0 == 1 }, "\(written)")
    #expect(try sweep.run("runs").exitCode == 0)
    #expect(try sweep.timesWritten(in: "runs") == written)
  }

  @Test(
    "Cells that differ in what their method does not read are one run, and what is not read makes none"
  )
  func unreadAxes() throws {
    let folder = try TemporaryFolder()
    func sweep(_ verb: String, _ axis: String) throws -> CommandResult {
      let file = try folder.write(
        Array(
          """
          grid:
            experiment: counter-example
            budget: smoke
            method: [rhg, bda]
            inner.steps: 4
            seed: 0
            outer.iterations: 3
            start.first: [[1]]
            start.second: [[1]]
            \(axis)
          """.utf8), to: "axes.yaml")
      return try CommandRunner.run(
        "sweep",
        [verb, file, "--output", folder.path("runs")]
          + (verb == "run" ? ["--logs", folder.path("logs"), "--threads", "1"] : []), timeout: 120)
    }
    let first = try sweep("run", "aggregation.alpha: [0.4, 0.6]")
    #expect(first.exitCode == 0, "\(first.standardError)")
    #expect(
      first.standardError.contains(
        "1 cell that is the same run as another one, since they differ in what is not read "
          + "(aggregation.alpha)"), "\(first.standardError)")
    #expect(try RecordStore.load(folder.path("runs")).count == 3)
    let again = try sweep("status", "aggregation.alpha: [0.4, 0.6]")
    #expect(again.standardOutput.contains("3 cells: 3 completed."), "\(again.standardOutput)")
    // Another value of what is not read finds the record, and one of what is read does not.
    let moved = try sweep("status", "aggregation.alpha: 0.7")
    #expect(
      moved.standardOutput.contains("2 cells: 1 completed, 1 missing."), "\(moved.standardOutput)")
    // How much memory is used tells no runs apart, though both cells read it.
    let shared = try sweep("run", "trajectory.megabytes: [1, 2]")
    #expect(shared.exitCode == 64, "\(shared.standardError)")
    #expect(
      shared.standardError.contains("would write one record")
        && shared.standardError.contains("they differ in trajectory.megabytes alone"),
      "\(shared.standardError)")
  }

  @Test("Two side by side do every cell once")
  func sideBySide() throws {
    let sweep = try SmallSweep()
    let both = try (0..<2).map { _ in try sweep.start("runs", ["--wait"]) }
    for command in both {
      let result = try command.wait(timeout: 180)
      #expect(result.exitCode == 0, "\(result.standardError)")
      #expect(result.standardOutput.contains("4 cells: 4 completed."))
    }
    let written = try sweep.timesWritten(in: "runs")
    #expect(written.count == 4 && written.values.allSatisfy { $0 == 1 }, "\(written)")
    try sweep.runDirectly(into: "direct")
    #expect(try sweep.records(in: "runs") == sweep.records(in: "direct"))
  }

  @Test("SIGKILL in the middle, of the sweep and of its cell, then again: the same records")
  func killed() throws {
    let sweep = try SmallSweep(iterations: 60)
    for killsCell in [false, true] {
      let command = try sweep.start("runs", ["--checkpoint-seconds", "0"])
      sweep.waitForCheckpoint(in: "runs")
      command.send(signal: SIGKILL)
      #expect(try command.wait(timeout: 180).endedBySignal)
      if killsCell { for process in sweep.holders(in: "runs") { kill(process, SIGKILL) } }
    }
    let last = try sweep.run("runs", ["--wait"])
    #expect(last.exitCode == 0, "\(last.standardError)")
    try sweep.runDirectly(into: "direct", iterations: 60)
    #expect(try sweep.records(in: "runs") == sweep.records(in: "direct"))
  }

  @Test("A signal is passed on: cells write checkpoints, the exit code says so, again continues")
  func interrupted() throws {
    let sweep = try SmallSweep(iterations: 60)
    for signal in [SIGTERM, SIGINT] {
      let command = try sweep.start("runs", ["--jobs", "2", "--checkpoint-seconds", "0"])
      sweep.waitForCheckpoint(in: "runs")
      command.send(signal: signal)
      let result = try command.wait(timeout: 180)
      #expect(result.exitCode == 128 + signal, "\(result.standardError)")
      #expect(result.standardOutput.contains("interrupted"), "\(result.standardOutput)")
    }
    #expect(try sweep.run("runs").exitCode == 0)
    try sweep.runDirectly(into: "direct", iterations: 60)
    #expect(try sweep.records(in: "runs") == sweep.records(in: "direct"))
  }

  @Test("Options that make no sense are refused in a sentence")
  func options() throws {
    let sweep = try SmallSweep()
    for (more, expected) in [
      (["--jobs", "0"], "--jobs wants a number from 1 to 1024"),
      (["--checkpoint-seconds", "-1"], "--checkpoint-seconds wants a finite number"),
      (["--shard", "9/8"], "--shard"),
      (["--cell", "4"], "has the cells 0 to 3"),
      (["--output", ""], "--output was given an empty text"),
      (["--executables", "/nowhere"], "has no executable in /nowhere"),
    ] {
      var arguments = sweep.arguments("run", output: "runs")
      if more[0] == "--output" { arguments.removeLast(2) }
      let result = try CommandRunner.run("sweep", arguments + more)
      #expect([64, 66].contains(result.exitCode), "\(more)")
      #expect(result.standardError.contains(expected), "\(result.standardError)")
    }
  }

  @Test("A dry run prints the commands that would be run, as a shell reads them back")
  func dryRunOfCells() throws {
    let sweep = try SmallSweep()
    let output = sweep.folder.path("o p")
    let result = try CommandRunner.run(
      "sweep", ["run", sweep.file, "--output", output, "--dry-run", "--fresh", "--cell", "0"])
    #expect(result.exitCode == 0, "\(result.standardError)")
    let line = result.standardOutput.trimmingCharacters(in: .newlines)
    #expect(line.contains(" --output '\(output)'"), "\(line)")
    #expect(line.contains(" --set 'start.first=[1]' "), "\(line)")
    #expect(line.hasSuffix(" --fresh --skip-completed --progress none"), "\(line)")
    let words = try CapturedOutput(of: "/bin/sh", ["-c", "printf '%s\\n' \(line)"]).text
    #expect(words.split(separator: "\n").contains { $0 == output }, "\(words)")
  }

  @Test("Options that leave no cells are said in sentences")
  func noCells() throws {
    let sweep = try SmallSweep()
    let none = "The options --shard and --cell leave no cells.\n"
    for (verb, expected) in [
      ("list", none), ("status", none), ("submit", "Nothing is left to submit. " + none),
    ] {
      let result = try CommandRunner.run(
        "sweep", sweep.arguments(verb, output: "runs") + ["--shard", "9/9"])
      #expect(result.exitCode == 0, "\(result.standardError)")
      #expect(result.standardOutput == expected)
    }
  }

  @Test("A sweep can come through a pipe or a FIFO, and is submitted as it came")
  func piped() throws {
    let sweep = try SmallSweep()
    let fifo = sweep.folder.path("fifo")
    let options = "--output '\(sweep.folder.path("runs"))'"
    for line in [
      "cat '\(sweep.file)' | \"$0\" list /dev/stdin \(options)",
      "mkfifo '\(fifo)'; cat '\(sweep.file)' > '\(fifo)' & \"$0\" list '\(fifo)' \(options)",
    ] {
      let result = try ShellLine(line, "sweep")
      #expect(result.code == 0, "\(result.text)")
      #expect(result.text.contains("4 cells: 4 missing."), "\(result.text)")
    }
    let here = try sweep.place("here")
    let submission = try ShellLine(
      "cd '\(here.path)'; cat '\(sweep.file)' | \"$0\" submit /dev/stdin \(options)", "sweep",
      environment: try sweep.slurm())
    #expect(submission.code == 0, "\(submission.text)")
    let name = try #require(try sweep.folder.names(in: "here/results/slurm").first)
    let copy = sweep.folder.path("here/results/slurm/\(name)/sweep.yaml")
    #expect(
      FileManager.default.contents(atPath: copy)
        == FileManager.default.contents(atPath: sweep.file))
  }

  @Test("An executable that is no experiment is a mistake in the file; one's own can be one")
  func experiments() throws {
    let sweep = try SmallSweep()
    func list(_ experiment: String, _ more: [String] = []) throws -> CommandResult {
      _ = try sweep.folder.write(
        Array("grid: {experiment: \(experiment), seed: 0}".utf8), to: "own.yaml")
      let file = sweep.folder.path("own.yaml")
      return try CommandRunner.run(
        "sweep", ["list", file, "--output", sweep.folder.path("runs")] + more)
    }
    for name in ["report", "sweep", "datasets"] {
      let result = try list(name)
      #expect(result.exitCode == 65, "\(result.standardError)")
      #expect(result.standardError.contains("names \(name), which is no experiment"))
      #expect(
        result.standardError.contains(
          "counter-example, hyper-cleaning, hyper-representation and few-shot"))
    }
    for name in SuiteExecutables.experiments {
      #expect(try CommandRunner.run(name, ["plan"]).exitCode == 0, "\(name)")
    }
    try sweep.program("own/mine", "cat > /dev/null; echo '{\"runs\": []}'")
    try sweep.program("own/killed", "kill -KILL $$")
    let own = ["--executables", sweep.folder.path("own")]
    let mine = try list("mine", own)
    #expect(mine.exitCode == 0, "\(mine.standardError)")
    #expect(mine.standardOutput.contains("1 cell: 1 missing."))
    let killed = try list("killed", own)
    #expect(killed.exitCode == 1, "\(killed.standardError)")
    #expect(killed.standardError.contains("build it from the same sources as sweep."))
  }

  @Test("A damaged checkpoint is refused with the option that passes it over, which is there")
  func fresh() throws {
    let sweep = try SmallSweep()
    try sweep.runDirectly(into: "direct")
    let records = try sweep.records(in: "direct")
    let record = try #require(records.keys.sorted().first)
    _ = try sweep.folder.write(
      Array("bda-checkpoint 0\n".utf8), to: "runs\(record.dropLast(5)).checkpoint")
    let refused = try sweep.run("runs")
    #expect(refused.exitCode == 65, "\(refused.standardError)")
    #expect(refused.standardError.contains("add --fresh"), "\(refused.standardError)")
    let fresh = try sweep.run("runs", ["--fresh"])
    #expect(fresh.exitCode == 0, "\(fresh.standardError)")
    #expect(try sweep.records(in: "runs") == records)
  }

  @Test("A cell whose lock another program holds is running elsewhere, and is done when it is free")
  func heldElsewhere() throws {
    let sweep = try SmallSweep()
    try sweep.runDirectly(into: "direct")
    let records = try sweep.records(in: "direct")
    let record = try #require(records.keys.sorted().first)
    let parts = record.split(separator: "/")
    let folder = parts.dropLast().joined(separator: "/")
    let name = try #require(parts.last)
    // Without a number as `flock` leaves it, and with that of a process that is gone.
    for (output, text, state) in [
      ("runs", "", "1 running"), ("other", "2147483647 \(Self.machine)\n", "1 missing"),
    ] {
      let lock = try sweep.folder.write(
        Array(text.utf8), to: "\(output)/\(folder)/.\(name).lock")
      let descriptor = open(lock, O_RDWR | O_CLOEXEC)
      try #require(descriptor >= 0 && flock(descriptor, LOCK_EX | LOCK_NB) == 0)
      let held = try sweep.run(output)
      // Not by closing alone: a child that another test has just started has a copy of the descriptor.
      flock(descriptor, LOCK_UN)
      close(descriptor)
      #expect(held.exitCode == 0, "\(held.standardError)")
      #expect(
        held.standardOutput.contains("4 cells: 3 completed, \(state)."), "\(held.standardOutput)")
      let free = try sweep.run(output)
      #expect(free.exitCode == 0, "\(free.standardError)")
      #expect(try sweep.records(in: output) == records)
    }
  }

  /// The name of this machine, as locks have it.
  private static var machine: String {
    var name = [CChar](repeating: 0, count: 256)
    gethostname(&name, name.count - 1)
    return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
