import Files
import Foundation
import Results
import TestSupport
import Testing

@Suite("JSON Schemas")
struct SchemaTests {
  static let repository = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  private func schema(_ text: String) throws -> JSONSchema {
    try JSONSchema(Value(parsing: Data(text.utf8), source: "schema"))
  }

  private func value(_ text: String) throws -> Value {
    try Value(parsing: Data(text.utf8), source: "value")
  }

  @Test("The copy in results/schema is the schema compiled in", arguments: FileFormat.allCases)
  func copies(format: FileFormat) throws {
    let url = Self.repository
      .appendingPathComponent("results/schema/\(format.rawValue).schema.json")
    let copy = try String(contentsOf: url, encoding: .utf8)
    #expect(
      copy == format.schemaText,
      "Bring it up to date: report schema \(format.rawValue) > results/schema/...")
  }

  @Test("results/README.md says which version each format is of")
  func versions() throws {
    let url = Self.repository.appendingPathComponent("results/README.md")
    let text = try String(contentsOf: url, encoding: .utf8)
    let (claims, records) = (FileFormat.claims.version, FileFormat.runRecord.version)
    #expect(FileFormat.references.version == claims && FileFormat.published.version == records)
    #expect(
      text.contains(
        "Claims and references are of version \(claims), run records and published figures of version "
          + "\(records), tolerances of version \(FileFormat.tolerances.version)."))
  }

  @Test("Every keyword accepts what it should and refuses what it should, at the right place")
  func keywords() throws {
    let cases: [(schema: String, good: String, bad: String, place: String)] = [
      (#"{"type": "integer"}"#, "3", "3.5", ""),
      (#"{"type": ["string", "null"]}"#, "null", "1", ""),
      (#"{"type": "number"}"#, "3", "\"3\"", ""),
      (#"{"required": ["a"]}"#, #"{"a": 1}"#, "{}", ""),
      (#"{"properties": {"a": {"type": "string"}}}"#, #"{"a": "x", "b": 1}"#, #"{"a": 1}"#, "a"),
      (
        #"{"properties": {"a": true}, "additionalProperties": false}"#, #"{"a": 1}"#, #"{"b": 1}"#,
        ""
      ),
      (#"{"additionalProperties": {"type": "number"}}"#, #"{"a": 1}"#, #"{"a": "x"}"#, "a"),
      (#"{"items": {"minimum": 2}}"#, "[2, 3]", "[2, 1]", "1"),
      (#"{"enum": ["a", 1]}"#, "1", "\"b\"", ""),
      (#"{"const": 1}"#, "1", "2", ""),
      (#"{"minLength": 2}"#, "\"ab\"", "\"a\"", ""),
      (#"{"minItems": 1}"#, "[0]", "[]", ""),
      (#"{"uniqueItems": true}"#, "[0, 1, \"0\"]", "[0, 1, 0.0]", ""),
      (#"{"anyOf": [{"type": "string"}, {"minimum": 3}]}"#, "4", "2", ""),
      (#"{"oneOf": [{"type": "number"}, {"minimum": 3}]}"#, "2", "4", ""),
      (##"{"$ref": "#/$defs/n", "$defs": {"n": {"type": "null"}}}"##, "null", "1", ""),
      (#"{"properties": {"a": false}}"#, "{}", #"{"a": 1}"#, "a"),
    ]
    for test in cases {
      let schema = try schema(test.schema)
      #expect(schema.violations(of: try value(test.good)).isEmpty, "\(test.schema)")
      #expect(
        schema.violations(of: try value(test.bad)).map(\.path) == [test.place], "\(test.schema)")
    }
  }

  @Test("A keyword that the suite's schemas do not use is refused, since it would be ignored")
  func unknownKeyword() {
    let error = #expect(throws: ResultsError.self) {
      try schema(#"{"properties": {"a": {"pattern": "x"}}}"#)
    }
    #expect(error?.message.contains("'pattern'") == true)
  }

  @Test("The text of a non-finite number is a number where one is wanted, and a text where one is")
  func nonFinite() throws {
    for text in ["\"inf\"", "\"-inf\"", "\"nan\""] {
      for kind in ["number", "string"] {
        let schema = try schema("{\"type\": \"\(kind)\"}")
        #expect(schema.violations(of: try value(text)).isEmpty, "\(kind) \(text)")
      }
      let schema = try schema(#"{"type": "integer"}"#)
      #expect(schema.violations(of: try value(text)).count == 1, "\(text)")
    }
  }

  @Test("A record fits its schema, and a broken one does not")
  func record() throws {
    let schema = try FileFormat.runRecord.schema()
    let good = try Value(encoding: RecordFixture.record(accuracy: .nan))
    #expect(schema.violations(of: good).isEmpty)
    // As other tools see the file: the non-finite number is a string.
    let text = try #require(good["final"]).canonicalText
    #expect(text.contains("\"nan\""))
    for key in ["method", "status", "final", "timing"] {
      var members = try #require(good.objectValue)
      members[key] = "broken"
      #expect(schema.violations(of: .object(sorted: members)).map(\.path) == [key])
    }
  }

  @Test("Claims written by us fit their schema")
  func claims() throws {
    let file = ClaimFile(claims: [
      RecordFixture.ordering(), RecordFixture.claim(.value, .value(0.5)),
      RecordFixture.claim(.interval, .interval(lower: 0, upper: .infinity)),
      RecordFixture.claim(.status, .status(.diverged)),
    ])
    let tree = try Value(encoding: file)
    #expect(try FileFormat.claims.schema().violations(of: tree).isEmpty)
    let read = try FileFormat.claims.decode(
      Data(tree.prettyText.utf8), as: ClaimFile.self, source: "claims.json")
    #expect(read.claims == file.claims)
  }

  /// The file of published figures with one value and the given head.
  private func published(head: String, article: String) throws -> [PublishedValue] {
    let folder = try TemporaryFolder()
    defer { withExtendedLifetime(folder) {} }
    let text = """
      {\(head) "values": [{"experiment": "few-shot", "protocols": ["icml2020"], "dataset": "omniglot",
        "method": "bda", "variant": {}, "metric": "testAccuracy", "number": 99, "unit": "percent",
        "status": "memory", "source": {"article": "\(article)", "table": "Table 3", "cell": "BDA"}}]}
      """
    try AtomicFile.write(text, to: folder.path("published.json"))
    return try PublishedFile.load(referenceFolder: folder.path)
  }

  @Test("A published figure names its article by the key that the file's table has")
  func articles() throws {
    let head = #""schemaVersion": 2, "articles": {"one2020": "One et al., 2020"},"#
    let value = try #require(try published(head: head, article: "one2020").first)
    #expect(value.source.article == "One et al., 2020" && value.source.cell == "BDA")
    // Files of the first version hold the article itself.
    let old = try published(head: #""schemaVersion": 1,"#, article: "One et al., 2020")
    #expect(old == [value])
  }

  @Test("An unknown article's key is a sentence that names the file, the figure and the remedy")
  func unknownArticle() throws {
    let error = #expect(throws: ResultsError.self) {
      try published(
        head: #""schemaVersion": 2, "articles": {"one2020": "One", "two2021": "Two"},"#,
        article: "one2019")
    }
    let message = error?.message ?? ""
    for part in ["'bda' at 'BDA'", "published.json'", "'one2019'", "one2020, two2021", "correct"] {
      #expect(message.contains(part), "\(message)")
    }
    #expect(message.hasSuffix("."))
  }

  @Test("The stored published figures are readable, and all say how far they were checked")
  func published() throws {
    let folder = Self.repository.appendingPathComponent("results/reference").path
    let values = try PublishedFile.load(referenceFolder: folder)
    let table = values.filter { $0.protocols == ["icml2020"] && $0.experiment == "hyper-cleaning" }
    #expect(table.count == 15)
    #expect(table.allSatisfy { $0.status == .memory && $0.unit == "percent" })
    let bda = table.first { $0.method == "bda" && $0.variant == ["innerSteps": 100] }
    #expect(bda?.number == 90.12)
    #expect(bda?.number(in: "fraction").map { abs($0 - 0.9012) < 1e-12 } == true)
    #expect(bda?.number(in: "seconds") == nil)
  }
}
