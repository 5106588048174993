import Files
import Foundation

/// The two scripts that hand a sweep to Slurm: an array with one task a cell, and what follows it.
package struct SlurmScript: Sendable {
  /// The name of the job, that of the sweep.
  package var name: String
  /// The numbers of the cells that are run.
  package var cells: [Int]
  /// How many tasks run at a time; nil for as many as Slurm likes.
  package var tasksAtATime: Int?
  /// Minutes after which Slurm ends a task.
  package var minutes: Int
  /// Megabytes that a task may use.
  package var megabytes: Int
  /// Processors of a task.
  package var processors: Int
  /// The partition; nil for Slurm's default.
  package var partition: String?
  /// Seconds before the limit at which a task is asked to write its checkpoint.
  package var secondsOfWarning: Int
  /// How often a task may be put back into the queue before it is given up.
  package var requeues: Int
  /// The folder that everything runs in.
  package var folder: String
  /// The path of `sweep`.
  package var sweep: String
  /// The path of `report`.
  package var report: String
  /// The path of `scontrol`, where it was found.
  package var scontrol: String?
  /// The copy of the sweep file that the tasks read: an edit in the meantime must not move numbers.
  package var file: String
  /// The options of `sweep run` besides the file and the cell.
  package var options: [String]
  /// The folder of logs.
  package var logs: String
  /// The folder of records, for the tables.
  package var output: String

  /// The name of the job that makes tables.
  var tablesName: String { "\(name)-tables" }

  /// What is handed over.
  package init(
    name: String, cells: [Int], tasksAtATime: Int?, minutes: Int, megabytes: Int, processors: Int,
    partition: String?, secondsOfWarning: Int, requeues: Int, folder: String, sweep: String,
    report: String, scontrol: String?, file: String, options: [String], logs: String, output: String
  ) {
    self.name = name
    self.cells = cells
    self.tasksAtATime = tasksAtATime
    self.minutes = minutes
    self.megabytes = megabytes
    self.processors = processors
    self.partition = partition
    self.secondsOfWarning = secondsOfWarning
    self.requeues = requeues
    self.folder = folder
    self.sweep = sweep
    self.report = report
    self.scontrol = scontrol
    self.file = file
    self.options = options
    self.logs = logs
    self.output = output
  }

  /// Task numbers as Slurm writes them, `0-3,7`.
  static func array(_ numbers: [Int]) -> String {
    var ranges: [ClosedRange<Int>] = []
    for number in numbers.sorted() {
      if let last = ranges.last, number == last.upperBound + 1 {
        ranges[ranges.count - 1] = last.lowerBound...number
      } else {
        ranges.append(number...number)
      }
    }
    return ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
      .joined(separator: ",")
  }

  /// Minutes for cells of which the longest was measured elsewhere at so many seconds: twice that,
  /// and some to begin and to end; four hours where nothing was measured. Always more than the warning.
  package static func limit(measuredSeconds: Double?, secondsOfWarning: Int) -> Int {
    let measured = measuredSeconds.flatMap { $0 >= 0 ? Int(min($0, 1e7) / 30) + 10 : nil }
    return max(measured ?? 240, secondsOfWarning / 60 + 8)
  }

  /// The script of the array.
  ///
  /// - Throws: ``SweepError`` where no directive can hold the folder of logs or the partition.
  package func array() throws(SweepError) -> String {
    let words = ([sweep, "run", file] + options + ["--logs", logs]).map(ShellWords.quoted)
      .joined(separator: " ")
    let directives = try directives(
      [
        "--job-name=\(name)",
        "--array=\(Self.array(cells))" + (tasksAtATime.map { "%\($0)" } ?? ""),
        "--time=\(minutes)", "--mem=\(megabytes)M", "--cpus-per-task=\(processors)", "--ntasks=1",
        "--requeue", "--signal=B:USR1@\(secondsOfWarning)", "--open-mode=append",
      ], log: "%A_%a.out")
    return """
      #!/bin/bash
      \(directives)
      # One task a cell. Near the time limit Slurm sends USR1: the cell writes its checkpoint, and the
      # task goes back into the queue, where it continues from it.
      set -u
      cd \(ShellWords.quoted(folder)) || exit 66
      export BDA_THREADS=${SLURM_CPUS_PER_TASK:-\(processors)}
      task=${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}
      near_limit=no
      \(words) --cell "$SLURM_ARRAY_TASK_ID" &
      child=$!
      trap 'near_limit=yes; kill -TERM "$child" 2>/dev/null' USR1
      trap 'kill -TERM "$child" 2>/dev/null' TERM
      # `wait` returns when a trap has run; only when the child is gone is its code the task's.
      while :; do
        wait "$child"
        code=$?
        kill -0 "$child" 2>/dev/null || break
      done
      # The child may have ended just as the trap returned: asked once more, `wait` gives its own code.
      wait "$child"
      code=$?
      if [ "$near_limit" = yes ] && [ "$code" -eq 143 ]; then
        if [ "${SLURM_RESTART_COUNT:-0}" -ge \(requeues) ]; then
          echo "The task $task was put back \(requeues) times and is given up; submit the sweep again." >&2
          exit "$code"
        fi
        scontrol=\(ShellWords.quoted(scontrol ?? "scontrol"))
        if ! command -v "$scontrol" >/dev/null; then
          for place in "$(dirname "$(command -v sbatch || echo /usr/bin/sbatch)")" /usr/bin \\
            /usr/local/bin /opt/slurm/bin /usr/local/slurm/bin; do
            if [ -x "$place/scontrol" ]; then scontrol=$place/scontrol; break; fi
          done
        fi
        # The task alone: with the number of the array all of its tasks would be put back.
        exec "$scontrol" requeue "$task"
      fi
      exit "$code"

      """
  }

  /// The script that makes tables of what is there once every task has ended.
  ///
  /// - Throws: ``SweepError`` where no directive can hold the folder of logs or the partition.
  package func tables() throws(SweepError) -> String {
    let directives = try directives(
      ["--job-name=\(tablesName)", "--time=60", "--mem=1000M", "--ntasks=1", "--requeue"],
      log: "tables.out")
    let list = ([sweep, "list", "--summary", file] + options).map(ShellWords.quoted)
      .joined(separator: " ")
    let records = "--runs " + ShellWords.quoted(output)
    let report = ShellWords.quoted(report)
    return """
      #!/bin/bash
      \(directives)
      # What is missing is named by the last line of the list; the tables show what is there.
      cd \(ShellWords.quoted(folder)) || exit 66
      \(list)
      \(report) table \(records) || code=$?
      \(report) page \(records) || code=$?
      exit "${code:-0}"

      """
  }
}
