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
    let captured = try CapturedOutput(
      of: "/usr/bin/env", ["python3", "-c", program] + arguments)
    return (captured.text, captured.code)
  }
}
