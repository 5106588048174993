import Bilevel
import Commands
import Datasets
import Experiments
import Files
import Foundation
import Testing

/// Settings with one of everything that experiments use.
struct SampleSettings: Codable, Sendable, Equatable {
  enum Corruption: String, NamedChoice { case alwaysWrong, uniform }
  struct Upper: Codable, Sendable, Equatable {
    var learningRate: Float = 0.1
    var momentum: Double?
  }
  struct Stage: Codable, Sendable, Equatable {
    var steps: Int
    var name: String
  }
  var innerSteps = 100
  var stepSize = 1.0
  var isProjected = true
  var note = "as published"
  var corruption = Corruption.uniform
  var limit: Int?
  var upper = Upper()
  var stages: [Stage] = [Stage(steps: 1, name: "warm")]
  var weights = ["b": 2.0, "a": 1.0, "c": 3.0]
}

@Suite("Configuration")
struct ConfigurationTests {
  private func resolve(
    _ text: String, settings: [String] = []
  ) throws -> Configuration<SampleSettings> {
    try withTemporaryFolder { folder in
      let file = folder.appendingPathComponent("sample.yaml")
      try Data(text.utf8).write(to: file)
      return try Configuration.resolve(
        defaults: SampleSettings(), file: file, settings: settings)
    }
  }

  /// The error of a file, its folder's name taken out so that sentences can be compared whole.
  private func failure(_ text: String) throws -> ConfigurationError {
    let error = try #require(throws: ConfigurationError.self) { try resolve(text) }
    let sentence = error.sentence.replacing(/\/\S*\/sample\.yaml/, with: "sample.yaml")
    return ConfigurationError(error.kind, sentence)
  }

  @Test("overrides only what a file names")
  func overrides() throws {
    let settings = try resolve(
      """
      # a comment
      innerSteps: 5
      stepSize: 2
      corruption: alwaysWrong
      limit: 7
      upper:
        momentum: 0.9
      stages:
        - {steps: 3, name: a}
        - {steps: 4, name: "5"}
      weights: {d: 4}
      """
    ).settings
    var expected = SampleSettings()
    expected.innerSteps = 5
    expected.stepSize = 2
    expected.corruption = .alwaysWrong
    expected.limit = 7
    expected.upper.momentum = 0.9
    expected.stages = [.init(steps: 3, name: "a"), .init(steps: 4, name: "5")]
    expected.weights["d"] = 4
    #expect(settings == expected)
  }

