import Datasets
import Foundation
import Results
import Tensors
import TestSupport
import Testing

@testable import Experiments
@testable import few_shot

/// What a run of few-shot and its record mean: the same problem in training and at test, the chosen trial's
/// results, and an identity that knows all that was read.
@Suite("Meaning of few-shot's runs", .serialized)
struct FewShotMeaningTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try SmallExperiment.makeAlphabets(folder.path("data"))
  }

  private func command(
    _ arguments: [String], _ keys: [String] = [], output: String = "runs"
  ) throws -> CommandResult {
    try CommandRunner.run(
      "few-shot",
      ["run", "--data", folder.path("data"), "--output", folder.path(output), "--progress", "none"]
        + (FewShotOptionsTests.tiny + keys).flatMap { ["--set", $0] } + arguments)
  }

  private func paths(_ output: String) throws -> [String] {
    try FileManager.default.subpathsOfDirectory(atPath: folder.path(output)).filter {
      $0.hasSuffix(".json")
    }
  }

  private func run(_ arguments: [String], _ keys: [String] = []) throws -> RunRecord {
    let output = "runs-\(UUID().uuidString)"
    let result = try command(arguments, keys, output: output)
    guard result.exitCode == 0 else { throw Unexpected(result.standardError) }
    let path = try #require(try paths(output).first)
    return try RunRecord(readingFrom: "\(folder.path(output))/\(path)")
  }

  // MARK: - Identity

  @Test("Lists of classes in a file tell runs apart, so that none goes on under others")
  func listsOfClasses() throws {
    let tree = folder.path("data/\(SyntheticAlphabets.name)-images")
    let entries = try FileManager.default.subpathsOfDirectory(atPath: tree).sorted()
    let classes = entries.filter { name in
      var isFolder: ObjCBool = false
      _ = FileManager.default.fileExists(atPath: "\(tree)/\(name)", isDirectory: &isFolder)
      return isFolder.boolValue && name.contains("/")
    }
    #expect(classes.count >= 17)
    func write(_ names: [String]) throws {
      let lists: [String: [String]] = [
        "train": Array(names[..<6]), "validation": Array(names[6..<11]),
        "test": Array(names[11...]),
      ]
      try JSONSerialization.data(withJSONObject: lists).write(
        to: URL(fileURLWithPath: "\(tree)/split.json"))
    }
    let keys = ["split.rule=file", "data.name=\(tree)"]
    try write(classes)
    #expect(try command(["--method", "raw-pixels"], keys).exitCode == 0)
    let first = try #require(try paths("runs").first)
    let record = try RunRecord(readingFrom: "\(folder.path("runs"))/\(first)")
    #expect(record.datasets.map(\.name).contains("split.json"))
    // As many classes in each part, and other ones.
    try write(classes.reversed())
    let again = try command(["--method", "raw-pixels", "--skip-completed"], keys)
    #expect(again.exitCode == 0, "\(again.standardError)")
    #expect(!again.standardError.contains("Skipped"), "\(again.standardError)")
    #expect(try paths("runs").count == 2)
    try write(classes)
    let same = try command(["--method", "raw-pixels", "--skip-completed"], keys)
    #expect(same.standardError.contains("Skipped"), "\(same.standardError)")
    // What the lists replace is not read.
    let names = try command(["--method", "rhg", "--dry-run"], keys)
    #expect(
      names.standardError.contains("Ignored: split.train and split.validation, which"),
      "\(names.standardError)")
  }

  // MARK: - One problem in training and at test

  @Test("Meta-SGD with one shared rate is meta-sgd-scalar")
  func sharedRate() throws {
    let named = try run(["--method", "meta-sgd-scalar"])
    let asked = try run(["--method", "meta-sgd"], ["inner.sharesOneRate=true"])
    #expect(asked.metrics == named.metrics)
  }

  @Test("With alpha 0, descent aggregation is RHG at test, too, whatever its step size is called")
  func lowerStepSize() throws {
    let aggregated = try run(
      ["--method", "bda", "--scalar", "double"],
      ["aggregation.alpha=0", "aggregation.lowerStepSize=0.5"])
    let plain = try run(["--method", "rhg", "--scalar", "double"], ["inner.stepSize=0.5"])
    for metric in ["upperObjective", "validationLoss", "testLoss"] {
      let (a, b) = (aggregated.final[metric], plain.final[metric])
      #expect(abs((a ?? 0) - (b ?? 1)) < 1e-9, "\(metric): \(a ?? .nan) and \(b ?? .nan)")
    }
  }

  @Test("A constraint on y, and the penalty of proximal-gradient, hold at test, too")
  func constraints() throws {
    let chance = log(5.0)
    for keys in [
      ["lowerSet.kind=ball", "lowerSet.size=1e-6"],
      ["proximal.penalty=box", "proximal.size=1e-6"],
    ] {
      let product = ["--dynamics", "proximal-gradient", "--hypergradient", "reverse"]
      let record = try run(
        keys[0].hasPrefix("lowerSet") ? ["--method", "rhg"] : product, keys)
      for metric in ["upperObjective", "validationLoss", "testLoss"] {
        let value = try #require(record.final[metric])
        #expect(abs(value - chance) < 1e-3, "\(keys[0]), \(metric): \(value)")
      }
    }
  }

  // MARK: - Records

  @Test("With several trials the record holds the chosen trial's results")
  func chosenTrial() throws {
    for kind in ["rhg", "untrained"] {
      let several = try run(["--method", kind], ["tuning.trials=3"])
      let tuning = try #require(several.diagnostics["tuning"])
      let setting = try #require(tuning["setting"]?.stringValue)
      let value = try #require(tuning["value"]?.doubleValue)
      // The last trial is the smallest rate: were it chosen, nothing would be told apart.
      #expect(tuning["chosen"]?.integerValue != 2)
      let alone = try run(["--method", kind], ["\(setting)=\(value)"])
      #expect(several.final == alone.final)
    }
  }

  @Test(
    "With several trials a run ends as the chosen trial ends alone",
    arguments: [0.3, 3, 5, 12])
  func chosenTrialsEnd(_ size: Double) throws {
    let keys = ["inner.stepSize=\(size)", "outer.learningRate=0.05"]
    func result(_ more: [String], _ output: String) throws -> (Int32, RunRecord) {
      let result = try command(["--method", "neumann"], keys + more, output: output)
      let path = try #require(try paths(output).first)
      return (result.exitCode, try RunRecord(readingFrom: "\(folder.path(output))/\(path)"))
    }
    let (code, several) = try result(["tuning.trials=2"], "several")
    let value = try #require(several.diagnostics["tuning"]?["value"]?.doubleValue)
    let (aloneCode, alone) = try result(["outer.learningRate=\(value)"], "alone")
    #expect(code == aloneCode && several.status.kind == alone.status.kind)
    #expect(several.final["testAccuracy"] == alone.final["testAccuracy"])
  }

  @Test("Baselines that are trained say by what, and after how many iterations")
  func trainedBaseline() throws {
    let record = try run(["--method", "prototypes"])
    #expect(record.method.outerOptimizer.name == "adam")
    #expect(record.method.outerOptimizer.parameters["iterations"]?.integerValue == 6)
    #expect(record.method.dynamics.name == "closed-form")
    #expect(record.diagnostics["outerIterations"]?.integerValue == 6)
    let pixels = try run(["--method", "raw-pixels"])
    #expect(pixels.method.outerOptimizer.name != "adam")
    #expect(pixels.diagnostics["outerIterations"] == nil)
  }

  @Test("A budget of hours validates several times, in every protocol")
  func shortBudget() {
    for preset in FewShotProtocol.allCases {
      let settings = preset.settings(.short)
      #expect(settings.outer.iterations / settings.evaluation.every >= 4, "\(preset)")
    }
  }

  // MARK: - Nothing is ignored in silence

  @Test("Running moments of a network that is not trained are refused")
  func runningMoments() throws {
    let refused = try command(["--method", "untrained"], ["evaluation.normalisation=running"])
    #expect(refused.exitCode == 64)
    #expect(refused.standardError.contains("no running moments"), "\(refused.standardError)")
  }

  @Test("A learned start is refused where the start is learned anyway")
  func learnedStart() throws {
    let refused = try command(["--method", "maml"], ["inner.learnsStart=true"])
    #expect(refused.exitCode == 64 && refused.standardError.contains("inner.learnsStart=false"))
  }

  @Test("A picture takes the place of nothing that it is made from")
  func pictureKeepsInputs() throws {
    let tree = folder.path("data/\(SyntheticAlphabets.name)-images")
    let description = try Data(contentsOf: URL(fileURLWithPath: "\(tree)/tree.json"))
    let config = try folder.write(
      Array("split: {train: 9, validation: 6}\n".utf8), to: "own.yaml")
    let split = try folder.write(
      Array("{}".utf8), to: "data/\(SyntheticAlphabets.name)-images/split.json")
    try FileManager.default.createSymbolicLink(
      atPath: folder.path("link.png"), withDestinationPath: split)
    for output in [config, split, folder.path("link.png"), "\(tree)/tree.json"] {
      let refused = try CommandRunner.run(
        "few-shot",
        ["episode", "--data", folder.path("data"), "--config", config, "--output", output])
      #expect(refused.exitCode == 64, "\(output): \(refused.standardError)")
      #expect(refused.standardError.contains("would take the place of the input"))
    }
    #expect(
      try Data(contentsOf: URL(fileURLWithPath: "\(tree)/tree.json")) == description)
  }

  @Test("A seed below zero, and a file that is none of what was learned, are said to be that")
  func wrongValues() throws {
    let seed = try command(["--method", "rhg", "--seed", "-1"])
    #expect(seed.exitCode == 64 && !seed.standardError.contains("Missing value"))
    let text = try folder.write(Array("no HDF5".utf8), to: "text.h5")
    let learned = try CommandRunner.run(
      "few-shot", ["evaluate", "--learned", text, "--data", folder.path])
    #expect(learned.exitCode == 65)
    #expect(learned.standardError.contains("few-shot run --save"), "\(learned.standardError)")
  }

  @Test("What a broken run has learned is used with a warning")
  func brokenRun() throws {
    let saved = folder.path("broken.h5")
    let broken = try command(
      ["--method", "rhg", "--save", saved], ["outer.learningRate=1e30", "outer.iterations=4"])
    #expect(broken.exitCode == 3, "\(broken.standardError)")
    let used = try CommandRunner.run(
      "few-shot", ["evaluate", "--learned", saved, "--data", folder.path("nothing")])
    #expect(used.standardError.contains("ended as"), "\(used.standardError)")
  }

  @Test("A picture names what it does not read, and is not larger than can be looked at")
  func picture() throws {
    func episode(_ options: [String]) throws -> CommandResult {
      try CommandRunner.run(
        "few-shot",
        ["episode", "--data", folder.path("data"), "--output", folder.path("episode.png")]
          + ["split.train=9", "split.validation=6"].flatMap { ["--set", $0] } + options)
    }
    let unread = try episode(["--set", "network.filters=3"])
    #expect(unread.exitCode == 0)
    #expect(unread.standardError.contains("Ignored: network.filters"), "\(unread.standardError)")
    let read = try episode(["--set", "data.rotationsAreClasses=true"])
    #expect(!read.standardError.contains("Ignored"), "\(read.standardError)")
    let large = try episode(["--magnification", "32", "--set", "data.side=256"])
    #expect(large.exitCode == 64)
    #expect(large.standardError.contains("million pixels"), "\(large.standardError)")
  }
}
