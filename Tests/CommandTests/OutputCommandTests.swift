import Foundation
import TestSupport
import Testing

/// All six executables share one way of writing; each is tried with streams that do not take it.
@Suite("Output that cannot be written")
struct OutputCommandTests {
  static let executables = [
    "counter-example", "hyper-cleaning", "hyper-representation", "few-shot", "datasets", "report",
    "sweep",
  ]

  /// The exit code and what the shell saw of a command line in which `$0` is the executable.
  private func shell(
    _ line: String, _ executable: String, environment: [String: String] = [:]
  ) throws -> (code: Int32, text: String) {
    let result = try ShellLine(line, executable, environment: environment)
    #expect(!result.endedBySignal)
    return (result.code, result.text)
  }

  @Test(
    "Help and version into a full or closed stream are exit code 1 with a sentence",
    arguments: executables)
  func fullAndClosed(executable: String) throws {
    for option in ["--help", "--version"] {
      for target in [">/dev/full", ">&-"] {
        let result = try shell("\"$0\" \(option) \(target)", executable)
        #expect(result.code == 1, "\(option) \(target)")
        #expect(result.text.contains("could not be written to standard output"))
      }
      let silent = try shell("\"$0\" \(option) >/dev/full 2>&-", executable)
      #expect(silent.code == 1)
      let closed = try shell("\"$0\" \(option) 2>&-", executable)
      #expect(closed.code == 0)
      #expect(!closed.text.isEmpty)
    }
  }

  @Test(
    "Results into a full, closed or abandoned stream are exit code 1",
    arguments: [
      "counter-example", "hyper-cleaning", "hyper-representation", "few-shot", "datasets",
    ])
  func results(executable: String) throws {
    for target in [">/dev/full", ">&-"] {
      #expect(try shell("\"$0\" list \(target)", executable).code == 1)
    }
    // The reader is gone before the first byte: `sleep` lets it go.
    let abandoned = try shell(
      "{ sleep 0.3; \"$0\" list; echo \"code $?\" >&2; } | true", executable)
    #expect(abandoned.text.contains("code 1"), "\(abandoned.text)")
    #expect(abandoned.text.contains("could not be written"))
  }

  @Test("A usage error with standard error closed keeps its code", arguments: executables)
  func usage(executable: String) throws {
    #expect(try shell("\"$0\" --no-such-option 2>&-", executable).code == 64)
    #expect(try shell("\"$0\" --no-such-option >&- 2>&-", executable).code == 64)
  }

  @Test("A closed descriptor is not given to a file that is opened later")
  func occupied() throws {
    let folder = try TemporaryFolder()
    let result = try shell(
      "\"$0\" run --method rhg --inner-steps 4 --outer-iterations 2 --output '\(folder.path)' "
        + "--progress none >&-", "counter-example")
    #expect(result.code == 1)
    let files = FileManager.default.enumerator(atPath: folder.path)
    var records = 0
    while let name = files?.nextObject() as? String {
      guard name.hasSuffix(".json") else { continue }
      records += 1
      let text = try String(contentsOfFile: folder.path(name), encoding: .utf8)
      #expect(text.hasPrefix("{"))
      #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(text.utf8)) }
    }
    #expect(records > 0)
  }

  @Test("A file beyond the size limit is a sentence, and leaves nothing behind")
  func sizeLimit() throws {
    let folder = try TemporaryFolder()
    // One block of 512 or 1024 bytes; a record is larger.
    let result = try shell(
      "ulimit -f 1; \"$0\" run --method rhg --inner-steps 4 --outer-iterations 2 --progress none "
        + "--output '\(folder.path)'", "counter-example")
    #expect(result.code == 1, "\(result.text)")
    #expect(result.text.contains("raise the limit of file sizes"))
    let files = FileManager.default.enumerator(atPath: folder.path)
    while let name = files?.nextObject() as? String {
      var isFolder: ObjCBool = false
      _ = FileManager.default.fileExists(atPath: folder.path(name), isDirectory: &isFolder)
      #expect(isFolder.boolValue, "\(name) was left behind.")
    }
  }

  @Test("A wrong BDA_THREADS or BDA_BACKEND is said", arguments: executables)
  func threads(executable: String) throws {
    // The list of a sweep is that of a file.
    let list = executable == "sweep" ? "list cells.yaml" : "list"
    let result = try shell("\"$0\" \(list)", executable, environment: ["BDA_THREADS": "many"])
    #expect(result.code == 64)
    #expect(result.text.contains("BDA_THREADS"))
    let kernels = try shell("\"$0\" \(list)", executable, environment: ["BDA_BACKEND": "foo"])
    #expect(kernels.code == 64 && kernels.text.contains("BDA_BACKEND wants portable or onednn"))
    // What the sentence points to opens.
    for option in ["--help", "--version"] {
      let help = try shell(
        "\"$0\" \(option)", executable, environment: ["BDA_THREADS": "0", "BDA_BACKEND": "foo"])
      #expect(help.code == 0, "\(help.text)")
    }
  }

  @Test("Help has its text whatever COLUMNS says", arguments: ["0", "-5", "10", "none"])
  func columns(_ width: String) throws {
    let help = try CommandRunner.run(
      "few-shot", ["run", "--help"], environment: ["COLUMNS": width])
    #expect(help.exitCode == 0)
    let words = help.standardOutput.split { $0 == " " || $0 == "\n" }
    #expect(words.contains("randomness:"), "\(help.standardOutput)")
  }
}
