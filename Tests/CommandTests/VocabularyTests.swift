import Bilevel
import Commands
import Experiments
import Foundation
import Results
import Tensors
import TestSupport
import Testing

@testable import FewShotLearning
@testable import LabelCleaning
@testable import RepresentationLearning
@testable import counter_example
@testable import few_shot
@testable import hyper_cleaning
@testable import hyper_representation

/// One vocabulary: what is said on the command line means the same in all four experiments.
@Suite("Options and keys of all experiments")
struct VocabularyTests {
  static let experiments = [
    "counter-example", "hyper-cleaning", "hyper-representation", "few-shot",
  ]

  @Test("The kernels that BDA_BACKEND may name are those that there are")
  func backends() {
    #expect(SuiteEnvironment.backends == KernelBackend.allCases.map(\.rawValue))
  }

  private func dryRun(_ name: String, _ arguments: [String]) throws -> CommandResult {
    try CommandRunner.run(name, ["run", "--dry-run"] + arguments)
  }

  /// The line of a key in the YAML that `--dry-run` prints, from its value on; nil without that key.
  private func line(_ key: String, in yaml: String) -> Substring? {
    let parts = key.split(separator: ".")
    var section = ""
    for line in yaml.split(separator: "\n") {
      if !line.hasPrefix(" ") {
        section = String(line.prefix { $0 != ":" })
      } else if section == parts[0], line.hasPrefix("  \(parts[1]):") {
        return line.dropFirst(parts[1].count + 3)
      }
    }
    return nil
  }

  /// The value of a key in the YAML that `--dry-run` prints; nil where it stands on further lines.
  private func value(_ key: String, in yaml: String) -> String? {
    line(key, in: yaml).flatMap { $0.isEmpty ? nil : String($0.dropFirst()) }
  }

  @Test(
    "Every published number stands where a run of ours can stand beside it", arguments: experiments)
  func published(_ name: String) throws {
    // Methods that articles compare with and the suite does not have.
    let elsewhere: Set = ["bvfim", "g-pbgd"]
    let folder =
      URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().path + "/results/reference"
    let long = Dictionary(
      uniqueKeysWithValues: FewShot.shortNames.map { ($0.value, $0.key) })
    let names = try CommandRunner.run(name, ["list"]).standardOutput.split(separator: "\n")
      .filter { $0.hasPrefix("  ") }.compactMap { $0.split(separator: " ").first.map(String.init) }
    for number in try PublishedFile.load(referenceFolder: folder) where number.experiment == name {
      let cell = "\(number.source.article), \(number.source.cell)"
      #expect(names.contains(number.method) || elsewhere.contains(number.method), "\(cell)")
      for preset in number.protocols {
        try #require(names.contains(preset), "\(cell)")
        let yaml = try dryRun(name, ["--protocol", preset]).standardOutput
        for key in number.variant.keys {
          #expect(line(long[key] ?? key, in: yaml) != nil, "\(cell): \(key)")
        }
      }
    }
  }

  /// The path of a configuration file with such a text, which an experiment must refuse for its second
  /// line, with some words.
  private func refused(
    _ text: String, by name: String, _ words: String, in folder: TemporaryFolder
  ) throws -> String {
    let file = try folder.write(Array(text.utf8), to: "c.yaml")
    let wrong = try dryRun(name, ["--config", file])
    #expect(wrong.exitCode == 65)
    #expect(wrong.standardError.contains("c.yaml, line 2, cannot be used"), "\(wrong)")
    #expect(wrong.standardError.contains(words), "\(wrong)")
    return file
  }

  @Test("A value that makes no sense is the file's where the file has it", arguments: experiments)
  func valueOfFile(_ name: String) throws {
    let folder = try TemporaryFolder()
    let file = try refused("inner:\n  steps: -1\n", by: name, "inner.steps", in: folder)
    #expect(try dryRun(name, ["--config", file, "--set", "inner.steps=3"]).exitCode == 0)
    #expect(try dryRun(name, ["--config", file, "--set", "inner.steps=-2"]).exitCode == 64)
    #expect(try dryRun(name, ["--set", "inner.steps=-1"]).exitCode == 64)
    let dotted = try dryRun(
      name, ["--config", try folder.write(Array("inner.steps: 13\n".utf8), to: "d.yaml")])
    #expect(dotted.exitCode == 65)
    #expect(dotted.standardError.contains(#"write "inner:" and, indented below it, "steps: ...""#))
  }

  @Test("What a float cannot hold is the file's where the file has it", arguments: experiments)
  func largeNumberOfFile(_ name: String) throws {
    let folder = try TemporaryFolder()
    let file = try refused("inner:\n  stepSize: 1e300\n", by: name, "inner.stepSize", in: folder)
    #expect(try dryRun(name, ["--config", file, "--set", "inner.stepSize=0.1"]).exitCode == 0)
    #expect(try dryRun(name, ["--set", "inner.stepSize=1e300"]).exitCode == 64)
  }

