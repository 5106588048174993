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
  /// - Throws: ``SweepError`` where Slurm refuses, `FileError`, `ResultsError`.
  package static func submit(
    _ script: SlurmScript, copying text: String, into folder: String
  ) throws -> SlurmSubmission {
    try AtomicFile.write(text, to: script.file)
    try AtomicFile.write(script.array, to: folder + "/array.sh")
    try AtomicFile.write(script.tables, to: folder + "/tables.sh")
    try AtomicFile.prepareFolder(script.logs, for: script.logs)
    let array = try number(SlurmTool.output(of: "sbatch", ["--parsable", folder + "/array.sh"]))
    // Whatever comes of single cells: tables show what is there.
    let tables = try number(
      SlurmTool.output(
        of: "sbatch",
        ["--parsable", "--dependency=afterany:\(array)", folder + "/tables.sh"]))
    let submission = SlurmSubmission(array: array, tables: tables, cells: script.cells)
    try AtomicFile.write(Value(encoding: submission).prettyText, to: folder + "/" + fileName)
    return submission
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
    return names.sorted().filter { $0.hasPrefix(name + "-") }.compactMap { entry in
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
