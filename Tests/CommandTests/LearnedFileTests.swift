import Datasets
import Foundation
import Results
import TestSupport
import Testing

@testable import Experiments

/// What runs have learned, written by `--save`: complete, readable by others, refused where it is wrong.
@Suite("What was learned", .serialized)
struct LearnedFileTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// A run of each experiment, with what its file must have.
  struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    let arguments: [String]
    let upper: [String]
    let lower: [String]
    var testDescription: String { name }
  }

  static let cases = [
    Case(
      name: "counter-example",
      arguments: [
        "--method", "bda", "--start", "0", "--outer-iterations", "5", "--set",
        "problem.dimension=3",
      ],
      upper: ["x"], lower: ["y1", "y2"]),
    Case(
      name: "hyper-cleaning", arguments: Array(SmallExperiment.cleaning.arguments.dropFirst()),
      upper: ["weights"], lower: ["weights", "bias"]),
    Case(
      name: "hyper-representation", arguments: ["--method", "bda", "--outer-iterations", "5"],
      upper: ["weights1"], lower: ["head"]),
    Case(
      name: "few-shot", arguments: Array(SmallExperiment.fewShot.arguments.dropFirst()),
      upper: [
        "conv0", "beta0", "conv1", "beta1", "conv2", "beta2", "head/weights", "head/bias",
      ], lower: []),
  ]

  private func run(
    _ name: String, _ arguments: [String], output: String = "runs"
  ) throws -> CommandResult {
    try CommandRunner.run(
      name,
      ["run", "--data", folder.path("data"), "--output", folder.path(output), "--progress", "none"]
        + arguments)
  }

  private func prepare(_ name: String) throws {
    if name == "hyper-cleaning" { try SmallExperiment.makeDigits(folder.path("data")) }
    if name == "few-shot" { try SmallExperiment.makeAlphabets(folder.path("data")) }
  }

  private func record(_ output: String) throws -> RunRecord {
    let names = try FileManager.default.subpathsOfDirectory(atPath: folder.path(output))
    let path = try #require(names.first { $0.hasSuffix(".json") })
    return try RunRecord(readingFrom: "\(folder.path(output))/\(path)")
  }

  // MARK: - Writing

  @Test(
    "Every experiment saves x, y and the optimiser, and records what it did before",
    arguments: cases)
  func saves(_ experiment: Case) throws {
    try prepare(experiment.name)
    let path = folder.path("new/learned.h5")
    let result = try run(experiment.name, experiment.arguments + ["--save", path])
    #expect(result.exitCode == 0, "\(result.standardError)")
    #expect(try run(experiment.name, experiment.arguments, output: "without").exitCode == 0)
    let record = try record("runs")
    #expect(try record.final == self.record("without").final)
    let file = try LearnedFile(path, of: experiment.name)
    #expect(file.description.method == record.method.name)
    #expect(file.description.configuration == record.configuration)
    #expect(file.description.status == "completed" && file.description.outerIterations > 0)
    let learned: LearnedRun<Double> = try file.contents()
    let x = try #require(learned.groups.first)
    #expect(x.name == "x" && x.components == experiment.upper && x.point.isFinite)
    let y = learned.groups.first { $0.name == "y" }
    #expect(y?.components ?? [] == experiment.lower && y?.point.isFinite != false)
    #expect(file.description.optimizerIteration == file.description.outerIterations)
    // The counter-example descends by plain gradient steps, which have no moments.
    let moments = learned.groups.filter { $0.name.hasPrefix("optimizer/moment") }
    #expect(moments.count == (experiment.name == "counter-example" ? 0 : 2))
    #expect(moments.allSatisfy { $0.point.shapes == x.point.shapes })
    #expect(try folder.names(in: "new") == ["learned.h5"])
  }

  @Test(
    "A baseline of hyper-cleaning saves its classifiers and the weights it gave the samples",
    arguments: ["no-cleaning", "validation-only", "self-filtered"])
  func baselines(method: String) throws {
    try prepare("hyper-cleaning")
    let path = folder.path("learned.h5")
    let arguments =
      ["--method", method]
      + SmallExperiment.cleaning.arguments.dropFirst().filter { !["--method", "cg"].contains($0) }
    let result = try run(
      "hyper-cleaning", arguments + ["--set", "tuning.finalTraining=true", "--save", path])
    #expect(result.exitCode == 0, "\(result.standardError)")
    let learned: LearnedRun<Float> = try LearnedFile(path, of: "hyper-cleaning").contents()
    let points = Dictionary(uniqueKeysWithValues: learned.groups.map { ($0.name, $0.point) })
    let classifier = [[784, 10], [10]]
    #expect(points["y"]?.shapes == classifier)
    #expect(points["state/retrained"]?.shapes == classifier)
    #expect(points["state/weights"]?.tensors[0].scalars.allSatisfy { (0...1).contains($0) } == true)
    #expect(points["state/weights"]?.tensors[0].count == 30)
  }

  @Test("Several runs make one file each below a folder, and never one file together")
  func several() throws {
    let methods = ["--method", "rhg", "--method", "bda", "--start", "0", "--outer-iterations", "2"]
    let refused = try run("counter-example", methods + ["--save", folder.path("one.h5")])
    #expect(refused.exitCode == 64 && refused.standardError.contains("2 runs"))
    #expect(!FileManager.default.fileExists(atPath: folder.path("one.h5")))
    let odd = try run("counter-example", methods + ["--save", folder.path("one.txt")])
    #expect(odd.exitCode == 64 && odd.standardError.contains(".npz"))
    let all = try run("counter-example", methods + ["--save", folder.path("all") + "/"])
    #expect(all.exitCode == 0, "\(all.standardError)")
    let files = try FileManager.default.subpathsOfDirectory(atPath: folder.path("all"))
      .filter { $0.hasSuffix(".h5") }
    #expect(files.count == 2)
  }

  @Test("A place that cannot be written to is said before the run")
  func unwritable() throws {
    _ = try folder.write([1], to: "file")
    let result = try run(
      "counter-example",
      [
        "--method", "bda", "--start", "0", "--outer-iterations", "2", "--save",
        folder.path("file/learned.h5"),
      ])
    #expect(result.exitCode == 1 && result.standardError.contains(folder.path("file")))
    #expect(!FileManager.default.fileExists(atPath: folder.path("runs")))
  }

  @Test("--skip-completed runs again where what was learned is not there")
  func skipping() throws {
    let arguments = [
      "--method", "bda", "--start", "0", "--outer-iterations", "2", "--skip-completed",
    ]
    #expect(try run("counter-example", arguments).exitCode == 0)
    let saved = ["--save", folder.path("learned.h5")]
    #expect(try run("counter-example", arguments + saved).exitCode == 0)
    #expect(FileManager.default.fileExists(atPath: folder.path("learned.h5")))
    let again = try run("counter-example", arguments + saved)
    #expect(again.standardError.contains("Skipped"))
  }

  @Test("A run that another process makes is said to who wants quiet, too; --save is no success")
  func heldByAnother() throws {
    let arguments = ["--method", "bda", "--start", "0", "--outer-iterations", "3", "--quiet"]
    #expect(try run("counter-example", arguments).exitCode == 0)
    let record = try #require(try RecordStore.load(folder.path("runs")).first).path
    let lock = try #require(try RunLock(for: record))
    defer { lock.release() }
    let skipped = try run("counter-example", arguments + ["--fresh"])
    #expect(skipped.exitCode == 0, "\(skipped.standardError)")
    #expect(
      skipped.standardError.contains("warning: Skipped: another process is running"),
      "\(skipped.standardError)")
    #expect(skipped.standardError.contains("--fresh does not start over"))
    let file = folder.path("learned.h5")
    let unsaved = try run("counter-example", arguments + ["--save", file])
    #expect(unsaved.exitCode == 1, "\(unsaved.standardError)")
    #expect(
      unsaved.standardError.contains("The file '\(file)' of --save was not written"),
      "\(unsaved.standardError)")
    #expect(!FileManager.default.fileExists(atPath: file))
  }

  // MARK: - Other programs

  @Test(
    "Python reads both forms, with equal numbers",
    .enabled(if: PythonModules.has(["h5py", "numpy"]), "No python3 with h5py and numpy."))
  func python() throws {
    let arguments = [
      "--method", "bda", "--start", "0", "--outer-iterations", "3", "--scalar", "double",
    ]
    for name in ["learned.h5", "learned.npz"] {
      let result = try run("counter-example", arguments + ["--fresh", "--save", folder.path(name)])
      #expect(result.exitCode == 0, "\(result.standardError)")
    }
    let result = try PythonModules.run(
      """
      import json, sys
      import h5py, numpy
      def text(value):  # texts of fixed width are bytes
          return value.decode() if isinstance(value, bytes) else str(value)
      file, archive = h5py.File(sys.argv[1], "r"), numpy.load(sys.argv[2])
      about = json.loads(text(archive["description"]))
      assert text(file.attrs["format"]) == about["format"] == "bda-learned", about
      assert json.loads(text(file.attrs["configuration"])) == about["configuration"]
      names = []
      for group in map(text, file.attrs["groups"]):
          names += [f"{group}/{text(name)}" for name in file[group].attrs["names"]]
      assert set(names) == set(archive.files) - {"description"}, (names, archive.files)
      for name in names:
          assert file[name].dtype == archive[name].dtype == numpy.float64
          assert numpy.array_equal(file[name][...], archive[name]), name
      print(len(names), names[0], archive[names[0]].shape)
      """, [folder.path("learned.h5"), folder.path("learned.npz")])
    #expect(result.exitCode == 0, "\(result.output)")
    #expect(result.output.hasPrefix("3 x/x (1,)"), "\(result.output)")
  }

  // MARK: - Wrong files

  /// A file of the counter-example's run, as bytes.
  private func learned() throws -> [UInt8] {
    let path = folder.path("whole.h5")
    let result = try run(
      "hyper-representation", ["--method", "rhg", "--outer-iterations", "2", "--save", path])
    #expect(result.exitCode == 0, "\(result.standardError)")
    return [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
  }

  private func refusal(
    _ bytes: [UInt8]?, _ name: String, command: String = "hyper-representation"
  ) throws -> CommandResult {
    let path = try bytes.map { try folder.write($0, to: name) } ?? folder.path(name)
    let result =
      command == "few-shot"
      ? try CommandRunner.run(
        command, ["evaluate", "--learned", path, "--data", folder.path("none")])
      : try CommandRunner.run(
        command,
        [
          "features", "--learned", path, "--data", folder.path("X.h5"), "--output",
          folder.path("features.h5"),
        ])
    let lines = result.standardError.split(separator: "\n")
    #expect(lines.count == 1 && lines[0].hasPrefix("error: "), "\(result.standardError)")
    #expect(result.standardError.contains(path), "\(result.standardError)")
    #expect(!FileManager.default.fileExists(atPath: folder.path("features.h5")))
    return result
  }

  @Test("Wrong files are refused with one sentence and its exit code")
  func wrongFiles() throws {
    let whole = try learned()
    let data = try HDF5Writer(path: folder.path("X.h5"))
    try data.write([Float](repeating: 0.5, count: 16), shape: [2, 8], to: "inputs")
    try data.finish()
    #expect(try refusal(nil, "absent.h5").exitCode == 66)
    #expect(try refusal([], "empty.h5").exitCode == 65)
    #expect(try refusal(Array("no HDF5".utf8), "text.h5").exitCode == 65)
    #expect(try refusal(Array(whole.prefix(whole.count / 2)), "cut.h5").exitCode == 65)
    let other = try refusal(whole, "other.h5", command: "few-shot")
    #expect(other.exitCode == 65 && other.standardError.contains("hyper-representation"))
    let plain = try folder.write(
      [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder.path("X.h5")))), to: "plain.h5")
    #expect(try refusal(nil, "plain.h5").standardError.contains("--save"), "\(plain)")
    // One bit of one number of x: HDF5 itself does not notice.
    let run: LearnedRun<Float> = try LearnedFile(
      folder.path("whole.h5"), of: "hyper-representation"
    ).contents()
    let number = try #require(run.groups.first?.point.tensors.first?.scalars.first)
    let pattern = withUnsafeBytes(of: number) { Array($0) }
    let place = try #require(
      whole.indices.dropLast(4).first { Array(whole[$0..<$0 + 4]) == pattern })
    var flipped = whole
    flipped[place] ^= 1
    let damaged = try refusal(flipped, "flipped.h5")
    #expect(damaged.exitCode == 65 && damaged.standardError.contains("contentDigest"))
    // One digit of one setting.
    let key = Array("\"iterations\":".utf8)
    let digit =
      try #require(
        whole.indices.dropLast(key.count + 1).first {
          whole[$0..<$0 + key.count].elementsEqual(key)
        })
      + key.count
    var edited = whole
    edited[digit] = edited[digit] == UInt8(ascii: "1") ? UInt8(ascii: "2") : UInt8(ascii: "1")
    let another = try refusal(edited, "edited.h5")
    #expect(another.exitCode == 65 && another.standardError.contains("configurationDigest"))
    let archive = try refusal(whole, "archive.npz")
    #expect(archive.exitCode == 65 && archive.standardError.contains("NumPy archive"))
  }

  @Test("A point of other shapes than its settings ask for is refused, naming both")
  func wrongShapes() throws {
    _ = try learned()
    let data = try HDF5Writer(path: folder.path("X.h5"))
    try data.write([Float](repeating: 0.5, count: 10), shape: [2, 5], to: "inputs")
    try data.finish()
    let result = try refusal(nil, "whole.h5")
    #expect(result.exitCode == 65)
    #expect(result.standardError.contains("[8, 16]") && result.standardError.contains("[5, 16]"))
  }
}
