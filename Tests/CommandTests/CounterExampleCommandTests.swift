import Foundation
import Results
import TestSupport
import Testing

@Suite("counter-example")
struct CounterExampleCommandTests {
  private let folder: TemporaryFolder
  private var runs: String { folder.path("runs") }

  init() throws { folder = try TemporaryFolder() }

  private func run(_ arguments: [String]) throws -> CommandResult {
    try CommandRunner.run("counter-example", arguments, timeout: 120)
  }

  private var output: [String] { ["--output", runs, "--quiet", "--scalar", "double"] }

  @Test("The claims about runs are reproduced by a smoke run of every method")
  func claims() throws {
    for protocolName in ["icml2020", "strongly-convex"] {
      let result = try run(["run", "--protocol", protocolName] + output)
      #expect(result.exitCode == 0, "\(result.standardError)")
    }
    let sweep = try run(
      ["sweep", "--method", "rhg", "--method", "bda", "--inner-steps", "256", "--inner-steps"]
        + ["2048"] + output)
    #expect(sweep.exitCode == 0, "\(sweep.standardError)")
    let records = try RecordStore.load(runs).map(\.record)
    #expect(records.count == 59)
    let reference = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../results/reference").path
    let verdicts = try ClaimFile.load(referenceFolder: reference)
      .filter { $0.experiment == "counter-example" && $0.budget == "smoke" }
      .map { ClaimVerdict($0, records: records) }
    let judged = verdicts.filter { $0.outcome != .notRun }
    #expect(judged.count >= 15, "\(judged.count) of \(verdicts.count) claims were judged.")
    for verdict in judged {
      #expect(verdict.isAsExpected, "\(verdict.claim.id): \(verdict.found)")
    }
    // The claims can fail: the same numbers under exchanged names contradict them.
    let exchanged = records.map { record in
      var other = record
      other.method.name = ["rhg": "bda", "bda": "rhg"][record.method.name] ?? record.method.name
      return other
    }
    let broken = judged.map { ClaimVerdict($0.claim, records: exchanged) }
    #expect(broken.contains { $0.outcome == .notReproduced })
  }

  @Test("What is no number is so without a sign, as in the record")
  func notANumber() throws {
    let result = try run(
      ["run", "--method", "bda", "--start", "0", "--inner-step-size", "1e30", "--output", runs])
    #expect(result.exitCode == 3, "\(result.standardError)")
    #expect(result.standardOutput.contains("nan"), "\(result.standardOutput)")
    #expect(!result.standardOutput.contains("-nan"), "\(result.standardOutput)")
  }