  @Test("takes comments alone and empty sections for no override")
  func nothing() throws {
    #expect(try resolve("# innerSteps: 5\n").settings == SampleSettings())
    #expect(
      try resolve("upper:\n  # learningRate: 1\ninnerSteps: 100").settings == SampleSettings())
  }

  @Test("takes lists of many numbers in a time that grows as they do")
  func manyNumbers() throws {
    let numbers = [Double](repeating: 0.5, count: 200_000)
    let clock = ContinuousClock()
    let start = clock.now
    let encoded = try ConfigurationEncoder.encode(numbers)
    let elapsed = clock.now - start
    #expect(encoded.arrayValue?.count == numbers.count)
    // Copying the list for each of them took a minute for a tenth of them.
    #expect(elapsed < .seconds(20), "\(elapsed)")
  }

  @Test("takes zeros in front of fractions, and octal numbers that are marked as such")
  func zeros() throws {
    let settings = try resolve("innerSteps: 0o10\nstepSize: 00.5").settings
    #expect(settings.innerSteps == 8 && settings.stepSize == 0.5)
    #expect(try resolve("innerSteps: 07").settings.innerSteps == 7)
  }

  @Test("lets options override the file, in order")
  func options() throws {
    let settings = try resolve(
      "innerSteps: 5", settings: ["innerSteps=6", "innerSteps=7", "upper.learningRate=1e-3"]
    ).settings
    #expect(settings.innerSteps == 7)
    #expect(settings.upper.learningRate == 1e-3)
  }

  @Test(
    "refuses unknown keys with place and advice",
    arguments: [
      (
        "innerSteps: 5\ninner-stepz: 3",
        "The configuration file sample.yaml, line 2, has the unknown key \"inner-stepz\"; did you "
          + "mean \"innerSteps\"?"
      ),
      (
        "upper:\n  learingRate: 3",
        "The configuration file sample.yaml, line 2, has the unknown key \"learingRate\" under "
          + "\"upper\"; did you mean \"learningRate\"?"
      ),
      (
        "upper: {optimiser: adam}",
        "The configuration file sample.yaml, line 1, has the unknown key \"optimiser\" under "
          + "\"upper\"; valid keys are learningRate and momentum."
      ),
      (
        "stages:\n- steps: 1\n  name: a\n- steps: 1\n  name: b\n  color: red",
        "The configuration file sample.yaml, line 6, has the unknown key \"color\" under "
          + "\"stages.1\"; valid keys are steps and name."
      ),
      (
        "stages:\n- stepz: 1\n  name: a",
        "The configuration file sample.yaml, line 2, lacks the key \"steps\" under \"stages.0\"; did "
          + "you mean it by \"stepz\"?"
      ),
      (
        "stages: [{name: a}]",
        "The configuration file sample.yaml, line 1, lacks the key \"steps\" under \"stages.0\"; add "
          + "it."
      ),
    ])
  func unknownKeys(text: String, sentence: String) throws {
    let error = try failure(text)
    #expect(error.sentence == sentence)
    #expect(error.exitStatus == .dataInvalid)
  }

  @Test(
    "refuses values of another type with what is wanted",
    arguments: [
      (
        "innerSteps: ten",
        "\"ten\" for the key \"innerSteps\", which wants a whole number, such as 100"
      ),
      ("innerSteps: 1.5", "\"1.5\" for the key \"innerSteps\", which wants a whole number"),
      ("innerSteps: [1]", "a list for the key \"innerSteps\", which wants a whole number"),
      ("innerSteps: {a: 1}", "named values for the key \"innerSteps\", which wants a whole number"),
      ("innerSteps:", "nothing for the key \"innerSteps\", which wants a whole number"),
      ("stepSize: fast", "\"fast\" for the key \"stepSize\", which wants a number, such as 1.0"),
      (
        "isProjected: 3",
        "\"3\" for the key \"isProjected\", which wants true or false, such as true"
      ),
      ("note: null", "\"null\" for the key \"note\", which wants a text, such as as published"),
      ("note:", "nothing for the key \"note\", which wants a text"),
      ("note: [a]", "a list for the key \"note\", which wants a text"),
      ("upper: 3", "\"3\" for the key \"upper\", which wants named values"),
      ("\nupper:\n  learningRate: x", "line 3, gives \"x\" for the key \"upper.learningRate\""),
      ("stages: 3", "\"3\" for the key \"stages\", which wants a list"),
      (
        "innerSteps: 010",
        "gives \"010\" for the key \"innerSteps\", which YAML reads as 8, an octal number; write 10, "
          + "or 0o10 if octal is meant."
      ),
      (
        "innerSteps: 1:30", "which YAML reads as minutes and seconds; write the number itself."
      ),
      ("stepSize: 1:30", "minutes and seconds"),
      ("innerSteps: 9:59:59:59:59:59:59:59:59:59:59:59:59", "minutes and seconds"),
      ("innerSteps: -1:1:1:1:1:1:1:1:1:1:1:1:1:1:1", "minutes and seconds"),
      ("limit: _9:9:9:9:9:9:9:9:9:9:9:9:9:9:9", "minutes and seconds"),
      ("limit: many", "\"many\" for the key \"limit\", which wants a whole number, such as 64"),
      ("limit: 1e-9", "\"1e-9\" for the key \"limit\", which wants a whole number"),
      (
        "upper:\n  momentum: [1]",
        "a list for the key \"upper.momentum\", which wants a single value"
      ),
      (
        "corruption: alwayswrong",
        "names \"alwayswrong\" for the key \"corruption\", which does not exist; did you mean "
          + "\"alwaysWrong\"?"
      ),
      ("corruption: salt", "the names are alwaysWrong and uniform."),
    ])
  func wrongTypes(text: String, fragment: String) throws {
    let error = try failure(text)
    #expect(error.sentence.contains(fragment), "\(error.sentence)")
    #expect(error.sentence.hasPrefix("The configuration file sample.yaml, line "))
    #expect(error.exitStatus == .dataInvalid)
  }

  @Test(
    "refuses files that are not a YAML mapping",
    arguments: [
      ("", "is empty; write the keys to override into it"),
      (" \n\n", "is empty"),
      ("- 1\n- 2", "holds no named values at its top level"),
      ("just words", "holds no named values at its top level"),
      ("a: [1, 2", "is not valid YAML at line"),
      ("\tinnerSteps: 5", "is not valid YAML at line 1"),
      ("innerSteps: 5\ninnerSteps: 6", "has the key innerSteps more than once"),
      ("innerSteps: 5\n---\ninnerSteps: 6", "holds several YAML documents"),
      (
        String(repeating: "[", count: 1_100) + String(repeating: "]", count: 1_100),
        "has values within values more than a thousand deep"
      ),
    ])
  func malformed(text: String, fragment: String) throws {
    let error = try failure(text)
    #expect(error.sentence.contains(fragment), "\(error.sentence)")
    #expect(error.exitStatus == .dataInvalid)
  }

  @Test("tells an absent file, a folder and bytes that are no text apart")
  func files() throws {
    try withTemporaryFolder { folder in
      func error(_ name: String) throws -> ConfigurationError {
        try #require(throws: ConfigurationError.self) {
          try Configuration.resolve(
            defaults: SampleSettings(), file: folder.appendingPathComponent(name))
        }
      }
      let absent = try error("absent.yaml")
      #expect(absent.exitStatus == .dataMissing)
      #expect(absent.sentence.contains("absent.yaml does not exist; check the path"))
      let directory = try error("")
      #expect(directory.exitStatus == .dataMissing)
      #expect(directory.sentence.contains("is a folder"))
      try Data([0x61, 0xFF, 0xFE, 0x00]).write(to: folder.appendingPathComponent("bytes.yaml"))
      let bytes = try error("bytes.yaml")
      #expect(bytes.exitStatus == .dataInvalid)
      #expect(bytes.sentence.contains("is not UTF-8 text"))
    }
  }

  @Test(
    "refuses wrong settings as errors of the command line",
    arguments: [
      (
        "inerSteps=3",
        "The option --set inerSteps=3 has the unknown key \"inerSteps\"; did you mean"
      ),
      ("innerSteps=x", "The option --set innerSteps=x gives \"x\" for the key \"innerSteps\""),
      ("innerSteps=", "gives nothing for the key \"innerSteps\""),
      ("upper.rate=3", "has the unknown key \"rate\" under \"upper\""),
      ("innerSteps.more=3", "gives named values for the key \"innerSteps\""),
      ("stages=[", "is not valid YAML"),
      ("innerSteps", "wants key=value"),
    ])
  func wrongSettings(setting: String, fragment: String) throws {
    let error = try #require(throws: ConfigurationError.self) {
      try Configuration.resolve(defaults: SampleSettings(), settings: [setting])
    }
    #expect(error.sentence.contains(fragment), "\(error.sentence)")
    #expect(error.exitStatus == .usage)
  }

  @Test("names the nearest key, or none where none is near")
  func spelling() {
    let keys = ["innerSteps", "outerSteps", "alpha"]
    #expect(Spelling.nearest(to: "inner_steps", among: keys) == "innerSteps")
    #expect(Spelling.nearest(to: "alhpa", among: keys) == nil)
    #expect(Spelling.nearest(to: "alpa", among: keys) == "alpha")
    #expect(Spelling.nearest(to: "momentum", among: keys) == nil)
    #expect(Spelling.nearest(to: "", among: keys) == nil)
    #expect(Spelling.list([]) == "")
    #expect(Spelling.list(["a", "b", "c"]) == "a, b and c")
  }
}

