import Bilevel
import Datasets
import Experiments
import RepresentationLearning
import Results
import TestSupport
import Testing

@testable import hyper_representation

/// Settings of hyper-representation that some arms do not read: they are named, tell no runs apart, and
/// change no number.
@Suite("Keys of hyper-representation that not every arm reads")
struct RepresentationKeysTests {
  private let experiment = Representation(folder: DataFolder(path: "nowhere"))

  private func variant(
    _ method: String, _ preset: RepresentationProtocol, _ key: String
  ) throws -> [String: Value] {
    let usual = preset.settings(.smoke)
    let settings = try Configuration.resolve(defaults: usual, settings: [key]).settings
    return PlannedRun(
      try experiment.arm(named: method), settings, preset: usual, protocolName: preset.rawValue
    ).variant(in: experiment)
  }

  @Test(
    "A closed form has no initial head; the factor of f is read by what differentiates f itself",
    arguments: [
      ("ridge-head", "head.draw=3", false), ("ridge-head", "head.initialDeviation=0.5", false),
      ("ridge-head", "head.ridge=0.5", true), ("random-features", "head.draw=3", true),
      ("joint-training", "head.initialDeviation=0.5", true), ("rhg", "head.draw=3", true),
      ("rhg", "head.differentiatedFactor=0.1", false),
      ("t-rhg", "head.differentiatedFactor=0.1", false),
      ("fhg", "head.differentiatedFactor=0.1", false),
      ("bda", "head.differentiatedFactor=0.1", false),
      ("learned-bda", "head.differentiatedFactor=0.1", false),
      ("iaptt", "head.differentiatedFactor=0.1", false),
      ("ridge-head", "head.differentiatedFactor=0.1", false),
      ("random-features", "head.differentiatedFactor=0.1", false),
      ("joint-training", "head.differentiatedFactor=0.1", false),
      ("cg", "head.differentiatedFactor=0.1", true),
      ("neumann", "head.differentiatedFactor=0.1", true),
      ("fixed-point", "head.differentiatedFactor=0.1", true),
      ("bda-cg", "head.differentiatedFactor=0.1", true),
      ("one-stage", "head.differentiatedFactor=0.1", true),
      ("v-pbgd", "head.differentiatedFactor=0.1", true),
      ("bome", "head.differentiatedFactor=0.1", true),
    ])
  func reads(method: String, key: String, counts: Bool) throws {
    let name = String(key.prefix { $0 != "=" })
    let found = try variant(method, .pzobo64, key)
    #expect((found[name] != nil) == counts, "\(found)")
    let said = try CommandRunner.run(
      "hyper-representation", ["run", "--dry-run", "--method", method, "--set", key])
    #expect(said.exitCode == 0, "\(said.standardError)")
    #expect(said.standardError.contains("Ignored: \(name)") == !counts, "\(said.standardError)")
  }

  /// What a run of four outer iterations on the linear problem measures.
  private func measured(_ method: String, factor: Double) throws -> [String: Double] {
    var settings = RepresentationProtocol.pzobo64.settings(.smoke)
    settings.outer.iterations = 4
    settings.baseline.iterations = 3
    settings.tuning.trials = 2
    settings.head.differentiatedFactor = factor
    let run = Run(
      experiment: Representation.name, arm: try experiment.arm(named: method),
      protocolName: "pzobo2022-64", budget: .smoke, seed: 1, scalar: .double,
      configuration: Configuration(settings), variant: [:], datasets: [])
    var body: any RunBody<Double> = try experiment.body(of: run, as: Double.self)
    var values: [String: Double] = [:]
    func note(_ measurements: [Measurement]) {
      for found in measurements { values["\(found.metric) \(found.step)"] = found.value }
    }
    while let event = body.loop.next() { note(try body.observe(event).measurements) }
    for step in 0..<body.closingSteps {
      note(try body.close(step: step, stage: 0, after: .completed).measurements)
    }
    return values
  }

  @Test(
    "The factor changes no number of an arm that does not read it", .interruptionFlag,
    arguments: [
      "rhg", "t-rhg", "fhg", "bda", "learned-bda", "iaptt", "random-features", "ridge-head",
      "joint-training",
    ])
  func unread(method: String) throws {
    let usual = try measured(method, factor: 1)
    let other = try measured(method, factor: 0.1)
    #expect(usual.keys.contains { $0.hasPrefix("lowerObjective") } && usual.keys == other.keys)
    for (name, value) in usual {
      let deviation = abs(value - (other[name] ?? .nan))
      // Rounding, where a step is not computed in the same order.
      #expect(deviation <= 1e-9 * (1 + abs(value)), "\(name): \(value) and \(other[name] ?? .nan)")
    }
  }

