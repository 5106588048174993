import Foundation
import Results
import TestSupport
import Testing

@testable import Experiments

@Suite("Estimates of a sweep")
struct SweepEstimateTests {
  private func cell(_ method: String, _ steps: Int, seed: Int) -> SweepCell {
    SweepCell([
      .init("experiment", "a"), .init("budget", "paper"), .init("method", .string(method)),
      .init("inner.steps", .integer(steps)), .init("seed", .integer(seed)),
    ])
  }

  private func done(_ seconds: Double, _ bytes: Int) -> CellState {
    CellState(
      [.completed(.init(totalSeconds: seconds, peakResidentBytes: bytes))], isRefused: false)
  }

  @Test("Other seeds count first, then the nearest K, scaled, then other methods")
  func kinship() {
    let estimate = SweepEstimate([
      (cell("rhg", 100, seed: 0), done(10, 100)), (cell("rhg", 100, seed: 1), done(14, 90)),
      (cell("rhg", 400, seed: 0), done(60, 300)),
      (cell("bda", 100, seed: 0), CellState([.missing], isRefused: false)),
    ])
    #expect(estimate.count == 3)
    #expect(estimate.cost(of: cell("rhg", 100, seed: 9)) == .init(seconds: 12, bytes: 100))
    #expect(estimate.cost(of: cell("rhg", 50, seed: 9)) == .init(seconds: 6, bytes: 100))
    #expect(estimate.cost(of: cell("rhg", 800, seed: 9)) == .init(seconds: 120, bytes: 300))
    #expect(estimate.cost(of: cell("bda", 100, seed: 0)) == .init(seconds: 12, bytes: 100))
    #expect(estimate.cost(of: SweepCell([.init("experiment", "b")])) == nil)
  }

  @Test("Of cells with other settings those of its own problem and method count")
  func distantKin() {
    func cell(_ problem: String, _ method: String, rate: Double) -> SweepCell {
      SweepCell([
        .init("experiment", "a"), .init("budget", "paper"), .init("protocol", .string(problem)),
        .init("method", .string(method)), .init("inner.stepSize", .number(rate)),
      ])
    }
    let estimate = SweepEstimate([
      (cell("small", "rhg", rate: 1), done(1, 1)), (cell("large", "rhg", rate: 1), done(50, 5)),
      (cell("large", "bda", rate: 1), done(90, 9)),
    ])
    #expect(estimate.cost(of: cell("large", "bda", rate: 2)) == .init(seconds: 90, bytes: 9))
    #expect(estimate.cost(of: cell("large", "cg", rate: 2)) == .init(seconds: 70, bytes: 9))
    #expect(estimate.cost(of: cell("other", "cg", rate: 2)) == .init(seconds: 47, bytes: 9))
  }

  @Test("A record that gives no number of seconds tells nothing")
  func withoutSeconds() {
    for seconds in [Double.nan, .infinity, -1] {
      let estimate = SweepEstimate([(cell("rhg", 100, seed: 0), done(seconds, 100))])
      #expect(estimate.count == 0 && estimate.cost(of: cell("rhg", 100, seed: 1)) == nil)
    }
  }

  @Test("What a begun cell has spent is not left; a settled one has nothing left")
  func left() {
    let estimate = SweepEstimate([(cell("rhg", 100, seed: 0), done(10, 100))])
    let begun = CellState([.interrupted(seconds: 4)], isRefused: false)
    #expect(estimate.secondsLeft(of: cell("rhg", 100, seed: 1), begun) == 6)
    #expect(estimate.secondsLeft(of: cell("rhg", 100, seed: 0), done(10, 1)) == 0)
    let broken = CellState(
      [.brokenDown(.init(.diverged, reason: "It grew."), .init(totalSeconds: 3))], isRefused: false)
    #expect(broken.kind == .brokenDown && broken.kind.isSettled && broken.detail == "It grew.")
  }

