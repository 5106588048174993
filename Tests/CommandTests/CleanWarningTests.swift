import Datasets
import Foundation
import Tensors
import TestSupport
import Testing

/// Checked samples that are not like those to clean: what is found then means nothing, and is said first.
@Suite("hyper-cleaning clean, unlike checked samples")
struct CleanWarningTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Samples of three classes, `change` applied to features and label of each.
  private func write(
    _ count: Int, seed: UInt64, to name: String,
    _ change: ([Float], Int) -> ([Float], Int) = { ($0, $1) }
  ) throws {
    var stream = RandomStream(seed: seed, purpose: "clean warnings")
    let centres: [[Double]] = [[0, 0, 0, 0], [5, 0, 5, 0], [0, 5, 0, 5]]
    let samples = (0..<count).map { index in
      change(centres[index % 3].map { Float($0 + stream.normal()) }, index % 3)
    }
    let writer = try HDF5Writer(path: folder.path(name))
    try writer.write(samples.flatMap(\.0), shape: [count, 4], to: "features")
    try writer.write(samples.map { Int64($0.1) }, shape: [count], to: "labels")
    try writer.finish()
  }

  private func clean() throws -> CommandResult {
    try CommandRunner.run(
      "hyper-cleaning",
      [
        "clean", "--train", folder.path("mine.h5"), "--checked", folder.path("checked.h5"),
        "--output", folder.path("out"), "--method", "validation-only",
      ], timeout: 120)
  }

  @Test("Other units and moved features are named; like ones are not")
  func features() throws {
    try write(150, seed: 1, to: "mine.h5")
    let changes: [(String, ([Float], Int) -> ([Float], Int))] = [
      ("times as large", { ($0.map { 10 * $0 }, $1) }),
      ("differ by more than a standard deviation", { ($0.map { 30 - $0 }, $1) }),
    ]
    for (words, change) in changes {
      try write(45, seed: 2, to: "checked.h5", change)
      let result = try clean()
      #expect(result.exitCode == 0, "\(result.standardError)")
      #expect(result.standardError.contains("are unlike those of"), "\(result.standardError)")
      #expect(result.standardError.contains(words), "\(result.standardError)")
    }
    try write(45, seed: 2, to: "checked.h5")
    let result = try clean()
    #expect(result.exitCode == 0)
    #expect(!result.standardError.contains("are unlike those of"), "\(result.standardError)")
    #expect(!result.standardError.contains("More than half"), "\(result.standardError)")
  }

  @Test("Where nearly all labels are suspect, that is said first")
  func shiftedClasses() throws {
    try write(150, seed: 1, to: "mine.h5")
    try write(45, seed: 2, to: "checked.h5") { ($0, ($1 + 1) % 3) }
    let result = try clean()
    #expect(result.exitCode == 0, "\(result.standardError)")
    #expect(
      result.standardError.contains("More than half of all labels are suspect"),
      "\(result.standardError)")
    let page = try String(contentsOfFile: folder.path("out/suspects.html"), encoding: .utf8)
    #expect(page.contains("More than half of all labels are suspect"))
  }
}
