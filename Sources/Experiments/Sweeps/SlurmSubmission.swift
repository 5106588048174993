import Files
import Foundation
import Results

/// What was handed to Slurm: a folder with a copy of the sweep, the scripts and the jobs' numbers.
package struct SlurmSubmission: Codable, Sendable, Equatable {
  /// The number of the array.
  package var array: String
  /// The number of the job that makes tables.
  package var tables: String
  /// The numbers of the cells.
  package var cells: [Int]

  /// The name of its file in the folder.
  static let fileName = "jobs.json"

  /// Hands scripts over and writes down what Slurm answered.
  ///
  /// Where Slurm takes none of them, the folder is removed again unless it was there before.
  ///
  /// - Throws: ``SweepError`` where a script cannot be written, or Slurm refuses or does not tell a
  ///   number, `FileError`, `ResultsError`.
  package static func submit(
    _ script: SlurmScript, copying text: String, into folder: String
  ) throws -> SlurmSubmission {
    // Both before anything is written, since either may be refused.
    let (arrayText, tablesText) = (try script.array(), try script.tables())
    let wasThere = FileManager.default.fileExists(atPath: folder)
    // What a job that Slurm has taken reads and writes is kept, whatever comes.
    var isNeeded = wasThere
    defer { if !isNeeded { try? FileManager.default.removeItem(atPath: folder) } }
    try AtomicFile.write(text, to: script.file)
    try AtomicFile.write(arrayText, to: folder + "/array.sh")
    try AtomicFile.write(tablesText, to: folder + "/tables.sh")
    try AtomicFile.prepareFolder(script.logs, for: script.logs)
    // Reserved before Slurm is asked: a full disk is to be known while nothing is queued.
    let jobs = try AtomicFile(path: folder + "/" + fileName)
    let answer = try SlurmTool.output(of: "sbatch", ["--parsable", folder + "/array.sh"])
    isNeeded = true
    let array = try number(of: script.name, in: answer)
    // Whatever comes of single cells: tables show what is there.
    let arguments = ["--parsable", "--dependency=afterany:\(array)", folder + "/tables.sh"]
    var tablesMayBeQueued = false
    let tables: String
    do throws(SweepError) {
      let reply = try SlurmTool.output(of: "sbatch", arguments)
      tablesMayBeQueued = true
      tables = try number(of: script.tablesName, in: reply)
    } catch {
      try withdraw(array, after: error)
      isNeeded = wasThere || tablesMayBeQueued
      throw error
    }
    let submission = SlurmSubmission(array: array, tables: tables, cells: script.cells)
    do {
      try jobs.commit(Array(Value(encoding: submission).prettyText.utf8))
    } catch let error as FileError {
      // Jobs that `status` does not know would be submitted a second time.
      let numbers = "\(array) \(tables)"
      let isCancelled = (try? SlurmTool.output(of: "scancel", [array, tables])) != nil
      throw SweepError(
        "Slurm has taken the jobs \(numbers), and their numbers could not be stored "
          + "(\(error.message.dropLast())), so they "
          + (isCancelled
            ? "were cancelled; submit again."
            : "are not known here; let them run, or cancel them with `scancel \(numbers)` before you "
              + "submit again."),
        .unexpected)
    }
    return submission
  }

  /// Cancels an array whose tables were refused: a part of a submission is not what was asked for.
  private static func withdraw(_ array: String, after refusal: SweepError) throws(SweepError) {
    do { _ = try SlurmTool.output(of: "scancel", [array]) } catch {
      throw SweepError(
        "Slurm has taken the array \(array) but not the job that makes its tables "
          + "(\(refusal.sentence.dropLast())), and the array could not be cancelled; let it run, "
          + "or cancel it with `scancel \(array)`.", refusal.exitStatus)
    }
  }

  /// The number of the job of a name in what `sbatch` printed.
  ///
  /// - Throws: ``SweepError`` where there is none, with how to find the job.
  private static func number(of job: String, in text: String) throws(SweepError) -> String {
    if let number = number(in: text) { return number }
    let said = text.split(whereSeparator: \.isNewline).joined(separator: "; ")
    throw SweepError(
      "The program sbatch of Slurm took the job \(job) without telling its number (it said: "
        + "\(said.isEmpty ? "nothing" : said)), so the job may be queued; look with "
        + "`squeue --me --name=\(job)`, cancel what is listed with `scancel`, and submit again.",
      .unexpected)
  }

  /// The number of a job in what `sbatch --parsable` prints, `number[;cluster]`, or in the sentence
  /// that it prints where a site's program in its place drops the option; nil where there is none.
  ///
  /// The last line of that form counts: a site may put its notes before it.
  static func number(in text: String) -> String? {
    for line in text.split(whereSeparator: \.isNewline).reversed() {
      // A text of its own: what is asked of a part of a long one goes through all of it.
      let line = String(line).trimmingCharacters(in: .whitespaces)
      if let match = line.wholeMatch(of: /([0-9]+)(?:;.*)?/) { return String(match.1) }
      if let match = line.firstMatch(of: /Submitted batch job ([0-9]+)(?: on cluster \S+)?$/) {
        return String(match.1)
      }
    }
    return nil
  }

  /// The submissions of a sweep below a folder, the oldest first.
  package static func all(named name: String, in folder: String) -> [SlurmSubmission] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    // A name may begin with another sweep's: what follows must be the moment and the process.
    let own = names.filter {
      $0.hasPrefix(name + "-") && $0.dropFirst(name.count + 1).wholeMatch(of: /\d+-\d+-\d+/) != nil
    }
    return own.sorted().compactMap { entry in
      let path = "\(folder)/\(entry)/\(fileName)"
      guard let data = FileManager.default.contents(atPath: path),
        let value = try? Value(parsing: data, source: path)
      else { return nil }
      return try? value.decoded(as: SlurmSubmission.self, source: path)
    }
  }

  /// The states of tasks that have not ended, as Slurm writes them.
  private static let openStates: Set<String> = [
    "PENDING", "CONFIGURING", "RUNNING", "SUSPENDED", "STOPPED", "REQUEUED", "REQUEUE_HOLD",
  ]

  /// An array of earlier submissions of which tasks for some of the cells wait or run, with the
  /// number of those tasks; nil where there is none, or Slurm does not tell.
  ///
  /// - Parameter name: the name of the job, since Slurm begins its numbers again some day.
  package static func queued(
    _ cells: [Int], of submissions: [SlurmSubmission], named name: String
  ) -> (array: String, tasks: Int)? {
    guard !submissions.isEmpty else { return nil }
    let arguments = [
      "--noheader", "--array", "--format=%i %T", "--name=\(name)",
      "--jobs=" + submissions.map(\.array).joined(separator: ","),
    ]
    // It refuses a single number that it has forgotten: nothing of it waits or runs.
    guard let text = try? SlurmTool.output(of: "squeue", arguments) else { return nil }
    let numbers = Set(cells)
    let arrays = text.split(whereSeparator: \.isNewline).compactMap { line -> String? in
      guard let match = line.firstMatch(of: /^\s*([0-9]+)_([0-9]+)\s+([A-Z_]+)/),
        openStates.contains(String(match.3)), let number = Int(match.2), numbers.contains(number)
      else { return nil }
      return String(match.1)
    }
    guard let array = arrays.first else { return nil }
    return (array, arrays.count { $0 == array })
  }

  /// The tasks that Slurm still knows, one line each: number, state, time used.
  package func tasks() throws(SweepError) -> [String] {
    let text = try SlurmTool.output(
      of: "squeue", ["--noheader", "--array", "--format=%i %T %M", "--jobs=\(array),\(tables)"])
    return text.split(separator: "\n").map(String.init)
  }
}

extension SlurmScript {
  /// The largest number that a task may have, as Slurm is configured; nil where it does not say.
  package static func largestTask() -> Int? {
    let text = try? SlurmTool.output(of: "scontrol", ["show", "config"])
    let line = text?.split(separator: "\n").first { $0.hasPrefix("MaxArraySize") }
    return line?.split(separator: "=").last.flatMap {
      Int($0.trimmingCharacters(in: .whitespaces))
    }.map { $0 - 1 }
  }
}