  @Test(
    "It changes x, and the f that is measured, of those that do",
    arguments: ["cg", "fixed-point", "one-stage", "v-pbgd"])
  func read(method: String) throws {
    let (usual, other) = (try measured(method, factor: 1), try measured(method, factor: 0.1))
    for metric in ["upperObjective 4", "lowerObjective 0"] {
      let values = (try #require(usual[metric]), try #require(other[metric]))
      #expect(values.0 != values.1, "\(metric)")
    }
  }

  // MARK: - The digest of the linear problem

  private func digest(
    _ preset: RepresentationProtocol, _ budget: Budget, seed: UInt64 = 0, _ keys: [String] = []
  ) throws -> String {
    let settings = try Configuration.resolve(
      defaults: preset.settings(budget), settings: keys
    ).settings
    return try #require(experiment.datasets(settings, seed: seed).first).sha256
  }

  @Test("The linear problem's digest is of what its samples are drawn from, as in all records")
  func digests() throws {
    // As stored in results/reference.
    let usual = "6d7ff1643552a22389da004aabe6958c6370f29dd4a0d35608ddb32b7f9af992"
    #expect(try digest(.pzobo64, .smoke) == usual)
    #expect(
      try digest(.pzobo64, .paper)
        == "073dd53dd049094d4de4b5936e096a9f638d3ab51d2a95b7a866b4f5f80d576c")
    #expect(
      try digest(.pzoboDeep, .paper, seed: 2)
        == "2e2b958a9a44d1b295b3c284c10d8acb906774359c44435892491d929e42b463")
    let unread = [
      "data.perClass=9", "data.validation=20", "data.test=7", "data.testsOnTrainingFile=true",
      "head.ridge=0.2",
    ]
    for key in unread { #expect(try digest(.pzobo64, .smoke, [key]) == usual, "\(key)") }
    let read = [
      "data.samples=65", "data.inputs=9", "data.noise=0.2", "extractor.widths=[17]",
      "extractor.activation=sigmoid", "extractor.hasBias=true", "extractor.initialization=glorot",
    ]
    let digests = try read.map { try digest(.pzobo64, .smoke, [$0]) }
    #expect(Set(digests + [usual, try digest(.pzobo64, .smoke, seed: 1)]).count == read.count + 2)
  }

  // MARK: - Sentences

  @Test(
    "Inputs of another number of columns are counted, not measured as images", arguments: [9, 1])
  func columns(count: Int) throws {
    let folder = try TemporaryFolder()
    let run = try CommandRunner.run(
      "hyper-representation",
      [
        "run", "--method", "rhg", "--outer-iterations", "2", "--progress", "none", "--output",
        folder.path("runs"), "--save", folder.path("learned.h5"),
      ])
    #expect(run.exitCode == 0, "\(run.standardError)")
    let data = try HDF5Writer(path: folder.path("X.h5"))
    try data.write([Float](repeating: 0.5, count: 2 * count), shape: [2, count], to: "inputs")
    try data.finish()
    let result = try CommandRunner.run(
      "hyper-representation",
      [
        "features", "--learned", folder.path("learned.h5"), "--data", folder.path("X.h5"),
        "--output", folder.path("features.h5"),
      ])
    #expect(result.exitCode == 65)
    let size = count == 1 ? "1 column" : "\(count) columns"
    #expect(
      result.standardError.contains("inputs of \(size) in \(folder.path("X.h5")) ask for"),
      "\(result.standardError)")
    #expect(!result.standardError.contains("channels"))
  }

  @Test("A ridge too small for a closed form leaves the run what it is, and the closed form out")
  func tinyRidge() throws {
    let folder = try TemporaryFolder()
    let run = try CommandRunner.run(
      "hyper-representation",
      ["run", "--method", "rhg", "--seed", "0", "--outer-iterations", "2"]
        + ["--set", "head.ridge=1e-30", "--output", folder.path("runs"), "--progress", "none"])
    #expect(run.exitCode == 0, "\(run.standardError)")
    let writer = try HDF5Writer(path: folder.path("in.h5"))
    for (group, count) in [("train", 2), ("validation", 3)] {
      try writer.write(
        (0..<3 * count).map { Double($0 % 5) }, shape: [count, 3], to: "\(group)/inputs")
      try writer.write((0..<count).map { Double($0) }, shape: [count], to: "\(group)/targets")
    }
    try writer.write((0..<150).map { Double($0 * 7 % 11) / 11 }, shape: [3, 50], to: "H")
    try writer.write([Double](repeating: 0, count: 50), shape: [50], to: "w0")
    try writer.finish()
    for (ridge, status) in [("1e-30", "singular"), ("0.1", "finite")] {
      let result = try CommandRunner.run(
        "hyper-representation",
        ["hypergradient", "--inputs", folder.path("in.h5"), "--output", folder.path("out.h5")]
          + ["--method", "rhg", "--inner-steps", "10", "--inner-step-size", "0.001"]
          + ["--scalar", "double", "--ridge", ridge])
      #expect(result.exitCode == 0, "\(result.standardError)")
      let file = try HDF5File.open(folder.path("out.h5"))
      #expect(try file.string("exactStatus") == status)
      #expect(try file.contains("exact/hypergradient") == (status == "finite"))
    }
  }
}
