import ArgumentParser
import Commands
import Testing

@Suite("Exit codes")
struct ExitStatusTests {
  @Test("are the documented numbers")
  func numbers() {
    #expect(
      ExitStatus.allCases.map(\.rawValue) == [0, 1, 2, 3, 4, 5, 64, 65, 66, 71, 129, 130, 131, 143])
    #expect(ExitStatus.usage.exitCode == ExitCode.validationFailure)
  }

  @Test("are all listed, one a line, in the text for help")
  func discussion() {
    let lines = ExitStatus.discussion.split(separator: "\n")
    #expect(lines.first == "Exit codes:")
    #expect(lines.count == ExitStatus.allCases.count + 1)
    #expect(lines.contains("    0  success"))
    #expect(lines.contains("   66  data or configuration missing or unreadable"))
    #expect(lines.contains("  130  interrupted; what was finished is recorded"))
    let fewer = ExitStatus.discussionOfOneResult.split(separator: "\n")
    #expect(fewer.contains("  130  interrupted") && fewer.count < lines.count)
    #expect(!fewer.contains { $0.contains("reference") || $0.contains("recorded") })
  }

  @Test("of reportable errors reach the caller, with the sentence on standard error")
  func reportable() {
    let recorder = Recorder()
    let console = recorder.console(isTerminal: false)
    #expect(throws: ExitCode(65)) {
      try console.report { throw CommandFailure("The file a.yaml is wrong.", exitCode: 65) }
    }
    #expect(throws: ExitCode(130)) { try console.report { throw Interrupted() } }
    #expect(
      recorder.diagnostics
        == "error: The file a.yaml is wrong.\nerror: \(Interrupted().sentence)\n")
    #expect(recorder.results.isEmpty)
  }

  @Test("of other errors are 1, and the parser's own pass through")
  func others() {
    struct Surprise: Error {}
    let recorder = Recorder()
    let console = recorder.console(isTerminal: false)
    #expect(throws: ExitCode(1)) { try console.report { throw Surprise() } }
    #expect(throws: ExitCode(3)) { try console.report { throw ExitStatus.diverged.exitCode } }
    #expect(throws: ValidationError.self) { try console.report { throw ValidationError("no") } }
    #expect(recorder.diagnostics == "error: Surprise()\n")
    #expect(throws: Never.self) { try console.report {} }
  }

  @Test("say so when results did not reach standard output")
  func lostResults() {
    let recorder = Recorder()
    let console = recorder.console(isTerminal: false, resultsArrive: false)
    #expect(throws: ExitCode(1)) { try console.report { console.show(result: "a table") } }
    #expect(recorder.diagnostics.contains("could not be written to standard output"))
  }
}
