import Foundation
import TestSupport
import Testing

/// Mistakes as they happen, with the sentences that commands have for them.
@Suite("Sentences about faults")
struct FaultSentenceTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test("No text of a framework reaches a person")
  func noFrameworkWords() throws {
    let broken = try folder.write(Array("{\"a\": tru".utf8), to: "runs/broken.json")
    let binary = try folder.write([0xff, 0xfe, 0, 1], to: "runs/binary.json")
    let deep = try folder.write([UInt8](repeating: 91, count: 100_000), to: "runs/deep.json")
    let run = ["run", "--method", "rhg", "--progress", "none", "--output", folder.path("out")]
    let lines: [(String, [String])] = [
      ("report", ["list", "--runs", folder.path("runs")]),
      ("report", ["schema", "run-record", broken]), ("report", ["schema", "run-record", binary]),
      ("report", ["list", "--runs", broken]), ("report", ["table", "--runs", folder.path("none")]),
      ("counter-example", run + ["--config", broken]),
      ("counter-example", run + ["--config", binary]),
      ("counter-example", run + ["--config", deep]),
      ("counter-example", run + ["--config", folder.path("runs")]),
      ("counter-example", run + ["--config", folder.path("none")]),
      ("hyper-cleaning", run + ["--data", broken]),
      ("few-shot", ["run", "--output", folder.path("out"), "--data", folder.path("runs")]),
      ("datasets", ["verify", broken + ".h5"]), ("datasets", ["verify", "--data", broken]),
      ("datasets", ["fetch", "mnist", "--mirror", broken, "--data", folder.path("data")]),
      (
        "datasets",
        [
          "fetch", "mnist", "--mirror", "http://127.0.0.1:9/", "--data",
          folder.path("data"),
        ]
      ),
    ]
    for (executable, arguments) in lines {
      let result = try CommandRunner.run(executable, arguments)
      let text = result.standardOutput + result.standardError
      #expect(!result.endedBySignal && result.exitCode != 0, "\(executable) \(arguments): \(text)")
      for words in ["NSCocoaErrorDomain", "Error Domain", "UserInfo", "NSError", "CodingKeys"] {
        #expect(!text.contains(words), "\(executable) \(arguments): \(text)")
      }
    }
  }

  @Test("A path that is not UTF-8 is refused, and not taken for another one")
  func otherBytes() throws {
    let word = try ShellLine(
      "cd '\(folder.path)' && exec \"$0\" run --method rhg --output \"$(printf 'z\\351')/o\"",
      "counter-example")
    #expect(word.code == 64 && word.text.contains("not UTF-8"), "\(word.text)")
    #expect(try folder.names().isEmpty)
    let place = try ShellLine(
      "cd '\(folder.path)' && d=$(printf 'z\\351') && mkdir \"$d\" && cd \"$d\" && exec \"$0\" run "
        + "--method rhg --output o", "counter-example")
    #expect(place.code == 64 && place.text.contains("not UTF-8"), "\(place.text)")
  }

  @Test("A configuration is read from a pipe")
  func pipes() throws {
    let result = try ShellLine(
      "echo 'inner: {steps: 7}' | exec \"$0\" run --config /dev/stdin --dry-run", "counter-example")
    #expect(result.code == 0, "\(result.text)")
    #expect(result.text.contains("steps: 7"), "\(result.text)")
    let endless = try ShellLine(
      "exec timeout 30 \"$0\" run --config /dev/zero --dry-run", "counter-example")
    #expect(endless.code == 65 && endless.text.contains("more than the 16 MB"), "\(endless.text)")
  }

  @Test("A record with a name of megabytes is soon refused or shown")
  func longNames() throws {
    let name = String(repeating: "x", count: 8 << 20)
    _ = try folder.write(
      Array("{\"schemaVersion\": 2, \"experiment\": \"\(name)\"}".utf8), to: "runs/long.json")
    let begin = Date()
    let result = try CommandRunner.run(
      "report", ["list", "--runs", folder.path("runs")], timeout: 60)
    #expect(!result.timedOut && !result.endedBySignal)
    #expect(Date().timeIntervalSince(begin) < 20)
    #expect(result.standardError.utf8.count < 100_000)
  }
}
