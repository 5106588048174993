import Bilevel
import Results
import TestSupport
import Testing

@testable import Experiments

extension EngineTests {
  @Test("Dynamics of one's own run, stop and continue through the engine like the suite's")
  func nesterov() throws {
    var experiment = TinyExperiment()
    experiment.use(MethodCatalogue.standard.adding(dynamics: NamedNesterov()))
    // As the command line looks them up.
    var options = try MethodOptions.parse(["--dynamics", "nesterov", "--hypergradient", "reverse"])
    let arm = try #require(try options.namedArms([], of: experiment)?.first)
    #expect(arm.name == "nesterov+reverse")
    let preset = TinyPreset.plain.settings(.smoke)
    func run(_ arm: Arm, momentum: Double = 0.5) -> Run<TinySettings> {
      var settings = preset
      settings.inner.momentum = momentum
      let planned = PlannedRun(arm, settings, preset: preset, protocolName: "plain")
      return Run(
        experiment: TinyExperiment.name, arm: arm, protocolName: "plain", budget: .smoke, seed: 3,
        scalar: .double, configuration: planned.configuration,
        variant: planned.variant(in: experiment), datasets: [])
    }
    let place = try Place()
    let record = try place.record(run(arm))
    #expect(
      record.relativePath
        == "tiny/nesterov+reverse/plain/inner.momentum=0.5,K4/smoke-double-seed3.json")
    #expect(record.method.dynamics.name == "nesterov")
    #expect(record.method.dynamics.parameters["momentum"] == 0.5)
    #expect(record.method.hypergradient.name == "reverse")
    // Without momentum it is descent; with momentum it is neither that nor the heavy ball.
    let reverse = try experiment.catalogue.estimator(named: "reverse")
    func value(_ name: String, momentum: Double) throws -> Double {
      let method = Method(try experiment.catalogue.dynamics(named: name), reverse)
      return try #require(
        place.record(run(.method(method), momentum: momentum), startsFresh: true).final["value"])
    }
    #expect(try value("nesterov", momentum: 0) == value("gradient-descent", momentum: 0))
    let found = try value("nesterov", momentum: 0.5)
    #expect(try found != value("gradient-descent", momentum: 0.5))
    #expect(try found != value("heavy-ball", momentum: 0.5))
    #expect(found == record.final["value"])

    let stopped = try Place()
    let once = Once()
    let (again, processes) = try stopped.recordByRepetition(run(arm), checkpointSeconds: 0) {
      if once.first($0) { throw Killed() }
    }
    #expect(processes == 7)
    #expect(try comparable(again) == comparable(record))

    options = try MethodOptions.parse(["--dynamics", "nesterov"])
    #expect(throws: MethodError.self) { try options.namedArms([], of: experiment) }
    options = try MethodOptions.parse(["--dynamics", "nesterov", "--hypergradient", "one-stage"])
    #expect(throws: MethodError.self) { try options.namedArms([], of: experiment) }
    options = try MethodOptions.parse(["--dynamics", "nesterov", "--hypergradient", "reverse"])
    #expect(throws: UnknownName.self) { try options.namedArms([], of: TinyExperiment()) }
  }

  @Test("What linear solvers report reaches the record and the terminal")
  func solverOutcomes() throws {
    let place = try Place()
    let record = try place.record(
      try .tiny("fixed-point") { $0.solver.steps = 2 })
    #expect(record.status.kind == .completed)
    #expect(record.diagnostics["linearSolver"]?["outcomes"] == ["maximum-steps": 5])
    #expect(place.notes.text.contains("5 of 5 linear solves"))
    let growing = try place.record(
      try .tiny("fixed-point") {
        $0.solver.steps = 50
        $0.solver.stepSize = 100
      })
    #expect(growing.status.kind == .diverged)
    #expect(growing.status.reason?.contains("not usable") == true)
    let fine = try Place()
    let solved = try fine.record(try .tiny("cg"))
    #expect(solved.diagnostics["linearSolver"]?["outcomes"] == ["converged": 5])
    #expect(!fine.notes.text.contains("linear solves"))
  }
}
