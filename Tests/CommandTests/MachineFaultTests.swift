import Files
import Foundation
import Results
import TestSupport
import Testing

/// Disks, clocks and neighbours that misbehave while a run is on its way.
@Suite("Faults of the machine", .serialized)
struct MachineFaultTests {
  /// Waits until a run has written a checkpoint.
  private func waitForCheckpoint(_ folder: ExperimentFolder) {
    let deadline = Date().addingTimeInterval(60)
    while !folder.hasCheckpoint(in: "cut"), Date() < deadline { usleep(2_000) }
  }

  // MARK: - Disks

  @Test(
    "A full disk is exit code 1 and a sentence; what was computed continues once there is room",
    .enabled(if: DiskInMemory.isAvailable, DiskInMemory.reason))
  func fullDisk() throws {
    let folder = try ExperimentFolder(.cleaning)
    let disk = try DiskInMemory(folder.path("cut"), kilobytes: 60)
    let whole = try folder.run(into: "whole")
    #expect(whole.exitCode == 0)
    let full = try folder.run(into: "cut")
    #expect(full.exitCode == 1, "\(full.standardError)")
    #expect(full.standardError.contains("No space left on device"))
    #expect(!folder.files(in: "cut").contains { $0.hasSuffix(".partial") })
    // A checkpoint of 36 kB fits, its successor beside it does not.
    #expect(folder.hasCheckpoint(in: "cut"))
    try disk.resize(kilobytes: 8_192)
    let rest = try folder.run(into: "cut")
    #expect(rest.exitCode == 0 && rest.standardError.contains("Continuing after"))
    #expect(try folder.comparable(in: "cut") == folder.comparable(in: "whole"))
    #expect(folder.files(in: "cut").count == 1)
  }

  @Test("A folder that is a file is said before anything is computed")
  func isAFile() throws {
    let folder = try ExperimentFolder(.counterExample)
    try Data("x".utf8).write(to: URL(fileURLWithPath: folder.path("file")))
    let file = try folder.run(into: "file")
    #expect(file.exitCode == 1)
    #expect(file.standardError.contains("error: The folder '\(folder.path("file"))"))
    #expect(try String(contentsOfFile: folder.path("file"), encoding: .utf8) == "x")
  }

  @Test(
    "A folder of a read-only disk is said before anything is computed",
    .enabled(if: DiskInMemory.isAvailable, DiskInMemory.reason))
  func readOnly() throws {
    let folder = try ExperimentFolder(.counterExample)
    let disk = try DiskInMemory(folder.path("cut"), kilobytes: 1_024)
    try disk.makeReadOnly()
    let result = try folder.run(into: "cut")
    #expect(result.exitCode == 1)
    #expect(result.standardError.contains("Read-only file system"), "\(result.standardError)")
  }

  @Test(
    "A folder without permission is said before anything is computed",
    .enabled(if: geteuid() != 0, "The superuser may write everywhere."))
  func withoutPermission() throws {
    let folder = try ExperimentFolder(.counterExample)
    try FileManager.default.createDirectory(
      atPath: folder.path("cut"), withIntermediateDirectories: true)
    #expect(chmod(folder.path("cut"), 0o555) == 0)
    let result = try folder.run(into: "cut")
    #expect(result.exitCode == 1)
    #expect(result.standardError.contains("Permission denied"), "\(result.standardError)")
  }

  @Test(
    "Data that is deleted in mid-run changes nothing: it is in memory",
    arguments: [SmallExperiment.cleaning, .fewShot])
  func deletedData(_ experiment: SmallExperiment) throws {
    let folder = try ExperimentFolder(experiment)
    #expect(try folder.run(into: "whole").exitCode == 0)
    let command = try folder.start(into: "cut")
    waitForCheckpoint(folder)
    folder.remove("data")
    let result = try command.wait()
    #expect(result.exitCode == 0, "\(result.standardError)")
    #expect(try folder.comparable(in: "cut") == folder.comparable(in: "whole"))
    // The next run has none: data missing.
    #expect(try folder.run(into: "later").exitCode == 66)
  }

  // MARK: - Clocks

