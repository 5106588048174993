import Files
import Foundation
import Results
import TestSupport
import Testing

@testable import Experiments

@Suite("Sweep files")
struct SweepGridTests {
  private func cells(_ text: String) throws -> [SweepCell] {
    try SweepFile.grid(of: text, source: "s.yaml").cells()
  }

  private func sentence(_ text: String) -> String {
    do {
      _ = try cells(text)
      return "nothing was wrong"
    } catch { return "\(error)" }
  }

  private static let small = """
    grid:
      experiment: hyper-cleaning
      method: [rhg, bda]
      inner.steps: [50, 100]
      seed: 0...1

    """

  @Test("The cells are all combinations, the last axis running fastest")
  func combinations() throws {
    let cells = try cells(Self.small)
    #expect(cells.count == 8)
    #expect(cells[0].label == "hyper-cleaning rhg inner.steps=50 seed=0")
    #expect(cells[1].label == "hyper-cleaning rhg inner.steps=50 seed=1")
    #expect(cells[7].label == "hyper-cleaning bda inner.steps=100 seed=1")
    #expect(Set(cells.map(\.fileName)).count == 8)
  }

  @Test("An include takes the axes that it does not name from the grid; twice is once")
  func includes() throws {
    let cells = try cells(
      Self.small + "include:\n  - {inner.steps: 100, seed: [1, 2]}\n  - {method: cg, seed: 0}\n")
    // 8 of the grid, 2 methods at seed 2, cg at two K.
    #expect(cells.count == 8 + 2 + 2)
    #expect(cells.contains { $0.label == "hyper-cleaning bda inner.steps=100 seed=2" })
    #expect(cells.contains { $0.label == "hyper-cleaning cg inner.steps=50 seed=0" })
  }

  @Test("Cells that an adjustment makes equal are one")
  func adjustedAlike() throws {
    let cells = try cells(
      Self.small + "adjust:\n  - {when: {inner.steps: 100}, set: {inner.steps: 50}}\n")
    #expect(cells.count == 4)
    #expect(Set(cells.map(\.label)).count == 4)
  }

