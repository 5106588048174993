import Foundation

/// What a program printed, errors included, and how it ended.
struct CapturedOutput: Sendable {
  /// The exit code, or the number of the signal that ended it.
  let code: Int32
  /// Whether a signal ended it.
  let endedBySignal: Bool
  /// What it wrote to standard output and standard error.
  let text: String

  /// The end of a program that reads nothing; in this process's environment unless another is given.
  init(of path: String, _ arguments: [String], environment: [String: String]? = nil) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    if let environment { process.environment = environment }
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
}
