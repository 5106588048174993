import Bilevel
import Datasets
import Experiments
import FewShotLearning
import Foundation
import LabelCleaning
import RepresentationLearning
import Results
import TestSupport
import Testing

@testable import counter_example
@testable import few_shot
@testable import hyper_cleaning
@testable import hyper_representation

/// Settings that change a result tell runs apart, so that none takes the place of another's record;
/// settings that change nothing are named, and tell none apart.
@Suite("Keys that tell runs apart")
struct IdentityKeysTests {
  private let folder = DataFolder(path: "nowhere")

  /// What sets a run apart from a protocol's.
  private func variant<E: Experiment>(
    _ method: String, _ preset: E.Preset, _ keys: [String], of experiment: E
  ) throws -> [String: Value] {
    let usual = preset.settings(.smoke)
    let settings = try Configuration.resolve(defaults: usual, settings: keys).settings
    return PlannedRun(
      try experiment.arm(named: method), settings, preset: usual, protocolName: preset.rawValue
    ).variant(in: experiment)
  }

  private func dryRun(_ name: String, _ arguments: [String]) throws -> CommandResult {
    try CommandRunner.run(name, ["run", "--dry-run"] + arguments)
  }

  // MARK: - What is measured

  @Test("The heads that a spread is taken over count, where heads may end apart")
  func heads() throws {
    let experiment = Representation(folder: folder)
    func heads(_ method: String, _ preset: RepresentationProtocol) throws -> [Int?] {
      try [2, 5].map { count -> Int? in
        let keys = ["evaluation.heads=\(count)"]
        return try variant(method, preset, keys, of: experiment)["evaluation.heads"]?.integerValue
      }
    }
    for preset in [RepresentationProtocol.setLeastSquares, .setCrossEntropy] {
      #expect(try heads("bda", preset) == [2, 5])
      // A baseline has no inner loop that could begin at other heads.
      #expect(try heads("ridge-head", preset) == [nil, nil])
    }
    for preset in [RepresentationProtocol.fewLabels, .pzobo64] {
      #expect(try heads("bda", preset) == [nil, nil])
    }
  }

  @Test("How often is measured counts where a result is of what was measured last, or best")
  func every() throws {
    let keys = ["evaluation.every=7"]
    func states<E: Experiment>(
      _ method: String, _ preset: E.Preset, _ more: [String] = [], of experiment: E
    ) throws -> Bool {
      try variant(method, preset, keys + more, of: experiment)["evaluation.every"] == 7
    }
    let representation = Representation(folder: folder)
    #expect(try states("rhg", .pzobo64, of: representation))
    #expect(try !states("rhg", .setLeastSquares, of: representation))
    #expect(try !states("ridge-head", .pzobo64, of: representation))
    let counterExample = CounterExample(folder: folder)
    #expect(try states("rhg", .icml2020, of: counterExample))
    #expect(try !states("rhg", .icml2020, ["sweep.innerSteps=[3, 5]"], of: counterExample))
    let fewShot = FewShot(folder: folder)
    #expect(try states("maml", .icml2020, of: fewShot))
    #expect(try !states("raw-pixels", .icml2020, of: fewShot))
    #expect(try !states("rhg", .icml2020, of: Cleaning(folder: folder)))
  }

  // MARK: - What an arm does not read

  @Test(
    "Keys of hyper-cleaning count for those that read them",
    arguments: [
      ("rhg", "evaluation.noisyBelow=0.25", true),
      ("filtered", "evaluation.noisyBelow=0.25", false),
      ("no-cleaning", "evaluation.noisyBelow=0.25", false), ("oracle", "weights.start=1", false),
      ("no-cleaning", "weights.start=1", true), ("fixed-weights-bda", "weights.start=1", true),
      ("rhg", "weights.start=1", true), ("filtered", "weights.start=1", false),
      ("rhg", "tuning.steps=[7]", false), ("no-cleaning", "tuning.heldOut=0.5", false),
      ("filtered", "tuning.steps=[7]", true), ("filtered", "tuning.heldOut=0.5", true),
      ("rhg", "tuning.finalTraining=true", true),
    ])
  func cleaning(method: String, key: String, counts: Bool) throws {
    let name = String(key.prefix { $0 != "=" })
    let found = try variant(method, .icml2020, [key], of: Cleaning(folder: folder))
    #expect((found[name] != nil) == counts, "\(found)")
    let said = try dryRun("hyper-cleaning", ["--method", method, "--set", key])
    #expect(said.exitCode == 0, "\(said.standardError)")
    #expect(said.standardError.contains("Ignored: \(name)") == !counts, "\(said.standardError)")
  }

