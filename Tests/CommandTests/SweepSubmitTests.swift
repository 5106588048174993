import Foundation
import Results
import TestSupport
import Testing

@testable import Experiments

/// What `sweep submit` writes for Slurm, and what it leaves where Slurm refuses: with an `sbatch` of the
/// tests' own. That real ones take it: ``SlurmTests``.
@Suite("The command sweep submit", .serialized)
struct SweepSubmitTests {
  @Test("The scripts for Slurm can be read before they are submitted, and are valid for the shell")
  func dryRun() throws {
    let sweep = try SmallSweep()
    let result = try CommandRunner.run(
      "sweep",
      sweep.arguments("submit", output: "runs")
        + ["--dry-run", "--minutes", "7", "--at-a-time", "3", "--cell", "1", "--cell", "2"])
    #expect(result.exitCode == 0, "\(result.standardError)")
    for line in [
      "#SBATCH --array=1-2%3", "#SBATCH --time=7", "#SBATCH --requeue", "#SBATCH --mem=2000M",
      "#SBATCH --signal=B:USR1@120", "task=${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}",
    ] { #expect(result.standardOutput.contains(line), "\(line)") }
    let path = try sweep.folder.write(Array(result.standardOutput.utf8), to: "scripts.sh")
    #expect(try CapturedOutput(of: "/bin/bash", ["-n", path]).code == 0)
  }

  @Test("A sweep is submitted from a folder whose path has spaces and percent signs")
  func submittedFromAnywhere() throws {
    let sweep = try SmallSweep()
    let result = try CommandRunner.run(
      "sweep", sweep.arguments("submit", output: "runs") + ["--partition", "all nodes"],
      environment: try sweep.slurm(), currentDirectory: try sweep.place("a b/100 %j/it's"))
    #expect(result.exitCode == 0, "\(result.standardError)")
    #expect(result.standardOutput.hasPrefix("Submitted 4 cells as array 7, tables as job 8;"))
    let submissions = "a b/100 %j/it's/results/slurm"
    let name = try #require(try sweep.folder.names(in: submissions).first)
    for (script, log) in [("array.sh", "%A_%a.out"), ("tables.sh", "tables.out")] {
      let path = sweep.folder.path("\(submissions)/\(name)/\(script)")
      let text = try String(contentsOfFile: path, encoding: .utf8)
      let end = "/a b/100 %%j/it's/results/slurm/\(name)/logs/\(log)\""
      let lines = text.split(separator: "\n")
      #expect(
        lines.contains { $0.hasPrefix("#SBATCH --output=\"/") && $0.hasSuffix(end) }, "\(text)")
      #expect(lines.contains { $0 == "#SBATCH --partition=\"all nodes\"" }, "\(text)")
      #expect(try CapturedOutput(of: "/bin/bash", ["-n", path]).code == 0)
    }
  }

  @Test("What no directive of Slurm holds is refused before anything is written")
  func refusedByDirectives() throws {
    let sweep = try SmallSweep()
    for (folder, more, expected) in [
      ("a\"b", [], "The folder of logs "), ("a\\b", ["--dry-run"], "The folder of logs "),
      ("a\nb", [], "The folder of logs "),
      ("plain", ["--partition", "a\"b"], "The option --partition was given "),
      ("plain", ["--partition", ""], "The option --partition was given an empty text"),
      (
        "plain", ["--minutes", "1"],
        "give --minutes 3 or more, or --seconds-of-warning 59 or less"
      ),
      (
        "plain", ["--minutes", "5", "--seconds-of-warning", "300"],
        "give --minutes 6 or more, or --seconds-of-warning 299 or less"
      ),
    ] as [(String, [String], String)] {
      let result = try CommandRunner.run(
        "sweep", sweep.arguments("submit", output: "runs") + more,
        environment: try sweep.slurm(), currentDirectory: try sweep.place(folder))
      #expect(result.exitCode == 64, "\(folder) \(more): \(result.standardError)")
      #expect(result.standardError.contains(expected), "\(result.standardError)")
      #expect(try sweep.folder.names(in: folder).isEmpty)
    }
  }

  @Test("A warning longer than the usual limit makes the limit longer")
  func longWarning() throws {
    let sweep = try SmallSweep()
    let result = try CommandRunner.run(
      "sweep",
      sweep.arguments("submit", output: "runs") + ["--dry-run", "--seconds-of-warning", "60000"])
    #expect(result.exitCode == 0, "\(result.standardError)")
    #expect(result.standardOutput.contains("#SBATCH --time=1008\n"), "\(result.standardOutput)")
  }