  @Test("Files from the future, as after a clock that was set back, are continued and swept")
  func clock() throws {
    let folder = try ExperimentFolder(.representation)
    #expect(try folder.run(into: "whole").exitCode == 0)
    _ = try folder.stopped(by: SIGKILL, into: "cut")
    let checkpoint = try #require(
      folder.files(in: "cut").first { $0.hasSuffix(".checkpoint") })
    let place = URL(fileURLWithPath: folder.path("cut/\(checkpoint)")).deletingLastPathComponent()
    // Of a process of this machine that is gone: the name of a file of this one's, with its number.
    let stale = place.appendingPathComponent(".smoke.json.99999999-\(Self.machine)12345678.partial")
    try Data([1]).write(to: stale)
    for name in folder.files(in: "cut") {
      try FileManager.default.setAttributes(
        [.modificationDate: Date(timeIntervalSinceNow: 400 * 86_400)],
        ofItemAtPath: folder.path("cut/\(name)"))
    }
    let rest = try folder.run(into: "cut")
    #expect(rest.exitCode == 0 && rest.standardError.contains("Continuing after"))
    #expect(try folder.comparable(in: "cut") == folder.comparable(in: "whole"))
    #expect(folder.files(in: "cut").count == 1, "\(folder.files(in: "cut"))")
    #expect(try folder.record(in: "cut").timing.totalSeconds >= 0)
  }

  /// The digits of this machine in the names of temporary files, ".NAME.<pid>-<digits><random>.partial".
  private static var machine: String {
    let tag = PartialName.make(for: "x").split(separator: "-").last ?? ""
    return String(tag.prefix(4))
  }

  // MARK: - Neighbours

  @Test("Two and eight processes that write the same results leave one record", arguments: [2, 8])
  func neighbours(count: Int) throws { try writeTheSame(count, environment: [:], hasLocks: true) }

  @Test(
    "So they do on a file system that has no locks",
    .enabled(if: FaultPoints.areAvailable, FaultPoints.reason), arguments: [2, 8])
  func neighboursWithoutLocks(count: Int) throws {
    try writeTheSame(count, environment: FaultPoints.made.get().withoutLocks, hasLocks: false)
  }

  private func writeTheSame(
    _ count: Int, environment: [String: String], hasLocks: Bool
  ) throws {
    let folder = try ExperimentFolder(.cleaning)
    #expect(try folder.run(into: "whole").exitCode == 0)
    let commands = try (0..<count).map { _ in
      try folder.start(into: "cut", environment: environment)
    }
    var skipped = 0
    for command in commands {
      let result = try command.wait(timeout: 120)
      #expect(result.exitCode == 0, "\(result.standardError)")
      if result.standardError.contains("another process is running") { skipped += 1 }
    }
    #expect(hasLocks || skipped == 0)
    #expect(try folder.comparable(in: "cut") == folder.comparable(in: "whole"))
    #expect(
      folder.files(in: "cut").filter { !$0.hasSuffix(".lock") }.count == 1,
      "\(folder.files(in: "cut"))")
  }

  @Test(
    "HDF5 files are read and written on a file system that has no locks",
    .enabled(if: FaultPoints.areAvailable, FaultPoints.reason))
  func hdf5WithoutLocks() throws {
    let environment = try FaultPoints.made.get().withoutLocks
    let folder = try ExperimentFolder(.cleaning)
    #expect(try folder.run(into: "whole", environment: environment).exitCode == 0)
    let written = try CommandRunner.run(
      "datasets", ["synthesise", "--kind", "digits", "--train-count", "20", "--test-count", "10"],
      environment: environment.merging(["BDA_DATA_DIR": folder.path("other")]) { $1 })
    #expect(written.exitCode == 0, "\(written.standardError)")
  }

  // MARK: - Impatience

  @Test("A second SIGINT ends a long step at once, and leaves nothing half-written")
  func secondInterrupt() throws {
    let folder = try ExperimentFolder(.counterExample)
    // One estimate of many seconds.
    let command = try CommandRunner.start(
      "counter-example",
      [
        "run", "--method", "rhg", "--inner-steps", "3000000", "--outer-iterations", "50",
        "--progress", "none", "--output", folder.path("cut"),
      ] + ["--set", "problem.dimension=2000"])
    let deadline = Date().addingTimeInterval(60)
    while !command.standardErrorSoFar.contains("seed"), Date() < deadline { usleep(2_000) }
    usleep(300_000)
    command.send(signal: SIGINT)
    while !command.standardErrorSoFar.contains("once more stops at once"), Date() < deadline {
      usleep(2_000)
    }
    let begin = Date()
    command.send(signal: SIGINT)
    let result = try command.wait()
    #expect(Date().timeIntervalSince(begin) < 2)
    #expect(result.endedBySignal && result.exitCode == SIGINT, "\(result.standardError)")
    #expect(!folder.files(in: "cut").contains { $0.hasSuffix(".partial") })
  }

  @Test("The final test stops within a second, and is continued where it stopped")
  func finalTest() throws {
    let folder = try ExperimentFolder(.fewShot)
    let long = ["--set", "evaluation.testEpisodes=200", "--set", "outer.iterations=2"]
    let whole = try folder.run(into: "whole", long)
    #expect(whole.exitCode == 0, "\(whole.standardError)")
    // Closing steps are the parts of the final test.
    var begin = Date()
    let result = try folder.stopped(
      by: SIGTERM, into: "cut", long,
      once: {
        begin = Date()
        return (closingSteps(in: folder) ?? 0) > 0
      })
    let seconds = Date().timeIntervalSince(begin)
    try #require(result.exitCode == 143, "\(result.standardError)")
    // A second of its own, and what a busy machine adds.
    #expect(seconds < 3, "It took \(seconds) s.")
    let reached = try #require(closingSteps(in: folder))
    #expect(reached > 0)
    let rest = try folder.run(into: "cut", long)
    #expect(rest.exitCode == 0 && rest.standardError.contains("Continuing after 2"))
    #expect(try folder.comparable(in: "cut") == folder.comparable(in: "whole"))
  }

  /// The closing steps that the checkpoint says are done; nil where there is none.
  private func closingSteps(in folder: ExperimentFolder) -> Int? {
    guard let name = folder.files(in: "cut").first(where: { $0.hasSuffix(".checkpoint") }),
      let data = FileManager.default.contents(atPath: folder.path("cut/\(name)"))
    else { return nil }
    return String(decoding: data, as: UTF8.self)
      .firstMatch(of: /"closingSteps":(\d+)/).flatMap { Int($0.1) }
  }
}
