import Foundation
import TestSupport
import Testing

@Suite("The page of all settings")
struct SettingsPageTests {
  @Test(
    "experiments/SETTINGS.md is what the commands print",
    arguments: ["counter-example", "hyper-cleaning", "hyper-representation", "few-shot"])
  func isCurrent(_ command: String) throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let page = try String(
      contentsOf: root.appendingPathComponent("experiments/SETTINGS.md"), encoding: .utf8)
    let result = try CommandRunner.run(command, ["list", "--settings", "--markdown"])
    #expect(result.exitCode == 0, "\(result.standardError)")
    #expect(
      page.contains("## \(command)\n\n\(result.standardOutput)"),
      "Write the page again: \(command) list --settings --markdown.")
  }
}
