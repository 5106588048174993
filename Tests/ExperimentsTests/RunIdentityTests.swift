import Bilevel
import Results
import TestSupport
import Testing

@testable import Experiments

@Suite("What tells runs apart")
struct RunTests {
  private func path(
    _ method: String = "rhg", seed: UInt64 = 3, scalar: ScalarChoice = .float,
    data: String? = nil, set setting: String? = nil
  ) throws -> String {
    let changed = try Configuration.resolve(
      defaults: TinyPreset.plain.settings(.smoke), settings: setting.map { [$0] } ?? []
    ).settings
    try changed.validate(in: .float)
    let datasets = data.map {
      [RunRecord.DatasetUse(name: "d", sha256: $0, split: "train: x", synthetic: true)]
    }
    return try Run.tiny(method, seed: seed, scalar: scalar, datasets: datasets ?? []) {
      $0 = changed
    }.identity.relativePath
  }

  @Test("The paths are those that are documented")
  func examples() throws {
    #expect(try path() == "tiny/rhg/plain/K4/smoke-float-seed3.json")
    #expect(
      try path(seed: .max, scalar: .double, set: "outer.learningRate=0.5")
        == "tiny/rhg/plain/K4,outer.learningRate=0.5/smoke-double-seed18446744073709551615.json")
  }

  @Test("Scalar type, seed, data, method and whatever can change a number have paths of their own")
  func distinct() throws {
    var paths = [
      try path(), try path(scalar: .double), try path("t-rhg"), try path("untrained"),
      try path(data: "a"), try path(data: "b"),
    ]
    for seed in [0, 1 << 53, (1 << 53) + 1, 1 << 63, .max - 1, .max] as [UInt64] {
      paths.append(try path(seed: seed))
    }
    let common = [
      "inner.steps=5", "inner.stepSize=0.2", "inner.startsWarm=true", "inner.learnsStart=true",
      "lowerSet.kind=box", "lowerSet.size=2", "outer.optimizer=gradient",
      "outer.learningRate=0.06", "outer.iterations=6", "outer.tolerance=0.1",
      "outer.decay=cosine", "outer.clippingNorm=1", "outer.momentum=0.5", "tiny.target=0.6",
      "tiny.dimension=3", "tiny.stages=2", "tiny.levels=[1, 2]", "tiny.breaksAt=2",
    ]
    for setting in common { paths.append(try path(set: setting)) }
    for (method, settings) in [
      "t-rhg": ["truncation.history=2"],
      "cg": ["solver.steps=3", "solver.damping=0.1", "solver.startsWarm=true"],
      "bda": [
        "aggregation.alpha=0.3", "aggregation.upperStepSize=0.3", "aggregation.schedule=journal",
      ],
      "one-stage": ["oneStage.radius=0.1"], "heavy-ball-rhg": ["inner.momentum=0.5"],
      "v-pbgd": ["penalty.weight=0.3", "penalty.learningRate=0.3"],
    ] {
      if method != "t-rhg" { paths.append(try path(method)) }
      for setting in settings { paths.append(try path(method, set: setting)) }
    }
    let repeated = Dictionary(grouping: paths, by: { $0 }).filter { $0.value.count > 1 }.keys
    #expect(repeated.isEmpty, "\(repeated)")
  }

  @Test(
    "What changes time, memory and measuring alone does not",
    arguments: [
      "trajectory.megabytes=7", "trajectory.tangentsPerBlock=3", "evaluation.interval=2",
      "aggregation.alpha=0.3", "solver.steps=3", "truncation.history=2", "inner.momentum=0.5",
      "penalty.learningRate=0.3", "oneStage.radius=0.1",
    ])
  func same(setting: String) throws {
    #expect(try path(set: setting) == path())
  }

  @Test("Configurations differ where paths do not, so that digests can tell")
  func digests() throws {
    let plain = try Run.tiny()
    let other = try Run.tiny { $0.trajectory.megabytes = 7 }
    #expect(plain.identity == other.identity)
    #expect(plain.configuration.digest != other.configuration.digest)
    #expect(plain.tree != other.tree)
  }
}

@Suite("Planned runs")
struct PlannedRunTests {
  private let experiment = TinyExperiment()
  private let preset = TinyPreset.plain.settings(.smoke)

