import Foundation
import Results
import TestSupport
import Testing

@Suite("Run records")
struct RunRecordTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func edited(_ change: (inout [String: Value]) -> Void) throws -> String {
    var members = try #require(Value(encoding: RecordFixture.record()).objectValue)
    change(&members)
    return try folder.write(Array(Value.object(sorted: members).prettyText.utf8), to: "record.json")
  }

  private func failure(reading path: String) -> ResultsError? {
    #expect(throws: ResultsError.self) { try RunRecord(readingFrom: path) }
  }

  @Test("A record written and read is the same record")
  func roundTrip() throws {
    let record = RecordFixture.record(
      accuracy: .nan, objective: .infinity, status: .init(.nonFinite, reason: "step 3 was NaN"))
    let path = try record.write(intoRuns: folder.path)
    let text = try String(contentsOfFile: path, encoding: .utf8)
    #expect(text.contains(#""testAccuracy": "nan""#))
    #expect(text.contains(#""values": [2.3, "inf"]"#))
    let read = try RunRecord(readingFrom: path)
    #expect(read.metrics == record.metrics)
    #expect(read.final["testAccuracy"]?.isNaN == true)
    #expect(try Value(encoding: read) == Value(encoding: record))
    let finite = RecordFixture.record()
    #expect(try RunRecord(readingFrom: finite.write(to: folder.path("b.json"))) == finite)
  }

  @Test(
    "A data set or a method may be called like a number that JSON does not have",
    arguments: ["inf", "-inf", "nan"])
  func namedLikeNumbers(name: String) throws {
    var record = RecordFixture.record(
      method: name, displayName: name, accuracy: .infinity, dataset: name)
    record.variant = ["data.name": .string(name), "x": .number(.infinity)]
    record.configuration = ["data": ["name": .string(name)], "x": .number(-.infinity)]
    record.status = .init(.nonFinite, reason: name)
    try record.write(intoRuns: folder.path("runs"))
    let read = try #require(try RecordStore.load(folder.path("runs")).first).record
    #expect(read == record && read.identity == record.identity)
    #expect(read.datasets.first?.name == name)
    #expect(read.variant["data.name"]?.stringValue == name)
    #expect(read.configuration.value(at: "x")?.doubleValue == -Double.infinity)
    let file = ReferenceFile(
      experiment: "hyper-cleaning", budget: "smoke", references: [Reference(record)])
    try file.write(intoReferences: folder.path("reference"))
    let stored = try ReferenceFile.load(
      referenceFolder: folder.path("reference"), budget: "smoke")
    #expect(stored == [Reference(record)])
  }

  @Test("Keys are sorted and have the documented names")
  func keys() throws {
    let members = try #require(Value(encoding: RecordFixture.record()).objectValue)
    let expected = [
      "budget", "configuration", "configurationDigest", "datasets", "diagnostics", "environment",
      "experiment", "final", "method", "metrics", "protocol", "schemaVersion", "seed", "status",
      "timing", "variant",
    ]
    #expect(members.keys.sorted() == expected)
  }

  @Test("An unknown key is refused with its name, its place and the file")
  func unknownKey() throws {
    let top = try edited { $0["sead"] = 1 }
    let first = failure(reading: top)
    #expect(first?.kind == .unknownKey)
    #expect(first?.message.contains("'sead' at its top level") == true)
    #expect(first?.message.contains(top) == true)
    let nested = try edited { $0["status"] = ["kind": "completed", "cause": "none"] }
    #expect(failure(reading: nested)?.message.contains("'cause' at 'status'") == true)
  }

  @Test("Another version is refused with what to do: migrate the record, or update the program")
  func version() throws {
    for (version, remedy) in [(3, "update the program"), (0, "results/README.md")] {
      let error = failure(reading: try edited { $0["schemaVersion"] = .integer(version) })
      #expect(error?.kind == .schemaVersion)
      #expect(error?.exitCode == 65)
      #expect(error?.message.contains(remedy) == true)
    }
  }

  @Test("What is wrong is said with its place")
  func malformed() throws {
    let cases: [(String, (inout [String: Value]) -> Void)] = [
      ("lacks the key 'seed'", { $0["seed"] = nil }),
      ("must be at least 0", { $0["seed"] = -1 }),
      ("its configuration was changed", { $0["configuration"] = ["innerSteps": 21] }),
      ("must be of type integer", { $0["seed"] = "0" }),
      ("must be one of", { $0["status"] = ["kind": "fine"] }),
      ("at 'final.testAccuracy'", { $0["final"] = ["testAccuracy": "high"] }),
      ("not described among the metrics", { $0["metrics"] = [] }),
      (
        "at 'environment.threads'",
        { members in
          var environment = members["environment"]?.objectValue ?? [:]
          environment["threads"] = 0
          members["environment"] = .object(sorted: environment)
        }
      ),
    ]
    for (words, change) in cases {
      let error = failure(reading: try edited(change))
      #expect(error?.kind == .malformed)
      #expect(error?.message.contains(words) == true, "\(error?.message ?? "no error")")
    }
  }

  @Test("A missing file and a truncated one are told apart")
  func missingAndTruncated() throws {
    let missing = failure(reading: folder.path("none.json"))
    #expect(missing?.kind == .missing)
    #expect(missing?.exitCode == 5)
    let text = try Value(encoding: RecordFixture.record()).prettyText
    let path = try folder.write(Array(text.utf8.prefix(200)), to: "cut.json")
    #expect(failure(reading: path)?.kind == .malformed)
  }

  // MARK: - Paths

  @Test("Paths follow the rule")
  func paths() {
    var record = RecordFixture.record(seed: 7)
    // By another program: printf 'digits ab12\n' | sha256sum
    let data = "cf7d6dda"
    #expect(record.relativePath == "hyper-cleaning/rhg/icml2020/K20/smoke-float-seed7-\(data).json")
    record.variant = ["schedule": "harmonic/1", "innerSteps": 5, "stepSize": 0.1]
    #expect(
      record.relativePath
        == "hyper-cleaning/rhg/icml2020/K5,schedule=harmonic%2F1,stepSize=0.1/smoke-float-seed7"
        + "-\(data).json")
    record.variant = [:]
    #expect(record.relativePath == "hyper-cleaning/rhg/icml2020/smoke-float-seed7-\(data).json")
    record.datasets = []
    record.environment.scalar = "double"
    #expect(record.relativePath == "hyper-cleaning/rhg/icml2020/smoke-double-seed7.json")
  }

  @Test("Different identities have different paths")
  func injective() {
    let nasty = ["a", "a/b", "a_b", "a,b", "a=b", "..", ".", "a%2Fb", "K5", "A b", "é", "a-b"]
    var identities = Set<RunIdentity>()
    var paths = Set<String>()
    for first in nasty {
      for second in nasty {
        for variant in [[:], ["x": .string(second)], ["innerSteps": 5]] as [[String: Value]] {
          var record = RecordFixture.record(method: first, protocolName: second)
          record.variant = variant
          identities.insert(record.identity)
          paths.insert(record.relativePath)
          #expect(!record.relativePath.split(separator: "/").contains(".."))
        }
      }
    }
    #expect(identities.count == nasty.count * nasty.count * 3)
    #expect(paths.count == identities.count)
  }

  @Test("A long variant fits a file system and still differs from its neighbours")
  func longVariant() {
    var first = RecordFixture.record()
    var second = first
    first.variant = ["note": .string(String(repeating: "x", count: 400) + "1")]
    second.variant = ["note": .string(String(repeating: "x", count: 400) + "2")]
    #expect(first.relativePath != second.relativePath)
    let folder = first.relativePath.split(separator: "/")[3]
    // printf 'note=xxx...1' | sha256sum, with 400 times x
    #expect(folder == "note=" + String(repeating: "x", count: 35) + "~1b93d62c")
  }

  // MARK: - Folders

  @Test("Loading a folder orders runs, and passes by hidden files and tolerances")
  func store() throws {
    for (method, steps) in [("rhg", 100), ("bda", 20), ("rhg", 20)] {
      try RecordFixture.record(method: method, innerSteps: steps).write(intoRuns: folder.path)
    }
    _ = try folder.write([0x7b], to: "hyper-cleaning/.half.json.1.tmp")
    _ = try folder.write([0x7b], to: "tolerances.json")
    let names = try RecordStore.load(folder.path).map {
      $0.record.method.name + " " + $0.record.identity.variant
    }
    #expect(names == ["bda K20", "rhg K20", "rhg K100"])
  }

  @Test("Two files of one run, a damaged file and an absent folder are errors")
  func storeErrors() throws {
    try RecordFixture.record().write(intoRuns: folder.path)
    try RecordFixture.record().write(to: folder.path("copy.json"))
    let twice = #expect(throws: ResultsError.self) { try RecordStore.load(folder.path) }
    #expect(twice?.kind == .malformed)
    #expect(twice?.message.contains("copy.json") == true)
    let absent = #expect(throws: ResultsError.self) {
      try RecordStore.load(folder.path("nowhere"))
    }
    #expect(absent?.exitCode == 5)
  }

  @Test("Scalar, data and seeds up to the last are parts of the identity")
  func completeIdentity() throws {
    var records = [RecordFixture.record()]
    records.append(RecordFixture.record(dataset: "other"))
    records.append(RecordFixture.record())
    records[2].environment.scalar = "double"
    records.append(RecordFixture.record(seed: .max))
    records.append(RecordFixture.record(seed: .max - 1))
    records.append(RecordFixture.record(seed: UInt64(Int.max)))
    for record in records { try record.write(intoRuns: folder.path) }
    let read = try RecordStore.load(folder.path)
    #expect(Set(read.map(\.record.identity)) == Set(records.map(\.identity)))
    #expect(read.count == records.count)
    let last = try #require(read.first { $0.record.seed == .max })
    #expect(last.path.contains("-seed18446744073709551615-"))
    #expect(
      try String(contentsOfFile: last.path, encoding: .utf8)
        .contains("\"seed\": 18446744073709551615"))
    #expect(last.record == records[3])
  }

  @Test("The digest of data depends on names and contents, not on order, splits or repetition")
  func dataDigest() {
    func use(_ name: String, _ digest: String, _ split: String = "") -> RunRecord.DatasetUse {
      .init(name: name, sha256: digest, split: split, synthetic: false)
    }
    let digest = RunRecord.DatasetUse.digest
    #expect(digest([]) == "")
    #expect(digest([use("a", "1"), use("b", "2")]) == digest([use("b", "2"), use("a", "1")]))
    #expect(digest([use("a", "1", "x"), use("a", "1", "y")]) == digest([use("a", "1")]))
    #expect(digest([use("a", "1")]) != digest([use("a", "2")]))
    #expect(digest([use("a", "1")]) != digest([use("b", "1")]))
  }

  @Test("A record of version 1 is brought up to date")
  func migration() throws {
    let path = try edited { members in
      members["schemaVersion"] = 1
      members["configurationDigest"] = "of a text that nobody stored"
    }
    let record = try RunRecord(readingFrom: path)
    #expect(record == RecordFixture.record())
    #expect(record.schemaVersion == 2)
  }

  @Test("What is no record is passed over and named; links are followed, circles too")
  func foreign() throws {
    try RecordFixture.record().write(intoRuns: folder.path("elsewhere"))
    let files = FileManager.default
    try files.createDirectory(atPath: folder.path("runs"), withIntermediateDirectories: true)
    for (link, target) in [("data", "../elsewhere"), ("again", "../elsewhere"), ("up", "..")] {
      try files.createSymbolicLink(
        atPath: folder.path("runs/\(link)"), withDestinationPath: target)
    }
    _ = try folder.write(Array("[1, 2]".utf8), to: "runs/list.json")
    _ = try folder.write(Array("not JSON".utf8), to: "runs/text.json")
    _ = try folder.write(Array(#"{"record": "performance"}"#.utf8), to: "runs/speed.json")
    let contents = try RecordStore.contents(of: folder.path("runs"))
    #expect(contents.records.count == 1)
    #expect(contents.passedOver.contains { $0.contains("list.json' is not a run record") })
    #expect(contents.passedOver.contains { $0.contains("text.json") })
    #expect(!contents.passedOver.contains { $0.contains("speed.json") })
    #expect(contents.passedOver.contains { $0.contains("is the same as") })
    // A record that is damaged is not somebody else's file.
    var members = try #require(Value(encoding: RecordFixture.record()).objectValue)
    members["seed"] = "x"
    _ = try folder.write(
      Array(Value.object(sorted: members).prettyText.utf8), to: "runs/damaged.json")
    #expect(throws: ResultsError.self) { try RecordStore.load(folder.path("runs")) }
  }

  @Test("A file far larger than any record is refused before it is read")
  func largeFile() throws {
    let path = try folder.write([0x22], to: "large.json")
    // Records of a million outer iterations can be read; this is something else.
    #expect(truncate(path, (1 << 30) + 1) == 0)
    let error = failure(reading: path)
    #expect(error?.kind == .malformed)
    #expect(error?.message.contains("1073741825 bytes, more than the 1024 MB") == true)
    #expect(failure(reading: folder.path)?.kind == .malformed)
  }
}
