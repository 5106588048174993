import Files
import Foundation
import Results
import TestSupport
import Testing

@Suite("Files of references")
struct ReferenceFileTests {
  private func file(_ records: [RunRecord]) -> ReferenceFile {
    ReferenceFile(
      experiment: "hyper-cleaning", budget: "smoke", references: records.map(Reference.init))
  }

  private let records = [
    RecordFixture.record(method: "rhg", seed: 10), RecordFixture.record(method: "rhg", seed: 9),
    RecordFixture.record(method: "bda", accuracy: .nan, objective: .infinity),
    RecordFixture.record(
      method: "cg", status: .init(.diverged, reason: "F exceeded 1e6"), stepSize: 0.2),
  ]

  @Test("What is written is read, whatever the order of the runs was")
  func roundTrip() throws {
    let folder = try TemporaryFolder()
    defer { withExtendedLifetime(folder) {} }
    let path = try file(records).write(intoReferences: folder.path)
    #expect(path == folder.path("smoke/hyper-cleaning.jsonl"))
    let read = try ReferenceFile(readingFrom: path)
    #expect(read == file(records))
    #expect(read.references.map(\.seed) == [0, 0, 9, 10])
    #expect(read.references == read.references.sorted { $0.identity < $1.identity })
    #expect(try ReferenceFile.load(referenceFolder: folder.path, budget: "smoke").count == 4)
    #expect(try file(records.reversed()).text() == file(records).text())
    let diverged = try #require(read.references.first { $0.method == "cg" })
    #expect(diverged.status == RunRecord.Status(.diverged, reason: "F exceeded 1e6"))
    #expect(diverged.configuration["stepSize"] == 0.2)
    #expect(diverged.configurationDigest == records[3].configurationDigest)
    #expect(diverged.metric(named: "testAccuracy")?.betterWhen == .higher)
  }

