import Foundation
import Results
import TestSupport
import Testing

@Suite("hyper-cleaning run and list")
struct HyperCleaningCommandTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try folder.writeDigits()
  }

  private let small = [
    "--set", "data.train=60", "--set", "data.validation=60", "--set", "data.test=60",
    "--inner-steps", "5", "--outer-iterations", "3", "--seed", "1", "--progress", "plain",
  ]

  private func run(_ arguments: [String]) throws -> CommandResult {
    try CommandRunner.run(
      "hyper-cleaning", arguments,
      environment: ["BDA_DATA_DIR": folder.path("")], timeout: 120)
  }

  /// The only record of a method.
  private func record(_ method: String) throws -> RunRecord {
    let records = try RecordStore.load(folder.path("runs")).map(\.record)
      .filter { $0.method.name == method }
    try #require(records.count == 1, "\(records.map(\.relativePath))")
    return records[0]
  }

  @Test func everyStandardMethodLeavesARecord() throws {
    let result = try run(
      small + ["--output", folder.path("runs"), "--set", "reduced.train=8"])
    #expect(result.exitCode == 0, "\(result.standardError)")
    #expect(result.standardError.contains("seed: 1"))
    #expect(!result.standardError.contains("\u{1B}"), "Escapes where there is no terminal.")
    for method in ["no-cleaning", "rhg", "t-rhg", "cg", "neumann", "one-stage", "bda", "oracle"] {
      let record = try record(method)
      #expect(record.variant == Self.variant(of: method), "\(method)")
      #expect(record.status.kind == .completed && record.isSynthetic)
      let accuracy = try #require(record.final["testAccuracy"])
      #expect((0...1).contains(accuracy))
      #expect(record.final["corruptionRate"] == 0.5)
      #expect(record.timing.peakResidentBytes ?? 0 > 0)
    }
    #expect(try record("fhg").variant["problem"] == "reduced")
    let oracle = try record("oracle")
    #expect(oracle.final["detectionAUC"] == 1)
  }

  /// What sets the run apart from the preset; baselines have no upper level.
  private static func variant(of method: String) -> [String: Value] {
    var variant: [String: Value] = [
      "data.test": 60, "data.train": 60, "data.validation": 60, "innerSteps": 5,
    ]
    if !["no-cleaning", "oracle"].contains(method) { variant["outer.iterations"] = 3 }
    return variant
  }

  @Test func theSameSeedGivesTheSameNumbersWhateverTheThreads() throws {
    var finals: [[String: Double]] = []
    for threads in ["1", "2"] {
      let output = folder.path("threads\(threads)")
      let result = try run(
        small + ["--method", "bda", "--threads", threads, "--output", output])
      #expect(result.exitCode == 0, "\(result.standardError)")
      let path = try #require(
        FileManager.default.enumerator(atPath: output)?.compactMap { $0 as? String }
          .first { $0.hasSuffix(".json") })
      finals.append(try RunRecord(readingFrom: "\(output)/\(path)").final)
    }
    #expect(finals[0] == finals[1])
  }

  @Test func reducedProblemMakesForwardAndReverseComparable() throws {
    let result = try run(
      small + [
        "--method", "rhg", "--method", "fhg", "--reduced", "--set", "reduced.train=8",
        "--scalar", "double", "--output", folder.path("runs"),
      ])
    #expect(result.exitCode == 0, "\(result.standardError)")
    let paths = try FileManager.default.subpathsOfDirectory(atPath: folder.path("runs"))
      .filter { $0.hasSuffix(".json") }
    #expect(paths.count == 2)
    let values = try paths.map {
      try RunRecord(readingFrom: folder.path("runs/\($0)")).final["upperObjective"] ?? .nan
    }
    #expect(abs(values[0] - values[1]) < 1e-12)
  }

  @Test func networksWithHiddenLayersRun() throws {
    let result = try run(
      small + [
        "--protocol", "official-code", "--method", "rhg", "--method", "bda", "--output",
        folder.path("runs"),
      ])
    #expect(result.exitCode == 0, "\(result.standardError)")
  }

  @Test(arguments: [
    (["--method", "bdaa"], "did you mean \"bda\"?"),
    (["--protocol", "icml"], "There is no protocol \"icml\""),
    (["--inner-steps", "0"], "The setting inner.steps is 0 but must be a whole number from 1"),
    (["--inner-step-size", "nan"], "must be a positive finite number"),
    (["--inner-step-size=-1"], "must be a positive finite number"),
    (["--alpha", "1.5"], "aggregation.alpha is 1.5 but must be between 0 and 1"),
    (["--schedule", "cubic"], "cubic"),
    (["--dynamics", "gradient-descent"], "give both"),
    (
      ["--dynamics", "gradient-descent", "--hypergradient", "reverse", "--method", "bda"],
      "give one or the other"
    ),
    (["--dynamics", "proximal-gradient", "--hypergradient", "conjugate-gradient"], "proximal"),
    (["--set", "data.trian=3"], "data.trian"),
  ])
  func wrongOptionsAreUsageErrors(arguments: [String], sentence: String) throws {
    let result = try run(arguments + ["--output", folder.path("runs")])
    #expect(result.exitCode == 64, "\(arguments): \(result.standardError)")
    #expect(result.standardError.contains(sentence), "\(result.standardError)")
    #expect(!FileManager.default.fileExists(atPath: folder.path("runs")))
  }

  @Test func missingAndTooSmallDataHaveTheirOwnExitCodes() throws {
    let absent = try run(["--dataset", "nowhere", "--method", "rhg"])
    #expect(absent.exitCode == 66, "\(absent.standardError)")
    #expect(absent.standardError.contains("nowhere-train.h5 does not exist"))
    let small = try run(["--set", "data.train=5000", "--method", "rhg"])
    #expect(small.exitCode == 65)
    #expect(small.standardError.contains("which has 300"))
  }

  @Test func divergenceIsRecordedAndHasItsExitCode() throws {
    let result = try run(
      small + ["--method", "rhg", "--inner-step-size", "1e38", "--output", folder.path("runs")])
    #expect(result.exitCode == 3, "\(result.standardError)")
    #expect(result.standardError.contains("was not finite"))
    #expect(result.standardOutput.contains("nonFinite"))
    let large = try run(
      small + ["--method", "rhg", "--inner-step-size", "1e8", "--output", folder.path("large")])
    #expect(large.exitCode == 3 && large.standardError.contains("what guessing"))
  }

  @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
  func interruptionLeavesARecordThatSaysSo(signal: Int32) throws {
    let command = try CommandRunner.start(
      "hyper-cleaning",
      // Outer iterations without end instead of the three of the others.
      small.map { $0 == "3" ? "1000000" : $0 } + [
        "--method", "rhg", "--output", folder.path("runs"), "--set", "evaluation.every=1000",
      ],
      environment: ["BDA_DATA_DIR": folder.path("")])
    let deadline = Date().addingTimeInterval(30)
    while !command.standardErrorSoFar.contains("seed: 1"), Date() < deadline { usleep(20_000) }
    usleep(500_000)
    command.send(signal: signal)
    let result = try command.wait()
    #expect(result.exitCode == 128 + signal, "\(result.standardError)")
    let path = try #require(
      try FileManager.default.subpathsOfDirectory(atPath: folder.path("runs"))
        .first { $0.hasSuffix(".json") })
    let record = try RunRecord(readingFrom: folder.path("runs/\(path)"))
    #expect(record.status.kind == .interrupted)
  }

  @Test("Training without an outer loop stops where somebody asks, too")
  func interruptedBaseline() throws {
    let command = try CommandRunner.start(
      "hyper-cleaning",
      small + [
        "--method", "no-cleaning", "--set", "inner.steps=10000000", "--output",
        folder.path("runs"),
      ],
      environment: ["BDA_DATA_DIR": folder.path("")])
    usleep(2_500_000)
    command.send(signal: SIGINT)
    let result = try command.wait()
    #expect(result.exitCode == 130, "\(result.standardError)")
    #expect(try record("no-cleaning").status.kind == .interrupted)
  }

  @Test("Weights that are x itself start where they may lie")
  func startOfIdentityWeights() throws {
    for (start, code) in [(5.0, Int32(64)), (-0.1, 64), (1, 0)] {
      let result = try run(
        small + [
          "--method", "no-cleaning", "--set", "weights.weighting=identity", "--set",
          "weights.start=\(start)", "--output", folder.path("runs"),
        ])
      #expect(result.exitCode == code, "\(result.standardError)")
      if code != 0 { #expect(result.standardError.contains("must be a number from 0 to 1 where")) }
    }
  }

  @Test func completedRunsAreSkippedOnRequest() throws {
    let arguments = small + ["--method", "rhg", "--output", folder.path("runs")]
    #expect(try run(arguments).exitCode == 0)
    let again = try run(arguments + ["--skip-completed", "--seed", "2"])
    #expect(again.exitCode == 0 && again.standardError.contains("Skipped"))
    #expect(again.standardOutput.split(separator: "\n").count == 2, "a header and seed 2 alone")
    // What a process killed between the record's name and its end has left goes.
    let record = try #require(
      try FileManager.default.subpathsOfDirectory(atPath: folder.path("runs"))
        .first { $0.contains("seed1") && $0.hasSuffix(".json") })
    let path = folder.path("runs/\(record)")
    for left in [CheckpointPlace.path(for: path), RunLock.path(for: path)] {
      try "old".write(toFile: left, atomically: true, encoding: .utf8)
      try FileManager.default.setAttributes(
        [.modificationDate: Date(timeIntervalSinceNow: -3_600)], ofItemAtPath: left)
      #expect(try run(arguments + ["--skip-completed"]).standardError.contains("Skipped"))
      #expect(!FileManager.default.fileExists(atPath: left))
    }
    // That of a repetition which somebody has begun since then stays.
    let later = CheckpointPlace.path(for: path)
    try "later".write(toFile: later, atomically: true, encoding: .utf8)
    #expect(try run(arguments + ["--skip-completed"]).standardError.contains("Skipped"))
    #expect(FileManager.default.fileExists(atPath: later))
    try FileManager.default.removeItem(atPath: later)
    let other = try run(arguments + ["--skip-completed", "--inner-step-size", "0.01"])
    #expect(!other.standardError.contains("Skipped"))
  }

  @Test func configurationFilesOverrideAndDryRunShowsThem() throws {
    try "inner:\n  steps: 7\n".write(
      toFile: folder.path("c.yaml"), atomically: true, encoding: .utf8)
    let result = try run(["--config", folder.path("c.yaml"), "--dry-run"])
    #expect(result.exitCode == 0 && result.standardOutput.contains("steps: 7"))
    try "inner:\n  stpes: 7\n".write(
      toFile: folder.path("d.yaml"), atomically: true, encoding: .utf8)
    let wrong = try run(["--config", folder.path("d.yaml"), "--dry-run"])
    #expect(wrong.exitCode == 65 && wrong.standardError.contains("steps"))
  }

  @Test func listNamesEverythingWithItsSource() throws {
    let result = try run(["list"])
    #expect(result.exitCode == 0)
    for text in [
      "icml2020", "official-code", "franceschi2017", "shaban2019", "iaptt2021", "rhg", "t-rhg",
      "fhg", "bda", "harmonic", "geometric", "constant", "BREAKS the theory", "arXiv 2006.04045",
    ] {
      #expect(result.standardOutput.contains(text), "list lacks \(text)")
    }
  }
}