  @Test("Cells that are the same are counted, and the first two are named")
  func repeats() throws {
    func note(_ more: String) throws -> String? {
      try SweepFile.grid(of: Self.small + more, source: "s.yaml").expansion().note
    }
    #expect(try note("") == nil)
    #expect(
      try note("adjust:\n  - {when: {inner.steps: 100}, set: {inner.steps: 50}}\n")
        == "The sweep s.yaml has 4 cells that are the same as another one, and runs each once; the "
        + "first is hyper-cleaning rhg inner.steps=100 seed=0, which its key \"adjust\" makes equal "
        + "to hyper-cleaning rhg inner.steps=50 seed=0.")
    let include = "include:\n  - {method: rhg, inner.steps: 100, seed: [1, 2]}\n"
    #expect(
      try note(include)
        == "The sweep s.yaml has 1 cell that is the same as another one, and runs each once; the "
        + "first is hyper-cleaning rhg inner.steps=100 seed=1, which it names twice.")
    #expect(try note(include + "exclude:\n  - {method: rhg, seed: 1}\n") == nil)
  }

  @Test("Cells are the same in whatever order their axes are named")
  func orders() throws {
    let (cells, note) = try SweepFile.grid(
      of: "grid: {experiment: a, method: [rhg, bda]}\ninclude:\n  - {inner.steps: 8, x.y: 0.25}\n"
        + "  - {x.y: 0.25, inner.steps: 8}\n", source: "s.yaml"
    ).expansion()
    #expect(cells.count == 4)
    #expect(note?.contains("has 2 cells that are the same") == true, "\(note ?? "nothing")")
    #expect(note?.hasSuffix("a rhg x.y=0.25 inner.steps=8, which it names twice.") == true)
  }

  @Test("An exclusion takes every cell that matches all of its keys, included ones as well")
  func excludes() throws {
    let text =
      Self.small + """
        include:
          - {inner.steps: 100, seed: 2}
        exclude:
          - {method: rhg, inner.steps: [100, 200]}
        """
    let cells = try cells(text)
    #expect(cells.count == 8 - 2 + 1)
    #expect(
      !cells.contains { $0["method"] == "rhg" && $0["inner.steps"] == .integer(100) })
  }

  @Test("An adjustment sets what the matching cells are told, after all else")
  func adjustments() throws {
    let cells = try cells(
      Self.small
        + "adjust:\n  - {when: {method: bda}, set: {aggregation.alpha: 0.3, inner.steps: 7}}\n")
    #expect(cells[0]["aggregation.alpha"] == nil)
    // Of the four cells of BDA, two at either K, those at K = 7 are left.
    #expect(cells.count == 6)
    #expect(cells.last?.label == "hyper-cleaning bda inner.steps=7 seed=1 aggregation.alpha=0.3")
  }

  @Test("Names stay the texts that were written; settings keep their kind; lists can be values")
  func kinds() throws {
    let cells = try cells(
      """
      grid:
        experiment: few-shot
        method: no
        data.name: [mnist, "x #2"]
        network.hidden: [[300], [100, 10]]
        outer.learningRate: 1e-3
        truncation.history: null
        seed: 18446744073709551615
      """)
    #expect(cells.count == 4)
    #expect(
      cells[3].arguments == [
        "--method", "no", "--set", "data.name=\"x #2\"", "--set", "network.hidden=[100,10]",
        "--set", "outer.learningRate=0.001", "--set", "truncation.history=null", "--seed",
        "18446744073709551615",
      ])
  }

  @Test(
    "What is wrong is one sentence that names file, line and key",
    arguments: [
      ("", "The sweep s.yaml is empty"),
      ("grid: [1", "The sweep s.yaml is not valid YAML at line"),
      ("gird: {}", "line 1, has the unknown key \"gird\"; valid keys are grid, include"),
      ("exclude: [{method: rhg}]", "lacks the key \"grid\""),
      ("grid: {method: rhg}", "lacks the key \"experiment\""),
      ("grid: {experiment: a, methd: rhg}", "unknown key \"methd\" under \"grid\"; did you mean"),
      ("grid: {experiment: a, K: 5}", "K is the key inner.steps."),
      ("grid: {experiment: a, dataset: mnist}", "the data set is the key data.name."),
      ("grid: {experiment: a, inner.: 5}", "unknown key \"inner.\""),
      ("grid: {experiment: a, seed: -1}", "gives -1 for the key \"seed\", which wants seeds"),
      ("grid: {experiment: a, seed: 3...1}", "for the key \"seed\""),
      ("grid: {experiment: a, seed: 0...100000}", "or 0...4, at most 10,000 in one range."),
      ("grid: {experiment: a, seed: []}", "gives no value for the key \"seed\""),
      ("grid: {experiment: a, seed: [0, 0...2]}", "gives the value 0 for the key \"seed\" twice"),
      ("grid:\n  experiment: a\n\n  inner.steps: [16, 16]", "line 4, gives the value 16 for"),
      ("grid:\n  experiment: a\n  method:\n    - b\n    - b", "line 5, gives the value"),
      ("grid: {experiment: a, inner: {steps: 5}}", "unknown key \"inner\""),
      ("grid: {experiment: a, inner.steps: {a: 5}}", "gives named values for the key"),
      ("grid: {experiment: a, inner.steps: 0x10}", "write the number in decimal digits"),
      ("grid: {experiment: a, inner.steps: 010}", "makes it an octal number in YAML"),
      ("grid: {experiment: a, seed: [0, 012]}", "makes it an octal number in YAML"),
      ("grid: {experiment: a, method: }", "for the key \"method\", which wants a name"),
      ("grid: {experiment: a, method: [rhg, {x: 1}]}", "gives named values"),
      ("grid: {experiment: a}\nexclude: {method: rhg}", "wants a list under the key \"exclude\""),
      (
        "grid: {experiment: a, method: rhg}\nexclude:\n  - {method: bda}",
        "line 3, has an entry {method: bda} under the key \"exclude\" that matches no cell: no cell"
      ),
      (
        "grid: {experiment: a}\nexclude:\n  - {outer.optimizer: adam}",
        "the key \"outer.optimizer\" is no axis of the grid"
      ),
      ("grid: {experiment: a}\nexclude: [{experiment: a}]", "has no cells"),
      ("grid: {experiment: a}\nadjust: [{set: {x.y: 1}}]", "wants the keys \"when\" and \"set\""),
      (
        "grid: {experiment: a}\nadjust: [{when: {experiment: a}, set: {x.y: [1, 2]}}]",
        "gives several values for the key \"x.y\""
      ),
      ("grid: {experiment: a, seed: 0...9999, x.y: [1,2,3,4,5,6,7,8,9,10,11]}", "more than 100000"),
    ])
  func sentences(text: String, expected: String) {
    let sentence = sentence(text)
    #expect(sentence.contains(expected), "\(sentence)")
    #expect(
      sentence.hasPrefix("The sweep s.yaml") && sentence.last.map { ".?)".contains($0) } == true)
    #expect(!sentence.contains("\n"))
  }

  @Test("A file that is absent, a folder, or no text is said")
  func files() throws {
    let folder = try TemporaryFolder()
    for (path, expected) in [
      (folder.path("absent.yaml"), "does not exist"), (folder.path, "is a folder"),
      (try folder.write([0xFF, 0xFE, 0x00], to: "bytes.yaml"), "is not UTF-8"),
      (
        try folder.write([UInt8](repeating: 0x20, count: (16 << 20) + 1), to: "large.yaml"),
        "has more than the 16 MB"
      ),
    ] {
      #expect {
        try SweepFile.read(path)
      } throws: { "\($0)".contains(expected) && "\($0)".contains(path) }
    }
  }

  @Test("Ten thousand seeds can be written as one range, as the sentence says")
  func seeds() throws {
    #expect(try cells("grid: {experiment: a, seed: 0...9999}").count == 10_000)
    #expect(sentence("grid: {experiment: a, seed: 0...10000}").contains("at most 10,000"))
  }

  @Test("Shards divide the cells: every one is in exactly one of them")
  func shards() throws {
    let parts = try (1...3).map { try #require(Shard(argument: "\($0)/3")) }
    for number in 0..<20 { #expect(parts.count { $0.holds(number) } == 1) }
    #expect(parts[1].holds(1) && !parts[1].holds(0))
    for wrong in ["0/3", "4/3", "1", "1/", "/3", "a/b", "1/3/5", "-1/3", "1/0"] {
      #expect(Shard(argument: wrong) == nil, "\(wrong)")
    }
  }

  @Test("Every sweep of the suite can be read, and has the cells it says")
  func suite() throws {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../experiments/sweeps").standardizedFileURL
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      .filter { $0.hasSuffix(".yaml") }
    #expect(names.count >= 6)
    for name in names {
      let cells = try SweepFile.read(folder.appendingPathComponent(name).path).cells()
      #expect(cells.allSatisfy { !$0.experiment.isEmpty && $0["seed"] != nil }, "\(name)")
    }
    let main = try SweepFile.read(folder.appendingPathComponent("hyper-cleaning-main.yaml").path)
    // Five K, three seeds and two more at one K, ten methods.
    #expect(try main.cells().count == (5 * 3 + 2) * 10)
  }
}

@Suite("Failures of a sweep")
struct SweepFailureTests {
  private func status(_ codes: [Int32]) -> Int32 {
    SweepFailure.exitStatus(codes.map { SweepFailure(code: $0, sentence: "", log: nil) }).rawValue
  }

  @Test("The exit code is that of the cells where it is one and documented, else 1")
  func codes() {
    #expect(status([]) == 0)
    #expect(status([66, 66]) == 66)
    #expect(status([3]) == 3)
    #expect(status([3, 66]) == 1)
    #expect(status([137]) == 1)
  }

  @Test("The sentence of a failure is the last error in its log, else the last line")
  func sentences() throws {
    let folder = try TemporaryFolder()
    let log = try folder.write(Array("note\nerror: It broke.\nseed: 3\n".utf8), to: "a.log")
    #expect(SweepFailure.lastSentence(ofLog: log) == "It broke.")
    let other = try folder.write(Array("note\nTrapped.\n".utf8), to: "b.log")
    #expect(SweepFailure.lastSentence(ofLog: other) == "Trapped.")
    #expect(SweepFailure.lastSentence(ofLog: folder.path("none")) == "It left no log.")
    // What an earlier attempt said is not why this one failed.
    let length = SweepFailure.length(ofLog: log)
    #expect(SweepFailure.lastSentence(ofLog: log, after: length) == "It said nothing.")
    #expect(SweepFailure.lastSentence(ofLog: log, after: length - 8) == "seed: 3")
  }
}

@Suite("Words of a shell")
struct ShellWordsTests {
  @Test("Words are quoted where a shell would read something else, and survive it")
  func survives() throws {
    let words = [
      "run", "o p", "it's", "", "a=$HOME", "[1,2]", "~", "#", "two\nlines", "a\\b", "é",
    ]
    let text = ShellWords.text(["printf", "%s|"] + words)
    #expect(text.hasPrefix("printf '%s|' run 'o p' 'it'\\''s' '' "))
    let printed = try CapturedOutput(of: "/bin/sh", ["-c", text])
    #expect(printed.text == words.map { $0 + "|" }.joined())
  }
}

@Suite("Scripts for Slurm")
struct SlurmScriptTests {
  private func script(logs: String, partition: String? = nil) -> SlurmScript {
    SlurmScript(
      name: "small", cells: [0, 1], tasksAtATime: nil, minutes: 7, megabytes: 100, processors: 1,
      partition: partition, secondsOfWarning: 120, requeues: 1, folder: "/here",
      sweep: "/bin/sweep", report: "/bin/report", scontrol: nil, file: "/here/sweep.yaml",
      options: [], logs: logs, output: "/here/runs")
  }

  @Test("Folder and partition are quoted for Slurm, and a percent sign stays one")
  func directives() throws {
    let script = self.script(logs: "/a b/100 %j/it's #1", partition: "all nodes")
    let lines = try (script.array() + script.tables()).split(separator: "\n")
    for line in [
      "#SBATCH --output=\"/a b/100 %%j/it's #1/%A_%a.out\"",
      "#SBATCH --output=\"/a b/100 %%j/it's #1/tables.out\"",
    ] { #expect(lines.contains { $0 == line }, "\(lines)") }
    #expect(lines.count { $0 == "#SBATCH --partition=\"all nodes\"" } == 2)
  }

  @Test(
    "What no directive holds is refused in one sentence, and nothing is written",
    arguments: ["a\"b", "a\\b", "a\nb", "a\rb", "a\"\u{301}"])
  func refused(text: String) throws {
    let folder = try TemporaryFolder()
    for (script, named) in [
      (
        self.script(logs: "/\(text)/logs"),
        "The folder of logs " + "/\(text)/logs".debugDescription
      ),
      (
        self.script(logs: "/logs", partition: text),
        "--partition was given " + text.debugDescription
      ),
    ] {
      for write in [script.array, script.tables] {
        #expect {
          try write()
        } throws: {
          let error = $0 as? SweepError
          return error?.exitStatus == .usage && error?.sentence.contains(named) == true
            && error?.sentence.contains(where: \.isNewline) == false
        }
      }
      #expect(throws: SweepError.self) {
        try SlurmSubmission.submit(script, copying: "", into: folder.path("submission"))
      }
    }
    #expect(try folder.names().isEmpty)
  }

  @Test("A sweep whose name begins another's does not take its submissions for its own")
  func namesThatBeginAlike() throws {
    let folder = try TemporaryFolder()
    for (index, name) in [
      "main-20261128-101112-7", "main-paper-20261129-101112-7", "main-20261127-101112-7",
    ].enumerated() {
      _ = try folder.write(
        Array(#"{"array":"\#(index)","tables":"9","cells":[1]}"#.utf8), to: "\(name)/jobs.json")
    }
    #expect(SlurmSubmission.all(named: "main", in: folder.path).map(\.array) == ["2", "0"])
    #expect(SlurmSubmission.all(named: "main-paper", in: folder.path).map(\.array) == ["1"])
  }

  @Test("A limit by measured cells, or by none, is longer than the warning")
  func limits() {
    #expect(SlurmScript.limit(measuredSeconds: nil, secondsOfWarning: 120) == 240)
    #expect(SlurmScript.limit(measuredSeconds: 1, secondsOfWarning: 120) == 10)
    #expect(SlurmScript.limit(measuredSeconds: 3_600, secondsOfWarning: 120) == 130)
    for seconds in [nil, 0, 60, 3_600, 1e300, .nan, .infinity, -1] as [Double?] {
      for warning in [1, 59, 600, 3_599, 65_535] {
        let limit = SlurmScript.limit(measuredSeconds: seconds, secondsOfWarning: warning)
        #expect(limit * 60 > warning && limit <= 525_600, "\(limit) minutes, \(warning) s")
      }
    }
  }

  @Test("The number of a job is the last line that is one, or says one")
  func numbers() {
    for (text, number) in [
      ("7", "7"), ("7;main", "7"), ("Note: 3 down\n101", "101"), ("12\n101;main\nBye.", "101"),
      ("Submitted batch job 12", "12"), ("Submitted batch job 12 on cluster main", "12"),
      ("sbatch: Submitted batch job 12\r\n", "12"), ("", nil), ("queued", nil), ("3 down", nil),
    ] as [(String, String?)] {
      #expect(SlurmSubmission.number(in: text) == number, "\(text)")
    }
  }

  @Test("Task numbers are written as ranges")
  func ranges() {
    #expect(SlurmScript.array([0, 1, 2, 3, 7, 9, 10]) == "0-3,7,9-10")
    #expect(SlurmScript.array([5]) == "5")
  }

  @Test("Words of the shell survive quoting")
  func quoting() {
    #expect(ShellWords.quoted("it's $HOME") == "'it'\\''s $HOME'")
  }

  @Test("A program is found beside sbatch where the PATH lacks it, and not where there is none")
  func tools() throws {
    let folder = try TemporaryFolder()
    for name in ["real/sbatch", "real/scontrol"] {
      _ = try folder.program("", named: name)
    }
    try FileManager.default.createDirectory(
      atPath: folder.path("path"), withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(
      atPath: folder.path("path/sbatch"), withDestinationPath: folder.path("real/sbatch"))
    let found = SlurmTool.path(of: "scontrol", environment: ["PATH": folder.path("path")])
    #expect(found?.hasSuffix("/real/scontrol") == true, "\(found ?? "nil")")
    #expect(
      SlurmTool.path(of: "no-such-program", environment: ["PATH": folder.path("path")]) == nil)
  }
}
