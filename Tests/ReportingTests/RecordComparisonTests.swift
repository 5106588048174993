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
}