  @Test("Records say how linear solves ended, and why there is no derived point")
  func diagnostics() throws {
    let result = try run(
      ["run", "--method", "cg", "--start", "0,0", "--output", runs, "--scalar", "double"])
    #expect(result.exitCode == 0)
    #expect(result.standardError.contains("use descent aggregation, or add damping"))
    let record = try #require(try RecordStore.load(runs).first?.record)
    // At x_0 = y2 = 0, and there alone, the system is consistent.
    #expect(record.final["solverConvergedFraction"] == 1.0 / 200)
    #expect(record.final["stationaryPoint"] == nil)
    #expect(record.diagnostics["linearSolver"]?["lastOutcome"] == "singular-inconsistent")
    #expect(
      record.diagnostics["stationaryPointAbsent"]?.stringValue?.contains("pole at x = 1") == true)
    #expect(record.metric(named: "upperError")?.values.count == 201)
  }

  @Test("Any start, dimension and combination can be named")
  func combinations() throws {
    let result = try run(
      ["run", "--dynamics", "heavy-ball-aggregation", "--hypergradient", "truncated-reverse"]
        + ["--outer", "adam", "--outer-step-size", "0.1", "--dimension", "5", "--start", "-1,3"]
        + ["--set", "start.upper=[4, -4]", "--history", "3"]
        + ["--outer-iterations", "1000", "--set", "evaluation.every=1000"] + output)
    #expect(result.exitCode == 0, "\(result.standardError)")
    let record = try #require(try RecordStore.load(runs).first?.record)
    #expect(record.method.name == "heavy-ball-aggregation+truncated-reverse")
    #expect(record.method.outerOptimizer.name == "adam")
    #expect(record.variant["y2"] == 3 && record.variant["problem.dimension"] == 5)
    let point = try #require(record.final["stationaryPoint"])
    let reached = try #require(record.final["x"])
    #expect(abs(point - reached) < 0.01)
  }

  @Test(
    "Refusals: exit 64 and the reason",
    arguments: [
      (["--dynamics", "proximal-gradient", "--hypergradient", "neumann"], "does not satisfy"),
      (["--dynamics", "heavy-ball", "--hypergradient", "one-stage"], "one plain descent step"),
      (["--method", "rhgs"], "did you mean \"rhg\"?"),
      (["--method", "rhg", "--dynamics", "heavy-ball"], "give both, or --method"),
      (["--method", "cg", "--set", "lowerSet.kind=box"], "unconstrained lower level"),
      (
        ["--method", "rhg", "--dimension", "2", "--set", "start.upper=[1, 2, 3]"],
        "start.upper has 3 numbers but must have no more than there are"
      ),
      (["--method", "rhg", "--set", "start.first=[1, 2]"], "start.first has 2 numbers"),
      (
        ["--method", "rhg", "--upper-start", "-1000"],
        "start.upper holds -1000.0 but must lie in X, within problem.upperBound"
      ),
      (["--method", "rhg", "--seed", "-1"], "-1"),
      (["--method", "iaptt", "--set", "inner.startsWarm=true"], "inner.startsWarm=false"),
      (["--protocol", "icml"], "There is no protocol \"icml\""),
      (["--inner-steps", "0"], "inner.steps is 0 but must be a whole number from 1 to 10000000"),
      (["--start", "1,2,3"], "--start"),
      (["--set", "problem.strongConvexity=-1"], "at least 0"),
      (["--outer", "sgd"], "the names are gradient, momentum and adam"),
      (["--inner-step-size", "-1"], "inner.stepSize is -1.0"),
      (
        ["--dimension", "99999999999"],
        "problem.dimension is 99999999999 but must be a whole number from 1 to 10000000"
      ),
      (["--set", "lowerSet.kind=cube"], "none, box, simplex and ball"),
      (
        ["--set", "outer.clippingNorm=1", "--set", "outer.clippingValue=1"],
        "one of them must be null"
      ),
    ])
  func refusals(arguments: [String], sentence: String) throws {
    let result = try run(["run"] + arguments + output)
    #expect(result.exitCode == 64, "\(result.standardError)")
    #expect(result.standardError.contains(sentence), "\(result.standardError)")
    #expect(!FileManager.default.fileExists(atPath: runs))
  }

  @Test("A diverging inner loop ends with exit code 3 and a record that says so")
  func divergence() throws {
    let result = try run(["run", "--method", "rhg", "--inner-step-size", "50"] + output)
    #expect(result.exitCode == 3, "\(result.standardError)")
    let record = try #require(try RecordStore.load(runs).first?.record)
    #expect(record.status.kind == .diverged)
    #expect(record.status.reason?.contains("lower the step sizes") == true)
    let overflow = try run(["run", "--method", "bda", "--inner-step-size", "1e9"] + output)
    #expect(overflow.exitCode == 3 && overflow.standardError.contains("not finite"))
  }

  @Test("Decays, clipping, memory budget and learned step sizes change a run by name")
  func details() throws {
    func x(_ arguments: [String], iterations: Int = 5) throws -> Double? {
      let result = try run(
        ["run", "--start", "0", "--outer-iterations", "\(iterations)"] + arguments + output)
      #expect(result.exitCode == 0, "\(result.standardError)")
      let record = try RecordStore.load(runs).map(\.record).first
      try FileManager.default.removeItem(atPath: runs)
      return record?.final["x"]
    }
    let plain = try x(["--method", "rhg"])
    for setting in [
      "outer.decay=cosine", "outer.clippingNorm=0.01", "outer.clippingValue=0.01",
      "lowerSet.kind=simplex", "lowerSet.kind=ball",
    ] {
      let extra = setting.contains("lowerSet") ? ["--set", "lowerSet.size=0.1"] : []
      #expect(try x(["--method", "rhg", "--set", setting] + extra) != plain, "\(setting)")
    }
    #expect(
      try x(["--method", "rhg", "--inner-steps", "60000"], iterations: 1)
        == x(
          [
            "--method", "rhg", "--inner-steps", "60000",
            "--set", "trajectory.megabytes=1",
          ], iterations: 1))
    let learned = try x(["--method", "learned-bda"])
    #expect(
      try x(["--method", "learned-bda", "--set", "aggregation.learnsStepSizes=true"]) != learned)
  }

  @Test("A projection onto Y holds y within its box")
  func box() throws {
    let result = try run(
      ["run", "--method", "bda", "--start", "0", "--set", "lowerSet.kind=box"]
        + ["--set", "lowerSet.size=0.25"] + output)
    #expect(result.exitCode == 0)
    let record = try #require(try RecordStore.load(runs).first?.record)
    // At best y = (1/4, 1/4): both coordinates 3/4 away from the optimum.
    #expect((record.final["firstLowerError"] ?? 0) >= 0.75 - 1e-12)
    #expect((record.final["secondLowerError"] ?? 0) >= 0.75 - 1e-12)
  }

  @Test("Sweeps have K as their abscissa; ablations refuse what they choose themselves")
  func sweeps() throws {
    let result = try run(
      ["sweep", "--schedules", "--inner-steps", "8", "--inner-steps", "16"] + output)
    #expect(result.exitCode == 0, "\(result.standardError)")
    let records = try RecordStore.load(runs).map(\.record)
    #expect(records.count == 31)
    let official = try #require(
      records.first {
        $0.variant["aggregation.schedule"] == "official-code"
          && $0.variant["inner.stepSize"]?.canonicalText == "0.1"
      })
    #expect(official.metric(named: "x")?.steps == [8, 16])
    #expect(abs((official.final["xAtK8"] ?? 0) - 0.3312) < 1e-4)
    #expect((official.final["largestStationaryError"] ?? 1) < 1e-6)
    let refused = try run(["sweep", "--schedules", "--method", "rhg"] + output)
    #expect(refused.exitCode == 64 && refused.standardError.contains("--schedules out"))
    for setting in [
      "inner.stepSize=0.3", "aggregation.alpha=0.3", "aggregation.schedule=journal",
    ] {
      let set = try run(["sweep", "--schedules", "--set", setting] + output)
      #expect(set.exitCode == 64, "\(setting): \(set.standardError)")
    }
    // A first weight that nothing rises from is no error.
    let penalty = try run(
      ["run", "--method", "v-pbgd", "--set", "penalty.initialWeight=5"] + output)
    #expect(penalty.exitCode == 0, "\(penalty.standardError)")
  }

  @Test("Scaling: a cell that is not run says why")
  func scaling() throws {
    let result = try run(
      ["scaling", "--method", "fhg", "--method", "one-stage", "--dimension", "2"]
        + ["--dimension", "20", "--forward-limit", "10", "--output", runs])
    #expect(result.exitCode == 0, "\(result.standardError)")
    #expect(result.standardOutput.contains("raise --forward-limit"))
    let records = try RecordStore.load(runs).map(\.record)
    let forward = try #require(records.first { $0.method.name == "fhg" })
    #expect(forward.metric(named: "hypergradientSeconds")?.steps == [2])
    #expect(forward.diagnostics["n20"]?.stringValue?.contains("20 tangents") == true)
    let oneStage = try #require(records.first { $0.method.name == "one-stage" })
    #expect(oneStage.metric(named: "trajectoryBytes")?.values == [0, 0])
  }

  @Test("Scaling: settings set records apart, unread ones are named, so is what is not finite")
  func scalingSettings() throws {
    func scaling(_ arguments: [String]) throws -> CommandResult {
      try run(["scaling", "--method", "rhg", "--repeats", "1", "--output", runs] + arguments)
    }
    for setting in ["inner.stepSize=0.1", "problem.strongConvexity=0.3", "start.first=[2]"] {
      let result = try scaling(["--dimension", "3", "--set", setting])
      #expect(result.exitCode == 0, "\(result.standardError)")
    }
    #expect(try scaling(["--dimension", "4"]).exitCode == 0)
    #expect(try RecordStore.load(runs).count == 4)
    let again = try scaling(["--dimension", "4", "--skip-completed"])
    #expect(again.exitCode == 0 && again.standardError.contains("Skipped: "))
    let unread = try scaling(["--dimension", "4", "--set", "outer.optimizer=adam"])
    #expect(unread.standardError.contains("Ignored: outer.optimizer"))
    #expect(try RecordStore.load(runs).count == 4)
    let seed = try scaling(["--seed", "3"])
    #expect(seed.exitCode == 64 && seed.standardError.contains("--seed would change nothing"))
    let broken = try scaling(
      ["--dimension", "2", "--set", "inner.stepSize=2.5", "--inner-steps", "5000"])
    #expect(broken.exitCode == 3 && broken.standardError.contains("At n = 2 the hypergradient"))
    let record = try #require(
      RecordStore.load(runs).map(\.record).first { $0.status.kind == .nonFinite })
    #expect(record.innerSteps == 5_000)
  }

  @Test("Scaling: how cells are measured sets records apart; options that say nothing are named")
  func scalingOptions() throws {
    func scaling(_ arguments: [String]) throws -> CommandResult {
      try run(["scaling", "--dimension", "2", "--output", runs] + arguments)
    }
    for options in [["--repeats", "1"], ["--repeats", "2"], ["--forward-limit", "10"], []] {
      let result = try scaling(["--method", "fhg"] + options)
      #expect(result.exitCode == 0, "\(result.standardError)")
      #expect(!result.standardError.contains("Ignored"), "\(result.standardError)")
    }
    let records = try RecordStore.load(runs).map(\.record)
    #expect(records.count == 4, "\(records.map(\.relativePath))")
    #expect(Set(records.compactMap { $0.variant["repeats"]?.integerValue }) == [1, 2])
    #expect(records.compactMap { $0.variant["forwardLimit"]?.integerValue } == [10])
    let idle = try scaling([
      "--method", "rhg", "--fresh", "--checkpoint-seconds", "5", "--forward-limit", "10",
    ])
    #expect(idle.exitCode == 0)
    #expect(
      idle.standardError.contains("Ignored: --checkpoint-seconds and --fresh, since"),
      "\(idle.standardError)")
    #expect(idle.standardError.contains("Ignored: --forward-limit, since no method"))
    let reverse = try RecordStore.load(runs).map(\.record).filter { $0.method.name == "rhg" }
    #expect(reverse.count == 1 && reverse.first?.variant["forwardLimit"] == nil)
  }

  @Test("A sweep goes over the K of its settings, the last word being --set's; a run refuses them")
  func sweptSteps() throws {
    let sweep = ["sweep", "--method", "rhg"] + output
    #expect(try run(sweep + ["--set", "sweep.innerSteps=[7, 3]"]).exitCode == 0)
    let record = try #require(try RecordStore.load(runs).first?.record)
    #expect(record.metric(named: "x")?.steps == [3, 7])
    let both = try run(sweep + ["--inner-steps", "5", "--set", "sweep.innerSteps=[3, 7]"])
    #expect(both.exitCode == 0)
    #expect(try RecordStore.load(runs).count == 1)
    let one = try run(["run", "--method", "rhg", "--set", "sweep.innerSteps=[3]"] + output)
    #expect(one.exitCode == 64 && one.standardError.contains("belongs to `counter-example sweep`"))
    for twice in [["--method", "rhg"], ["--start", "1,2", "--start", "1,2"]] {
      let refused = try run(["run", "--method", "rhg"] + twice + output)
      #expect(refused.exitCode == 64 && refused.standardError.contains("named twice"))
    }
  }

  @Test("A point is derived only where the method would come to rest there")
  func underived() throws {
    for arguments in [
      ["--method", "cg", "--damping", "0.01", "--solver-steps", "1"],
      ["--method", "iaptt", "--inner-steps", "1"],
    ] {
      let result = try run(["run", "--start", "0.7,3"] + arguments + output)
      #expect(result.exitCode == 0, "\(result.standardError)")
    }
    let records = try RecordStore.load(runs).map(\.record)
    #expect(records.count == 2)
    #expect(records.allSatisfy { $0.final["stationaryPoint"] == nil })
  }

  @Test("list names every part with its source, and every refused combination with the reason")
  func list() throws {
    let result = try run(["list"])
    #expect(result.exitCode == 0)
    for text in [
      "sl-bamm", "v-pbgd", "BREAKS the theory", "learned-aggregation x neumann:",
      "descent-aggregation", "arXiv 2006.04045", "gradient, momentum, adam",
      "none, box, simplex, ball",
      "none|inverse-time|cosine",
    ] {
      #expect(result.standardOutput.contains(text), "\(text)")
    }
  }

  @Test("--dry-run prints settings that --config reads back")
  func dryRun() throws {
    let printed = try run(["run", "--dry-run", "--alpha", "0.25"])
    #expect(printed.exitCode == 0 && printed.standardOutput.contains("alpha: 0.25"))
    let path = try folder.write(Array(printed.standardOutput.utf8), to: "settings.yaml")
    let again = try run(["run", "--dry-run", "--config", path])
    #expect(again.standardOutput == printed.standardOutput)
  }
}
