import Foundation
import Results
import TestSupport
import Testing

/// Every system call with which a run writes its results is a moment at which it may be ended, fail
/// or be asked to stop. `make test` tries some of them, `make test-faults` each one.
@Suite(
  "Faults at exact system calls", .serialized,
  .enabled(if: FaultPoints.areAvailable, FaultPoints.reason))
struct ExactFaultTests {
  /// Fewer iterations than other tests have: what counts is each kind of moment.
  private static let brief = ["--set", "outer.iterations=3"]

  /// An unbroken run, its calls, and its record without timings.
  private struct Unbroken {
    let folder: ExperimentFolder
    let faults: FaultPoints
    let calls: [FaultCall]
    let record: String

    /// Checkpoints that an unbroken run writes.
    var checkpoints: Int { calls.filter { $0.shows(".checkpoint") }.count }
    /// The call that removes the checkpoint.
    var removal: FaultCall? {
      calls.last { $0.name == "unlink" && $0.path.hasSuffix(".checkpoint") }
    }

    init(_ experiment: SmallExperiment) throws {
      faults = try FaultPoints.made.get()
      folder = try ExperimentFolder(experiment)
      let log = folder.path("whole.log")
      let whole = try folder.run(
        into: "whole", brief,
        environment: faults.counting(below: folder.path("whole"), log: log))
      try #require(whole.exitCode == 0, "\(whole.standardError)")
      calls = try FaultPoints.calls(in: log)
      try #require(
        calls.count > 20, "Only \(calls.count) calls were seen: the library sees nothing.")
      record = try folder.comparable(in: "whole")
    }

    /// A run in which something happens, into an empty folder.
    func broken(_ action: String, at call: FaultCall) throws -> CommandResult {
      folder.remove("cut")
      return try folder.run(
        into: "cut", brief,
        environment: faults.acting(action, at: call.number, below: folder.path("cut")))
    }

    /// The same command again, and the checkpoints that it wrote.
    func repeated() throws -> (result: CommandResult, checkpoints: Int) {
      let log = folder.path("rest.log")
      try? FileManager.default.removeItem(atPath: log)
      let result = try folder.run(
        into: "cut", brief, environment: faults.counting(below: folder.path("cut"), log: log))
      let written = try FaultPoints.calls(in: log).filter { $0.shows(".checkpoint") }.count
      return (result, written)
    }

