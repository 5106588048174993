import Foundation

/// The `python3` of the path with the modules that some tests read files by.
public enum PythonModules {
  /// Whether `python3` is there and imports all of the modules.
  public static func has(_ modules: [String]) -> Bool {
    (try? run("import " + modules.joined(separator: ", ")))?.exitCode == 0
  }

  /// What a program printed, errors included, and how it ended.
  public static func run(
    _ program: String, _ arguments: [String] = []
  ) throws -> (output: String, exitCode: Int32) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["python3", "-c", program] + arguments
    let pipe = Pipe()
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (String(decoding: data, as: UTF8.self), process.terminationStatus)
  }
}
