import Bilevel
import Commands
import Datasets
import Experiments
import Foundation
import Results
import TestSupport
import Testing

@testable import counter_example
@testable import hyper_cleaning

/// Dynamics that the suite does not have, added to the catalogue and run to records.
@Suite("Dynamics of one's own in the experiments", .interruptionFlag)
struct OwnDynamicsRunTests {
  private let folder: TemporaryFolder
  private let catalogue = MethodCatalogue.standard.adding(dynamics: NamedNesterov())

  init() throws { folder = try TemporaryFolder() }

  /// The record of a run of one product under settings.
  private func record<E: Experiment>(
    _ dynamics: String, _ experiment: E, _ preset: E.Preset,
    _ change: (inout RunSettings<E.Own>) -> Void
  ) throws -> RunRecord {
    let method = catalogue.product(
      try catalogue.dynamics(named: dynamics), try catalogue.estimator(named: "reverse"))
    var settings = preset.settings(.smoke)
    change(&settings)
    try settings.validate(in: .float)
    #expect(experiment.refusal(of: .method(method), under: settings) == nil)
    let planned = PlannedRun(
      .method(method), settings, preset: preset.settings(.smoke), protocolName: preset.rawValue)
    let run = Run(
      experiment: E.name, arm: planned.arm, protocolName: planned.protocolName, budget: .smoke,
      seed: 1, scalar: .double, configuration: planned.configuration,
      variant: planned.variant(in: experiment),
      datasets: try experiment.datasets(settings, seed: 1))
    let outcome = try RunEngine(console: Console(isQuiet: true), output: folder.path("runs"))
      .run(run, of: experiment)
    guard case .recorded(let record, let path, nil) = outcome else {
      throw Unexpected("No record but \(outcome).")
    }
    #expect(try RunRecord(readingFrom: path) == record)
    return record
  }

  @Test("The counter-example runs them by name, and derives no point for them")
  func counterExample() throws {
    let experiment = CounterExample(
      folder: DataFolder(path: folder.path), catalogue: catalogue)
    func run(_ dynamics: String, momentum: Double) throws -> RunRecord {
      try record(dynamics, experiment, .icml2020) {
        $0.inner.steps = 4
        $0.inner.momentum = momentum
        $0.start.second = [2]
      }
    }
    let own = try run("nesterov", momentum: 0.75)
    #expect(own.status.kind == .completed)
    #expect(own.method.name == "nesterov+reverse")
    #expect(own.method.dynamics.name == "nesterov")
    #expect(own.method.dynamics.parameters["momentum"] == 0.75)
    #expect(own.variant["inner.momentum"] == 0.75)
    #expect(own.final["stationaryPoint"] == nil && own.final["stationaryError"] == nil)
    #expect(
      own.diagnostics["stationaryPointAbsent"]
        == "No recursion is declared for nesterov with reverse.")
    // Without momentum it is gradient descent, which has a derived point and reaches it.
    let plain = try run("gradient-descent", momentum: 0.5)
    let without = try run("nesterov", momentum: 0)
    #expect(without.final["x"] == plain.final["x"])
    #expect(plain.final["x"] != own.final["x"])
    #expect(plain.final["stationaryError"].map { $0 < 1e-9 } == true)
    #expect(plain.diagnostics["stationaryPointAbsent"] == nil)
  }

  @Test("Hyper-cleaning runs them on data, to other numbers than those of plain descent")
  func cleaning() throws {
    try folder.writeDigits(train: 80, test: 30)
    let experiment = Cleaning(folder: DataFolder(path: folder.path), catalogue: catalogue)
    func run(_ dynamics: String, momentum: Double) throws -> RunRecord {
      try record(dynamics, experiment, .icml2020) {
        $0.data.train = 30
        $0.data.validation = 30
        $0.data.test = 30
        $0.inner.steps = 6
        $0.inner.stepSize = 0.1
        $0.inner.momentum = momentum
        $0.outer.iterations = 3
      }
    }
    let own = try run("nesterov", momentum: 0.75)
    #expect(own.status.kind == .completed && own.method.dynamics.name == "nesterov")
    let plain = try run("gradient-descent", momentum: 0.5)
    #expect(try run("nesterov", momentum: 0).final == plain.final)
    #expect(own.final["upperObjective"] != plain.final["upperObjective"])
    // Momentum gets farther in the same number of steps.
    let values = [own, plain].compactMap { $0.metric(named: "lowerObjective")?.values.first }
    #expect(values.count == 2 && values[0] < values[1], "\(values)")
  }
}
