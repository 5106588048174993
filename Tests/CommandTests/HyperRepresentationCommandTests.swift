import Bilevel
import Datasets
import Foundation
import Results
import TestSupport
import Testing

@Suite("The command hyper-representation")
struct HyperRepresentationCommandTests {
  private func command(_ arguments: [String]) throws -> CommandResult {
    try CommandRunner.run("hyper-representation", arguments)
  }

  private func run(_ arguments: [String], into folder: TemporaryFolder) throws -> CommandResult {
    try command(
      ["run", "--output", folder.path("runs"), "--progress", "none", "--quiet"] + arguments)
  }

  @Test("list names every protocol with its source")
  func list() throws {
    let result = try command(["list"])
    #expect(result.exitCode == 0)
    for name in ["pzobo2022-64", "pzobo2022-deep", "few-labels", "set-valued-least-squares"] {
      #expect(result.standardOutput.contains(name))
    }
    #expect(result.standardOutput.contains("Sow, Ji and Liang"))
  }

  @Test("a run leaves a record with curves, and the same seed the same numbers")
  func record() throws {
    let folder = try TemporaryFolder()
    var finals: [[String: Double]] = []
    for copy in ["a", "b"] {
      let result = try command([
        "run", "--output", folder.path(copy), "--progress", "none", "--quiet", "--method", "bda",
        "--seed", "3", "--threads", "1",
      ])
      #expect(result.exitCode == 0)
      let records = try records(in: folder.path(copy))
      let record = try #require(records.first)
      #expect(records.count == 1)
      #expect(record.experiment == "hyper-representation")
      #expect(record.datasets.allSatisfy { $0.synthetic && $0.sha256.count == 64 })
      let curve = try #require(record.metrics.first { $0.name == "upperObjective" })
      #expect(curve.steps.first == 0 && curve.steps.last == 30)
      let (first, last) = (try #require(curve.values.first), try #require(curve.values.last))
      #expect(last < 0.2 * first)
      #expect(record.final["hypergradientError"] != nil)
      finals.append(record.final)
    }
    #expect(finals[0] == finals[1])
  }

  private func records(in folder: String) throws -> [RunRecord] {
    let names = try FileManager.default.subpathsOfDirectory(atPath: folder)
    return try names.filter { $0.hasSuffix(".json") }.map {
      try RunRecord(readingFrom: "\(folder)/\($0)")
    }
  }

  @Test("a factor 2 halves what is recorded and differentiated, not what is descended")
  func factorTwo() throws {
    let folder = try TemporaryFolder()
    var firsts: [Double] = []
    for name in ["pzobo2022-64", "pzobo2022-64-factor-two"] {
      let output = folder.path(name)
      let result = try command([
        "run", "--output", output, "--progress", "none", "--quiet", "--method", "cg", "--seed",
        "1", "--protocol", name, "--scalar", "double",
      ])
      #expect(result.exitCode == 0)
      let record = try #require(try records(in: output).first)
      firsts.append(
        try #require(record.metrics.first { $0.name == "upperObjective" }?.values.first))
    }
    #expect(abs(firsts[1] - firsts[0] / 2) < 1e-12 * firsts[0])
  }

  @Test(
    "usage errors name the option and the remedy",
    arguments: [
      (["--method", "rgh"], "rhg"), (["--protocol", "pzobo"], "pzobo2022-64"),
      (["--set", "head.loss=cross-entropy"], "least-squares where data.kind is linear"),
      (["--dataset", "mnist"], "data.name is mnist but must be linear-synthetic where data.kind"),
      (
        ["--protocol", "set-valued-cross-entropy", "--set", "head.smoothing=0"],
        "has no minimiser"
      ),
      (["--set", "extractor.widths=[]"], "a list of widths from 1"),
      (["--dynamics", "gradient-descent"], "give both"),
      (["--dynamics", "learned-aggregation", "--hypergradient", "cg"], "estimator"),
    ] as [([String], String)])
  func usage(arguments: [String], wanted: String) throws {
    let folder = try TemporaryFolder()
    let result = try run(arguments, into: folder)
    #expect(result.exitCode == 64)
    #expect(result.standardError.contains(wanted), "\(result.standardError)")
    #expect(!FileManager.default.fileExists(atPath: folder.path("runs")))
  }

  @Test("absent images: exit code 66 with the remedy")
  func missing() throws {
    let folder = try TemporaryFolder()
    let result = try run(
      ["--protocol", "few-labels", "--data", folder.path("nowhere"), "--method", "rhg"],
      into: folder)
    #expect(result.exitCode == 66)
    #expect(result.standardError.contains("datasets"))
  }

  // MARK: - Images

  /// A data set of a user's own: 20 x 30 red-green-blue images in three classes, 64-bit labels, and
  /// two test files, the second of images lying on their side.
  private func writeUserImages(_ folder: TemporaryFolder) throws {
    var stream = RandomStream(seed: 29, purpose: "user images")
    for (name, count, shape) in [
      ("own-train", 90, [20, 30, 3]), ("own-test", 30, [20, 30, 3]),
      ("turned-train", 90, [20, 30, 3]), ("turned-test", 30, [30, 20, 3]),
    ] {
      let labels = (0..<count).map { Int64($0 % 3) }
      let noise: Tensor<Double> = stream.uniform([count * 1_800], in: 0..<90)
      // Class k is bright in the k-th third of its values.
      let pixels = noise.scalars.enumerated().map { index, value in
        UInt8(value) + (Int64(index % 1_800 / 600) == labels[index / 1_800] ? 60 : 0)
      }
      let writer = try HDF5Writer(path: folder.path("\(name).h5"))
      try writer.write(pixels, shape: [count] + shape, to: "images")
      try writer.write(labels, shape: [count], to: "labels")
      try writer.finish()
    }
  }

  @Test(
    "both extractors learn on a user's own images",
    arguments: ["few-labels", "few-labels-convolutional", "set-valued-least-squares"])
  func userImages(protocolName: String) throws {
    let folder = try TemporaryFolder()
    try writeUserImages(folder)
    let usual = [
      "--protocol", protocolName, "--data", folder.path("."), "--method", "bda", "--budget",
      "smoke", "--set", "data.validation=30", "--set", "data.test=0", "--inner-step-size", "0.02",
      "--upper-step-size", "0.02", "--outer-step-size", "0.003",
    ]
    let result = try run(usual + ["--dataset", "own"], into: folder)
    #expect(result.exitCode == 0, "\(result.standardError)")
    let record = try #require(try records(in: folder.path("runs")).first)
    #expect(try #require(record.final["testAccuracy"]) > 0.8)
    #expect((record.final["distanceToSolutionSet"] != nil) == protocolName.hasPrefix("set"))
    let turned = try run(usual + ["--dataset", "turned"], into: folder)
    #expect(turned.exitCode == 65)
    #expect(turned.standardError.contains("[30, 20, 3]"))
  }

  @Test(
    "the configuration files of experiments/hyper-representation apply to their protocols",
    arguments: [
      ("linear-128-aid-cg.yaml", "pzobo2022-128", "learningRate: 0.01"),
      ("few-labels-fashion.yaml", "few-labels", "name: fashion-mnist"),
      ("set-valued-convolutional.yaml", "set-valued-least-squares", "kind: convolutional"),
    ])
  func configurationFiles(name: String, protocolName: String, wanted: String) throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let path = root.appendingPathComponent("experiments/hyper-representation/\(name)").path
    let arguments = ["run", "--protocol", protocolName, "--budget", "paper", "--dry-run"]
    let plain = try command(arguments)
    let configured = try command(arguments + ["--config", path])
    #expect(plain.exitCode == 0 && configured.exitCode == 0, "\(configured.standardError)")
    #expect(!plain.standardOutput.contains(wanted))
    #expect(configured.standardOutput.contains(wanted))
  }

  @Test("a completed run is skipped, and runs again where its settings differ")
  func skipping() throws {
    let folder = try TemporaryFolder()
    let usual = ["--method", "one-stage", "--outer-iterations", "2", "--skip-completed"]
    let arguments = ["run", "--output", folder.path("runs"), "--progress", "none"] + usual
    #expect(try !command(arguments).standardError.contains("Skipped"))
    #expect(try command(arguments).standardError.contains("Skipped"))
    #expect(
      try !command(arguments + ["--set", "evaluation.every=2"]).standardError.contains("Skipped"))
  }

