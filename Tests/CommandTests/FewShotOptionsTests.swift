import Bilevel
import Datasets
import Foundation
import Results
import Tensors
import TestSupport
import Testing

@testable import Experiments
@testable import FewShotLearning
@testable import few_shot

/// What the official few-shot runs do beside the article's table, each as an option, and the baselines.
@Suite("Options and baselines of few-shot", .serialized)
struct FewShotOptionsTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Settings under which a run takes a second.
  static let tiny = [
    "split.train=9", "split.validation=6", "network.filters=4", "task.metaBatch=2",
    "outer.iterations=6", "evaluation.every=2", "evaluation.validationEpisodes=4",
    "evaluation.testEpisodes=6", "data.rotationsAreClasses=true", "task.queries=5",
  ]

  private func run(
    _ arguments: [String], _ keys: [String] = [], output: String = "runs"
  ) throws -> RunRecord {
    let result = try CommandRunner.run(
      "few-shot",
      ["run", "--data", folder.path("data"), "--output", folder.path(output), "--progress", "none"]
        + (Self.tiny + keys).flatMap { ["--set", $0] } + arguments)
    guard result.exitCode == 0 else { throw Unexpected(result.standardError) }
    let names = try FileManager.default.subpathsOfDirectory(atPath: folder.path(output))
    let path = try #require(names.first { $0.hasSuffix(".json") })
    return try RunRecord(readingFrom: "\(folder.path(output))/\(path)")
  }

  private func hasFile(ending: String, in output: String) -> Bool {
    let names = try? FileManager.default.subpathsOfDirectory(atPath: folder.path(output))
    return (names ?? []).contains { $0.hasSuffix(ending) }
  }

  // MARK: - official-code

  @Test("The protocol official-code has all that the official runs do, and others nothing of it")
  func preset() {
    let official = FewShotProtocol.officialCode.settings(.paper)
    #expect(official.head.learnsRate && official.task.supportRecurs)
    #expect(official.network.epsilon == 0.001 && official.data.resampling == .oneBit)
    #expect(official.aggregation.schedule == .officialCode && official.outer.iterations == 50_000)
    #expect(official.inner.stepSize == 0.1 && official.evaluation.patience == 40)
    for preset in FewShotProtocol.allCases where preset != .officialCode {
      let settings = preset.settings(.paper)
      #expect(!settings.head.learnsRate && !settings.task.supportRecurs)
      #expect(settings.network.epsilon == 1e-5 && settings.data.resampling == .area)
    }
  }

  @Test("It runs, and the rate moves; initialisations have none; other estimators refuse it")
  func official() throws {
    try SmallExperiment.makeAlphabets(folder.path("data"))
    for method in ["rhg", "bda", "t-rhg"] {
      let file = folder.path("\(method).h5")
      let record = try run(
        ["--protocol", "official-code", "--method", method, "--save", file], output: method)
      #expect(record.status.kind == .completed)
      let rate = try HDF5File.open(file).read("x/rate", as: Float.self).values[0]
      #expect(rate != 0.1 && abs(rate - 0.1) < 0.1)
    }
    _ = try run(
      ["--protocol", "official-code", "--method", "maml", "--save", folder.path("maml.h5")],
      output: "maml")
    let hasRate = try HDF5File.open(folder.path("maml.h5")).contains("x/rate")
    #expect(!hasRate)
    let refused = try CommandRunner.run(
      "few-shot",
      [
        "run", "--data", folder.path("data"), "--protocol", "official-code", "--method",
        "one-stage",
      ])
    #expect(refused.exitCode == 64 && refused.standardError.contains("head.learnsRate"))
  }

  private func sampler(recurs: Bool, shots: Int, queries: Int) throws -> EpisodeSampler {
    if !FileManager.default.fileExists(atPath: folder.path("data")) {
      try SmallExperiment.makeAlphabets(folder.path("data"))
    }
    let tree = try ImageTree.load(
      folder.path("data/synthetic-alphabets-images"),
      .init(side: 8, channels: 1, inverts: true), remedy: "make it")
    return try EpisodeSampler(
      tree: tree, classes: tree.classes.map(\.name), ways: 5, shots: shots, queries: queries,
      rotationsAreClasses: false, supportRecurs: recurs, seed: 3, purpose: "training")
  }

  @Test("Support images recur as queries as often as two draws from one list meet")
  func recurrence() throws {
    for (shots, queries) in [(1, 5), (4, 6)] {
      let sampler = try sampler(recurs: true, shots: shots, queries: queries)
      var (recurring, all) = (0, 0)
      for index in 0..<200 {
        let selection = sampler.selection(index)
        let support = Set(selection.support.map(\.position))
        #expect(
          support.count == 5 * shots && Set(selection.query.map(\.position)).count == 5 * queries)
        recurring += selection.query.count { support.contains($0.position) }
        all += selection.query.count
      }
      // A query is one of the M support images of 8 with probability M / 8; one deviation of the
      // mean of so many queries is below 0.007.
      #expect(abs(Double(recurring) / Double(all) - Double(shots) / 8) < 0.03)
    }
    // 4 + 6 images of 8 cannot be told apart without recurrence.
    #expect(throws: DatasetError.self) {
      try self.sampler(recurs: false, shots: 4, queries: 6)
    }
    let apart = try sampler(recurs: false, shots: 1, queries: 5)
    for index in 0..<50 {
      let selection = apart.selection(index)
      #expect(
        Set(selection.support.map(\.position)).isDisjoint(with: selection.query.map(\.position)))
    }
  }

  @Test("One-bit images are the nearest pixels, as PIL takes them, and nothing between")
  func oneBit() throws {
    // 105 to 28: PIL takes the old pixels 1, 5, 9, 13, 16, 20, ... (floor of 3.75 i + 1.875).
    let ramp = PNGImage(
      width: 105, height: 1, channels: 1, pixels: (0..<105).map { $0 % 4 == 1 ? 255 : 0 })
    let expected = (0..<28).map { index -> UInt8 in
      Int(3.75 * (Double(index) + 0.5)) % 4 == 1 ? 255 : 0
    }
    #expect(ramp.oneBit(width: 28, height: 1).pixels == expected)
    #expect(expected.contains(0) && expected.contains(255))
    let grey = PNGImage(width: 2, height: 1, channels: 1, pixels: [127, 128])
    #expect(grey.oneBit(width: 4, height: 1).pixels == [0, 0, 255, 255])
    #expect(ramp.resized(width: 28, height: 1).pixels.contains { $0 != 0 && $0 != 255 })
  }

  @Test("Patience ends training after so many validations without a better accuracy")
  func patience() throws {
    try SmallExperiment.makeAlphabets(folder.path("data"))
    // A rate of next to nothing: accuracy never improves after the first validation.
    let record = try run(
      ["--method", "rhg"],
      [
        "outer.iterations=40", "outer.learningRate=1e-12", "evaluation.every=2",
        "evaluation.patience=3",
      ])
    #expect(record.metric(named: "validationAccuracy")?.steps == [2, 4, 6, 8])
    #expect(record.diagnostics["outerIterations"]?.integerValue == 8)
    #expect(record.diagnostics["bestIteration"]?.integerValue == 2)
  }

  // MARK: - Baselines

  @Test(
    "Each baseline runs, cited, with the trials that were asked for",
    arguments: FewShotBaseline.allCases)
  func baseline(_ kind: FewShotBaseline) throws {
    try SmallExperiment.makeAlphabets(folder.path("data"))
    let record = try run(
      ["--method", kind.rawValue, "--save", folder.path("learned.h5")], ["tuning.trials=3"])
    #expect(record.status.kind == .completed)
    let accuracy = try #require(record.final["testAccuracy"])
    #expect(accuracy > 0.15 && accuracy <= 1)
    let tuning = try #require(record.diagnostics["tuning"])
    #expect(tuning["trials"]?.integerValue == 3)
    let setting = try #require(tuning["setting"]?.stringValue)
    #expect(setting == (kind.trains ? "outer.learningRate" : "inner.stepSize"))
    let given = try #require(record.configuration.value(at: setting)?.doubleValue)
    let chosen = try #require(tuning["chosen"]?.integerValue)
    let value = try #require(tuning["value"]?.doubleValue)
    #expect(abs(value / given - [1, 3, 1.0 / 3][chosen]) < 1e-12)
    // One validation a trial where nothing is trained, three of each outer loop otherwise.
    let validations = try #require(record.metric(named: "validationAccuracy"))
    #expect(validations.steps == (kind.trains ? [2, 4, 6, 8, 10, 12, 14, 16, 18] : [0, 1, 2]))
    #expect(record.method.dynamics.provenance.contains("baseline"))
    let list = try CommandRunner.run("few-shot", ["list"])
    #expect(list.standardOutput.contains(kind.rawValue))
  }

  @Test("Trials keep the best of all, and several are a run that stops and continues")
  func trials() throws {
    try SmallExperiment.makeAlphabets(folder.path("data"))
    let single = try run(["--method", "rhg"], output: "single")
    let several = try run(["--method", "rhg"], ["tuning.trials=3"], output: "several")
    let first = try #require(single.metric(named: "validationAccuracy")?.values)
    let all = try #require(several.metric(named: "validationAccuracy")?.values)
    // The first trial is the run without a search; the best of all is what was tested.
    #expect(Array(all.prefix(first.count)) == first)
    let chosen = try #require(several.diagnostics["tuning"]?["chosen"]?.integerValue)
    let best = try #require(all.max())
    #expect(all.firstIndex(of: best).map { $0 / first.count } == chosen)
    #expect(single.diagnostics["tuning"] == nil)
    for kind in ["rhg", "untrained"] {
      let whole = try run(["--method", kind], ["tuning.trials=3"], output: "whole-\(kind)")
      let arguments =
        ["run", "--data", folder.path("data"), "--output", folder.path("cut"), "--method", kind]
        + (Self.tiny + ["tuning.trials=3"]).flatMap { ["--set", $0] }
        + ["--progress", "none", "--checkpoint-seconds", "0"]
      let cut = try stopped(
        by: SIGKILL, once: { hasFile(ending: ".checkpoint", in: "cut") },
        remove: { try? FileManager.default.removeItem(atPath: folder.path("cut")) },
        start: { try CommandRunner.start("few-shot", arguments) })
      #expect(cut.endedBySignal)
      let rest = try CommandRunner.run("few-shot", arguments)
      #expect(rest.standardError.contains("Continuing after"), "\(rest.standardError)")
      let resumed = try run(
        ["--method", kind, "--skip-completed"], ["tuning.trials=3"], output: "cut")
      #expect(resumed.final == whole.final && resumed.metrics == whole.metrics)
      try FileManager.default.removeItem(atPath: folder.path("cut"))
    }
  }
}
