import Reporting
import Results
import TestSupport
import Testing

/// Runs of one seed that differ in scalar type or data are no two seeds.
@Suite("Records told apart by more than their variants")
struct ToldApartTests {
  private func record(
    _ scalar: String, seed: UInt64 = 0, data: String = "ab12", accuracy: Double = 0.8
  ) -> RunRecord {
    var record = RecordFixture.record(seed: seed, accuracy: accuracy)
    record.environment.scalar = scalar
    record.datasets = [.init(name: "digits", sha256: data, split: "10", synthetic: true)]
    return record
  }

  @Test("Two scalar types are two rows, in the table and in the figure")
  func scalars() throws {
    let records = [record("float", accuracy: 0.8), record("double", accuracy: 0.9)]
    let table = try #require(ResultsTable(records: records, published: []).tables.first)
    #expect(table.rows.count == 2)
    #expect(table.markdown.contains("double") && table.markdown.contains("90.00"))
    #expect(!table.markdown.contains("seeds"), "\(table.markdown)")
    let figure = try #require(Figure.figure(of: "testAccuracy", in: records.toldApart))
    #expect(figure.series.count == 2)
  }

  @Test("Two data sets under one seed are two rows; data that goes with the seed is one")
  func data() throws {
    let twice = [record("float", data: "ab12"), record("float", data: "cd34")]
    #expect(ResultsTable(records: twice, published: []).tables.first?.rows.count == 2)
    let drawn = [record("float", data: "ab12"), record("float", seed: 1, data: "cd34")]
    #expect(ResultsTable(records: drawn, published: []).tables.first?.rows.count == 1)
    // A file that two seeds have in common, beside another file.
    let files = [
      record("float", data: "ab12"), record("float", seed: 1, data: "ab12"),
      record("float", seed: 2, data: "cd34"),
    ]
    #expect(ResultsTable(records: files, published: []).tables.first?.rows.count == 2)
    #expect(files.toldApart.toldApart == files.toldApart)
    #expect(drawn.toldApart == drawn && twice.toldApart.toldApart == twice.toldApart)
  }

  @Test("A claim is about the run that something is stored of, and else asks for one of them")
  func claims() throws {
    let claim = RecordFixture.claim(.value, .value(0.9), absolute: 1e-8)
    let (float, double) = (record("float", accuracy: 0.9 + 2e-8), record("double", accuracy: 0.9))
    let evidence = Evidence(
      runs: [float], references: [Reference(double)], published: [], claims: [claim])
    #expect(evidence.verdicts().map(\.outcome) == [.reproduced])
    #expect(evidence.records.count == 2)
    for record in evidence.records {
      let isReference = record.environment.scalar == "double"
      #expect(evidence.origin(of: record) == (isReference ? .reference : .run))
    }
    let verdict = ClaimVerdict(claim, records: [float, double])
    #expect(verdict.outcome == .notRun)
    #expect(verdict.reason?.contains("differ in scalar type or data alone") == true)
    // Six digits would say that 0.9 is not 0.9.
    let alone = ClaimVerdict(claim, records: [float])
    #expect(alone.outcome == .notReproduced)
    #expect(alone.found.contains { $0.contains("0.90000002") }, "\(alone.found)")
  }
}
