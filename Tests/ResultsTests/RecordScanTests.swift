import Results
import TestSupport
import Testing

@Suite("Scanning folders of records")
struct RecordScanTests {
  @Test("Foreign and damaged files are passed over and named; records are all there, in order")
  func passesOver() throws {
    let folder = try TemporaryFolder()
    defer { withExtendedLifetime(folder) {} }
    for seed in [2, 1] { try RecordFixture.record(seed: seed).write(intoRuns: folder.path) }
    _ = try folder.write(Array("{".utf8), to: "broken.json")
    _ = try folder.write(Array("[1, 2]".utf8), to: "deep/list.json")
    _ = try folder.write(Array("text".utf8), to: "notes.txt")
    let scan = try RecordScan(folder.path)
    #expect(scan.records.map(\.record.seed) == [1, 2])
    #expect(scan.passedOver.map(\.kind) == [.malformed, .malformed])
    #expect(scan.passedOver[0].message.contains("broken.json"))
    #expect(scan.passedOver[1].message.contains("deep/list.json"))
  }

  @Test("Two files of one run are refused, and so is a folder that is not there")
  func refuses() throws {
    let folder = try TemporaryFolder()
    defer { withExtendedLifetime(folder) {} }
    try RecordFixture.record().write(intoRuns: folder.path)
    try RecordFixture.record().write(to: folder.path("copy.json"))
    let twice = #expect(throws: ResultsError.self) { try RecordScan(folder.path) }
    #expect(twice?.message.contains("both record the run") == true)
    let absent = #expect(throws: ResultsError.self) { try RecordScan(folder.path("nope")) }
    #expect(absent?.kind == .missing)
  }
}