  // MARK: - hypergradient

  /// Writes a small problem and returns its arrays.
  private func writeInput(
    _ path: String, headCount: Int = 5, poison: Bool = false
  ) throws {
    var stream = RandomStream(seed: 23, purpose: "input")
    let writer = try HDF5Writer(path: path)
    for (group, count) in [("train", 12), ("validation", 10)] {
      var inputs: Tensor<Double> = stream.normal([count, 3])
      if poison { inputs.withUnsafeMutableScalars { $0[4] = .nan } }
      let targets: Tensor<Double> = stream.normal([count])
      try writer.write(inputs.scalars, shape: inputs.shape, to: "\(group)/inputs")
      try writer.write(targets.scalars, shape: [count], to: "\(group)/targets")
    }
    let h: Tensor<Double> = stream.normal([3, 5])
    let w: Tensor<Double> = stream.normal([headCount])
    try writer.write(h.scalars, shape: h.shape, to: "H")
    try writer.write(w.scalars, shape: w.shape, to: "w0")
    try writer.finish()
  }

  private func hypergradient(
    _ folder: TemporaryFolder, _ arguments: [String]
  ) throws -> CommandResult {
    try command(
      [
        "hypergradient", "--inputs", folder.path("in.h5"), "--output", folder.path("out.h5"),
      ] + arguments)
  }