  @Test("A cell of several runs is as far as the least of them")
  func several() {
    let completed = RunState.completed(.init(totalSeconds: 1))
    #expect(CellState([completed, completed], isRefused: false).kind == .completed)
    #expect(CellState([completed, .missing], isRefused: false).kind == .interrupted)
    #expect(CellState([.missing, .missing], isRefused: false).kind == .missing)
    #expect(CellState([], isRefused: true).kind == .refused)
  }

  @Test("A cell with a record that cannot be read is settled, and says why")
  func unreadable() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(Array("{\"schemaVersion\": 99}".utf8), to: "a.json")
    let place = RunPlace(title: "a", record: path, configurationDigest: "")
    let cell = PlannedCell(number: 0, cell: SweepCell([]), places: [place], refusal: nil)
    #expect(cell.state.kind == .unreadable && cell.state.kind.isSettled)
    #expect(cell.state.detail?.contains("has schema version 99") == true)
    #expect(
      UnreadableRecord.reason(at: place, in: .running(.init(process: nil, machine: nil))) == nil)
    let none = RunPlace(title: "b", record: folder.path("b.json"), configurationDigest: "")
    #expect(UnreadableRecord.reason(at: none, in: .missing) == nil)
  }
}

@Suite("Executables beside that of sweep")
struct SuiteExecutablesTests {
  @Test("A word with a slash is the path; another is looked up as a shell does")
  func calledAs() throws {
    let folder = try TemporaryFolder()
    let program = try folder.program("", named: "bin/sweep")
    _ = try folder.program("", named: "other/sweep/a-folder-of-that-name")
    let folders = "\(folder.path("other")):\(folder.path("bin"))"
    for (word, expected) in [
      ("./sweep", "./sweep"), ("sweep", program), ("no-such-program", "no-such-program"),
    ] {
      #expect(SuiteExecutables.executable(calledAs: word, searching: folders) == expected)
    }
  }
}

@Suite("Surveys of a sweep")
struct SweepSurveyTests {
  @Test("Nothing but the options leaves no cells, and a sentence says so")
  func none() {
    #expect(SweepSurvey([]).summary == "The options --shard and --cell leave no cells.")
  }
}

@Suite("Locks that no run has written itself into")
struct ForeignLockTests {
  /// A run's place in a folder, and the path of its lock, which holds a text.
  private func place(
    in folder: TemporaryFolder, lock text: String
  ) throws -> (place: RunPlace, lock: String) {
    let lock = try folder.write(Array(text.utf8), to: ".a.json.lock")
    return (
      RunPlace(title: "a", record: folder.path("a.json"), configurationDigest: ""), lock
    )
  }

  @Test("A run whose lock is held without a number is running; with a free lock it is missing")
  func held() throws {
    let free = try TemporaryFolder()
    #expect(ForeignLock.state(of: try place(in: free, lock: "").place) == .missing)
    let folder = try TemporaryFolder()
    let (place, lock) = try self.place(in: folder, lock: "")
    let descriptor = open(lock, O_RDWR | O_CLOEXEC)
    try #require(descriptor >= 0)
    defer { close(descriptor) }
    #expect(flock(descriptor, LOCK_EX | LOCK_NB) == 0)
    #expect(RunLock.isLocked(place.record))
    #expect(ForeignLock.state(of: place) == .running(.init(process: nil, machine: nil)))
    #expect(CellState([ForeignLock.state(of: place)], isRefused: false).detail == "a process")
  }

  @Test("Without a lock nothing is held, and a file that names a process is not looked behind")
  func named() throws {
    let folder = try TemporaryFolder()
    #expect(!RunLock.isLocked(folder.path("b.json")))
    let (place, lock) = try self.place(in: folder, lock: "1 another-machine\n")
    #expect(ForeignLock.state(of: place) == .running(.init(process: 1, machine: "another-machine")))
    #expect(!RunLock.isLocked(place.record))
    #expect(FileManager.default.fileExists(atPath: lock))
  }
}
