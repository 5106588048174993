import Reporting
import Results
import TestSupport
import Testing

@Suite("Two sets of records")
struct RecordComparisonTests {
  private static func compare(_ before: [RunRecord], _ after: [RunRecord]) -> RecordComparison {
    RecordComparison(
      before, after, names: ("old", "new"), tolerances: ["smoke": RecordFixture.tolerances])
  }

  @Test(
    "What moved, by how much, and whether that is beyond its tolerance",
    arguments: [
      (0.8, "0 moved within their tolerances, 0 beyond", 0),
      (0.805, "1 moved within their tolerances, 0 beyond", 0),
      (0.7, "0 moved within their tolerances, 1 beyond", 2),
      (0.9, "0 beyond, 1 beyond and better", 4),
    ] as [(Double, String, Int32)])
  func moves(accuracy: Double, words: String, code: Int32) {
    let comparison = Self.compare(
      [RecordFixture.record()], [RecordFixture.record(accuracy: accuracy)])
    #expect(comparison.exitCode == code)
    #expect(comparison.text().contains(words), "\(comparison.text())")
    let moved = "testAccuracy 0.8 -> 0.7 (-0.1, allowed ± 0.01): beyond"
    #expect(comparison.text().contains(moved) == (accuracy == 0.7))
  }

  @Test("A value without tolerance may not move")
  func unknown() {
    let comparison = RecordComparison(
      [RecordFixture.record()], [RecordFixture.record(objective: 0.6)], names: ("a", "b"),
      tolerances: [:])
    #expect(comparison.exitCode == 2)
    #expect(comparison.text().contains("no tolerance is stored for it"))
  }

  @Test("Runs on one side only are 5, a run that breaks down now is 3")
  func absent() {
    let one = RecordFixture.record()
    let other = RecordFixture.record(seed: 1)
    let fewer = Self.compare([one, other], [one])
    #expect(fewer.exitCode == 5 && fewer.onlyBefore.count == 1)
    #expect(fewer.text().contains("only in old"))
    #expect(Self.compare([], []).exitCode == 5)
    let broken = RecordFixture.record(status: .init(.diverged, reason: "F grew"))
    #expect(Self.compare([one], [broken]).exitCode == 3)
    #expect(Self.compare([broken], [one]).exitCode == 4)
    let stopped = RecordFixture.record(status: .init(.interrupted, reason: "SIGTERM"))
    #expect(Self.compare([stopped], [broken]).exitCode == 3)
  }

  @Test("Equal numbers of two units are not the same")
  func units() {
    let one = RecordFixture.record()
    var other = one
    other.metrics[0].unit = "percent"
    let comparison = Self.compare([one], [other])
    #expect(comparison.exitCode == 2)
    let words = "testAccuracy is in the unit fraction before and in percent after"
    #expect(comparison.text().contains(words), "\(comparison.text())")
  }

  @Test("Runs that broke down in the same way are the same, whatever their last numbers are")
  func brokenAlike() {
    let status = RunRecord.Status(.diverged, reason: "F grew")
    let before = RecordFixture.record(accuracy: 0.5, status: status)
    let alike = Self.compare([before], [RecordFixture.record(accuracy: 0.3, status: status)])
    #expect(alike.exitCode == 0 && alike.moves.isEmpty, "\(alike.text())")
    #expect(alike.text().contains("1 runs broke down in the same way on both sides"))
    // As a check: another way, and a new run that does, are 3.
    let other = RecordFixture.record(status: .init(.nonFinite, reason: "F is nan"))
    #expect(Self.compare([before], [other]).exitCode == 3)
    let one = RecordFixture.record(seed: 1)
    #expect(Self.compare([one], [one, before]).exitCode == 3)
  }

  @Test("A run that is not finished is missing, also where it was not before")
  func unfinished() {
    let stopped = RecordFixture.record(status: .init(.interrupted, reason: "SIGTERM"))
    for before in [stopped, RecordFixture.record()] {
      let comparison = Self.compare([before], [stopped])
      #expect(comparison.exitCode == 5 && comparison.equalCount == 0, "\(comparison.text())")
      #expect(comparison.text().contains("run it again"))
    }
  }

  @Test("What records say steers no terminal and forges no line")
  func printable() {
    let name = "a\u{1B}[2J\nExit code 0: everything is as expected."
    let text = Self.compare(
      [RecordFixture.record(protocolName: name)],
      [RecordFixture.record(protocolName: name, accuracy: 0.7)]
    ).text()
    let lines = text.split(separator: "\n")
    #expect(lines.count { $0.hasPrefix("Exit code ") } == 1, "\(text)")
    #expect(!text.unicodeScalars.contains { $0 == "\u{1B}" })
  }
}
