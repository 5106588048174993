import Files
import Foundation
import Testing

/// Other programs, run to their end.
@Suite("Child processes")
struct ChildProcessTests {
  @Test("What it writes to both streams is taken up, however much it is, and its exit code")
  func bothStreams() throws {
    let script = "head -c 300000 /dev/zero; head -c 200000 /dev/zero >&2; echo end; exit 3"
    let child = try ChildProcess(
      running: "sh", ["-c", script], taking: [STDOUT_FILENO, STDERR_FILENO])
    #expect(child.exitCode == 3)
    #expect(child.output.count == 300_004 && child.output.suffix(4) == Array("end\n".utf8)[...])
    #expect(child.errors == [UInt8](repeating: 0, count: 200_000))
  }

  @Test("It reads what it is given, nothing where nothing is, and works where it is told to")
  func input() throws {
    let text = [UInt8](repeating: 65, count: 300_000)
    let counted = try ChildProcess(running: "wc", ["-c"], reading: text)
    #expect(String(decoding: counted.output, as: UTF8.self).contains("300000"))
    #expect(try ChildProcess(running: "cat", []).output.isEmpty)
    let folder = try ChildProcess(running: "pwd", [], in: "/")
    #expect(folder.output == Array("/\n".utf8) && folder.errors.isEmpty)
    #expect(try ChildProcess(running: "ls", [], in: "/nowhere").exitCode != 0)
    // One that does not wait for its input is no error of ours.
    signal(SIGPIPE, SIG_DFL)
    #expect(try ChildProcess(running: "true", [], reading: text).exitCode == 0)
  }

  @Test("A signal is no exit code; a program that is not there is a reason")
  func endings() throws {
    #expect(try ChildProcess(running: "sh", ["-c", "kill -9 $$"]).exitCode == nil)
    #expect(throws: ChildProcess.Failure.self) { try ChildProcess(running: "no-such-program", []) }
  }

  /// In a process of its own, since every other test that starts a program would lose its ending.
  @Test("Where endings are thrown away, a failure has no exit code; a child throws none away")
  func ignoredEndings() async {
    await #expect(processExitsWith: .success) {
      signal(SIGCHLD, SIG_IGN)
      let failed = try ChildProcess(running: "sh", ["-c", "exit 3"])
      #expect(failed.exitCode == nil)
      let child = try ChildProcess(running: "grep", ["SigIgn", "/proc/self/status"])
      let line = String(decoding: child.output, as: UTF8.self)
      let mask = line.split(whereSeparator: \.isWhitespace).last.flatMap { UInt64($0, radix: 16) }
      #expect(mask.map { $0 >> UInt64(SIGCHLD - 1) & 1 } == 0, "\(line)")
    }
  }
}
