import Commands
import Files
import Foundation
import Results
import TestSupport
import Testing

@testable import Experiments

extension EngineTests {
  @Test("A run leaves one complete record and nothing else")
  func completed() throws {
    let place = try Place()
    let run = try Run.tiny()
    let record = try place.record(run, checkpointSeconds: 0)
    #expect(record.status == .init(.completed))
    #expect(try RunRecord(readingFrom: place.path(run)).withoutTiming == record.withoutTiming)
    let file = URL(fileURLWithPath: place.path(run))
    let folder = try FileManager.default.contentsOfDirectory(
      atPath: file.deletingLastPathComponent().path)
    #expect(folder == [file.lastPathComponent])
    #expect(record.metric(named: "value")?.steps == [1, 2, 3, 4, 5])
    #expect(record.final["closing 0"] != nil && record.final["never"] == nil)
    #expect(record.configuration == run.configuration.tree)
    #expect(record.timing.steps == [0, 1, 2, 3, 4])
    #expect(record.timing.seconds == record.timing.seconds.sorted())
  }

  @Test("The time of an outer step is the median, which a slow one does not move")
  func medianStep() {
    #expect(RunDrive<Float>.medianStep(endingAt: [1, 2, 10]) == 1)
    #expect(RunDrive<Float>.medianStep(endingAt: [3, 4, 20, 22]) == 2.5)
    #expect(RunDrive<Float>.medianStep(endingAt: []) == nil)
  }

  @Test("A fresh start passes the checkpoint over and says so")
  func fresh() throws {
    let place = try Place()
    let run = try Run.tiny()
    try place.interrupt(run)
    let list = MomentList()
    let record = try place.record(run, startsFresh: true) { list.append($0) }
    #expect(list.all.first == .observing(stage: 0, iteration: 0))
    #expect(place.notes.text.contains("Fresh: the checkpoint \(place.checkpoint(run)) is passed"))
    #expect(record.status.kind == .completed && !place.exists(place.checkpoint(run)))
  }

  @Test("A completed record is not replaced by that of an interrupted run")
  func completedIsKept() throws {
    let place = try Place()
    let run = try Run.tiny()
    try place.record(run)
    let before = try Data(contentsOf: URL(fileURLWithPath: place.path(run)))
    try place.interrupt(run)
    #expect(try Data(contentsOf: URL(fileURLWithPath: place.path(run))) == before)
    #expect(place.notes.text.contains("Kept: \(place.path(run))"))
    // The checkpoint is continued all the same, and the complete record then replaced.
    #expect(try place.record(run).status.kind == .completed)
    #expect(!place.exists(place.checkpoint(run)))
    #expect(try Data(contentsOf: URL(fileURLWithPath: place.path(run))) != before)
  }

