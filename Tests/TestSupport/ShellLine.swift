import Foundation

/// A command line in a shell, for tests that need its limits, redirections and pipes.
public struct ShellLine: Sendable {
  /// The exit code of the shell, or the number of the signal that ended it.
  public let code: Int32
  /// Whether a signal ended it.
  public let endedBySignal: Bool
  /// What it wrote to standard output and standard error.
  public let text: String

  /// The result of a line in which `$0` is an executable of this package.
  ///
  /// The environment is inherited without the `BDA_*` variables; `environment` is laid over it.
  public init(
    _ line: String, _ executable: String, environment: [String: String] = [:]
  ) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = [
      "-c", line, CommandRunner.productsDirectory.appendingPathComponent(executable).path,
    ]
    process.environment = ProcessInfo.processInfo.environment
      .filter { !$0.key.hasPrefix("BDA_") }.merging(environment) { $1 }
    let pipe = Pipe()
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    code = process.terminationStatus
    endedBySignal = process.terminationReason == .uncaughtSignal
    text = String(decoding: data, as: UTF8.self)
  }

  /// Whether the shell finds a program.
  public static func finds(_ program: String) -> Bool {
    (try? ShellLine("command -v \(program)", "sh"))?.code == 0
  }
}