  private func variant(
    _ method: String = "rhg", marks: [String: Value] = [:], stated: [String] = [],
    unstated: Set<String> = [], _ change: (inout RunSettings<TinySettings>) -> Void = { _ in }
  ) throws -> [String: Value] {
    var settings = preset
    change(&settings)
    return PlannedRun(
      try experiment.arm(named: method), settings, preset: preset, protocolName: "plain",
      marks: marks, stated: stated, unstated: unstated
    ).variant(in: experiment)
  }

  @Test("A variant states K under its short name, whether it is the preset's or not")
  func statedKeys() throws {
    #expect(try variant() == ["innerSteps": 4])
    #expect(try variant { $0.inner.steps = 9 } == ["innerSteps": 9])
    #expect(
      try variant(stated: ["outer.learningRate"]) == ["innerSteps": 4, "outer.learningRate": 0.05])
  }

  @Test("and what differs from the preset and is read, under its key")
  func differences() throws {
    let found = try variant("bda") {
      $0.aggregation.alpha = 0.25
      $0.outer.iterations = 9
      $0.solver.steps = 7
      $0.evaluation.interval = 3
      $0.trajectory.megabytes = 5
    }
    #expect(found == ["innerSteps": 4, "aggregation.alpha": 0.25, "outer.iterations": 9])
    // It says what was asked for, as the digest of the configuration does, though no set is there whose
    // size it could be: two runs with one path and two digests would replace each other.
    #expect(try variant { $0.lowerSet.size = 3 } == ["innerSteps": 4, "lowerSet.size": 3])
    // What a bi-level method reads and a baseline does not.
    #expect(
      try variant("untrained") {
        $0.outer.iterations = 9
        $0.inner.startsWarm = true
        $0.inner.stepSize = 0.2
        $0.tiny.target = 1
      } == ["innerSteps": 4, "inner.stepSize": 0.2, "tiny.target": 1])
  }

  @Test("A list of one is shown as its element, under its short name")
  func lists() throws {
    #expect(try variant { $0.tiny.levels = [7] } == ["innerSteps": 4, "levels": 7])
    #expect(try variant { $0.tiny.levels = [7, 8] } == ["innerSteps": 4, "levels": [7, 8]])
    #expect(try variant(stated: ["tiny.levels"]) == ["innerSteps": 4, "levels": 1])
  }

  @Test("What the variant need not state is left out, and marks are kept")
  func unstated() throws {
    #expect(
      try variant(marks: ["sweep": "K"], unstated: ["inner.steps", "outer.iterations"]) {
        $0.inner.steps = 9
        $0.outer.iterations = 9
      } == ["sweep": "K"])
  }

  @Test(
    "Methods read their dynamics' and estimator's keys and the common ones; baselines their own")
  func reads() throws {
    func reads(_ name: String) throws -> Set<String> {
      let arm = try experiment.arm(named: name)
      return Set(MethodSettings.keys.map(\.name).filter(arm.reads))
    }
    let common = try reads("rhg")
    #expect(
      common.isSuperset(of: [
        "inner.steps", "inner.stepSize", "inner.startsWarm", "inner.learnsStart", "lowerSet.kind",
        "lowerSet.size",
      ]))
    #expect(
      common.isDisjoint(with: [
        "inner.momentum", "aggregation.alpha", "solver.steps", "oneStage.radius", "penalty.weight",
        "proximal.size", "truncation.history",
      ]))
    #expect(try reads("t-rhg").subtracting(common).contains("truncation.history"))
    #expect(try reads("bda").contains("aggregation.alpha"))
    #expect(try reads("cg").contains("solver.damping") && !reads("cg").contains("solver.stepSize"))
    #expect(try reads("untrained") == ["inner.steps", "inner.stepSize"])
    #expect(try experiment.arm(named: "rhg").reads("outer.learningRate"))
    #expect(try !experiment.arm(named: "untrained").reads("outer.learningRate"))
    #expect(throws: UnknownName.self) { try experiment.arm(named: "rgh") }
  }
}

@Suite("Settings of an experiment")
struct SettingsPageTests {
  private func leaves(_ value: Value, _ path: String = "") -> [String] {
    guard !value.keys.isEmpty else { return [path] }
    return value.keys.flatMap { leaves(value[$0] ?? .null, path.isEmpty ? $0 : "\(path).\($0)") }
  }

  @Test("Every key of the configuration is declared once, and in its order")
  func complete() {
    let found = leaves(Configuration(RunSettings(TinySettings())).tree)
    #expect(found == RunSettings<TinySettings>.keys.map(\.name))
    #expect(Set(found).count == found.count && found.count > 40)
  }

