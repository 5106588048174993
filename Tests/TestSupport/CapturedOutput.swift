import Foundation

/// What a program printed, errors included, and how it ended.
public struct CapturedOutput: Sendable {
  /// The exit code, or the number of the signal that ended it.
  public let code: Int32
  /// Whether a signal ended it.
  public let endedBySignal: Bool
  /// What it wrote to standard output and, unless they are dropped, standard error.
  public let text: String

  /// The end of a program that reads nothing; in this process's environment and folder unless others
  /// are given.
  public init(
    of path: String, _ arguments: [String], environment: [String: String]? = nil,
    folder: String? = nil, dropsErrors: Bool = false
  ) throws {
    let place = try TemporaryFolder()
    let file = place.path("output")
    let program = try SpawnedProgram(
      path, arguments, environment: environment ?? ProcessInfo.processInfo.environment,
      folder: folder, output: file, errors: dropsErrors ? "/dev/null" : file)
    guard let ending = program.end() else {
      throw CommandRunnerError(description: "\(path) was waited for by somebody else.")
    }
    code = ending.code
    endedBySignal = ending.bySignal
    text = String(decoding: try Data(contentsOf: URL(fileURLWithPath: file)), as: UTF8.self)
  }
}
