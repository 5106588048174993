import Foundation
import TestSupport
import Testing

@testable import Experiments

/// Sweeps of which cells are refused, break down or cannot be started.
@Suite("The command sweep where cells fail", .serialized)
struct SweepFailureTests {
  @Test("Where a cell cannot be started, what runs writes its checkpoint, and again continues")
  func startFailure() throws {
    let sweep = try SmallSweep(iterations: 600)
    let folder = CommandRunner.productsDirectory.path
    // A second cell takes its own program away and ends once the first has a checkpoint.
    try sweep.program(
      "programs/counter-example",
      """
      if [ "$1" = run ] && ! mkdir '\(sweep.folder.path("first"))' 2> /dev/null; then
        chmod a-x "$0"
        for i in $(seq 1000); do
          find '\(sweep.folder.path("runs"))' -name '*.checkpoint' | grep -q . && break
          sleep 0.01
        done
        exit 1
      fi
      exec '\(folder)/counter-example' "$@"
      """)
    let failed = try sweep.run(
      "runs",
      [
        "--jobs", "2", "--checkpoint-seconds", "0", "--executables", sweep.folder.path("programs"),
      ])
    #expect(failed.exitCode == 66, "\(failed.standardError)")
    #expect(failed.standardError.contains("has no executable in"), "\(failed.standardError)")
    #expect(sweep.holders(in: "runs").allSatisfy { kill($0, 0) != 0 })
    let list = try CommandRunner.run("sweep", sweep.arguments("status", output: "runs"))
    #expect(list.standardOutput.contains("1 interrupted"), "\(list.standardOutput)")
    #expect(try sweep.run("runs").exitCode == 0)
    try sweep.runDirectly(into: "direct", iterations: 600)
    #expect(try sweep.records(in: "runs") == sweep.records(in: "direct"))
  }

  private static let canIgnore =
    (try? ShellLine("exec env --ignore-signal=CHLD true", "sh"))?.code == 0

  @Test(
    "Whoever starts a sweep may ignore SIGCHLD: how cells and helpers end is known all the same",
    .enabled(if: canIgnore, "env has no --ignore-signal."))
  func ignoredEndings() throws {
    let sweep = try SmallSweep()
    let words =
      sweep.arguments("run", output: "runs")
      + ["--logs", sweep.folder.path("runs-logs"), "--threads", "1"]
    let result = try ShellLine(
      "exec env --ignore-signal=CHLD timeout 180 \"$0\" "
        + words.map { "'\($0)'" }.joined(separator: " "), "sweep")
    #expect(result.code == 0, "\(result.text)")
    #expect(result.text.contains("4 cells: 4 completed."), "\(result.text)")
  }

  @Test("Failures are listed at the end, with their exit code; the other cells are done")
  func failures() throws {
    let sweep = try SmallSweep(
      more: "include:\n  - {method: bda, inner.steps: 4, inner.stepz: 3}\n")
    let result = try sweep.run("runs")
    #expect(result.exitCode == 64, "\(result.standardError)")
    #expect(result.standardOutput.contains("5 cells: 4 completed, 1 refused."))
    #expect(result.standardError.contains("Cell 4, counter-example smoke double bda"))
    #expect(result.standardError.contains("the unknown key \"stepz\""))
    #expect(try sweep.records(in: "runs").count == 4)
    let list = try CommandRunner.run("sweep", sweep.arguments("list", output: "runs"))
    #expect(list.exitCode == 65)
  }