  @Test("What a search tries counts as soon as there is one, or a loop that stops early")
  func searches() throws {
    func states(_ key: String, _ more: [String]) throws -> Bool {
      let name = String(key.prefix { $0 != "=" })
      return try variant("rhg", .icml2020, [key] + more, of: Cleaning(folder: folder))[name] != nil
    }
    #expect(try states("tuning.steps=[7]", ["tuning.finalTraining=true"]))
    // The final training of a network has the run's own schedule.
    let network = ["network.hidden=[3]", "network.initialization=glorot"]
    #expect(try !states("tuning.steps=[7]", ["tuning.finalTraining=true"] + network))
    #expect(try states("tuning.heldOut=0.5", ["earlyStopping.patience=3"]))
  }

  @Test("Pixels as features have no network, and what is not trained has no meta-batch")
  func pixels() throws {
    let experiment = FewShot(folder: folder)
    for key in ["network.filters=7", "task.metaBatch=3", "evaluation.normalisation=inductive"] {
      let name = String(key.prefix { $0 != "=" })
      #expect(try variant("raw-pixels", .icml2020, [key], of: experiment)[name] == nil)
      #expect(try variant("maml", .icml2020, [key], of: experiment)[name] != nil)
      let said = try dryRun("few-shot", ["--method", "raw-pixels", "--set", key])
      #expect(said.standardError.contains("Ignored: \(name)"), "\(said.standardError)")
    }
    #expect(try variant("untrained", .icml2020, ["network.filters=7"], of: experiment).count == 3)
  }

  // MARK: - Reptile's outer step

  @Test(
    "What Reptile's outer step takes the place of is named, with the key that it reads",
    arguments: [
      ["--outer-step-size", "0.5"], ["--set", "outer.learningRate=0.5"], ["--outer", "momentum"],
    ])
  func reptile(arguments: [String]) throws {
    let key = arguments[0] == "--outer" ? "outer.optimizer" : "outer.learningRate"
    for others in [[], ["--method", "maml"]] {
      let result = try dryRun("few-shot", ["--method", "reptile"] + others + arguments)
      #expect(
        result.standardError.contains(
          "Ignored: \(key), which Reptile does not read: its outer step is a gradient step of "
            + "reptile.learningRate"), "\(result.standardError)")
    }
    let other = try dryRun("few-shot", ["--method", "maml"] + arguments)
    #expect(!other.standardError.contains("Ignored"), "\(other.standardError)")
  }

  @Test("Reptile's own rate is read by it and by no other method")
  func reptileRate() throws {
    let rate = ["--set", "reptile.learningRate=0.5"]
    let own = try dryRun("few-shot", ["--method", "reptile"] + rate)
    #expect(!own.standardError.contains("Ignored"), "\(own.standardError)")
    let other = try dryRun("few-shot", ["--method", "maml"] + rate)
    #expect(other.standardError.contains("Ignored: reptile.learningRate"))
    // The rate is stated once, as the outer loop's.
    let experiment = FewShot(folder: folder)
    let preset = FewShotProtocol.icml2020
    var settings = preset.settings(.smoke)
    settings.reptile.learningRate = 0.5
    settings.outer.momentum = 0.7
    let planned = try FewShotOptions().planned(
      experiment.arm(named: "reptile"), settings, preset: preset, budget: .smoke, isNamed: true,
      in: experiment)
    #expect(
      planned.map { $0.variant(in: experiment) } == [
        ["ways": 5, "shots": 1, "outer.learningRate": 0.5]
      ])
  }
}