  @Test("What does not go together is the file's where it alone says so", arguments: experiments)
  func conflictOfFile(_ name: String) throws {
    let folder = try TemporaryFolder()
    let file = try refused(
      "outer:\n  clippingNorm: 1\n  clippingValue: 1\n", by: name,
      "one of them must be null; correct it there.", in: folder)
    #expect(try dryRun(name, ["--config", file, "--set", "outer.clippingNorm=null"]).exitCode == 0)
    let half = try folder.write(Array("outer:\n  clippingNorm: 1\n".utf8), to: "d.yaml")
    #expect(try dryRun(name, ["--config", half, "--set", "outer.clippingValue=1"]).exitCode == 64)
  }

  @Test("What nothing reads under the other settings is named")
  func readUnderSettings() throws {
    let folder = try TemporaryFolder()
    func ignored(_ more: [String]) throws -> String {
      try CommandRunner.run(
        "counter-example",
        [
          "run", "--method", "rhg", "--start", "0", "--outer-iterations", "2", "--output",
          folder.path, "--set", "outer.momentum=0.2", "--set", "lowerSet.size=3", "--set",
          "outer.finalLearningRate=0.3", "--set", "problem.target=5",
        ] + more
      ).standardError
    }
    let all = try ignored([])
    #expect(
      all.contains(
        "Ignored: lowerSet.size, outer.finalLearningRate, outer.momentum and problem.target"),
      "\(all)")
    let none = try ignored([
      "--outer", "momentum", "--set", "lowerSet.kind=ball", "--set", "outer.decay=cosine", "--set",
      "problem.strongConvexity=0.5",
    ])
    #expect(!none.contains("Ignored"), "\(none)")
  }

  // MARK: - What wins

  @Test("The file is overridden by options, and they by --set", arguments: experiments)
  func order(_ name: String) throws {
    let folder = try TemporaryFolder()
    let file = try folder.write(
      Array("inner:\n  steps: 2\n  stepSize: 0.25\n  momentum: 0.125\n".utf8), to: "c.yaml")
    let result = try dryRun(
      name,
      [
        "--set", "inner.steps=7", "--config", file, "--inner-steps", "3", "--inner-step-size",
        "0.375",
      ])
    #expect(result.exitCode == 0, "\(result.standardError)")
    #expect(value("inner.steps", in: result.standardOutput) == "7")
    #expect(value("inner.stepSize", in: result.standardOutput) == "0.375")
    #expect(value("inner.momentum", in: result.standardOutput) == "0.125")
    let option = try dryRun(name, ["--config", file, "--inner-steps", "3"])
    #expect(value("inner.steps", in: option.standardOutput) == "3")
    let last = try dryRun(name, ["--set", "inner.steps=7", "--set", "inner.steps=8"])
    #expect(value("inner.steps", in: last.standardOutput) == "8")
  }

  static let oddNames = ["x #2", "null", "~", "a: b", "[a]", "*x", "7"]

  @Test(
    "A data set is taken as typed, whatever YAML would make of it",
    arguments: experiments.dropFirst(), oddNames)
  func datasets(_ name: String, _ dataset: String) throws {
    let folder = try TemporaryFolder()
    let arguments =
      ["--dataset", dataset]
      + (name == "hyper-representation" ? ["--protocol", "few-labels"] : [])
    let result = try CommandRunner.run(
      name,
      ["run", "--method", "rhg", "--data", folder.path, "--output", folder.path("runs")]
        + arguments)
    #expect(result.exitCode == 66, "\(result.standardError)")
    let file = name == "few-shot" ? "\(dataset)-images" : "\(dataset)-train.h5"
    #expect(result.standardError.contains("\(folder.path)/\(file)"), "\(result.standardError)")
    // What is printed reads back as the same.
    let printed = try dryRun(name, arguments)
    let copy = try folder.write(Array(printed.standardOutput.utf8), to: "copy.yaml")
    let again = try dryRun(name, ["--config", copy])
    #expect(again.standardOutput == printed.standardOutput, "\(again.standardError)")
  }

  // MARK: - What is refused

  @Test("Unknown keys are errors, with the nearest known one", arguments: experiments)
  func unknown(_ name: String) throws {
    let option = try dryRun(name, ["--set", "inner.stpes=3"])
    #expect(option.exitCode == 64)
    #expect(option.standardError.contains("inner.stpes"), "\(option.standardError)")
    #expect(option.standardError.contains("steps"), "\(option.standardError)")
    let folder = try TemporaryFolder()
    for text in ["inner:\n  stpes: 3\n", "iner:\n  steps: 3\n"] {
      let path = try folder.write(Array(text.utf8), to: "c.yaml")
      let file = try dryRun(name, ["--config", path])
      #expect(file.exitCode == 65, "\(file.standardError)")
      #expect(file.standardError.contains(path) && file.standardError.contains("st"))
    }
    // Names of the past are unknown, too.
    for key in ["upper.iterations=3", "details.lowerSet=box", "others.oneStageRadius=0.1"] {
      #expect(try dryRun(name, ["--set", key]).exitCode == 64, "\(key)")
    }
  }

  @Test("Keys that nothing reads are named as ignored, others are not", arguments: experiments)
  func ignored(_ name: String) throws {
    let folder = try TemporaryFolder()
    try SmallExperiment.makeAlphabets(folder.path("data"))
    func warning(_ arguments: [String]) throws -> String {
      let result = try CommandRunner.run(
        name,
        ["run", "--quiet", "--data", folder.path("data"), "--output", folder.path("runs")]
          + ["--outer-iterations", "1", "--inner-steps", "2"]
          + (name == "few-shot"
            ? [
              "--set", "split.train=9", "--set", "split.validation=6", "--set",
              "evaluation.testEpisodes=2", "--set", "evaluation.validationEpisodes=2",
              "--set", "network.filters=2",
            ] : []) + arguments)
      // Without the image files of hyper-cleaning, the warning comes before the refusal.
      #expect(result.exitCode == (name == "hyper-cleaning" ? 66 : 0), "\(result.standardError)")
      return result.standardError
    }
    let settings = ["--set", "aggregation.alpha=0.3125", "--set", "penalty.weight=3"]
    let both = try warning(["--method", "rhg"] + settings)
    #expect(both.contains("Ignored: aggregation.alpha and penalty.weight"), "\(both)")
    let one = try warning(["--method", "bda"] + settings)
    #expect(one.contains("Ignored: penalty.weight"), "\(one)")
    #expect(!one.contains("aggregation.alpha"), "\(one)")
    let read = try warning(["--method", "bda", "--method", "rhg", "--alpha", "0.3125"])
    #expect(!read.contains("Ignored"), "\(read)")
  }

  @Test(
    "An option that takes one value is refused when it is given twice", arguments: experiments)
  func repeated(_ name: String) throws {
    for option in [
      ["--alpha", "0.3"], ["--protocol", "icml2020"], ["--inner-step-size", "0.1"],
      ["--outer-iterations", "3"], ["--output", "x"], ["--scalar", "float"],
    ] {
      let result = try dryRun(name, option + option)
      #expect(result.exitCode == 64, "\(option)")
      #expect(
        result.standardError.contains("The option \(option[0]) is given twice"),
        "\(result.standardError)")
    }
    #expect(try dryRun(name, ["--method", "rhg", "--method", "bda"]).exitCode == 0)
  }

  // MARK: - Ranges

  /// A key whose values are whole numbers, and the largest that it takes.
  struct WholeKey: Sendable {
    let name: String
    let largest: Int
    let isList: Bool
  }

  private static func keys<Own: OwnSettings>(_ type: Own.Type) -> [(name: String, wanted: String)] {
    RunSettings<Own>.keys.map { ($0.name, $0.wanted) }
  }

  /// Every key of an experiment with what it must be.
  static let allKeys: [String: [(name: String, wanted: String)]] = [
    "counter-example": keys(CounterExampleSettings.self),
    "hyper-cleaning": keys(CleaningSettings.self),
    "hyper-representation": keys(RepresentationSettings.self),
    "few-shot": keys(FewShotSettings.self),
  ]

  static func wholeKeys(_ name: String) -> [WholeKey] {
    (allKeys[name] ?? []).compactMap { key, wanted in
      guard
        let match = wanted.firstMatch(
          of: /(list of .*|whole number) ?from \d+ to (\d+)/.ignoresCase()),
        let largest = Int(match.2)
      else { return nil }
      return WholeKey(name: key, largest: largest, isList: match.1.hasPrefix("list"))
    }
  }

  @Test(
    "Huge and negative numbers in whole-number keys: exit 64 with the range", arguments: experiments
  )
  func ranges(_ name: String) throws {
    let keys = Self.wholeKeys(name)
    #expect(keys.count >= 9, "\(keys)")
    for key in keys {
      let numbers = ["\(Int.max)"] + (key.name == "inner.steps" ? ["\(Int.min)"] : [])
      for number in numbers where number != "\(key.largest)" {
        let result = try dryRun(
          name, ["--set", "\(key.name)=\(key.isList ? "[\(number)]" : number)"])
        #expect(
          result.exitCode == 64 && !result.endedBySignal, "\(key.name): \(result.standardError)")
        #expect(
          result.standardError.contains("The setting \(key.name) is ")
            && result.standardError.contains("to \(key.largest)"),
          "\(key.name)=\(number): \(result.standardError)")
      }
    }
    // Beyond what an integer holds, and what is none.
    for text in ["9223372036854775808", "1e30", "2.5", "many", "[]"] {
      let result = try dryRun(name, ["--set", "inner.steps=\(text)"])
      #expect(result.exitCode == 64 && !result.endedBySignal, "\(text): \(result.standardError)")
      #expect(result.standardError.contains("inner.steps"), "\(text): \(result.standardError)")
    }
  }

  @Test("Huge numbers in whole-number options are refused by their keys", arguments: experiments)
  func options(_ name: String) throws {
    let own: [String: [(String, String)]] = [
      "counter-example": [("--dimension", "problem.dimension")],
      "few-shot": [
        ("--ways", "task.ways"), ("--shots", "task.shots"), ("--meta-batch", "task.metaBatch"),
      ],
    ]
    let common = [
      ("--inner-steps", "inner.steps"), ("--outer-iterations", "outer.iterations"),
      ("--history", "truncation.history"), ("--solver-steps", "solver.steps"),
      ("--trajectory-megabytes", "trajectory.megabytes"),
      ("--tangents-per-block", "trajectory.tangentsPerBlock"),
    ]
    for (option, key) in common + (own[name] ?? []) {
      for number in [Int.max, -1] {
        let result = try dryRun(name, [option, "\(number)"])
        #expect(result.exitCode == 64, "\(option): \(result.standardError)")
        #expect(
          result.standardError.contains("The setting \(key) is \(number) but must be"),
          "\(option): \(result.standardError)")
      }
    }
  }

  // MARK: - What is listed

  @Test("list --settings prints every key with its default and range", arguments: experiments)
  func settings(_ name: String) throws {
    let result = try CommandRunner.run(name, ["list", "--settings"])
    #expect(result.exitCode == 0)
    let lines = result.standardOutput.split(separator: "\n").map(String.init)
    let printed = lines.filter { !$0.hasPrefix(" ") }.compactMap {
      $0.firstRange(of: " = ").map { [line = $0] in String(line[..<$0.lowerBound]) }
    }
    let keys = try #require(Self.allKeys[name])
    #expect(printed == keys.map(\.name))
    #expect(keys.count > 40)
    for key in keys { #expect(result.standardOutput.contains(key.wanted), "\(key.name)") }
    // Each is one that --set takes: with its own default, nothing changes.
    let usual = try dryRun(name, ["--budget", "paper"])
    let defaults = lines.filter { !$0.hasPrefix(" ") }.flatMap { line in
      ["--set", line.replacing(" = ", with: "=", maxReplacements: 1)]
    }
    let same = try dryRun(name, ["--budget", "paper"] + defaults)
    #expect(same.standardOutput == usual.standardOutput, "\(same.standardError)")
  }

  @Test(
    "Every executable says the suite's version",
    arguments: experiments + ["datasets", "report"])
  func version(_ name: String) throws {
    let result = try CommandRunner.run(name, ["--version"])
    #expect(result.exitCode == 0)
    // What it was built with may follow.
    let word = result.standardOutput.split(whereSeparator: \.isWhitespace).first
    #expect(word.map { String($0) } == suiteVersion, "\(result.standardOutput)")
  }

  @Test(
    "Help names subcommands, options in the same words, and exit codes", arguments: experiments)
  func help(_ name: String) throws {
    func text(_ arguments: [String]) throws -> String {
      let result = try CommandRunner.run(name, arguments + ["--help"])
      #expect(result.exitCode == 0 && result.standardError.isEmpty)
      // Help is wrapped to the terminal's width.
      return result.standardOutput.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }
    let root = try text([])
    for words in [
      "OVERVIEW:", "Exit codes:", "66 data", "130 interrupted", "run (default)", "list",
    ] {
      #expect(root.contains(words), "\(words)")
    }
    let run = try text(["run"])
    for words in [
      "--seed", "--method", "--config", "--set", "--fresh", "--skip-completed", "--dry-run",
      "--checkpoint-seconds", "--inner-steps", "--outer-iterations", "the last one wins",
      "list --settings",
    ] {
      #expect(run.contains(words), "\(words)")
    }
    #expect(try text(["list"]).contains("--settings"))
    guard name != "counter-example" else { return }
    let hypergradient = try text(["hypergradient"])
    for words in ["--inputs", "--output", "--scalar", "Input:", "Output:", "status"] {
      #expect(hypergradient.contains(words), "\(words)")
    }
  }
}
