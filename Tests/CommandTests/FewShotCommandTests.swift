import Datasets
import Foundation
import Results
import Tensors
import TestSupport
import Testing

@Suite("few-shot command", .serialized)
struct FewShotCommandTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Settings under which a run takes a second.
  private static let tiny = [
    "split.train=9", "split.validation=6", "network.filters=4", "task.metaBatch=2",
    "outer.iterations=6", "evaluation.every=2", "evaluation.validationEpisodes=4",
    "evaluation.testEpisodes=6", "data.rotationsAreClasses=true",
  ].flatMap { ["--set", $0] }

  private func synthesise() throws {
    let result = try CommandRunner.run(
      "datasets",
      [
        "synthesise", "--kind", "alphabets", "--alphabets", "4", "--characters", "5", "--drawers",
        "8", "--data", folder.path("data"),
      ])
    #expect(result.exitCode == 0)
    #expect(result.standardOutput.contains("160 images"))
  }

  private func run(_ arguments: [String], output: String = "runs") throws -> CommandResult {
    try CommandRunner.run(
      "few-shot",
      ["run", "--data", folder.path("data"), "--output", folder.path(output), "--progress", "none"]
        + Self.tiny + arguments)
  }

  private func records(_ output: String = "runs") throws -> [RunRecord] {
    let names = try FileManager.default.subpathsOfDirectory(atPath: folder.path(output))
    return try names.filter { $0.hasSuffix(".json") }.sorted().map {
      try RunRecord(readingFrom: "\(folder.path(output))/\($0)")
    }
  }

  @Test func resultsThatAreNotFiniteAreABreakdown() throws {
    try synthesise()
    let result = try run([
      "--method", "maml", "--outer-step-size", "1e20", "--set", "outer.iterations=1",
    ])
    #expect(result.exitCode == 3, "\(result.standardOutput)")
    #expect(result.standardError.contains("At the end"), "\(result.standardError)")
    #expect(try records().map(\.status.kind) == [.nonFinite])
    // Of several trials the best counts, whatever became of the last.
    let trials = try run(
      [
        "--method", "untrained", "--set", "tuning.trials=4", "--set", "inner.stepSize=5e36",
      ], output: "trials")
    #expect(trials.exitCode == 0, "\(trials.standardError)")
    let record = try #require(try records("trials").first)
    #expect(record.status.kind == .completed && record.final["testLoss"]?.isFinite == true)
    // The last trial breaks down; the result is the chosen one's.
    #expect(record.metric(named: "validationLoss")?.values.last?.isFinite == false)
    #expect(record.final["validationLoss"]?.isFinite == true)
  }

  @Test func everyMethodRunsAndRecordsWhatItDid() throws {
    try synthesise()
    let result = try run([])
    #expect(result.exitCode == 0, "\(result.standardError)")
    let records = try records()
    #expect(records.count == 14)
    #expect(
      Set(records.map(\.method.name)).isSuperset(of: ["maml", "rhg", "bda", "reptile", "imaml"]))
    for record in records {
      #expect(record.status.kind == .completed && record.isSynthetic)
      let accuracy = try #require(record.final["testAccuracy"])
      #expect((0...1).contains(accuracy))
      #expect(record.metric(named: "testAccuracyByInnerStep")?.values.count == 11)
      #expect(record.metric(named: "upperObjective")?.values.count == 6)
      #expect(record.environment.libpng != nil)
    }
  }

  @Test func aContinuedRunIsTheUninterruptedOne() throws {
    try synthesise()
    #expect(try run(["--method", "maml"], output: "whole").exitCode == 0)
    func checkpoint() -> Bool {
      let names = (try? FileManager.default.subpathsOfDirectory(atPath: folder.path("cut"))) ?? []
      return names.contains { $0.hasSuffix(".checkpoint") }
    }
    // Killed without warning as soon as there is a checkpoint.
    _ = try stopped(
      by: SIGKILL, once: checkpoint,
      remove: { try? FileManager.default.removeItem(atPath: folder.path("cut")) },
      start: {
        try CommandRunner.start(
          "few-shot",
          [
            "run", "--data", folder.path("data"), "--output", folder.path("cut"), "--method",
            "maml",
          ]
            + Self.tiny + ["--progress", "none", "--checkpoint-seconds", "0"])
      })
    let resumed = try run(["--method", "maml"], output: "cut")
    #expect(resumed.exitCode == 0, "\(resumed.standardError)")
    #expect(resumed.standardError.contains("Continuing after"), "\(resumed.standardError)")
    let whole = try #require(try records("whole").first)
    let cut = try #require(try records("cut").first)
    #expect(cut.final == whole.final)
    #expect(cut.metrics == whole.metrics)
    #expect(!checkpoint())
  }

  @Test func mistakesHaveTheirExitCodes() throws {
    let missing = try run(["--method", "rhg"])
    #expect(missing.exitCode == 66 && missing.standardError.contains("datasets synthesise"))
    #expect(try run(["--method", "magic"]).exitCode == 64)
    #expect(try run(["--protocol", "icml2021"]).exitCode == 64)
    #expect(try run(["--ways", "1"]).exitCode == 64)
    #expect(try run(["--set", "task.way=5"]).exitCode == 64)
    try synthesise()
    let path = folder.path("data/synthetic-alphabets-images/alphabet01/character01/01.png")
    try Data([1, 2, 3]).write(to: URL(fileURLWithPath: path))
    let broken = try run(["--method", "rhg"])
    #expect(broken.exitCode == 65 && broken.standardError.contains(path))
  }

  @Test func listNamesMethodsWithTheirSources() throws {
    let result = try CommandRunner.run("few-shot", ["list"])
    #expect(result.exitCode == 0)
    for text in ["imaml", "arXiv 1707.09835", "icml2020", "one-stage-bda", "shifted-harmonic"] {
      #expect(result.standardOutput.contains(text), "\(text)")
    }
  }

  @Test(
    "Configuration files of the experiment resolve",
    arguments: [
      ("omniglot-30-way", "ways: 30"), ("omniglot-40-way", "ways: 40"),
      ("omniglot-vinyals", "rule: vinyals"), ("running-statistics", "normalisation: running"),
    ])
  func configurationFiles(name: String, line: String) throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let file = root.appendingPathComponent("experiments/few-shot/\(name).yaml").path
    let result = try CommandRunner.run(
      "few-shot", ["run", "--budget", "paper", "--dry-run", "--config", file])
    #expect(result.exitCode == 0, "\(result.standardError)")
    #expect(result.standardOutput.contains(line))
  }

  @Test("Residual networks and running moments train, stop and continue")
  func residualAndRunning() throws {
    try synthesise()
    let options = [
      "--method", "maml", "--set", "network.kind=residual", "--set", "network.blocks=1", "--set",
      "evaluation.normalisation=running",
    ]
    #expect(try run(options, output: "residual").exitCode == 0)
    let record = try #require(try records("residual").first)
    #expect(record.status.kind == .completed && record.final["testAccuracy"] != nil)
  }

  @Test func anEpisodeIsDrawnTheSameEveryTime() throws {
    try synthesise()
    func draw(_ name: String, _ options: [String]) throws -> PNGImage {
      let result = try CommandRunner.run(
        "few-shot",
        ["episode", "--data", folder.path("data"), "--output", folder.path(name)]
          + ["--set", "split.train=9", "--set", "split.validation=6"] + options)
      #expect(result.exitCode == 0, "\(result.standardError)")
      return try PNGImage.read(folder.path(name))
    }
    let first = try draw("a.png", [])
    // 5 classes of 1 + 5 images of 28 x 28 pixels, magnified by 2, 4 pixels between them.
    #expect(first.height == 5 * 60 + 4 && first.width == 6 * 60 + 12 && first.channels == 1)
    #expect(try draw("b.png", []) == first)
    #expect(try draw("c.png", ["--number", "1"]) != first)
    #expect(try draw("d.png", ["--seed", "1"]) != first)
    let wrong = try CommandRunner.run(
      "few-shot", ["episode", "--output", folder.path("e.png"), "--number", "-1"])
    #expect(wrong.exitCode == 64)
  }

  // MARK: - hypergradient

  private func writeInputs(head: Bool, scale: Bool = true) throws -> String {
    var stream = RandomStream(seed: 3, purpose: "inputs")
    let path = folder.path("inputs-\(head)-\(scale).h5")
    let writer = try HDF5Writer(path: path)
    func write(_ name: String, _ shape: [Int], _ range: Range<Double>) throws {
      let values = (0..<shape.reduce(1, *)).map { _ in stream.uniform(in: range) }
      try writer.write(HDF5Array(shape: shape, values: values), to: name)
    }
    for (block, channels) in [(0, 1), (1, 3)] {
      try write("x/conv\(block)", [3, channels, 3, 3], -0.5..<0.5)
      if scale { try write("x/gamma\(block)", [3], 0.5..<1.5) }
      try write("x/beta\(block)", [3], -0.3..<0.3)
    }
    if head {
      try write("x/head/weights", [12, 2], -0.5..<0.5)
      try write("x/head/bias", [2], -0.5..<0.5)
    }
    try write("support/images", [2, 2, 8, 8], 0..<1)
    try write("query/images", [2, 4, 8, 8], 0..<1)
    try writer.write(
      HDF5Array(shape: [2, 2], values: [0, 1, 1, 0] as [Int64]), to: "support/labels")
    try writer.write(
      HDF5Array(shape: [2, 4], values: [0, 1, 0, 1, 1, 1, 0, 0] as [Int64]), to: "query/labels")
    try writer.finish()
    return path
  }

  private func hypergradient(_ arguments: [String]) throws -> CommandResult {
    try CommandRunner.run("few-shot", ["hypergradient", "--inner-steps", "3"] + arguments)
  }

  @Test(arguments: ["maml", "rhg", "bda", "meta-sgd", "fomaml"], ["stride", "max-pool"])
  func floatAndDoubleAgree(method: String, halving: String) throws {
    let inputs = try writeInputs(head: true)
    var slopes: [[Double]] = []
    for scalar in ["double", "float"] {
      let output = folder.path("\(scalar).h5")
      let result = try hypergradient([
        "--inputs", inputs, "--output", output, "--method", method, "--halving", halving,
        "--scalar", scalar,
      ])
      #expect(result.exitCode == 0, "\(result.standardError)")
      let file = try HDF5File.open(output)
      #expect(try file.shape(of: "hypergradient/conv1") == [3, 3, 3, 3])
      #expect(try file.string("status") == "finite")
      slopes.append(
        try file.read("hypergradient/conv0", as: Double.self).values
          + file.read("hypergradient/gamma1", as: Double.self).values)
    }
    #expect(slopes[0].contains { abs($0) > 1e-4 })
    for (double, float) in zip(slopes[0], slopes[1]) { #expect(abs(double - float) < 1e-4) }
  }

  /// Methods with options, as the fixture names them.
  private static let crossChecked = [
    "rhg", "t-rhg", "bda", "bda shifted-harmonic", "bda constant", "bda journal",
    "bda official-code", "bda geometric", "one-stage", "one-stage-bda", "maml", "fomaml",
    "meta-sgd", "meta-sgd-scalar", "reptile", "imaml",
  ]

  /// Against JAX's differentiation of the written-out inner loop, stored by
  /// `experiments/cross-check/few_shot.py --write`.
  @Test(arguments: crossChecked, ["double", "float"])
  func hypergradientsAreThoseOfAnotherProgram(name: String, scalar: String) throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let fixture = root.appendingPathComponent("experiments/cross-check/fixtures/few-shot.h5").path
    let output = folder.path("out.h5")
    let words = name.split(separator: " ").map(String.init)
    let result = try hypergradient(
      ["--inputs", fixture, "--output", output, "--method", words[0], "--scalar", scalar]
        + words.dropFirst().flatMap { ["--schedule", $0] })
    #expect(result.exitCode == 0, "\(result.standardError)")
    let (stored, found) = (try HDF5File.open(fixture), try HDF5File.open(output))
    let body = ["conv0", "gamma0", "beta0", "conv1", "gamma1", "beta1"]
    let all = body + ["head/weights", "head/bias"]
    let rates = name == "meta-sgd-scalar" ? ["rate"] : all.map { "rate/\($0)" }
    let candidates = all + rates
    let names = try candidates.filter { try stored.contains("expected/\(name)/\($0)") }
    #expect(names.count >= body.count)
    // Single precision, and differences by the one-stage radius, lose digits.
    let tolerance = scalar == "double" ? 1e-12 : 1e-5
    var largest = 0.0
    for part in names {
      let expected = try stored.read("expected/\(name)/\(part)", as: Double.self)
      let actual = try found.read("hypergradient/\(part)", as: Double.self)
      #expect(actual.shape == expected.shape, "\(part)")
      for (left, right) in zip(actual.values, expected.values) {
        #expect(abs(left - right) < tolerance, "\(part)")
        largest = max(largest, abs(right))
      }
    }
    #expect(largest > 1e-3)
  }

  @Test func wrongInputsAreNamed() throws {
    let headless = try writeInputs(head: false, scale: false)
    let output = folder.path("out.h5")
    #expect(try hypergradient(["--inputs", headless, "--output", output]).exitCode == 0)
    let needed = try hypergradient([
      "--inputs", headless, "--output", output, "--method", "maml",
    ])
    #expect(needed.exitCode == 65 && needed.standardError.contains("x/head/weights"))
    let writer = try HDF5Writer(path: folder.path("gap.h5"))
    for name in ["support/images", "query/images"] {
      try writer.write(
        HDF5Array(shape: [1, 2, 8, 8], values: [Double](repeating: 0.5, count: 128)), to: name)
    }
    for block in [0, 2] {
      try writer.write(
        HDF5Array(shape: [2, 1, 3, 3], values: [Double](repeating: 0.1, count: 18)),
        to: "x/conv\(block)")
      try writer.write(HDF5Array(shape: [2], values: [0.1, 0.2]), to: "x/beta\(block)")
    }
    try writer.finish()
    let gap = try hypergradient(["--inputs", folder.path("gap.h5"), "--output", output])
    #expect(gap.exitCode == 65 && gap.standardError.contains("x/conv2"))
    let absent = try hypergradient(["--inputs", folder.path("no.h5"), "--output", output])
    #expect(absent.exitCode == 66)
    let deep = try hypergradient([
      "--inputs", headless, "--output", output, "--halving", "pyramid",
    ])
    #expect(deep.exitCode == 64)
  }
}
