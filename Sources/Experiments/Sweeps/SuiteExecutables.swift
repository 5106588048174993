import Commands
import Files
import Foundation
import Results

/// The experiments' executables in a folder.
package struct SuiteExecutables: Sendable {
  /// The experiments of the suite, by the names of their executables.
  package static let experiments = [
    "counter-example", "hyper-cleaning", "hyper-representation", "few-shot",
  ]

  /// The folder.
  package let folder: String

  /// The executables in a folder.
  package init(folder: String) { self.folder = folder }

  /// Those beside the executable of this process.
  package static var besideThisProcess: SuiteExecutables {
    let own = URL(fileURLWithPath: ownPath).resolvingSymlinksInPath()
    return SuiteExecutables(folder: own.deletingLastPathComponent().path)
  }

  /// The path of this process's executable: as the system tells it, else by the word it was called
  /// with. `Bundle` would tell it, too, but traps where `/proc` is not mounted.
  private static var ownPath: String {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = readlink("/proc/self/exe", &buffer, buffer.count)
    guard count > 0 else {
      return executable(
        calledAs: ProcessArguments.all?.first ?? "sweep",
        searching: ProcessInfo.processInfo.environment["PATH"] ?? "")
    }
    return String(decoding: buffer.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  /// The path of an executable called with a word: the word where it is a path, else where a shell
  /// finds it in the folders of `PATH`, else the word.
  static func executable(calledAs word: String, searching folders: String) -> String {
    guard !word.contains("/") else { return word }
    // A folder without a name is the one that the process works in.
    let paths = folders.split(separator: ":", omittingEmptySubsequences: false)
      .map { $0.isEmpty ? "./\(word)" : "\($0)/\(word)" }
    return paths.first {
      PathState($0) == .file && FileManager.default.isExecutableFile(atPath: $0)
    } ?? word
  }

  /// The path of an experiment's executable.
  ///
  /// - Throws: ``SweepError`` where there is none.
  package func path(of experiment: String) throws(SweepError) -> String {
    let path = folder + "/" + experiment
    let state = PathState(path)
    if let refusal = state.refusal(of: path) { throw SweepError(refusal, .dataMissing) }
    guard !experiment.isEmpty, !experiment.contains("/"), ![.nothing, .folder].contains(state),
      FileManager.default.isExecutableFile(atPath: path)
    else {
      throw SweepError(
        "The experiment \"\(experiment)\" has no executable in \(folder); correct the sweep's key "
          + "\"experiment\", or build it: swift build -c release --product \(experiment).",
        .dataMissing)
    }
    return path
  }

  /// The cells with their runs, as their experiments name them; one process an experiment.
  ///
  /// - Parameter common: the arguments that every cell's `run` is given besides its own.
  /// - Throws: ``SweepError`` where an executable is missing, does not answer or is no experiment.
  package func plan(
    _ cells: [SweepCell], common: [String]
  ) throws(SweepError) -> [PlannedCell] {
    var answers = [PlanAnswer?](repeating: nil, count: cells.count)
    var experiments: [String] = []
    for cell in cells where !experiments.contains(cell.experiment) {
      experiments.append(cell.experiment)
    }
    for experiment in experiments {
      let indices = cells.indices.filter { cells[$0].experiment == experiment }
      let lines = indices.map { index in
        Value.array((cells[index].arguments + common).map { .string($0) }).canonicalText
      }
      let replies = try ask(experiment, lines)
      for (index, reply) in zip(indices, replies) { answers[index] = reply }
    }
    return cells.indices.map { index in
      let answer = answers[index]
      return PlannedCell(
        number: index, cell: cells[index], places: answer?.runs ?? [],
        refusal: answer?.error == nil ? nil : answer)
    }
  }

  private func ask(
    _ experiment: String, _ lines: [String]
  ) throws(SweepError) -> [PlanAnswer] {
    let path = try path(of: experiment)
    let process: ChildProcess
    do {
      // It reads all of its input before it answers, so one after the other cannot block.
      process = try ChildProcess(
        running: path, ["plan"], reading: Array((lines.joined(separator: "\n") + "\n").utf8))
    } catch {
      throw SweepError(
        "The executable \(path) could not be started (\(error)); see that it is a program for this "
          + "machine that you may execute, and that there is room for a process and its files "
          + "(ulimit -u, ulimit -n), and repeat the command.", .unexpected)
    }
    let answers = String(decoding: process.output, as: UTF8.self).split(separator: "\n")
      .compactMap { PlanAnswer(line: String($0)) }
    guard process.exitCode == 0, answers.count == lines.count else {
      // Whatever answers `plan` is an experiment, of this suite or not; one that a signal ended, or
      // that has answered in part, may be one.
      let isKnown = Self.experiments.contains(experiment)
      if !isKnown, answers.isEmpty, process.exitCode != nil {
        throw SweepError(
          "The sweep's key \"experiment\" names \(experiment), which is no experiment: \(path) "
            + "does not answer the command plan; name one of \(Spelling.list(Self.experiments)), "
            + "or one of your own that is built from the same sources as sweep.")
      }
      throw SweepError(
        "The executable \(path) does not say which runs a command line stands for; build it from "
          + "the same sources as sweep.", .unexpected)
    }
    return answers
  }
}