  @Test(
    "hypergradient: many steps reach the closed form that is written beside",
    arguments: ["rhg", "cg", "fhg"])
  func closedForm(method: String) throws {
    let folder = try TemporaryFolder()
    try writeInput(folder.path("in.h5"))
    let result = try hypergradient(
      folder,
      [
        "--method", method, "--inner-steps", "4000", "--inner-step-size", "0.1", "--scalar",
        "double", "--ridge", "0.2",
      ])
    #expect(result.exitCode == 0)
    let file = try HDF5File.open(folder.path("out.h5"))
    for name in ["hypergradient", "w", "upperValue"] {
      let found = try file.read(name, as: Double.self)
      let exact = try file.read("exact/\(name)", as: Double.self)
      #expect(found.shape == exact.shape)
      for (a, b) in zip(found.values, exact.values) { #expect(abs(a - b) < 1e-8) }
    }
    let few = try hypergradient(
      folder,
      [
        "--method", method, "--inner-steps", "2", "--inner-step-size", "0.1", "--scalar",
        "double", "--ridge", "0.2",
      ])
    #expect(few.exitCode == 0)
    let coarse = try HDF5File.open(folder.path("out.h5")).read("w", as: Double.self)
    let exact = try file.read("exact/w", as: Double.self)
    #expect(zip(coarse.values, exact.values).contains { abs($0 - $1) > 1e-2 })
  }

  @Test("hypergradient: wrong contents exit with 65, absent files with 66, divergence with 3")
  func wrongInput() throws {
    let folder = try TemporaryFolder()
    let usual = ["--inner-steps", "3", "--inner-step-size", "0.1"]
    #expect(try hypergradient(folder, usual).exitCode == 66)
    try writeInput(folder.path("in.h5"), headCount: 4)
    let shape = try hypergradient(folder, usual)
    #expect(shape.exitCode == 65)
    #expect(shape.standardError.contains("w0") && shape.standardError.contains("[5]"))
    try writeInput(folder.path("in.h5"), poison: true)
    let poisoned = try hypergradient(folder, usual)
    #expect(poisoned.exitCode == 65)
    #expect(poisoned.standardError.contains("train/inputs"))
    #expect(!FileManager.default.fileExists(atPath: folder.path("out.h5")))
    try writeInput(folder.path("in.h5"))
    #expect(
      try hypergradient(folder, ["--inner-steps", "900", "--inner-step-size", "1000"]).exitCode
        == 3)
    #expect(
      try hypergradient(folder, usual + ["--method", "iaptt"]).exitCode == 64)
    let before = try Data(contentsOf: URL(fileURLWithPath: folder.path("in.h5")))
    let same = try command(
      ["hypergradient", "--inputs", folder.path("in.h5"), "--output", folder.path("./in.h5")]
        + usual)
    #expect(same.exitCode == 64)
    #expect(same.standardError.contains("would take the place of the input"))
    #expect(try Data(contentsOf: URL(fileURLWithPath: folder.path("in.h5"))) == before)
  }
}
