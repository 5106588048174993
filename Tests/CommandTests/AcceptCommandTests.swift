import Files
import Foundation
import Results
import TestSupport
import Testing

@Suite("report accept")
struct AcceptCommandTests {
  private func stored(_ laboratory: ReportCommandTests.Laboratory) throws -> [Reference] {
    try ReferenceFile(
      readingFrom: ReferenceFile.path(
        folder: laboratory.folder.path("reference"), budget: "smoke",
        experiment: "hyper-cleaning")
    ).references
  }

  @Test("Runs of two scalars and of two data sets are stored as they are, and check finds them")
  func asWritten() throws {
    let laboratory = try ReportCommandTests.Laboratory()
    var double = RecordFixture.record(accuracy: 0.81)
    double.environment.scalar = "double"
    var other = RecordFixture.record(accuracy: 0.82)
    other.datasets[0].sha256 = "cd34"
    let records = [RecordFixture.record(), double, other]
    try laboratory.run(records)
    try laboratory.reference([])
    let accept = try laboratory.report("accept", ["--curves"])
    #expect(accept.exitCode == 0, "\(accept.standardError)")
    let references = try stored(laboratory)
    #expect(Set(references.map(\.identity)) == Set(records.map(\.identity)))
    #expect(references.allSatisfy { $0.variant == ["innerSteps": 20] })
    let curves = try RecordStore.load(laboratory.folder.path("curves")).map(\.record.identity)
    #expect(Set(curves) == Set(records.map(\.identity)))
    let check = try laboratory.report("check")
    #expect(check.exitCode == 0, "\(check.standardOutput)\(check.standardError)")
    // What is shown is told apart all the same.
    let table = try laboratory.report("table", ["--metric", "testAccuracy"])
    for words in ["double", "80.00", "81.00", "82.00"] {
      #expect(table.standardOutput.contains(words), "\(table.standardOutput)")
    }
  }

  @Test("A stored curve is of the same run as its reference, also without --curves")
  func curvesFollow() throws {
    let laboratory = try ReportCommandTests.Laboratory()
    func accuracies(_ accuracy: Double, _ options: [String]) throws -> [Double?] {
      try laboratory.run([RecordFixture.record(accuracy: accuracy)])
      let accept = try laboratory.report("accept", options)
      #expect(accept.exitCode == 0, "\(accept.standardError)")
      return try RecordStore.load(laboratory.folder.path("curves"))
        .map { $0.record.final["testAccuracy"] }
    }
    try laboratory.reference([])
    #expect(try accuracies(0.8, ["--curves"]) == [0.8])
    #expect(try accuracies(0.7, []) == [0.7])
  }

  @Test("--replace drops what no record takes the place of; with --method, of those methods alone")
  func replacing() throws {
    let laboratory = try ReportCommandTests.Laboratory()
    try laboratory.run([RecordFixture.record(), RecordFixture.record(method: "bda")])
    try laboratory.reference([
      RecordFixture.record(seed: 7), RecordFixture.record(method: "cg"),
      RecordFixture.record(method: "bda", seed: 7),
    ])
    func names() throws -> [String] {
      try stored(laboratory).map { "\($0.method) \($0.seed)" }.sorted()
    }
    let one = try laboratory.report("accept", ["--method", "rhg", "--replace"])
    #expect(one.exitCode == 0, "\(one.standardError)")
    #expect(one.standardOutput.hasSuffix(": 1 runs stored, 3 in all\n"))
    #expect(try names() == ["bda 7", "cg 0", "rhg 0"])
    let all = try laboratory.report("accept", ["--replace"])
    #expect(all.exitCode == 0, "\(all.standardError)")
    #expect(try names() == ["bda 0", "rhg 0"])
    // A damaged file is written again.
    _ = try laboratory.folder.write(
      Array("{".utf8), to: "reference/smoke/hyper-cleaning.jsonl")
    #expect(try laboratory.report("accept").exitCode == 65)
    #expect(try laboratory.report("accept", ["--replace"]).exitCode == 0)
    #expect(try names() == ["bda 0", "rhg 0"])
  }

