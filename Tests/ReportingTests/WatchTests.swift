import Foundation
import Reporting
import Results
import TestSupport
import Testing

@Suite("Watching a run")
struct WatchTests {
  @Test("A sparkline: low to high, means where there is no room, dots for what is no number")
  func sparkline() {
    #expect(Sparkline.text([0, 1, 2, 3, 4, 5, 6, 7], width: 20) == "▁▂▃▄▅▆▇█")
    #expect(Sparkline.text([0, 0, 7, 7], width: 2) == "▁█")
    #expect(Sparkline.text([1, .nan, 2], width: 9) == "▁·█")
    #expect(Sparkline.text([3, 3], width: 9) == "▁▁")
    #expect(Sparkline.text([1.7e308, -1.7e308, 1.7e308], width: 9) == "█▁█")
    #expect(Sparkline.text([1.7e308, 1.7e308, 0, 0], width: 2) == "█▁")
    #expect(Sparkline.text([0, .leastNonzeroMagnitude], width: 9) == "▁▁")
    #expect(Sparkline.text([Double](repeating: 0.1, count: 7), width: 3) == "▁▁▁")
    #expect(Sparkline.text([.nan], width: 9) == "·" && Sparkline.text([], width: 9).isEmpty)
  }

  /// A checkpoint's text lines as the run layer writes them.
  static let checkpoint = """
    bda-checkpoint 1 00
    {"checkpoint":{"iteration":41,"progress":{"earlierSeconds":80.4,"metrics":[{"betterWhen":"lower",\
    "name":"upperObjective","steps":[0,1],"unit":"nats","values":[2.3,0.5]},{"betterWhen":"higher",\
    "name":"testAccuracy","steps":[0,1],"unit":"fraction","values":[0.1,0.9]}]}},"run":{"budget":\
    "paper","configuration":{"outer":{"iterations":100}},"experiment":"hyper-cleaning","method":"bda",\
    "protocol":"icml2020","seed":"0"}}

    """

  @Test("A checkpoint that nobody works on is a stopped run, with its curves")
  func stopped() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(Array(Self.checkpoint.utf8), to: "a/run.checkpoint")
    let record = path.replacing(".checkpoint", with: ".json")
    #expect(try WatchedRun.unfinished(in: folder.path).map { $0.hasSuffix("a/run.json") } == [true])
    let run = try #require(WatchedRun(recordPath: record))
    #expect(run.state == .stopped)
    let lines = run.lines(width: 100)
    #expect(
      lines[0].hasPrefix(
        "hyper-cleaning / bda / icml2020 / paper / seed 0: stopped after 41 of 100 outer steps"))
    #expect(
      lines[1] == "  upper objective  █▁  0.5" && lines[2] == "  test accuracy    ▁█  90.00 %")
  }

  @Test(
    "A checkpoint older than the completed record could not be removed; a newer one starts over")
  func leftOver() throws {
    let folder = try TemporaryFolder()
    let checkpoint = try folder.write(Array(Self.checkpoint.utf8), to: "run.checkpoint")
    let record = folder.path("run.json")
    try RecordFixture.record().write(to: record)
    func date(_ path: String, _ seconds: Double) throws {
      try FileManager.default.setAttributes(
        [.modificationDate: Date(timeIntervalSince1970: seconds)], ofItemAtPath: path)
    }
    try date(checkpoint, 1_000_000)
    try date(record, 1_000_001)
    #expect(WatchedRun(recordPath: record)?.state == .ended(.init(.completed)))
    try date(record, 999_999)
    #expect(WatchedRun(recordPath: record)?.state == .stopped)
  }

  @Test("Runs that differ by their variant alone are told apart")
  func variant() throws {
    let folder = try TemporaryFolder()
    let place = "hyper-cleaning/bda/icml2020/innerSteps=50,inner.stepSize=0.4/run"
    _ = try folder.write(Array(Self.checkpoint.utf8), to: place + ".checkpoint")
    let run = try #require(WatchedRun(recordPath: folder.path(place + ".json")))
    let variant = "innerSteps=50,inner.stepSize=0.4"
    let title = "hyper-cleaning / bda / icml2020 / \(variant) / paper / seed 0"
    #expect(run.lines(width: 200)[0].hasPrefix(title + ":"))
  }

  @Test("A held lock is a run under way; a record alone one that has ended")
  func states() throws {
    let folder = try TemporaryFolder()
    let record = folder.path("run.json")
    #expect(WatchedRun(recordPath: record) == nil)
    let lock = try folder.write([], to: ".run.json.lock")
    let descriptor = open(lock, O_RDWR)
    defer { close(descriptor) }
    #expect(WatchedRun(recordPath: record) == nil)
    #expect(flock(descriptor, LOCK_EX | LOCK_NB) == 0)
    #expect(WatchedRun(recordPath: record)?.state == .running)
    #expect(try WatchedRun.unfinished(in: folder.path).count == 1)
    // With its checkpoint it is one run still, from whatever folder one looks.
    _ = try folder.write(Array(Self.checkpoint.utf8), to: "run.checkpoint")
    let here = FileManager.default.currentDirectoryPath
    let up = String(repeating: "../", count: here.split(separator: "/").count)
    for path in [folder.path, up + folder.path.dropFirst()] {
      #expect(try WatchedRun.unfinished(in: path).count == 1, "\(path)")
    }
    try FileManager.default.removeItem(atPath: folder.path("run.checkpoint"))
    #expect(flock(descriptor, LOCK_UN) == 0)
    try RecordFixture.record().write(to: record)
    let ended = try #require(WatchedRun(recordPath: record))
    #expect(ended.state == .ended(.init(.completed)))
    #expect(ended.line.contains("completed after 1 outer steps") && ended.line.contains("0.8"))
  }
}