  @Test("A record of a later version is unreadable: its reason is told, with 65, and it is kept")
  func unreadable() throws {
    let sweep = try SmallSweep()
    try sweep.runDirectly(into: "runs")
    let record = try #require(try sweep.records(in: "runs").keys.sorted().first)
    let later = Array("{\"schemaVersion\": 99}\n".utf8)
    let path = try sweep.folder.write(later, to: "runs\(record)")
    for verb in ["list", "status"] {
      let result = try CommandRunner.run("sweep", sweep.arguments(verb, output: "runs"))
      #expect(result.exitCode == 65, "\(result.standardError)")
      for part in ["4 cells: 3 completed, 1 unreadable.", "has schema version 99"] {
        #expect(result.standardOutput.contains(part), "\(verb): \(result.standardOutput)")
      }
    }
    let run = try sweep.run("runs")
    #expect(run.exitCode == 65, "\(run.standardError)")
    #expect(run.standardError.contains("has schema version 99"), "\(run.standardError)")
    #expect(FileManager.default.contents(atPath: path) == Data(later))
    let submission = try CommandRunner.run("sweep", sweep.arguments("submit", output: "runs"))
    #expect(submission.exitCode == 65, "\(submission.standardError)")
    #expect(submission.standardError.contains("can be submitted until 1 cell is corrected"))
    #expect(submission.standardError.contains("is left out: The run record "))
  }

  @Test(
    "Where a log can hold nothing more, that is said with the reason",
    .enabled(if: DiskInMemory.isAvailable, DiskInMemory.reason))
  func fullLogs() throws {
    let sweep = try SmallSweep()
    let disk = try DiskInMemory(sweep.folder.path("full"), kilobytes: 64)
    _ = try ShellLine("dd if=/dev/zero of='\(disk.path)/fill' bs=4k 2> /dev/null", "sh")
    let result = try CommandRunner.run(
      "sweep",
      sweep.arguments("run", output: "full/runs")
        + ["--logs", sweep.folder.path("full/logs"), "--threads", "1", "--cell", "0"])
    #expect(result.exitCode == 1, "\(result.standardError)")
    #expect(result.standardError.contains("has no usable record"), "\(result.standardError)")
    #expect(result.standardError.contains("(No space left on device)"), "\(result.standardError)")
    #expect(!result.standardError.contains("said nothing"), "\(result.standardError)")
    withExtendedLifetime(disk) {}
  }

  @Test("What a sweep file or a record says does not steer the terminal")
  func controlCharacters() throws {
    let sweep = try SmallSweep(more: "include:\n  - {method: \"r\\ehg\"}\n")
    for verb in ["list", "status"] {
      let result = try CommandRunner.run("sweep", sweep.arguments(verb, output: "runs"))
      #expect(result.exitCode == 65, "\(result.standardError)")
      #expect(result.standardOutput.contains("r\u{FFFD}hg"), "\(result.standardOutput)")
      #expect(!result.standardOutput.unicodeScalars.contains("\u{1B}"))
    }
  }

  @Test("Logs want a folder once a cell starts, and none where all are done")
  func folderOfLogs() throws {
    let sweep = try SmallSweep()
    // Below a file nobody can make one.
    let arguments = sweep.arguments("run", output: "runs") + ["--logs", sweep.file + "/logs"]
    let refused = try CommandRunner.run("sweep", arguments)
    #expect(refused.exitCode == 1, "\(refused.standardError)")
    #expect(refused.standardError.contains("could not be created"), "\(refused.standardError)")
    try sweep.runDirectly(into: "runs")
    let done = try CommandRunner.run("sweep", arguments)
    #expect(done.exitCode == 0, "\(done.standardError)")
    #expect(done.standardOutput == "4 cells: 4 completed.\n")
  }

  @Test("A method that breaks down is told with its reason and not repeated")
  func brokenDown() throws {
    let sweep = try SmallSweep(
      more: "include:\n  - {method: rhg, inner.steps: 4, inner.stepSize: 1e200}\n")
    for _ in 0..<2 {
      let result = try sweep.run("runs")
      #expect(result.exitCode == 3, "\(result.standardError)")
      #expect(result.standardOutput.contains("5 cells: 4 completed, 1 broke down."))
    }
    let logs = try sweep.folder.names(in: "runs-logs")
    #expect(logs.count == 5)
    for name in logs {
      let text = try String(contentsOfFile: sweep.folder.path("runs-logs/\(name)"), encoding: .utf8)
      #expect(text.split(separator: "\n").count { $0.hasSuffix(".json") } == 1, "\(text)")
    }
  }
}
