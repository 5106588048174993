import Reporting
import Results
import TestSupport
import Testing

/// Runs of different settings are never one curve, one row or one label.
@Suite("What sets runs apart, in words")
struct SettingWordsTests {
  private func record(_ variant: [String: Value], accuracy: Double) -> RunRecord {
    var record = RecordFixture.record(accuracy: accuracy)
    for (key, value) in variant { record.variant[key] = value }
    return record
  }

  @Test("Two keys with one last part are told apart by the whole key")
  func lastParts() throws {
    let records = [
      record(["inner.momentum": 0.5], accuracy: 0.1),
      record(["outer.momentum": 0.5], accuracy: 0.9),
    ]
    let figure = try #require(Figure.figure(of: "testAccuracy", in: records))
    #expect(
      figure.series.map { "\($0.label): \($0.y.last ?? .nan)" }.sorted()
        == ["RHG inner.momentum=0.5: 0.1", "RHG outer.momentum=0.5: 0.9"])
    let table = try #require(ResultsTable(records: records, published: []).tables.first)
    #expect(table.markdown.contains("inner.momentum=0.5"), "\(table.markdown)")
    #expect(table.markdown.contains("outer.momentum=0.5"), "\(table.markdown)")
  }

  @Test("Two keys with one text as well, and a key of its own needs no more than its last part")
  func texts() throws {
    let records = [
      record(["data.split": "random"], accuracy: 0.1),
      record(["data.rule": "random"], accuracy: 0.9),
      record(["aggregation.alpha": 0.5], accuracy: 0.5),
    ]
    let figure = try #require(Figure.figure(of: "testAccuracy", in: records))
    #expect(
      figure.series.map(\.label).sorted() == [
        "RHG alpha=0.5", "RHG data.rule=random", "RHG data.split=random",
      ])
  }

  @Test("The name of the data stands once in a title")
  func data() throws {
    var records = [record(["data.name": "digits"], accuracy: 0.1)]
    records.append(record(["data.name": "digits", "aggregation.alpha": 0.5], accuracy: 0.2))
    let figure = try #require(Figure.figure(of: "testAccuracy", in: records))
    #expect(figure.title.components(separatedBy: "digits").count == 2, "\(figure.title)")
  }
}