@Suite("Configuration as text")
struct ConfigurationTextTests {
  @Test("prints every key in order of declaration, unset ones included")
  func yaml() {
    #expect(
      Configuration(SampleSettings()).yaml == """
        innerSteps: 100
        stepSize: 1.0
        isProjected: true
        note: as published
        corruption: uniform
        limit: null
        upper:
          learningRate: 0.1
          momentum: null
        stages:
        - steps: 1
          name: warm
        weights:
          a: 1.0
          b: 2.0
          c: 3.0

        """)
  }

  @Test(
    "reads back what it prints, awkward texts and numbers included",
    arguments: [
      ("true", 1e-5), ("12", 1e22), ("", 0.1 + 0.2), ("a: b", -0.0), ("~", .infinity),
      ("line\nbreak", .leastNonzeroMagnitude), (" # no comment", .greatestFiniteMagnitude),
      ("Größe \"x\"", -3),
      ("1e3", 100), ("null", -.infinity), ("0x1F", 123_456_789.125), ("yes", 1e16),
    ] as [(String, Double)])
  func roundTrip(note: String, stepSize: Double) throws {
    var settings = SampleSettings()
    settings.note = note
    settings.stepSize = stepSize
    settings.upper.learningRate = Float(stepSize.isFinite ? 0.3 : 1.5e-7)
    let printed = Configuration(settings)
    try withTemporaryFolder { folder in
      let file = folder.appendingPathComponent("printed.yaml")
      try Data(printed.yaml.utf8).write(to: file)
      let read = try Configuration.resolve(defaults: SampleSettings(), file: file)
      #expect(read.settings == settings)
      #expect(read.tree == printed.tree)
      #expect(read.tree.canonicalText == printed.tree.canonicalText)
    }
  }

  @Test("has one canonical JSON text, which JSON readers accept")
  func json() throws {
    var settings = SampleSettings()
    settings.note = "tab\t, quote \", backslash \\, bell \u{7}"
    settings.stepSize = .nan
    let tree = Configuration(settings).tree
    let text = tree.canonicalText
    #expect(text.hasPrefix("{\"corruption\":\"uniform\",\"innerSteps\":100,\"isProjected\":true,"))
    #expect(text.contains("\"stepSize\":\"nan\""))
    #expect(text.contains("\"learningRate\":0.1,"))
    let object = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
    #expect(object?["note"] as? String == settings.note)
    let encoded = try JSONEncoder().encode(tree)
    let other = try JSONSerialization.jsonObject(with: encoded) as? NSDictionary
    #expect(try #require(object) as NSDictionary == other)
  }

  @Test("has a digest of the settings, not of their source")
  func digest() throws {
    let byOption = try Configuration.resolve(defaults: SampleSettings(), settings: ["innerSteps=3"])
    var settings = SampleSettings()
    settings.innerSteps = 3
    let digest = byOption.digest
    #expect(digest == Configuration(settings).digest)
    #expect(digest != Configuration(SampleSettings()).digest)
    // By another program: printf '{"innerSteps":3}' | sha256sum
    struct Small: Codable, Sendable { var innerSteps = 3 }
    #expect(
      Configuration(Small()).digest
        == "7259ab689fe80ec7e1d26f91c9535d5a74d7618ca892bb23d5f74bc006c97c97")
  }
}
