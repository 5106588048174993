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
  /// - Throws: ``SweepError`` where a script cannot be written or Slurm refuses, `FileError`,
  ///   `ResultsError`.
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
    let answer = try SlurmTool.output(of: "sbatch", ["--parsable", folder + "/array.sh"])
    isNeeded = true
    let array = try number(answer)
    // Whatever comes of single cells: tables show what is there.
    let arguments = ["--parsable", "--dependency=afterany:\(array)", folder + "/tables.sh"]
    let reply: String
    do { reply = try SlurmTool.output(of: "sbatch", arguments) } catch {
      try withdraw(array, after: error)
      isNeeded = wasThere
      throw error
    }
    let submission = SlurmSubmission(
      array: array, tables: try number(reply), cells: script.cells)
    try AtomicFile.write(Value(encoding: submission).prettyText, to: folder + "/" + fileName)
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

  /// The number of a job in what `sbatch --parsable` prints, `number[;cluster]`.
  private static func number(_ text: String) throws(SweepError) -> String {
    let number = String(text.prefix { $0.isNumber })
    guard !number.isEmpty else {
      throw SweepError("Slurm accepted a job without telling its number: \(text).", .unexpected)
    }
    return number
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
