import Experiments
import Foundation
import Results
import TestSupport
import Testing

/// `plan`, by which a sweep learns where the records of its cells lie.
@Suite("The command plan")
struct PlanCommandTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// The answers to lines of arguments.
  private func answers(
    _ lines: [[String]], of name: String = "counter-example"
  ) throws -> [String] {
    let text = lines.map { Value.array($0.map { .string($0) }).canonicalText + "\n" }.joined()
    let file = try folder.write(Array(text.utf8), to: "lines")
    let result = try ShellLine("exec \"$0\" plan < '\(file)'", name)
    #expect(result.code == 0, "\(result.text)")
    return result.text.split(separator: "\n").map { String($0) }
  }

  @Test("Lines that differ in their seed are answered together as each is alone")
  func seeds() throws {
    let lines = [
      ["--method", "bda", "--seed", "0"], ["--method", "bda", "--seed", "18446744073709551615"],
      ["--seed", "3", "--method", "bda"], ["--method", "bda", "--seed", "+4"],
      ["--method", "bda", "--seed", "1,2"], ["--method", "bda", "--seed", "5"],
      ["--method", "bda", "--seed", "-1"], ["--method", "bda", "--seed", "18446744073709551616"],
      ["--method", "bda", "--seed", "6", "--seed", "7"], ["--method", "nothing", "--seed", "8"],
      ["--method", "nothing", "--seed", "9"],
      ["--method", "bda", "--scalar", "double", "--seed", "5"],
    ]
    let together = try answers(lines)
    let alone = try lines.flatMap { try answers([$0]) }
    #expect(together == alone && together.count == lines.count)
    #expect(together[1].contains("seed18446744073709551615.json"), "\(together[1])")
    #expect(together[7].contains("error"), "\(together[7])")
    #expect(together[9] == together[10] && together[9].contains("error"), "\(together[9])")
    #expect(together[5] != together[11])
  }

  @Test("What is fitted without inner steps is planned once, however many K are named")
  func withoutSteps() throws {
    let lines = ["ridge-head", "joint-training", "random-features", "rhg"].map {
      ["--method", $0, "--seed", "0", "--inner-steps", "10", "--inner-steps", "20"]
    }
    let runs = try answers(lines, of: "hyper-representation").map {
      PlanAnswer(line: $0)?.runs?.map(\.record) ?? []
    }
    #expect(runs.map(\.count) == [1, 1, 2, 2], "\(runs)")
    // Its place says K, as it does where one is named: stored records lie there.
    #expect(runs[0].first?.contains("/K10/") == true, "\(runs[0])")
  }
}