  @Test("Nothing but who, what with, how ended and final numbers is kept, literally")
  func literal() throws {
    let text = try file([RecordFixture.record()]).text()
    let lines = text.split(separator: "\n").map(String.init)
    let digest = SHA256.hexadecimal(#"{"innerSteps":20,"stepSize":0.1}"#.utf8).prefix(12)
    #expect(lines.count == 9)
    #expect(lines[0] == #"{"references":"hyper-cleaning","budget":"smoke","schemaVersion":3}"#)
    #expect(
      lines[1]
        == #"{"metric":{"betterWhen":"higher","name":"testAccuracy","unit":"fraction"}}"#)
    #expect(lines[3].hasPrefix(#"{"columns":""#))
    #expect(lines[3].hasSuffix(#"","value":["testAccuracy","upperObjective"]}"#))
    #expect(
      lines[6]
        == #"{"configuration":"\#(digest)","value":{"innerSteps":20,"stepSize":0.1}}"#)
    #expect(lines[7].hasPrefix(#"{"defaults":{"columns":""#))
    #expect(lines[7].hasSuffix(#","status":"completed"}}"#))
    #expect(
      lines[8]
        == #"{"method":"rhg","protocol":"icml2020","variant":{"innerSteps":20},"seed":0,"#
        + #""final":[0.8,0.5],"configuration":"\#(digest)"}"#)
    #expect(!text.contains("totalSeconds") && !text.contains("2.3"))
  }

  @Test("A changed number is a changed line, and another run of the same settings one line more")
  func lines() throws {
    func lines(_ records: [RunRecord]) throws -> Set<String> {
      Set(try file(records).text().split(separator: "\n").map(String.init))
    }
    let before = try lines(records)
    var changed = records
    changed[1].final["testAccuracy"] = 0.81
    #expect(try lines(changed).subtracting(before).count == 1)
    #expect(try before.subtracting(lines(changed)).count == 1)
    let added = try lines(records + [RecordFixture.record(method: "rhg", seed: 11)])
    #expect(added.count == before.count + 1 && before.isSubset(of: added))
  }

  @Test("What most runs share stands once; a run that differs says so, and changes no other line")
  func defaults() throws {
    let text = try file(records).text()
    #expect(text.components(separatedBy: #""status":"#).count == 3)
    #expect(text.contains(#""seed":0,"status":"diverged","reason":"F exceeded 1e6""#))
    // Of two runs with two endings neither is usual.
    let two = try file([records[0], records[3]]).text()
    #expect(two.contains(#""seed":10,"status":"completed","final""#))
    #expect(!two.contains(#""status":"completed"}}"#))
  }

  /// The text of an earlier version: each number by its name in the run's line, and no columns.
  private func named(_ text: String, version: Int) throws -> String {
    var names: [String] = []
    var result: [String] = []
    for line in text.split(separator: "\n").map(String.init) {
      let value = try Value(parsing: Data(line.utf8), source: "line")
      if value["columns"] != nil, let columns = value["value"]?.arrayValue {
        names = columns.compactMap(\.stringValue)
      } else if let numbers = value["final"]?.arrayValue {
        let final = Dictionary(uniqueKeysWithValues: zip(names, numbers))
        let replaced = #""final":\#(Value.object(sorted: final).canonicalText)"#
        result.append(
          line.replacing(#""final":\#(Value.array(numbers).canonicalText)"#, with: replaced))
      } else {
        result.append(
          line.replacing(#""schemaVersion":3"#, with: #""schemaVersion":\#(version)"#)
            .replacing(/"columns":"[0-9a-f]+",/, with: ""))
      }
    }
    return result.joined(separator: "\n")
  }

  @Test("Line ends of Windows are line ends")
  func windows() throws {
    let text = try file(records).text()
    let read = try ReferenceFile(
      parsing: Data(text.replacing("\n", with: "\r\n").utf8), source: "references.jsonl")
    #expect(try read.text() == text)
  }

  @Test("Files of the second version, which name each number in each line, are read as they were")
  func secondVersion() throws {
    let new = try file(records).text()
    let old = try named(new, version: 2)
    #expect(!old.contains("columns") && old.contains(#""final":{"testAccuracy":0.8,"#))
    let read = try ReferenceFile(parsing: Data(old.utf8), source: "old.jsonl")
    #expect(read == file(records))
    #expect(try read.text() == new)
  }

  @Test("Runs that report different metrics have columns of their own, and keep their numbers")
  func columns() throws {
    var other = records[1]
    other.final["upperObjective"] = nil
    let mixed = [records[0], records[3], other]
    let text = try file(mixed).text()
    #expect(text.components(separatedBy: #""value":["testAccuracy""#).count == 3)
    #expect(text.components(separatedBy: #","columns":""#).count == 2)
    let read = try ReferenceFile(parsing: Data(text.utf8), source: "x.jsonl")
    #expect(read == file(mixed))
    #expect(read.references.first { $0.seed == 9 }?.final == ["testAccuracy": 0.8])
  }

  @Test("Files of the first version, which say everything in every line, are read as they were")
  func firstVersion() throws {
    let new = try file(records).text()
    var old = try named(new, version: 1)
    for record in records {
      let digest = record.configurationDigest
      for key in ["configuration", "differsFrom"] {
        old = old.replacing(
          #"{"\#(key)":"\#(digest.prefix(12))""#, with: #"{"\#(key)":"\#(digest)""#)
        old = old.replacing(
          #","\#(key)":"\#(digest.prefix(12))","value""#, with: #","\#(key)":"\#(digest)","value""#)
      }
    }
    var lines = old.split(separator: "\n").map(String.init)
    let head = try #require(lines.firstIndex { $0.hasPrefix(#"{"defaults":{"#) })
    let usual = try Value(parsing: Data(lines.remove(at: head).utf8), source: "head")
    for index in head..<lines.count {
      let own = try Value(parsing: Data(lines[index].utf8), source: "run")
      let whole = (own.objectValue ?? [:]).merging(usual["defaults"]?.objectValue ?? [:]) {
        own, _ in own
      }
      lines[index] = Value.object(sorted: whole).canonicalText
    }
    let read = try ReferenceFile(
      parsing: Data(lines.joined(separator: "\n").utf8), source: "old.jsonl")
    #expect(read == file(records))
    #expect(try read.text() == new)
  }

  @Test("A run that is accepted again takes the place of its earlier line")
  func again() {
    let later = RecordFixture.record(method: "rhg", seed: 9, accuracy: 0.9)
    let references = file(records + [later]).references
    #expect(references.count == records.count)
    #expect(references.first { $0.seed == 9 }?.final["testAccuracy"] == 0.9)
  }

  @Test(
    "A file that lies under another name than its own is refused",
    arguments: ["short/hyper-cleaning", "smoke/few-shot", "smoke/hyper-cleaning-old"])
  func otherName(place: String) throws {
    let folder = try TemporaryFolder()
    defer { withExtendedLifetime(folder) {} }
    let path = try folder.write(Array(file(records).text().utf8), to: "\(place).jsonl")
    let budget = String(place.prefix { $0 != "/" })
    let error = #expect(throws: ResultsError.self) {
      try ReferenceFile.load(referenceFolder: folder.path, budget: budget)
    }
    #expect(error?.kind == .malformed)
    for words in ["'\(path)'", "rename it to 'smoke/hyper-cleaning.jsonl'"] {
      #expect(error?.message.contains(words) == true, "\(error?.message ?? "nothing")")
    }
  }

  @Test("Damage is named by file and line")
  func damage() throws {
    let digest = records[3].configurationDigest.prefix(12)
    let good = try file(records).text().split(separator: "\n").map(String.init)
    func message(_ lines: [String]) -> String {
      let data = Data((lines.joined(separator: "\n") + "\n").utf8)
      let error = #expect(throws: ResultsError.self) {
        try ReferenceFile(parsing: data, source: "x.jsonl")
      }
      return error?.message ?? "nothing"
    }
    #expect(message(Array(good.dropFirst())).contains("no line that names its experiment"))
    #expect(message(good + ["{"]).contains("'x.jsonl' line '\(good.count + 1)'"))
    #expect(message(good + [#"{"speed":1}"#]).contains("is malformed"))
    #expect(message(good + [good[good.count - 1]]).contains("two lines of the run"))
    #expect(
      message(good.filter { !$0.hasPrefix(#"{"configuration":"\#(digest)"#) })
        .contains("names the configuration '\(digest)'"))
    let withoutDefaults = message(good.filter { !$0.hasPrefix(#"{"defaults""#) })
    #expect(withoutDefaults.contains("'x.jsonl' line '"))
    #expect(withoutDefaults.contains("does not say its 'status'"))
    #expect(withoutDefaults.contains("'report accept'"))
    let run = try #require(good.last)
    #expect(
      message(good.dropLast() + [run.replacing(/"final":\[[^,]+,/, with: #""final":["#)])
        .contains("has 1 numbers for the 2 columns 'testAccuracy', 'upperObjective'"))
    #expect(
      message(good.filter { !$0.hasPrefix(#"{"columns""#) }).contains("names the columns '"))
    #expect(
      message([good[0].replacingOccurrences(of: ":3}", with: ":7}")] + good.dropFirst())
        .contains("schema version 7"))
  }

  @Test("Two configurations of one digest, or two descriptions of a metric, are refused")
  func conflicts() throws {
    var references = records.prefix(2).map { Reference($0) }
    references[0].configuration = ["innerSteps": 21]
    let both = ReferenceFile(
      experiment: "hyper-cleaning", budget: "smoke", references: references)
    let digest = #expect(throws: ResultsError.self) { try both.text() }
    let name = records[0].configurationDigest.prefix(12)
    #expect(digest?.message.contains("the configuration '\(name)'") == true)
    var unit = records[0]
    unit.metrics[0].unit = "percent"
    #expect(throws: ResultsError.self) { try file([records[1], unit]).text() }
  }

  @Test("What is stored is small: 350 kB at smoke budget, half a kB for each record of the others")
  func size() throws {
    let folder = SchemaTests.repository.appendingPathComponent("results/reference").path
    let names = try FileManager.default.subpathsOfDirectory(atPath: folder)
    func bytes(_ isCounted: (String) -> Bool) throws -> Int {
      try names.filter(isCounted).reduce(0) { sum, name in
        let attributes = try FileManager.default.attributesOfItem(atPath: "\(folder)/\(name)")
        // A folder's own size says how many names it ever had.
        let isFile = attributes[.type] as? FileAttributeType == .typeRegular
        return sum + (isFile ? attributes[.size] as? Int ?? 0 : 0)
      }
    }
    func isReal(_ name: String) -> Bool { name.hasPrefix("paper/") || name.hasPrefix("short/") }
    let others = try bytes { !isReal($0) }
    #expect(others > 100_000 && others < 350_000)
    // The articles' tables are some two thousand cells, which arrive by and by: what is bounded is
    // a cell's share, the settings that it has in common with others included.
    let real = names.filter { isReal($0) && $0.hasSuffix(".jsonl") }
    let records = try real.reduce(0) { sum, name in
      sum + (try ReferenceFile(readingFrom: "\(folder)/\(name)").references.count)
    }
    #expect(try bytes { real.contains($0) } < 500 * records)
  }

  @Test("The stored references are readable and canonical")
  func stored() throws {
    let folder = SchemaTests.repository.appendingPathComponent("results/reference").path
    for budget in ["smoke", "short", "paper"] {
      let paths = try FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(budget)")
        .filter { $0.hasSuffix(".jsonl") }.map { "\(folder)/\(budget)/\($0)" }
      #expect(!paths.isEmpty)
      for path in paths {
        let text = try String(contentsOfFile: path, encoding: .utf8)
        #expect(try ReferenceFile(readingFrom: path).text() == text, "\(path)")
      }
    }
  }
}