  /// The bytes of all references and stored curves, by path.
  private func contents(_ laboratory: ReportCommandTests.Laboratory) throws -> [String: Data] {
    var contents: [String: Data] = [:]
    for folder in ["reference", "curves"] {
      let base = laboratory.folder.path(folder)
      for name in try FileManager.default.subpathsOfDirectory(atPath: base)
      where PathState("\(base)/\(name)") == .file {
        contents["\(folder)/\(name)"] = FileManager.default.contents(atPath: "\(base)/\(name)")
      }
    }
    return contents
  }

  @Test("What is refused changes no reference and no stored curve, of any experiment")
  func refused() throws {
    let laboratory = try ReportCommandTests.Laboratory()
    try laboratory.reference([])
    try laboratory.run([RecordFixture.record(), RecordFixture.record(seed: 1)])
    #expect(try laboratory.report("accept", ["--curves"]).exitCode == 0)
    let before = try contents(laboratory)
    #expect(before.count == 4)
    var first = RecordFixture.record()
    first.experiment = "an-experiment-before"
    var other = RecordFixture.record(accuracy: 0.11)
    other.metrics[0].unit = "percent"
    try laboratory.run([first, other])
    for options in [[], ["--curves"], ["--curves", "--replace"]] {
      let accept = try laboratory.report("accept", options)
      #expect(accept.exitCode == 65, "\(accept.standardError)")
      #expect(
        accept.standardError.contains("two different values of the metric 'testAccuracy'"))
      #expect(accept.standardOutput.isEmpty)
      #expect(try contents(laboratory) == before, "\(options)")
    }
  }

  @Test("A file of references under the name of another is refused, and says which it is of")
  func otherName() throws {
    let laboratory = try ReportCommandTests.Laboratory()
    try laboratory.run([RecordFixture.record(budget: "short")])
    try laboratory.reference([RecordFixture.record()])
    let bytes = try #require(
      FileManager.default.contents(
        atPath: laboratory.folder.path("reference/smoke/hyper-cleaning.jsonl")))
    _ = try laboratory.folder.write([UInt8](bytes), to: "reference/short/hyper-cleaning.jsonl")
    for command in ["accept", "check"] {
      let result = try laboratory.report(command, ["--budget", "short"])
      #expect(result.exitCode == 65 && !result.endedBySignal, "\(result.standardError)")
      #expect(
        result.standardError.contains(
          "is of the experiment 'hyper-cleaning' and the budget 'smoke', and its place says"),
        "\(command): \(result.standardError)")
    }
  }

  @Test("--replace drops the stored curves of the references that it drops, and no others")
  func replacedCurves() throws {
    let laboratory = try ReportCommandTests.Laboratory()
    try laboratory.reference([])
    try laboratory.run([
      RecordFixture.record(), RecordFixture.record(seed: 1),
      RecordFixture.record(method: "bda", seed: 1), RecordFixture.record(budget: "short"),
    ])
    for budget in ["smoke", "short"] {
      #expect(try laboratory.report("accept", ["--curves", "--budget", budget]).exitCode == 0)
    }
    try FileManager.default.removeItem(atPath: laboratory.folder.path("runs"))
    try laboratory.run([RecordFixture.record(), RecordFixture.record(method: "bda")])
    func curves(after options: [String]) throws -> [String] {
      let accept = try laboratory.report("accept", options)
      #expect(accept.exitCode == 0, "\(accept.standardError)")
      #expect(
        accept.standardError.contains("removed the stored curves of 1 runs")
          == options.contains("--replace"))
      return try RecordStore.load(laboratory.folder.path("curves")).map(\.record.identity)
        .map { "\($0.method) \($0.budget) \($0.seed)" }.sorted()
    }
    #expect(
      try curves(after: []) == ["bda smoke 1", "rhg short 0", "rhg smoke 0", "rhg smoke 1"])
    #expect(
      try curves(after: ["--replace", "--method", "rhg"])
        == ["bda smoke 1", "rhg short 0", "rhg smoke 0"])
    #expect(
      try curves(after: ["--replace", "--curves"])
        == ["bda smoke 0", "rhg short 0", "rhg smoke 0"])
  }
}