  @Test("The page lists every key with default, unit, range, readers and meaning")
  func page() {
    let experiment = TinyExperiment()
    let lines = SettingsPage.markdown(of: experiment).split(separator: "\n")
    #expect(
      lines.dropFirst(2).map { $0.split(separator: "`")[1] }.map(String.init)
        == RunSettings<TinySettings>.keys.map(\.name))
    for line in [
      "| `tiny.dimension` | 2 | count | a whole number from 1 to 100 | tiny | the length of x and y |",
      "| `tiny.breaksAt` | null | count | a whole number from 0 to 1000, or null | tiny | the "
        + "iteration that is not finite |",
      "| `outer.learningRate` | 0.05 | - | a positive finite number | every method | the learning "
        + "rate in outer iteration 0 |",
      "| `inner.steps` | 4 | count | a whole number from 1 to 10000000 | every method | K, inner "
        + "steps |",
    ] { #expect(lines.contains(Substring(line)), "\(line)") }
    let momentum = lines.first { $0.contains("`inner.momentum`") } ?? ""
    #expect(momentum.contains("| heavy-ball, heavy-ball-aggregation |"))
    let megabytes = lines.first { $0.contains("`trajectory.megabytes`") } ?? ""
    #expect(megabytes.contains("for time and memory alone"))
    let text = SettingsPage.text(of: experiment)
    #expect(text.contains("tiny.target = 0.5\n    where F pulls y; a finite number; read by tiny"))
    for key in RunSettings<TinySettings>.keys {
      #expect(text.contains("\(key.name) = "), "\(key.name)")
    }
  }

  @Test("Dynamics of one's own are named as readers")
  func ownReaders() {
    var experiment = TinyExperiment()
    experiment.use(experiment.catalogue.adding(dynamics: NamedNesterov()))
    let line =
      SettingsPage.markdown(of: experiment).split(separator: "\n")
      .first { $0.contains("`inner.momentum`") } ?? ""
    #expect(line.contains("heavy-ball-aggregation, nesterov |"))
  }

  @Test("The first violation is named with what it must be, and then what does not go together")
  func violations() throws {
    var settings = RunSettings(TinySettings())
    settings.tiny.stages = 3
    settings.tiny.closingSteps = 0
    func sentence() throws -> String {
      try #require(throws: ConfigurationError.self) { try settings.validate(in: .float) }.sentence
    }
    #expect(
      try sentence()
        == "The setting tiny.closingSteps is 0 but must be at least 1 where tiny.stages is 3; correct "
        + "it with --set or in the configuration file.")
    settings.outer.iterations = 0
    #expect(
      try sentence()
        == "The setting outer.iterations is 0 but must be a whole number from 1 to 1000000000; correct "
        + "it with --set outer.iterations=... or in the configuration file.")
    settings.inner.steps = 0
    #expect(try sentence().hasPrefix("The setting inner.steps is 0 but must be"))
    settings.tiny.levels = []
    #expect(try sentence().hasPrefix("The setting tiny.levels is [] but must be a list that"))
    settings.tiny.levels = [1]
    settings.inner.steps = 1
    settings.outer.iterations = 1
    settings.tiny.closingSteps = 1
    try settings.validate(in: .float)
  }

  @Test("Typed options are read as what they are, never as YAML")
  func options() throws {
    var overrides: [SettingOverride] = []
    overrides.add("--inner-steps", "inner.steps", 7)
    overrides.add("--alpha", "aggregation.alpha", 0.25)
    overrides.add("--outer", "outer.optimizer", "gradient")
    overrides.add("--missing", "inner.momentum", nil as Double?)
    let settings = try Configuration.resolve(
      defaults: RunSettings(TinySettings()), options: overrides, settings: ["inner.steps=8"]
    ).settings
    #expect(settings.inner.steps == 8, "--set comes last")
    #expect(settings.aggregation.alpha == 0.25 && settings.outer.optimizer == .gradient)
    #expect(settings.inner.momentum == 0.9)
    let error = try #require(throws: ConfigurationError.self) {
      try Configuration.resolve(
        defaults: RunSettings(TinySettings()),
        options: [SettingOverride("--outer", "outer.optimizer", .string("true"))])
    }
    #expect(error.sentence.hasPrefix("The option --outer names \"true\" for the key"))
    #expect(error.exitStatus == .usage)
  }
}
