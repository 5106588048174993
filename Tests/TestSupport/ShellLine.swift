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
  /// The environment is inherited without the `BDA_*` variables; `environment` is laid over it. It runs
  /// in `folder` where one is given.
  public init(
    _ line: String, _ executable: String, environment: [String: String] = [:],
    in folder: String? = nil
  ) throws {
    let path = CommandRunner.productsDirectory.appendingPathComponent(executable).path
    let captured = try CapturedOutput(
      of: "/bin/sh", ["-c", line, path],
      environment: ProcessInfo.processInfo.environment
        .filter { !$0.key.hasPrefix("BDA_") }.merging(environment) { $1 },
      folder: folder)
    code = captured.code
    endedBySignal = captured.endedBySignal
    text = captured.text
  }

  /// Whether the shell finds a program.
  public static func finds(_ program: String) -> Bool {
    (try? ShellLine("command -v \(program)", "sh"))?.code == 0
  }
}