  @Test("A submission that Slurm refuses leaves nothing; half of one is withdrawn")
  func refusedBySlurm() throws {
    let refuses = "echo 'no room' >&2; exit 1"
    for (array, tables, cancelled) in [(refuses, "echo 8", nil), ("echo 7", refuses, "7\n")]
      as [(String, String, String?)]
    {
      let sweep = try SmallSweep()
      let result = try CommandRunner.run(
        "sweep", sweep.arguments("submit", output: "runs"),
        environment: try sweep.slurm(array: array, tables: tables),
        currentDirectory: try sweep.place("here"))
      #expect(result.exitCode == 1)
      #expect(result.standardError.contains("refused: no room."), "\(result.standardError)")
      #expect(try sweep.folder.names(in: "here/results/slurm").isEmpty)
      let said = FileManager.default.contents(atPath: sweep.folder.path("slurm/cancelled"))
      #expect(said == cancelled.map { Data($0.utf8) })
    }
    let sweep = try SmallSweep()
    let result = try CommandRunner.run(
      "sweep", sweep.arguments("submit", output: "runs"),
      environment: try sweep.slurm(tables: refuses, scancel: "exit 1"),
      currentDirectory: try sweep.place("here"))
    #expect(result.exitCode == 1)
    for part in ["refused: no room), and the array", "cancel it with `scancel 7`."] {
      #expect(result.standardError.contains(part), "\(result.standardError)")
    }
    // The array's tasks read what is in it.
    #expect(try sweep.folder.names(in: "here/results/slurm").count == 1)
  }

  @Test("A number is found among a site's notes; without one it is said how to find the job")
  func numbers() throws {
    let sweep = try SmallSweep()
    let submit = sweep.arguments("submit", output: "runs")
    let result = try CommandRunner.run(
      "sweep", submit,
      environment: try sweep.slurm(
        array: "echo 'Note: 3 nodes are down'; echo '101;main'",
        tables: "echo 'Submitted batch job 12'"),
      currentDirectory: try sweep.place("notes"))
    #expect(result.exitCode == 0, "\(result.standardError)")
    #expect(
      result.standardOutput.hasPrefix("Submitted 4 cells as array 101, tables as job 12;"),
      "\(result.standardOutput)")
    for (here, array, tables, job, cancelled) in [
      ("array", "echo queued", "echo 8", "small", nil),
      ("tables", "echo 7", ":", "small-tables", "7\n"),
    ] as [(String, String, String, String, String?)] {
      let result = try CommandRunner.run(
        "sweep", submit, environment: try sweep.slurm(array: array, tables: tables),
        currentDirectory: try sweep.place(here))
      #expect(result.exitCode == 1, "\(result.standardError)")
      #expect(
        result.standardError.contains("look with `squeue --me --name=\(job)`, cancel"),
        "\(result.standardError)")
      let said = FileManager.default.contents(atPath: sweep.folder.path("slurm/cancelled"))
      #expect(said == cancelled.map { Data($0.utf8) })
      // What a job that may be queued reads and writes is kept.
      #expect(try sweep.folder.names(in: "\(here)/results/slurm").count == 1)
    }
  }

  @Test("Cells that wait or run in Slurm are not submitted again; others are")
  func twice() throws {
    let sweep = try SmallSweep()
    let environment = try sweep.slurm()
    let here = try sweep.place("here")
    try sweep.program("slurm/squeue", "cat \"$(dirname \"$0\")/queue\"")
    func submit(_ more: [String], queue: String) throws -> CommandResult {
      _ = try sweep.folder.write(Array(queue.utf8), to: "slurm/queue")
      return try CommandRunner.run(
        "sweep", sweep.arguments("submit", output: "runs") + more, environment: environment,
        currentDirectory: here)
    }
    #expect(try submit([], queue: "").exitCode == 0)
    let refused = try submit([], queue: "7_0 RUNNING\n7_2 COMPLETING\n7_3 PENDING\n8 PENDING\n")
    #expect(refused.exitCode == 1, "\(refused.standardError)")
    for part in ["Slurm still has 2 tasks of the array 7 of the sweep", "with `scancel 7`"] {
      #expect(refused.standardError.contains(part), "\(refused.standardError)")
    }
    #expect(try sweep.folder.names(in: "here/results/slurm").count == 1)
    for (more, queue) in [
      (["--cell", "1"], "7_0 RUNNING\n"), ([], "7_0 COMPLETED\n"), ([], ""),
    ] as [([String], String)] {
      let result = try submit(more, queue: queue)
      #expect(result.exitCode == 0, "\(queue): \(result.standardError)")
    }
    // Where Slurm does not tell, nothing is refused.
    try sweep.program("slurm/squeue", "exit 1")
    #expect(try submit([], queue: "").exitCode == 0)
  }

  @Test("A sweep of which nothing is left but what is refused is not finished")
  func nothingButRefused() throws {
    let sweep = try SmallSweep(
      more: "adjust:\n  - {when: {experiment: counter-example}, set: {inner.stepSize: -1}}\n")
    for more in [[], ["--dry-run"]] {
      let result = try CommandRunner.run(
        "sweep", sweep.arguments("submit", output: "runs") + more,
        environment: try sweep.slurm(), currentDirectory: try sweep.place("here"))
      #expect(result.exitCode == 65, "\(result.standardOutput)")
      #expect(result.standardOutput.isEmpty)
      for part in ["until 4 cells are corrected", "4 cells: 4 refused."] {
        #expect(result.standardError.contains(part), "\(result.standardError)")
      }
      #expect(try sweep.folder.names(in: "here").isEmpty)
    }
  }
}
