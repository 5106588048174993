import Commands
import Foundation
import Results
import TestSupport
import Testing

@testable import Experiments

extension EngineTests {
  /// Runs that differ in all that a checkpoint has to keep.
  enum Subject: String, CaseIterable, Sendable {
    case adamWithWarmStart, stagesAndClosings, solverWithWarmStart, learnedWeights, doublePrecision
    case nonFinite, nonFiniteInTheFirstOfStages, sparseMeasurements, baseline

    func run() throws -> Run<TinySettings> {
      switch self {
      case .adamWithWarmStart: try .tiny { $0.inner.startsWarm = true }
      case .stagesAndClosings:
        try .tiny {
          $0.tiny.stages = 3
          $0.tiny.closingSteps = 2
          $0.outer.iterations = 2
        }
      case .solverWithWarmStart:
        try .tiny("fixed-point") {
          $0.solver.startsWarm = true
          $0.solver.steps = 2
        }
      case .learnedWeights: try .tiny("learned-bda") { $0.inner.startsWarm = true }
      case .doublePrecision: try .tiny(scalar: .double) { $0.tiny.closingSteps = 3 }
      case .nonFinite: try .tiny { $0.tiny.breaksAt = 2 }
      case .nonFiniteInTheFirstOfStages:
        try .tiny {
          $0.tiny.breaksAt = 1
          $0.tiny.stages = 2
          $0.tiny.closingSteps = 2
        }
      case .sparseMeasurements: try .tiny { $0.evaluation.interval = 3 }
      case .baseline:
        try .tiny("untrained") {
          $0.tiny.stages = 2
          $0.tiny.closingSteps = 2
        }
      }
    }
  }

  /// How a process ends at a moment.
  enum Stop: CaseIterable, Sendable {
    /// Somebody asks to stop while the step is measured; the step is finished.
    case request
    /// Measuring itself gives up, after it has changed the body's state.
    case throwing
    /// The process dies.
    case kill

    func act() throws {
      switch self {
      case .request: Interruption.request()
      case .throwing: throw Interrupted(signal: SIGTERM)
      case .kill: throw Killed()
      }
    }
  }

  /// All moments of an unbroken run, and its record.
  private func unbroken(
    _ run: Run<TinySettings>
  ) throws -> (record: String, moments: [TinyExperiment.Moment]) {
    let place = try Place()
    let list = MomentList()
    let record = try place.record(run) { list.append($0) }
    #expect(place.record(at: run) == nil || place.record(at: run)?.status == record.status)
    #expect(!place.exists(place.checkpoint(run)))
    #expect(list.all.count >= 3)
    return (try comparable(record), list.all)
  }

  @Test(
    "A run stopped at any one moment continues to the record of an unbroken one",
    arguments: Subject.allCases, Stop.allCases)
  func stoppedOnce(subject: Subject, stop: Stop) throws {
    let run = try subject.run()
    let (expected, moments) = try unbroken(run)
    for moment in moments {
      let place = try Place()
      let once = Once()
      // Who is killed has the checkpoint of the iteration before; who is asked writes one.
      let (record, processes) = try place.recordByRepetition(
        run, checkpointSeconds: stop == .kill ? 0 : 1e9
      ) {
        if $0 == moment, once.first($0) { try stop.act() }
      }
      #expect(try comparable(record) == expected, "stopped at \(moment)")
      let stored = try RunRecord(readingFrom: place.path(run))
      #expect(try comparable(stored) == expected, "stopped at \(moment)")
      #expect(!place.exists(place.checkpoint(run)))
      // Whoever asks in the very last step gets the complete record at once.
      let isLast =
        moment == moments.last || moment == moments.dropLast().last && breaks(run, at: moment)
      #expect(processes == (stop == .request && isLast ? 1 : 2), "stopped at \(moment)")
    }
  }

  /// Whether the loop ends there without a next iteration: stopping is then left to closing steps.
  private func breaks(_ run: Run<TinySettings>, at moment: TinyExperiment.Moment) -> Bool {
    guard case .observing(_, let iteration) = moment else { return false }
    return iteration == run.settings.tiny.breaksAt
  }

  @Test(
    "A run stopped at every moment continues to the record of an unbroken one",
    arguments: Subject.allCases, Stop.allCases)
  func stoppedAlways(subject: Subject, stop: Stop) throws {
    let run = try subject.run()
    let (expected, moments) = try unbroken(run)
    let place = try Place()
    let once = Once()
    let (record, processes) = try place.recordByRepetition(run, checkpointSeconds: 0) {
      if once.first($0) { try stop.act() }
    }
    #expect(try comparable(record) == expected)
    let broken = moments.filter { breaks(run, at: $0) }.count
    #expect(processes == moments.count + (stop == .request ? -broken : 1))
  }

  @Test("A run that is killed between checkpoints repeats what the last one does not hold")
  func killedBetweenCheckpoints() throws {
    let run = try Subject.adamWithWarmStart.run()
    let (expected, moments) = try unbroken(run)
    let place = try Place()
    let once = Once()
    let list = MomentList()
    let (record, _) = try place.recordByRepetition(run, checkpointSeconds: 1e9) {
      list.append($0)
      if $0 == moments[3], once.first($0) { throw Killed() }
    }
    #expect(try comparable(record) == expected)
    #expect(list.all == moments.prefix(4) + moments)
  }

  @Test("An interrupted record says what is true")
  func interruptedRecord() throws {
    let place = try Place()
    let run = try Run.tiny()
    for stop in [Stop.request, .throwing] {
      let record = try place.record(run, startsFresh: true) {
        if $0 == .observing(stage: 0, iteration: 2) { try stop.act() }
      }
      let done = stop == .request ? 3 : 2
      #expect(
        record.status.reason
          == "Interrupted after \(done) of 5 outer iterations; the same command continues from "
          + "\(place.checkpoint(run)).")
      #expect(record.metric(named: "value")?.values.count == done)
      #expect(record.timing.steps == Array(0..<done))
      #expect(record.diagnostics["outerIterations"] == .integer(done))
      #expect(record.metric(named: "never") == nil)
    }
    #expect(try place.record(run).status.kind == .completed)
    #expect(place.notes.text.contains("Continuing after 2 outer iterations from"))
  }

  @Test("Who interrupted is handed on")
  func signal() throws {
    let place = try Place()
    var experiment = TinyExperiment()
    experiment.hook = { _ in throw Interrupted(signal: SIGTERM) }
    guard
      case .recorded(_, _, let interruption) = try place.engine().run(try .tiny(), of: experiment)
    else {
      Issue.record("The run was busy.")
      return
    }
    #expect(interruption?.exitStatus == Interrupted(signal: SIGTERM).exitStatus)
  }
}
