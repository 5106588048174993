import Foundation

/// What a finished command left behind.
public struct CommandResult: Sendable {
  /// Everything it wrote to standard output.
  public let standardOutput: String
  /// Everything it wrote to standard error.
  public let standardError: String
  /// Its exit code, or the number of the signal that ended it.
  public let exitCode: Int32
  /// Whether a signal ended it.
  public let endedBySignal: Bool
  /// Whether it had to be killed because its time was up.
  public let timedOut: Bool
}

/// Why a command could not be started.
public struct CommandRunnerError: Error, CustomStringConvertible {
  /// One sentence for the test log.
  public let description: String
}

/// Runs the executables of this package as a user would, from a test.
///
///     let result = try CommandRunner.run("datasets", ["list"], environment: ["BDA_DATA_DIR": folder])
///     #expect(result.exitCode == 0)
///
/// The environment is inherited without the `BDA_*` variables, so that a developer's settings do
/// not change what is tested; `environment` is laid over it.
public enum CommandRunner {
  /// The folder in which the build put the executables: the one that holds the test bundle.
  public static var productsDirectory: URL {
    let running = Bundle.main.executableURL ?? URL(fileURLWithPath: CommandLine.arguments[0])
    return running.resolvingSymlinksInPath().deletingLastPathComponent()
  }

  /// The result of running an executable of this package to its end.
  ///
  /// A command that is still running after `timeout` seconds is killed, and the result says so.
  public static func run(
    _ executable: String, _ arguments: [String] = [], environment: [String: String] = [:],
    currentDirectory: URL? = nil, timeout: Double = 60
  ) throws -> CommandResult {
    try start(
      executable, arguments, environment: environment, currentDirectory: currentDirectory
    ).wait(timeout: timeout)
  }

  /// A started executable of this package, for tests that interrupt it.
  public static func start(
    _ executable: String, _ arguments: [String] = [], environment: [String: String] = [:],
    currentDirectory: URL? = nil
  ) throws -> RunningCommand {
    let url = productsDirectory.appendingPathComponent(executable)
    guard FileManager.default.isExecutableFile(atPath: url.path) else {
      throw CommandRunnerError(
        description: "The executable \(url.path) is not built; run the tests with `swift test`.")
    }
    var merged = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("BDA_") }
    merged.merge(environment) { _, new in new }
    return try RunningCommand(
      executable: url, arguments: arguments, environment: merged,
      currentDirectory: currentDirectory)
  }
}

/// A command that has been started and not yet been waited for.
public final class RunningCommand {
  private let program: SpawnedProgram
  private let outputFolder: URL

  // Streams go to files, not pipes: a command can then write any amount without a reader.
  private var outputFile: URL { outputFolder.appendingPathComponent("stdout") }
  private var errorFile: URL { outputFolder.appendingPathComponent("stderr") }

  fileprivate init(
    executable: URL, arguments: [String], environment: [String: String], currentDirectory: URL?
  ) throws {
    let files = FileManager.default
    let folder = files.temporaryDirectory.appendingPathComponent("command-\(UUID().uuidString)")
    outputFolder = folder
    try files.createDirectory(at: folder, withIntermediateDirectories: true)
    let (output, errors) = ("\(folder.path)/stdout", "\(folder.path)/stderr")
    for file in [output, errors] { try Data().write(to: URL(fileURLWithPath: file)) }
    program = try SpawnedProgram(
      executable.path, arguments, environment: environment,
      folder: (currentDirectory ?? folder).path, output: output, errors: errors)
  }

  /// The process identifier.
  public var processIdentifier: Int32 { program.identifier }

  /// Whether it has not ended yet.
  public var isRunning: Bool { program.end(within: 0) == nil }

  /// What the command has written to standard error so far.
  public var standardErrorSoFar: String {
    (try? String(contentsOf: errorFile, encoding: .utf8)) ?? ""
  }

  /// Sends a signal to the command, `SIGINT` for the interrupt key; nothing once it has ended.
  public func send(signal: Int32) {
    if isRunning { kill(program.identifier, signal) }
  }

  /// The result, once the command has ended; it is killed when `timeout` seconds have passed.
  public func wait(timeout: Double = 60) throws -> CommandResult {
    var ending = program.end(within: timeout)
    let timedOut = ending == nil
    if timedOut {
      send(signal: SIGKILL)
      ending = program.end()
    }
    defer { try? FileManager.default.removeItem(at: outputFolder) }
    return CommandResult(
      standardOutput: String(decoding: try Data(contentsOf: outputFile), as: UTF8.self),
      standardError: String(decoding: try Data(contentsOf: errorFile), as: UTF8.self),
      exitCode: ending?.code ?? SIGKILL, endedBySignal: ending?.bySignal ?? true,
      timedOut: timedOut)
  }
}
