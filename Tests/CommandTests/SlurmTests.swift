import Foundation
import TestSupport
import Testing

/// A sweep on a real Slurm: submitted, disturbed, and complete all the same.
@Suite("Sweeps on Slurm", .serialized)
struct SlurmTests {
  @Test(
    "The node daemon is killed, one task is put back by hand and one by its warning: every record is there once, as from a local run",
    .enabled(
      if: ProcessInfo.processInfo.environment["BDA_TEST_SLURM"] == "yes",
      "Not tested on Slurm: BDA_TEST_SLURM is not yes; `make test-slurm` sets it."),
    .timeLimit(.minutes(8)))
  func submitted() throws {
    let slurm: PrivateSlurm
    do { slurm = try PrivateSlurm() } catch let reason as PrivateSlurm.Unavailable {
      print("Not tested on Slurm: \(reason)")
      return
    }
    let sweep = try SmallSweep(iterations: 40_000)
    // A folder that has to be quoted for Slurm.
    let here = try sweep.place("a b/100 %j/it's")
    let submissions = here.appendingPathComponent("results/slurm").path
    let submission = try CommandRunner.run(
      "sweep",
      sweep.arguments("submit", output: "runs")
        + ["--minutes", "20", "--megabytes", "300", "--processors", "1"],
      environment: slurm.environment, currentDirectory: here)
    try #require(submission.exitCode == 0, "\(submission.standardError)")
    let numbers = submission.standardOutput.matches(of: /(?:array|job) (\d+)/).map { String($0.1) }
    try #require(numbers.count == 2, "\(submission.standardOutput)")
    let array = numbers[0]

    try waitUntilRunning(slurm, ["\(array)_0", "\(array)_1"])
    let status = try CommandRunner.run(
      "sweep", sweep.arguments("status", output: "runs"), environment: slurm.environment,
      currentDirectory: here)
    #expect(status.standardOutput.contains("Slurm: array \(array) of 4 cells"))
    #expect(status.standardOutput.contains("\(array)_0 RUNNING"), "\(status.standardOutput)")
    slurm.killNode()
    try slurm.startNode()
    try putBack(slurm, "\(array)_0") { try slurm.run("scontrol", ["requeue", "\(array)_0"]) }
    try putBack(slurm, "\(array)_1") {
      try slurm.run("scancel", ["--batch", "--signal=USR1", "\(array)_1"])
    }

    let deadline = Date().addingTimeInterval(300)
    while !(try slurm.run("squeue", ["--noheader"])).isEmpty, Date() < deadline { usleep(300_000) }
    #expect(try slurm.run("squeue", ["--noheader"]).isEmpty)
    let logs = try #require(
      FileManager.default.enumerator(atPath: submissions)?.allObjects
        as? [String])
    let tasks = logs.filter { $0.hasSuffix(".out") }
    #expect(tasks.count == 5, "\(tasks)")
    #expect(tasks.contains { $0.hasSuffix("tables.out") })
    let said = tasks.map {
      (try? String(contentsOfFile: "\(submissions)/\($0)", encoding: .utf8)) ?? ""
    }.joined(separator: "\n")
    let after = try CommandRunner.run("sweep", sweep.arguments("status", output: "runs"))
    #expect(after.standardOutput.contains("4 cells: 4 completed."), "\(said)")
    #expect(said.contains("4 cells: 4 completed."), "\(said)")
    try sweep.runDirectly(into: "direct", iterations: 40_000)
    #expect(try sweep.records(in: "runs") == sweep.records(in: "direct"))
  }

  /// Returns once tasks run.
  private func waitUntilRunning(_ slurm: PrivateSlurm, _ tasks: [String]) throws {
    let deadline = Date().addingTimeInterval(60)
    while Date() < deadline {
      let state = try slurm.run("squeue", ["--noheader", "--array", "--format=%i %T"])
      let lines = state.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
      if tasks.allSatisfy({ lines.contains("\($0) RUNNING") }) {
        // The cell itself begins a moment after its task.
        sleep(2)
        return
      }
      usleep(200_000)
    }
    Issue.record("The tasks \(tasks) did not start within a minute.")
  }

  /// Puts a task back into the queue and lets it start without the two minutes that Slurm waits.
  private func putBack(_ slurm: PrivateSlurm, _ task: String, _ act: () throws -> Void) throws {
    try act()
    let deadline = Date().addingTimeInterval(60)
    while Date() < deadline {
      let state = try slurm.run(
        "squeue", ["--noheader", "--array", "--format=%i %T %r"])
      let line = state.split(separator: "\n").first { $0.hasPrefix(task + " ") }
      if line?.contains("PENDING") == true {
        try slurm.run("scontrol", ["update", "JobId=\(task)", "StartTime=now"])
        return
      }
      usleep(200_000)
    }
    Issue.record("The task \(task) was not put back within a minute.")
  }
}
