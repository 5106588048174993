import Foundation
import Results
import TestSupport
import Testing

/// What stops a test before its expectations.
struct Unexpected: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// One of the four experiments with a run of about a second, for tests of what all have in common.
struct SmallExperiment: Sendable, CustomTestStringConvertible {
  /// The executable.
  let name: String
  /// A run of some outer iterations, with memory in its optimiser or estimator.
  let arguments: [String]
  /// Makes the data that the run needs below a folder.
  let prepare: @Sendable (_ folder: String) throws -> Void

  var testDescription: String { name }

  static let all = [counterExample, cleaning, representation, fewShot]

  private static func settings(_ keys: [String]) -> [String] { keys.flatMap { ["--set", $0] } }

  /// A sweep, so that a run of several stages is among them.
  static let counterExample = SmallExperiment(
    name: "counter-example",
    arguments: [
      "sweep", "--method", "learned-bda", "--outer", "momentum", "--inner-steps", "3",
      "--inner-steps", "5", "--inner-steps", "8", "--outer-iterations", "40",
    ] + settings(["problem.dimension=20", "outer.tolerance=1e-30"])
  ) { _ in }

  /// Adam, and a linear solver that starts from its last solution.
  static let cleaning = SmallExperiment(
    name: "hyper-cleaning",
    arguments: [
      "run", "--method", "cg", "--inner-steps", "3", "--outer-iterations", "9", "--seed", "3",
    ]
      + settings([
        "data.train=30", "data.validation=30", "data.test=30", "solver.startsWarm=true",
        "solver.steps=3",
        "evaluation.every=3",
      ])
  ) { try makeDigits($0) }

  /// Adam, an inner loop that starts from the last head, curves in every iteration.
  static let representation = SmallExperiment(
    name: "hyper-representation",
    arguments: ["run", "--method", "bda", "--outer-iterations", "40"]
      + settings(["inner.startsWarm=true"])
  ) { _ in }

  /// Meta-batches, running moments, the best x so far, a test in many closing steps.
  static let fewShot = SmallExperiment(
    name: "few-shot",
    arguments: ["run", "--method", "maml"]
      + settings([
        "split.train=9", "split.validation=6", "network.filters=2", "network.blocks=3",
        "task.metaBatch=2",
        "outer.iterations=6", "task.queries=3", "inner.steps=3", "evaluation.every=2",
        "evaluation.validationEpisodes=4",
        "evaluation.testEpisodes=30", "data.rotationsAreClasses=true",
        "evaluation.normalisation=running",
      ])
  ) { try makeAlphabets($0) }

  /// Digits for hyper-cleaning, of 300 and 60 images.
  static func makeDigits(_ folder: String) throws {
    try make(
      ["--kind", "digits", "--train-count", "300", "--test-count", "60", "--data", folder])
  }

  /// A tree of 20 classes of 8 images for few-shot.
  static func makeAlphabets(_ folder: String) throws {
    try make([
      "--kind", "alphabets", "--alphabets", "4", "--characters", "5", "--drawers", "8", "--data",
      folder,
    ])
  }

  private static func make(_ arguments: [String]) throws {
    let result = try CommandRunner.run("datasets", ["synthesise"] + arguments)
    guard result.exitCode == 0 else {
      throw Unexpected(result.standardError)
    }
  }
}

/// The end of a run that gets a signal once it has got so far, `hasReached`.
///
/// One that was faster than the test has ended by itself: `remove` takes away what it wrote, and another
/// begins, ten at most.
func stopped(
  by signal: Int32, once hasReached: () -> Bool, remove: () -> Void,
  start: () throws -> RunningCommand
) throws -> CommandResult {
  for _ in 0..<10 {
    let command = try start()
    let deadline = Date().addingTimeInterval(60)
    while !hasReached(), command.isRunning, Date() < deadline { usleep(2_000) }
    command.send(signal: signal)
    let result = try command.wait()
    if result.exitCode != 0 { return result }
    remove()
  }
  throw Unexpected("Ten runs were over before a signal reached them.")
}

/// The data and the records of one experiment's runs, in a temporary folder.
struct ExperimentFolder {
  let experiment: SmallExperiment
  private let folder: TemporaryFolder

  init(_ experiment: SmallExperiment) throws {
    self.experiment = experiment
    folder = try TemporaryFolder()
    try FileManager.default.createDirectory(
      atPath: folder.path("data"), withIntermediateDirectories: true)
    try experiment.prepare(folder.path("data"))
  }

  /// The command line of the experiment's run into a folder of records.
  private func arguments(_ output: String, _ more: [String]) -> [String] {
    experiment.arguments + [
      "--output", folder.path(output), "--data", folder.path("data"), "--progress", "none",
      "--checkpoint-seconds", "0",
    ] + more
  }

  func run(
    into output: String, _ more: [String] = [], environment: [String: String] = [:]
  ) throws -> CommandResult {
    try CommandRunner.run(
      experiment.name, arguments(output, more), environment: environment, timeout: 120)
  }

  func start(
    into output: String, _ more: [String] = [], environment: [String: String] = [:]
  ) throws -> RunningCommand {
    try CommandRunner.start(
      experiment.name, arguments(output, more), environment: environment)
  }

  /// The end of a run that gets a signal once it has written a checkpoint, or has got as far as
  /// `hasReached` says.
  func stopped(
    by signal: Int32, into output: String, _ more: [String] = [],
    once hasReached: (() -> Bool)? = nil
  ) throws -> CommandResult {
    try CommandTests.stopped(
      by: signal, once: hasReached ?? { hasCheckpoint(in: output) }, remove: { remove(output) },
      start: { try start(into: output, more) })
  }

  /// The path of a file or folder in the temporary folder.
  func path(_ name: String) -> String { folder.path(name) }

  /// All files below a folder of records, hidden ones included.
  func files(in output: String) -> [String] {
    let all = FileManager.default.enumerator(atPath: folder.path(output))?.allObjects ?? []
    return all.compactMap { $0 as? String }.filter { name in
      var isFolder: ObjCBool = false
      return FileManager.default.fileExists(
        atPath: folder.path("\(output)/\(name)"), isDirectory: &isFolder) && !isFolder.boolValue
    }.sorted()
  }

  /// Whether a checkpoint lies in a folder of records.
  func hasCheckpoint(in output: String) -> Bool {
    files(in: output).contains { $0.hasSuffix(".checkpoint") }
  }

  /// The only record in a folder of records.
  func record(in output: String) throws -> RunRecord {
    let records = try RecordStore.load(folder.path(output)).map(\.record)
    guard records.count == 1 else {
      throw Unexpected("\(records.count) records instead of one.")
    }
    return records[0]
  }

  /// The record without what may differ from run to run: time, memory and the machine.
  func comparable(in output: String) throws -> String {
    var members = try Value(encoding: record(in: output)).objectValue ?? [:]
    members["timing"] = nil
    members["environment"] = nil
    return Value.object(sorted: members).canonicalText
  }

  func remove(_ output: String) {
    try? FileManager.default.removeItem(atPath: folder.path(output))
  }
}