  @Test("What cannot be understood at a record's place is not written over, and is said at once")
  func foreignIsKept() throws {
    let run = try Run.tiny()
    for text in ["{\"hello\": 1}", "{\"schemaVersion\": 99}", "cut short"] {
      let place = try Place()
      try place.record(run)
      try Data(text.utf8).write(to: URL(fileURLWithPath: place.path(run)))
      let moments = MomentList()
      let error = #expect(throws: CommandFailure.self) {
        try place.record(run) { moments.append($0) }
      }
      #expect(error?.exitStatus == .dataInvalid, "\(text)")
      #expect(error?.sentence.contains(place.path(run)) == true)
      #expect(moments.all.isEmpty)
      #expect(try String(contentsOfFile: place.path(run), encoding: .utf8) == text)
    }
  }

  @Test("Another run's record at a record's place is not written over")
  func anotherRunIsKept() throws {
    let place = try Place()
    let run = try Run.tiny()
    let other = try Run.tiny { $0.tiny.closingSteps = 2 }
    try place.record(run)
    try place.record(other)
    let record = try Data(contentsOf: URL(fileURLWithPath: place.path(other)))
    try record.write(to: URL(fileURLWithPath: place.path(run)))
    let error = #expect(throws: CommandFailure.self) { try place.record(run) }
    #expect(error?.sentence.contains("records another run") == true, "\(error?.sentence ?? "")")
    #expect(try Data(contentsOf: URL(fileURLWithPath: place.path(run))) == record)
  }

  @Test(
    "Another run's record is no evidence that this one was made, with the same settings neither")
  func anotherSeedIsNotSkipped() throws {
    let place = try Place()
    let run = try Run.tiny()
    try place.record(run)
    #expect(run.place(in: place.folder.path).state.isCompleted)
    let path = URL(fileURLWithPath: place.path(run))
    var text = try String(contentsOf: path, encoding: .utf8)
    text = text.replacing("\"seed\": \(run.seed),", with: "\"seed\": \(run.seed + 1),")
    try Data(text.utf8).write(to: path)
    #expect(try RunRecord(readingFrom: path.path).seed == run.seed + 1)
    #expect(run.place(in: place.folder.path).state == .missing)
  }

  /// Whoever opens a pipe waits for somebody at its other end.
  @Test("A pipe or a folder at a checkpoint's place is refused at once", arguments: [true, false])
  func noFile(isPipe: Bool) throws {
    let place = try Place()
    let run = try Run.tiny()
    let path = place.checkpoint(run)
    try place.record(run)
    if isPipe {
      #expect(mkfifo(path, 0o644) == 0)
    } else {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }
    for startsFresh in [false, true] {
      let error = #expect(throws: ConfigurationError.self) {
        try place.record(run, startsFresh: startsFresh)
      }
      #expect(error?.sentence.contains("move it away") == true, "\(error?.sentence ?? "")")
    }
  }

  @Test("A lock that is a link is refused, and what it points to is kept")
  func lockIsNoLink() throws {
    let place = try Place()
    let run = try Run.tiny()
    try place.record(run)
    let url = URL(fileURLWithPath: place.path(run))
    let lock = url.deletingLastPathComponent().appendingPathComponent(
      ".\(url.lastPathComponent).lock")
    let other = url.deletingLastPathComponent().appendingPathComponent("precious")
    try Data("precious".utf8).write(to: other)
    try FileManager.default.createSymbolicLink(at: lock, withDestinationURL: other)
    let error = #expect(throws: FileError.self) { try place.record(run) }
    #expect(error?.message.contains("symbolic link") == true)
    #expect(try String(contentsOf: other, encoding: .utf8) == "precious")
  }

  @Test("Where the lock is a folder, the lock is named and not the record, which is kept")
  func lockIsNoFolder() throws {
    let place = try Place()
    let run = try Run.tiny()
    try place.record(run)
    let lock = RunLock.path(for: place.path(run))
    try FileManager.default.createDirectory(atPath: lock, withIntermediateDirectories: true)
    let error = #expect(throws: FileError.self) { try place.record(run) }
    #expect(
      error?.message.hasPrefix("The lock '\(lock)' is a folder") == true,
      "\(error?.message ?? "none")")
    #expect(place.exists(place.path(run)) && place.exists(lock))
  }

  @Test("What was computed is kept where the record cannot be written", arguments: Stop.allCases)
  func unwritable(stop: Stop) throws {
    let run = try Run.tiny { $0.tiny.closingSteps = 2 }
    let elsewhere = try Place()
    let expected = try comparable(try elsewhere.record(run))
    let place = try Place()
    // A folder stands where the record should be.
    try FileManager.default.createDirectory(
      atPath: place.path(run) + "/inside", withIntermediateDirectories: true)
    #expect(throws: (any Error).self) {
      try place.record(run, checkpointSeconds: 0) {
        if $0 == .observing(stage: 0, iteration: 2) { try stop.act() }
      }
    }
    #expect(place.exists(place.checkpoint(run)))
    if stop == .request {
      #expect(throws: (any Error).self) { try place.record(run) }
      #expect(place.exists(place.checkpoint(run)))
    }
    try FileManager.default.removeItem(atPath: place.path(run))
    let list = MomentList()
    let record = try place.record(run) { list.append($0) }
    #expect(try comparable(record) == expected)
    #expect(stop == .request ? list.all.isEmpty : list.all.count < 7)
    #expect(!place.exists(place.checkpoint(run)))
  }

  @Test("The checkpoint is still there while the record is written")
  func removedLast() throws {
    let place = try Place()
    let run = try Run.tiny()
    try place.interrupt(run)
    // A link that is removed and written anew is a link no longer.
    let (checkpoint, elsewhere) = (place.checkpoint(run), place.folder.path("elsewhere"))
    let files = FileManager.default
    try files.moveItem(atPath: checkpoint, toPath: elsewhere)
    try files.createSymbolicLink(atPath: checkpoint, withDestinationPath: elsewhere)
    // A folder stands where the record should be.
    try files.removeItem(atPath: place.path(run))
    try files.createDirectory(
      atPath: place.path(run) + "/inside", withIntermediateDirectories: true)
    #expect(throws: (any Error).self) { try place.record(run) }
    let kind = try files.attributesOfItem(atPath: checkpoint)[.type] as? FileAttributeType
    #expect(kind == .typeSymbolicLink)
  }

  @Test("The checkpoint goes once the record is there, and not before")
  func order() throws {
    let place = try Place()
    let run = try Run.tiny { $0.tiny.closingSteps = 3 }
    let (checkpoint, path) = (place.checkpoint(run), place.path(run))
    let list = MomentList()
    try place.record(run, checkpointSeconds: 0) { moment in
      guard moment != .observing(stage: 0, iteration: 0) else { return }
      if FileManager.default.fileExists(atPath: checkpoint),
        !FileManager.default.fileExists(atPath: path)
      {
        list.append(moment)
      }
    }
    #expect(list.all.count == 7)
    #expect(place.exists(path) && !place.exists(checkpoint))
  }

  @Test("A run that another process holds is left alone")
  func busy() throws {
    let place = try Place()
    let run = try Run.tiny()
    let lock = try #require(try RunLock(for: place.path(run)))
    #expect(try RunLock(for: place.path(run)) == nil)
    guard case .busy(let path) = try place.engine().run(run, of: TinyExperiment()) else {
      Issue.record("Two processes ran one run at once.")
      return
    }
    #expect(path == place.path(run) && !place.exists(path))
    // Another seed is another run.
    #expect(try place.record(try .tiny(seed: 4)).status.kind == .completed)
    lock.release()
    #expect(try place.record(run).status.kind == .completed)
    #expect(try RunLock(for: place.path(run)) != nil)
  }

  @Test("The lock is held while the run runs")
  func lockIsHeld() throws {
    let place = try Place()
    let run = try Run.tiny()
    let path = place.path(run)
    let free = MomentList()
    try place.record(run) { if try RunLock(for: path) != nil { free.append($0) } }
    #expect(free.all.isEmpty)
  }

  @Test("The completed record of a run is one of its configuration")
  func completedRecord() throws {
    let place = try Place()
    let run = try Run.tiny()
    #expect(place.engine().completedRecord(of: run) == nil)
    try place.interrupt(run)
    #expect(place.engine().completedRecord(of: run) == nil)
    try place.record(run)
    #expect(place.engine().completedRecord(of: run) == place.path(run))
    // Same path, since the interval of measurements does not tell runs apart; other settings.
    let other = try Run.tiny { $0.evaluation.interval = 2 }
    #expect(place.path(other) == place.path(run))
    #expect(place.engine().completedRecord(of: other) == nil)
    #expect(place.engine().completedRecord(of: try .tiny(seed: 4)) == nil)
    #expect(place.engine().completedRecord(of: try .tiny(scalar: .double)) == nil)
  }

  @Test("A non-finite run says where, and is no completed one")
  func nonFinite() throws {
    let place = try Place()
    let run = try Run.tiny { $0.tiny.breaksAt = 2 }
    let record = try place.record(run)
    #expect(record.status.kind == .nonFinite)
    #expect(
      record.status.reason
        == "In outer iteration 2 the upper objective F was not finite: lower the step sizes.")
    #expect(record.timing.steps == [0, 1, 2])
    #expect(!place.exists(place.checkpoint(run)))
    #expect(place.engine().completedRecord(of: run) == nil)
  }
}
