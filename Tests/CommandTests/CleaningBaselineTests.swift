import Datasets
import Foundation
import Results
import TestSupport
import Testing

/// What one would try instead of bi-level optimisation, as a user runs it.
@Suite("Baselines, early stopping and own validation files of hyper-cleaning")
struct CleaningBaselineTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try folder.writeDigits()
    try SyntheticDigits.dataset(count: 40, split: "checked", seed: 6).save(folder.path("own.h5"))
  }

  private func run(_ arguments: [String]) throws -> CommandResult {
    try CommandRunner.run(
      "hyper-cleaning",
      [
        "--budget", "paper", "--set", "data.train=60", "--set", "data.validation=60", "--set",
        "data.test=60",
        "--set", "data.name=\(SyntheticDigits.name)", "--set", "tuning.stepSizes=[0.1,0.5]",
        "--set", "tuning.steps=[5,20]", "--inner-step-size", "0.5", "--seed", "1", "--progress",
        "none", "--output", folder.path("runs"),
      ] + arguments, environment: ["BDA_DATA_DIR": folder.path("")], timeout: 120)
  }

  private func records() throws -> [RunRecord] {
    try RecordStore.load(folder.path("runs")).map(\.record)
  }

  private func record(_ arguments: [String]) throws -> RunRecord {
    let result = try run(arguments)
    #expect(result.exitCode == 0, "\(result.standardError)")
    let records = try records()
    try #require(records.count == 1, "\(records.map(\.relativePath))")
    return records[0]
  }

  static let tuned = [
    "no-cleaning-tuned", "validation-only", "filtered", "loss-ranking", "self-filtered",
    "self-confidence", "oracle-tuned",
  ]

  @Test("A tuned baseline records its schedule, trials and held-out accuracy", arguments: tuned)
  func tuning(_ name: String) throws {
    let record = try record(["--method", name, "--inner-steps", "3", "--inner-steps", "5"])
    // K does not matter to it: one run, whose variant does not speak of K.
    #expect(record.variant["innerSteps"] == nil && record.innerSteps == nil)
    #expect(record.status.kind == .completed)
    let schedule = record.diagnostics["schedule"]?.objectValue ?? [:]
    #expect(schedule["trials"] == 4 && schedule["heldOutImages"] == 12)
    #expect([0.1, 0.5].contains(schedule["stepSize"]?.doubleValue))
    #expect([5, 20].contains(schedule["steps"]?.integerValue))
    #expect(schedule["heldOutAccuracy"]?.doubleValue == record.final["heldOutAccuracy"])
    #expect(record.diagnostics["retrainingSchedule"]?.objectValue?["trials"] == 4)
    for metric in ["testAccuracy", "retrainedTestAccuracy", "detectionAUC"] {
      #expect((0...1).contains(record.final[metric] ?? -1), "\(metric)")
    }
    // The tuned oracle leaves out the wrong labels and no others, and without cleaning nothing is.
    switch name {
    case "oracle-tuned":
      #expect(record.final["detectionF1NoisyPositive"] == 1 && record.final["detectionAUC"] == 1)
    case "no-cleaning-tuned":
      #expect(record.final["detectionF1NoisyPositive"] == 0 && record.final["detectionAUC"] == 0.5)
    default: #expect((record.final["detectionAUC"] ?? 0) > 0.5)
    }
  }

  @Test("The control runs BDA's inner loop with the weights as they start")
  func control() throws {
    let record = try record(["--method", "fixed-weights-bda", "--inner-steps", "5"])
    #expect(record.method.dynamics.name == "descent-aggregation")
    #expect(record.method.dynamics.parameters["upperStepSize"] == 12.8)
    #expect(record.variant["innerSteps"] == 5 && record.final["detectionAUC"] == 0.5)
    #expect(record.final["testAccuracy"] != record.final["plainTestAccuracy"])
  }

  @Test("BDA at fixed weights is BDA that never moved them")
  func controlIsMotionless() throws {
    let result = try run([
      "--method", "fixed-weights-bda", "--method", "bda", "--inner-steps", "5",
      "--outer-iterations", "1", "--outer-step-size", "1e-30",
    ])
    #expect(result.exitCode == 0, "\(result.standardError)")
    let accuracies = try records().map { $0.final["upperObjective"] ?? .nan }
    try #require(accuracies.count == 2)
    #expect(abs(accuracies[0] - accuracies[1]) < 1e-5)
  }

  @Test(
    "Without wrong labels there is no AUC: a dash, and nothing in the record",
    arguments: ["rhg", "validation-only", "no-cleaning"])
  func nothingIsNoisy(_ method: String) throws {
    let record = try record([
      "--method", method, "--set", "corruption.fraction=0", "--outer-iterations", "2",
      "--inner-steps", "3",
    ])
    #expect(record.final["detectionAUC"] == nil && record.final["corruptionRate"] == 0)
    let again = try run(["--method", method, "--set", "corruption.fraction=0", "--fresh"])
    #expect(!again.standardOutput.lowercased().contains("nan"), "\(again.standardOutput)")
  }

  @Test("Validation images of a file of their own are part of the identity by content")
  func ownFile() throws {
    let own = ["--method", "validation-only", "--validation-file", folder.path("own.h5")]
    let record = try record(own + ["--set", "data.validation=0"])
    let use = try #require(record.datasets.first { $0.split == "checked: validation" })
    #expect(use.sha256 == (try ImageDataset.load(folder.path("own.h5"))).contentDigest)
    #expect(record.variant["validation"] == "own-file")
    #expect(record.variant["data.validationFile"] == nil)
    #expect(record.diagnostics["schedule"]?.objectValue?["heldOutImages"] == 8)
    // Other images under the same name are another run.
    try SyntheticDigits.dataset(count: 40, split: "checked", seed: 7).save(folder.path("own.h5"))
    #expect(try run(own + ["--set", "data.validation=0"]).exitCode == 0)
    #expect(try records().count == 2)
    let tooMany = try run(own)
    #expect(tooMany.exitCode == 65)
    #expect(tooMany.standardError.contains("which has 40: lower it (in a reduced problem"))
    let absent = try run(["--method", "rhg", "--validation-file", folder.path("none.h5")])
    #expect(absent.exitCode == 66, "\(absent.standardError)")
    // What was learned does not take the place of what was read, wherever that lies.
    let elsewhere = try TemporaryFolder()
    let path = elsewhere.path("v.h5")
    try SyntheticDigits.dataset(count: 40, split: "checked", seed: 7).save(path)
    let saved = try run([
      "--method", "validation-only", "--validation-file", path, "--set", "data.validation=0",
      "--save", path,
    ])
    #expect(saved.exitCode == 64, "\(saved.standardError)")
    #expect(saved.standardError.contains("would take the place of the input"))
    #expect(try ImageDataset.load(path).count == 40)
  }

  @Test("Validation images of a file that are tested on, too, are said")
  func overlapIsSaid() throws {
    // The first forty of the sixty images that are tested on.
    let test = try ImageDataset.load(folder.path("\(SyntheticDigits.name)-test.h5"))
    try ImageDataset(
      name: "own", split: "own", shape: [40, 28, 28], images: Array(test.images.prefix(40 * 784)),
      labels: Array(test.labels.prefix(40)), classNames: test.classNames,
      provenance: test.provenance
    ).save(folder.path("overlap.h5"))
    let result = try run([
      "--method", "no-cleaning", "--validation-file", folder.path("overlap.h5"), "--set",
      "data.validation=0", "--inner-steps", "2", "--set", "tuning.finalTraining=false",
    ])
    #expect(result.exitCode == 0)
    #expect(
      result.standardError.contains("40 of the validation images of "), "\(result.standardError)")
  }

  @Test("A reduced problem takes its validation images of a file of which all are wanted, too")
  func reducedOwnFile() throws {
    let record = try record([
      "--method", "fhg", "--validation-file", folder.path("own.h5"), "--set", "data.validation=0",
      "--set", "reduced.train=20", "--set", "reduced.validation=15", "--outer-iterations", "1",
      "--inner-steps", "2", "--set", "tuning.finalTraining=false",
    ])
    #expect(record.configuration.value(at: "data.validation") == 15)
    #expect(record.configuration.value(at: "data.train") == 20)
  }

  @Test(
    "The schedule of a network's final training is read and part of the identity, of baselines too")
  func networkSchedule() throws {
    let network = [
      "--method", "validation-only", "--set", "network.hidden=[3]", "--set",
      "network.initialization=glorot",
    ]
    // Each number of steps is a run, unless nothing trains for so long.
    let result = try run(
      network + ["--inner-steps", "2", "--inner-steps", "30", "--set", "tuning.finalTraining=true"])
    #expect(
      result.exitCode == 0 && !result.standardError.contains("Ignored"), "\(result.standardError)")
    let records = try records()
    #expect(records.count == 2)
    #expect(Set(records.compactMap { $0.final["retrainedTestAccuracy"] }).count == 2)
    let without = try run(
      network + [
        "--inner-steps", "2", "--inner-steps", "30", "--set", "tuning.finalTraining=false",
      ])
    #expect(
      without.standardError.contains("Ignored: inner.stepSize and inner.steps"),
      "\(without.standardError)")
    #expect(try self.records().count == 3)
  }

  @Test("The outer loop stops early, and its best point on held-out images counts")
  func earlyStopping() throws {
    let record = try record([
      "--method", "rhg", "--inner-steps", "5", "--outer-iterations", "40", "--set",
      "earlyStopping.patience=3", "--outer-step-size", "50",
    ])
    #expect(record.variant["earlyStopping.patience"] == 3)
    let done = try #require(record.diagnostics["outerIterations"]?.integerValue)
    let best = try #require(record.diagnostics["bestOuterIteration"]?.integerValue)
    #expect(done < 40 && done == best + 4, "\(done) iterations, the best was \(best)")
    #expect(record.final["heldOutAccuracy"] != nil)
  }

  @Test(arguments: [
    (["--set", "data.validation=0"], "must be a whole number from 1"),
    (["--set", "data.validation=1", "--method", "filtered"], "set data.validation to 2 or more"),
    (["--set", "data.validation=1", "--set", "earlyStopping.patience=2"], "from 2 where"),
    (["--set", "tuning.steps=[]"], "a list of different whole numbers"),
    (["--set", "tuning.stepSizes=[0.1,0.1]"], "a list of different positive finite numbers"),
    (["--set", "tuning.stepSizes=[0.1,1e39]"], "is 1e+39, which as a float is inf"),
    (["--set", "weights.start=1e39"], "weights.start is 1e+39, which as a float is inf"),
    (["--set", String(repeating: ".", count: 60_000) + "=1"], "a key of 60001 parts"),
    (["--set", "tuning.folds=1"], "tuning.folds is 1 but must be a whole number from 2"),
  ])
  func wrongSettings(arguments: [String], sentence: String) throws {
    let result = try run(arguments)
    #expect(result.exitCode == 64, "\(arguments): \(result.standardError)")
    #expect(result.standardError.contains(sentence), "\(result.standardError)")
  }

  @Test("Of one validation image nothing is held out: said of what is named, a whole list goes on")
  func oneImage() throws {
    try SyntheticDigits.dataset(count: 1, split: "checked", seed: 6).save(folder.path("one.h5"))
    let few = ["--inner-steps", "3", "--outer-iterations", "1"]
    let own = ["--validation-file", folder.path("one.h5"), "--set", "data.validation=0"] + few
    let baseline = try run(own + ["--method", "filtered"])
    #expect(baseline.exitCode == 64, "\(baseline.standardError)")
    #expect(
      baseline.standardError.contains("there is one: name a validation file of 2 images or more"),
      "\(baseline.standardError)")
    let stopping = try run(own + ["--method", "rhg", "--set", "earlyStopping.patience=1"])
    #expect(stopping.exitCode == 64, "\(stopping.standardError)")
    #expect(
      stopping.standardError.contains("The setting earlyStopping.patience wants held-out"),
      "\(stopping.standardError)")
    for list in [own, ["--set", "data.validation=1"] + few] {
      try? FileManager.default.removeItem(atPath: folder.path("runs"))
      let result = try run(list)
      #expect(result.exitCode == 0, "\(result.standardError)")
      let names = Set(try records().map(\.method.name))
      #expect(names.isDisjoint(with: Self.tuned) && names.isSuperset(of: ["rhg", "no-cleaning"]))
    }
  }

  @Test("Early stopping, which baselines have no loop for, leaves them all validation images")
  func stoppingIsTheMethods() throws {
    let arguments = ["--method", "fixed-weights-bda", "--inner-steps", "5"]
    let usual = try record(arguments)
    let stopping = try record(arguments + ["--set", "earlyStopping.patience=2"])
    #expect(stopping.identity == usual.identity && stopping.final == usual.final)
  }

  @Test("A single validation image is enough for methods, and few are for baselines")
  func fewImages() throws {
    for (count, method) in [(1, "rhg"), (2, "filtered"), (20, "self-confidence"), (2, "bda")] {
      let result = try run([
        "--method", method, "--set", "data.validation=\(count)", "--inner-steps", "3",
        "--outer-iterations", "2",
      ])
      #expect(result.exitCode == 0, "\(result.standardError)")
    }
  }
}
