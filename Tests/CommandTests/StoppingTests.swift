import Foundation
import Results
import Tensors
import TestSupport
import Testing

/// The promise of every experiment: stop at any moment, repeat the command, get the same record.
@Suite("Runs that are stopped", .serialized)
struct StoppingTests {
  /// SIGKILLs per experiment: 20 (half a minute), or what BDA_TEST_KILLS says.
  private static let kills =
    ProcessInfo.processInfo.environment["BDA_TEST_KILLS"].flatMap { Int($0) } ?? 20

  @Test(
    "SIGKILL at random moments, any number of times, then the same command: the same record",
    arguments: SmallExperiment.all)
  func killed(_ experiment: SmallExperiment) throws {
    let folder = try ExperimentFolder(experiment)
    let begin = Date()
    let whole = try folder.run(into: "whole")
    var duration = Date().timeIntervalSince(begin)
    try #require(whole.exitCode == 0, "\(whole.standardError)")
    let expected = try folder.comparable(in: "whole")
    #expect(folder.files(in: "whole").allSatisfy { $0.hasSuffix(".json") })

    var stream = RandomStream(seed: 17, purpose: "kills of \(experiment.name)")
    var (kills, continuations, finished) = (0, 0, 0)
    var isStretched = false
    while kills < Self.kills {
      // A machine that other work slows down must not be killed before every first checkpoint.
      if !isStretched, kills >= Self.kills / 2, continuations == 0 {
        duration *= 3
        isStretched = true
      }
      let command = try folder.start(into: "cut")
      let delay = stream.uniform(in: 0..<(kills.isMultiple(of: 2) ? 1 : 0.5)) * duration
      usleep(useconds_t(delay * 1e6))
      command.send(signal: SIGKILL)
      let result = try command.wait(timeout: 60)
      if result.standardError.contains("Continuing after") { continuations += 1 }
      if result.endedBySignal {
        kills += 1
        continue
      }
      // It was faster: another round from the beginning, with earlier kills.
      duration *= 0.9
      #expect(result.exitCode == 0, "\(result.standardError)")
      #expect(try folder.comparable(in: "cut") == expected)
      #expect(folder.files(in: "cut").count == 1, "\(folder.files(in: "cut"))")
      folder.remove("cut")
      finished += 1
      try #require(finished < 20 + 5 * Self.kills, "Kills come too late to hit anything.")
    }
    let last = try folder.run(into: "cut")
    #expect(last.exitCode == 0, "\(last.standardError)")
    if last.standardError.contains("Continuing after") { continuations += 1 }
    #expect(continuations > 0, "No kill hit a run that had a checkpoint.")
    #expect(try folder.comparable(in: "cut") == expected)
    #expect(folder.files(in: "cut").count == 1, "\(folder.files(in: "cut"))")
  }

  @Test(
    "A signal ends the step, leaves a record that says what is true, and the command continues",
    arguments: SmallExperiment.all)
  func interrupted(_ experiment: SmallExperiment) throws {
    let folder = try ExperimentFolder(experiment)
    #expect(try folder.run(into: "whole").exitCode == 0)
    let expected = try folder.comparable(in: "whole")
    for signal in [SIGINT, SIGTERM, SIGHUP, SIGQUIT] {
      try interrupt(folder, signal)
      #expect(try folder.comparable(in: "cut") == expected)
      folder.remove("cut")
    }
  }

