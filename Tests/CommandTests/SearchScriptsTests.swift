import Foundation
import TestSupport
import Testing

/// The scripts of searches and tables, with a stand-in for the program.
@Suite("Scripts of searches and tables")
struct SearchScriptsTests {
  private static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// How a script ends whose third trial ends with a code, and the arguments of all trials that it made.
  private func ending(
    of script: String, _ part: String, thirdCode code: Int
  ) throws -> (code: Int32, trials: [String]) {
    let list = folder.path("trials")
    try? FileManager.default.removeItem(atPath: list)
    let program = try folder.write(
      Array(
        """
        #!/bin/sh
        echo "$*" >> '\(list)'
        if [ "$(($(wc -l < '\(list)')))" -eq 3 ]; then exit \(code); fi

        """.utf8), to: "program")
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program)
    let path = Self.root.appendingPathComponent("experiments/\(script)").path
    let line = try ShellLine(
      "exec bash '\(path)' \(part)", "few-shot",
      environment: ["HYPER_CLEANING": program, "HYPER_REPRESENTATION": program],
      in: folder.path)
    let trials = try String(contentsOfFile: list, encoding: .utf8).split(separator: "\n")
    return (line.code, trials.map { String($0) })
  }

  @Test(
    "A trial that diverges is a row; an interrupt or an error ends it all",
    arguments: [
      ("hyper-cleaning/search.sh", "", 26), ("hyper-cleaning/equal-trials.sh", "", 36),
      ("hyper-representation/search.sh", "few-labels", 24),
      ("hyper-representation/measure.sh", "linear", 5),
    ])
  func endings(script: String, part: String, count: Int) throws {
    let diverged = try ending(of: script, part, thirdCode: 3)
    #expect(diverged.code == 0 && diverged.trials.count == count, "\(diverged.trials.count)")
    for code in [130, 143, 66] {
      let ended = try ending(of: script, part, thirdCode: code)
      #expect(Int(ended.code) == code && ended.trials.count == 3, "\(code): \(ended.trials.count)")
    }
  }

  @Test("The search with few labels tries the rates that its table shows")
  func fewLabels() throws {
    let trials = try ending(of: "hyper-representation/search.sh", "few-labels", thirdCode: 0).trials
    for (name, rates) in [
      ("few-labels", ["0.0003", "0.001", "0.003"]),
      ("few-labels-convolutional", ["0.001", "0.003", "0.01"]),
    ] {
      let words = trials.map { $0.split(separator: " ").map { String($0) } }
        .filter { $0.contains(name) }
      let found = words.compactMap { line in
        line.firstIndex(of: "--outer-step-size").map { line[$0 + 1] }
      }
      #expect(Set(found) == Set(rates) && found.count == 12, "\(name): \(found)")
    }
  }
}