    /// Expects the record of the unbroken run, and nothing else, in the folder.
    func expectTheRecord(_ rest: CommandResult, _ point: String) throws {
      #expect(rest.exitCode == 0, "\(point): \(rest.standardError)")
      #expect(try folder.comparable(in: "cut") == record, "\(point)")
      let files = folder.files(in: "cut")
      #expect(files.count == 1 && files[0].hasSuffix(".json"), "\(point): \(files)")
    }
  }

  @Test("What is written is on the disk before it has its name; the record is there first")
  func order() throws {
    let run = try Unbroken(.counterExample)
    for call in run.calls where call.name == "rename" {
      let before = run.calls[call.number - 2]
      #expect(before.name == "fsync" && before.path.hasSuffix(".partial"), "\(call)")
      let after = run.calls[call.number]
      #expect(after.name == "fsync" && call.path.hasPrefix(after.path + "/"), "\(call)")
    }
    let record = try #require(run.calls.first { $0.shows(".json") })
    let removal = try #require(run.removal)
    #expect(record.number < removal.number)
    // Written at the end of each step, and no file is ever opened under its own name.
    #expect(run.checkpoints >= 3)
    #expect(
      run.calls.allSatisfy {
        $0.name != "open" || $0.path.hasSuffix(".partial") || $0.path.hasSuffix(".lock")
      })
  }

  @Test(
    "SIGKILL before, after and within each call, then the same command: the same record",
    arguments: SmallExperiment.all)
  func killed(_ experiment: SmallExperiment) throws {
    let run = try Unbroken(experiment)
    let points = run.calls.flatMap { call in
      (call.name == "write" ? ["before", "half", "after"] : ["before", "after"]).map {
        (call: call, moment: $0)
      }
    }
    // The end, where record and checkpoint change places, is always among them.
    let ending = points.suffix(12)
    let chosen =
      FaultPoints.spread(Array(points.dropLast(12)), FaultPoints.limit(8))
      + FaultPoints.spread(Array(ending), FaultPoints.limit(6))
    for (call, moment) in chosen {
      let point = "\(moment) call \(call.number), \(call.name) \(call.path)"
      let killed = try run.broken(moment, at: call)
      try #require(killed.endedBySignal && killed.exitCode == SIGKILL, "\(point)")
      // Whatever has its name is whole.
      for name in run.folder.files(in: "cut") where name.hasSuffix(".json") {
        #expect(throws: Never.self, "\(point)") {
          try RunRecord(readingFrom: run.folder.path("cut/\(name)"))
        }
      }
      func isDone(_ other: FaultCall) -> Bool {
        other.number < call.number || other == call && moment == "after"
      }
      let written = run.calls.filter { $0.shows(".checkpoint") && isDone($0) }.count
      let isRemoved = run.removal.map(isDone) ?? false
      #expect(run.folder.hasCheckpoint(in: "cut") == (written > 0 && !isRemoved), "\(point)")
      let rest = try run.repeated()
      // One that lost more than what came after its last checkpoint would write it a second time.
      if !isRemoved {
        #expect(rest.checkpoints <= run.checkpoints - written, "\(point)")
        #expect(rest.result.standardError.contains("Continuing after") == (written > 0), "\(point)")
      }
      try run.expectTheRecord(rest.result, point)
    }
    print("\(experiment.name): SIGKILL at \(chosen.count) of \(points.count) points.")
  }

  @Test(
    "A call that fails is exit code 1 and a sentence, leaves nothing temporary, and loses nothing",
    arguments: SmallExperiment.all)
  func failing(_ experiment: SmallExperiment) throws {
    let run = try Unbroken(experiment)
    let reasons = [ENOSPC: "No space left on device", EIO: "Input/output error"]
    let points = run.calls.flatMap { call in
      reasons.keys.sorted().map { (call: call, code: $0) }
    }
    let chosen = FaultPoints.spread(points, FaultPoints.limit(7))
    for (call, code) in chosen {
      let point = "error \(code) from call \(call.number) on, \(call.name) \(call.path)"
      let result = try run.broken("errno:\(code)", at: call)
      let files = run.folder.files(in: "cut")
      // What cannot be removed, or whose name cannot be made durable, costs nothing.
      if call.name == "unlink" || !call.path.hasSuffix(".partial") && call.name == "fsync" {
        #expect([0, 1].contains(result.exitCode), "\(point): \(result.standardError)")
      } else {
        #expect(result.exitCode == 1 && !result.endedBySignal, "\(point): \(result.standardError)")
        #expect(result.standardError.contains(reasons[code] ?? ""), "\(point)")
        #expect(!files.contains { $0.hasSuffix(".partial") }, "\(point): \(files)")
      }
      let written = run.calls.filter { $0.shows(".checkpoint") && $0.number < call.number }.count
      let rest = try run.repeated()
      if call.name != "unlink", run.removal.map({ call.number < $0.number }) ?? true {
        #expect(rest.checkpoints <= run.checkpoints - written, "\(point)")
      }
      try run.expectTheRecord(rest.result, point)
    }
  }

  @Test(
    "What a signal cuts short is continued or made again; where it asks to stop, the record is honest",
    arguments: SmallExperiment.all)
  func interrupted(_ experiment: SmallExperiment) throws {
    let run = try Unbroken(experiment)
    for call in FaultPoints.spread(run.calls.filter { $0.name == "write" }, FaultPoints.limit(2)) {
      let point = "short call \(call.number)"
      try run.expectTheRecord(try run.broken("short", at: call), point)
    }
    for name in ["write", "fsync"] {
      let calls = run.calls.filter { $0.name == name && $0.path.hasSuffix(".partial") }
      for call in FaultPoints.spread(calls, FaultPoints.limit(2)) {
        let point = "interrupted call \(call.number), \(call.name) \(call.path)"
        try run.expectTheRecord(try run.broken("once:\(EINTR)", at: call), point)
      }
    }
    for call in FaultPoints.spread(run.calls, FaultPoints.limit(4)) {
      let point = "SIGTERM at call \(call.number), \(call.name) \(call.path)"
      let result = try run.broken("signal:15", at: call)
      try #require([0, 143].contains(result.exitCode), "\(point): \(result.standardError)")
      let record = try run.folder.record(in: "cut")
      #expect((record.status.kind == .completed) == (result.exitCode == 0), "\(point)")
      #expect(run.folder.hasCheckpoint(in: "cut") == (result.exitCode == 143), "\(point)")
      try run.expectTheRecord(try run.repeated().result, point)
    }
  }
}