  private func interrupt(_ folder: ExperimentFolder, _ signal: Int32) throws {
    let result = try folder.stopped(by: signal, into: "cut")
    try #require(result.exitCode == 128 + signal, "\(result.standardError)")
    let record = try folder.record(in: "cut")
    #expect(record.status.kind == .interrupted)
    let reason = try #require(record.status.reason)
    #expect(result.standardError.contains(reason))
    // "Interrupted after 3 of 9 outer iterations; the same command continues from <path>."
    let parts = try #require(
      reason.wholeMatch(
        of: /Interrupted after (\d+) of \d+ outer iterations; .* continues from (.*)\./))
    #expect(FileManager.default.fileExists(atPath: String(parts.2)), "\(parts.2)")
    let rest = try folder.run(into: "cut")
    #expect(rest.exitCode == 0, "\(rest.standardError)")
    let sentence = "Continuing after \(parts.1) outer iterations from \(parts.2)."
    #expect(rest.standardError.contains(sentence), "\(rest.standardError)")
    #expect(folder.files(in: "cut").count == 1, "\(folder.files(in: "cut"))")
  }

  @Test(
    "--fresh starts over; a checkpoint of another run or a damaged one is refused in a sentence",
    arguments: SmallExperiment.all)
  func fresh(_ experiment: SmallExperiment) throws {
    let folder = try ExperimentFolder(experiment)
    try #require(try folder.stopped(by: SIGTERM, into: "cut").exitCode == 143)
    let reason = try #require(try folder.record(in: "cut").status.reason)
    let path = String(try #require(reason.firstMatch(of: /continues from (.*)\./)).1)
    let good = try Data(contentsOf: URL(fileURLWithPath: path))
    var bad = good
    bad[good.count - 1] ^= 1
    try bad.write(to: URL(fileURLWithPath: path))
    let damaged = try folder.run(into: "cut")
    #expect(damaged.exitCode == 65, "\(damaged.standardError)")
    #expect(damaged.standardError.contains("is damaged"))
    #expect(damaged.standardError.contains("--fresh"))
    // Memory for trajectories is no part of a run's identity, but a checkpoint knows it.
    try good.write(to: URL(fileURLWithPath: path))
    let other = try folder.run(into: "cut", ["--set", "trajectory.megabytes=77"])
    #expect(other.exitCode == 65, "\(other.standardError)")
    #expect(other.standardError.contains("trajectory.megabytes was"), "\(other.standardError)")
    let over = try folder.run(into: "cut", ["--fresh"])
    #expect(over.exitCode == 0, "\(over.standardError)")
    #expect(!over.standardError.contains("Continuing"))
    #expect(folder.files(in: "cut").count == 1, "\(folder.files(in: "cut"))")
  }

  @Test(
    "A run that one backend's kernels began is not continued by the other's, which round otherwise",
    .enabled(
      if: KernelBackend.available.contains(.oneDNN), "This build has one backend, plain Swift."))
  func otherKernels() throws {
    let folder = try ExperimentFolder(.cleaning)
    try #require(try folder.stopped(by: SIGINT, into: "cut").exitCode == 130)
    let portable = ["BDA_BACKEND": "portable"]
    let other = try folder.run(into: "cut", environment: portable)
    #expect(other.exitCode == 65, "\(other.standardError)")
    let sentence = /backend was "oneDNN [\d.]+" and is "portable"; .* add --fresh/
    #expect(other.standardError.contains(sentence), "\(other.standardError)")
    let own = try folder.run(into: "cut")
    #expect(own.exitCode == 0, "\(own.standardError)")
    #expect(own.standardError.contains("Continuing after"))
  }

  @Test("A baseline's training and the final one stop after a step, not after a schedule")
  func training() throws {
    let folder = try ExperimentFolder(.cleaning)
    // Each schedule alone would take minutes.
    let long = ["--set", "tuning.steps=[10000000]"]
    let baseline = ["--method", "self-filtered", "--set", "tuning.finalTraining=false"]
    for options in [["--set", "tuning.finalTraining=true"], baseline] {
      let command = try folder.start(into: "cut", options + long)
      let deadline = Date().addingTimeInterval(60)
      while !command.standardErrorSoFar.contains("seed"), Date() < deadline { usleep(2_000) }
      // Long enough for the outer iterations; a signal that comes earlier ends these instead.
      usleep(1_000_000)
      let begin = Date()
      command.send(signal: SIGTERM)
      let result = try command.wait(timeout: 60)
      #expect(Date().timeIntervalSince(begin) < 20, "\(options)")
      #expect(result.exitCode == 143 && !result.endedBySignal, "\(result.standardError)")
    }
  }

  /// oneDNN's kernels use the stack pointer for data: a handler's frame would be written over it.
  @Test("No thread that computes is interrupted by the signals that end a run")
  func blockedSignals() throws {
    let folder = try ExperimentFolder(.representation)
    let long = ["--set", "outer.iterations=100000", "--threads", "2"]
    let command = try folder.start(into: "cut", long)
    defer { command.send(signal: SIGKILL) }
    let deadline = Date().addingTimeInterval(60)
    while !folder.hasCheckpoint(in: "cut"), Date() < deadline { usleep(2_000) }
    let tasks = "/proc/\(command.processIdentifier)/task"
    let names = try FileManager.default.contentsOfDirectory(atPath: tasks)
    #expect(names.count > 1)
    var listening: [String] = []
    for name in names {
      let status = try String(contentsOfFile: "\(tasks)/\(name)/status", encoding: .utf8)
      let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("SigBlk:") })
      let word = line.split(separator: "\t").last ?? ""
      let blocked = try #require(UInt64(word, radix: 16), "\(line)")
      let isBlocked = [SIGINT, SIGTERM, SIGQUIT].map { blocked >> ($0 - 1) & 1 == 1 }
      if isBlocked != [true, true, true] { listening.append(name) }
    }
    // The one that waits for them, and it is not the first, which computes.
    #expect(listening.count == 1 && listening != ["\(command.processIdentifier)"], "\(listening)")
    command.send(signal: SIGTERM)
    #expect(try command.wait().exitCode == 143)
  }
}
