import Commands
import Files
import Foundation

/// The programs of Slurm, found where they are, on the PATH or not.
package enum SlurmTool {
  /// Where packages put them that the PATH of a batch job may lack.
  static let usualFolders = [
    "/usr/bin", "/usr/local/bin", "/opt/slurm/bin", "/usr/local/slurm/bin", "/usr/sbin",
  ]

  /// The path of a program: on the PATH, beside `sbatch`, or where packages put it; nil where none is.
  package static func path(
    of name: String,
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) -> String? {
    let folders = (environment["PATH"] ?? "").split(separator: ":").map(String.init)
    func find(_ name: String, in folders: [String]) -> String? {
      folders.map { "\($0)/\(name)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }
    if let found = find(name, in: folders) { return found }
    let besideSbatch = find("sbatch", in: folders).map {
      URL(fileURLWithPath: $0).resolvingSymlinksInPath().deletingLastPathComponent().path
    }
    return find(name, in: (besideSbatch.map { [$0] } ?? []) + usualFolders)
  }

  /// What a program of Slurm prints to standard output.
  ///
  /// - Throws: ``SweepError`` where it is not installed or fails, with what it said.
  package static func output(
    of name: String, _ arguments: [String], input: String? = nil
  ) throws(SweepError) -> String {
    guard let path = path(of: name) else {
      throw SweepError(
        "The program \(name) of Slurm is not installed here; submit from a machine of the cluster, "
          + "or use `sweep run`.", .dataMissing)
    }
    let process: ChildProcess
    do {
      process = try ChildProcess(
        running: path, arguments, reading: Array((input ?? "").utf8),
        taking: [STDOUT_FILENO, STDERR_FILENO])
    } catch {
      throw SweepError(
        "The program \(path) could not be started (\(error)); see that it is a program for this "
          + "machine that you may execute, and repeat the command.", .unexpected)
    }
    let text = String(decoding: process.output, as: UTF8.self)
    guard process.exitCode == 0 else {
      let said = String(decoding: process.errors, as: UTF8.self)
      let reason = said.split(separator: "\n").joined(separator: "; ")
      throw SweepError(
        "The program \(path) refused: \(reason.isEmpty ? "it gave no reason" : reason).",
        .unexpected)
    }
    return text.trimmingCharacters(in: .whitespacesAndNewlines)
  }
}
