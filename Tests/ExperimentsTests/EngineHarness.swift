import Commands
import Foundation
import Results
import TestSupport
import Testing

@testable import Experiments

/// Everything of the engine that raises the flag of interruptions.
@Suite("Run engine", .serialized, .interruptionFlag)
struct EngineTests {
  /// What ends a process without a word, as far as an engine can tell.
  struct Killed: Error {}

  /// A folder of records with what was said about them.
  final class Place {
    let folder: TemporaryFolder
    let notes = Notes()

    init() throws {
      folder = try TemporaryFolder()
      Interruption.reset()
    }

    deinit { Interruption.reset() }

    func engine(checkpointSeconds: Double = 1e9, startsFresh: Bool = false) -> RunEngine {
      RunEngine(
        console: notes.console, output: folder.path, checkpointSeconds: checkpointSeconds,
        startsFresh: startsFresh)
    }

    func path(_ run: Run<TinySettings>) -> String { folder.path(run.identity.relativePath) }

    func checkpoint(_ run: Run<TinySettings>) -> String { CheckpointPlace.path(for: path(run)) }

    func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

    /// The record of a run as another process would start it.
    @discardableResult
    func record(
      _ run: Run<TinySettings>, checkpointSeconds: Double = 1e9, startsFresh: Bool = false,
      hook: @escaping @Sendable (TinyExperiment.Moment) throws -> Void = { _ in }
    ) throws -> RunRecord {
      Interruption.reset()
      var experiment = TinyExperiment()
      experiment.hook = hook
      let outcome = try engine(checkpointSeconds: checkpointSeconds, startsFresh: startsFresh)
        .run(run, of: experiment)
      guard case .recorded(let record, let path, let interruption) = outcome else {
        throw Killed()
      }
      #expect(path == self.path(run))
      #expect((interruption != nil) == (record.status.kind == .interrupted))
      return record
    }

    /// The record of a run that is repeated until it is complete, and the processes that it took.
    func recordByRepetition(
      _ run: Run<TinySettings>, checkpointSeconds: Double,
      hook: @escaping @Sendable (TinyExperiment.Moment) throws -> Void
    ) throws -> (record: RunRecord, processes: Int) {
      for process in 1...100 {
        do {
          let record = try record(run, checkpointSeconds: checkpointSeconds, hook: hook)
          if record.status.kind != .interrupted { return (record, process) }
          #expect(exists(checkpoint(run)), "an interrupted run left no checkpoint")
          #expect(try RunRecord(readingFrom: path(run)).status.kind == .interrupted)
        } catch is Killed {
          #expect(!exists(path(run)) || record(at: run)?.status.kind == .interrupted)
        }
      }
      throw Killed()
    }

    func record(at run: Run<TinySettings>) -> RunRecord? {
      try? RunRecord(readingFrom: path(run))
    }

    /// A run stopped in its third outer iteration, so that its checkpoint is there.
    func interrupt(_ run: Run<TinySettings>) throws {
      let record = try record(run) { moment in
        if moment == .observing(stage: 0, iteration: 2) { Interruption.request() }
      }
      #expect(record.status.kind == .interrupted && exists(checkpoint(run)))
    }
  }
}

/// Everything of a record that must not depend on how often it was stopped, as text: "nan" in it
/// equals itself.
func comparable(_ record: RunRecord) throws -> String {
  try Value(encoding: record.withoutTiming).canonicalText
}
