import Foundation
import Reporting
import Results
import TestSupport
import Testing

@Suite("Tables of results")
struct ResultsTableTests {
  private func published(
    _ method: String, _ number: Double, status: String = "memory", innerSteps: Int = 20
  ) throws -> PublishedValue {
    let text = """
      {"schemaVersion": 1, "values": [{"experiment": "hyper-cleaning", "protocols": ["icml2020"],
      "dataset": "mnist", "method": "\(method)", "variant": {"innerSteps": \(innerSteps)},
      "metric": "testAccuracy", "number": \(number), "unit": "percent", "status": "\(status)",
      "source": {"article": "ICML 2020", "table": "Table 2", "cell": "\(method)"}}]}
      """
    let file = try FileFormat.published.decode(
      Data(text.utf8), as: PublishedFile.self, source: "published.json")
    return try #require(file.values.first)
  }

  private func tables(
    _ records: [RunRecord], _ published: [PublishedValue] = [],
    _ change: (inout ResultsTable.Options) -> Void = { _ in }
  ) -> [Table] {
    var options = ResultsTable.Options()
    options.metrics = ["testAccuracy"]
    change(&options)
    return ResultsTable(records: records, published: published, options: options).tables
  }

  @Test("Mean, spread and seeds of ours beside the published number, literally")
  func beside() throws {
    let records = [
      RecordFixture.record(
        method: "bda", seed: 0, accuracy: 0.90, dataset: "mnist", synthetic: false),
      RecordFixture.record(
        method: "bda", seed: 1, accuracy: 0.92, dataset: "mnist", synthetic: false),
      RecordFixture.record(
        method: "rhg", seed: 0, accuracy: 0.88, dataset: "mnist", synthetic: false),
    ]
    let table = try #require(tables(records, [try published("bda", 90.5)]).first)
    #expect(
      table.markdown == #"""
        **hyper-cleaning, protocol icml2020, mnist, budget smoke, K20**

        | method | test accuracy (percent), mean ± std | test accuracy (percent), published |
        | ------ | ----------------------------------: | ---------------------------------: |
        | RHG    |                       88.00 (n = 1) |                   (none published) |
        | BDA    |                91.00 ± 1.41 (n = 2) |                     90.50 [memory] |

        - [memory]: as recalled, to be checked against the PDF.
        - Published on mnist: ICML 2020, Table 2.

        """#)
  }

  @Test("Of skewed seeds the table shows the mean and the spread with n - 1, not the median")
  func skewed() throws {
    let records = [0.90, 0.90, 0.60].enumerated().map {
      RecordFixture.record(seed: UInt64($0.offset), accuracy: $0.element)
    }
    // Mean 80, median 90; deviations 10, 10, -20: s = sqrt(600 / 2) = 17.32, with n it were 14.14.
    let table = try #require(tables(records).first)
    #expect(table.markdown.contains("80.00 ± 17.32"))
    let errors = try #require(tables(records) { $0.spread = .sem }.first)
    #expect(errors.markdown.contains("80.00 ± 10.00"))
  }

  @Test("Synthetic data is said in the title and below, and that published is not comparable")
  func synthetic() throws {
    let table = try #require(
      tables([RecordFixture.record()], [try published("rhg", 89, status: "confirmed")]).first)
    #expect(table.title.contains("(synthetic)"))
    #expect(table.notes.contains { $0.contains("measured on synthetic data") })
    #expect(table.notes.contains { $0.contains("not comparable with ours on synthetic data") })
    let real = RecordFixture.record(dataset: "mnist", synthetic: false)
    let plain = try #require(tables([real]).first)
    #expect(plain.notes.isEmpty)
  }

  @Test("A published number on other data, at another K or of another protocol is not shown")
  func mismatch() throws {
    let value = try published("rhg", 89)
    let fashion = RecordFixture.record(dataset: "fashion-mnist", synthetic: false)
    let real = RecordFixture.record(dataset: "mnist", synthetic: false)
    let otherK = RecordFixture.record(innerSteps: 50, dataset: "mnist", synthetic: false)
    let other = RecordFixture.record(protocolName: "shaban2019", dataset: "mnist", synthetic: false)
    #expect(tables([real], [value]).first?.columns.count == 3)
    for record in [fashion, otherK, other] {
      #expect(tables([record], [value]).first?.columns.count == 2)
    }
  }

  @Test("Runs that broke down are named, and a cell without any says how")
  func breakdowns() throws {
    let status = RunRecord.Status(.diverged, reason: "F exceeded 1e6")
    let records = [
      RecordFixture.record(seed: 0), RecordFixture.record(seed: 1, status: status),
      RecordFixture.record(method: "bda", status: status),
    ]
    let table = try #require(tables(records).first)
    #expect(table.rows[0][1].isMeasured(count: 1))
    #expect(table.rows[1][1] == .missing("diverged"))
    #expect(table.notes.contains("RHG K20, seed 1: diverged: F exceeded 1e6"))
    #expect(table.notes.contains("BDA K20, seed 0: diverged: F exceeded 1e6"))
  }

  @Test("Inner steps as columns: one row per method, missing cells not run")
  func innerSteps() throws {
    let records = [
      RecordFixture.record(innerSteps: 50), RecordFixture.record(innerSteps: 100),
      RecordFixture.record(method: "bda", innerSteps: 100),
    ]
    let table = try #require(tables(records) { $0.layout = .innerSteps }.first)
    #expect(table.columns.map(\.name) == ["method", "K = 50", "K = 100"])
    #expect(table.rows.map(\.first) == [.text("RHG"), .text("BDA")])
    #expect(table.rows[1][1] == .missing("not run"))
    #expect(table.rows[1][2].isMeasured(count: 1))
    #expect(table.title.hasPrefix("test accuracy: hyper-cleaning"))
  }

  @Test("Of several variants at one K the plain one is shown, and how many are not")
  func innerStepsOfVariants() throws {
    var fewer = RecordFixture.record(innerSteps: 100, accuracy: 0.5)
    fewer.variant["data.validation"] = 20
    var more = fewer
    more.variant["data.validation"] = 50
    let plain = RecordFixture.record(innerSteps: 100, accuracy: 0.9)
    let shown = try #require(tables([fewer, plain, more]) { $0.layout = .innerSteps }.first)
    #expect(shown.markdown.contains("90.00") && !shown.markdown.contains("50.00"))
    #expect(shown.notes.contains { $0.hasPrefix("2 further variants") })
    let unclear = try #require(tables([fewer, more]) { $0.layout = .innerSteps }.first)
    #expect(unclear.rows[0][1] == .missing("2 variants"))
    // A variant that is alone is shown, and named where others are plain; in the title where none is.
    var other = RecordFixture.record(method: "bda", innerSteps: 100)
    other.variant["data.validation"] = 20
    let mixed = try #require(tables([plain, other]) { $0.layout = .innerSteps }.first)
    #expect(mixed.notes.contains("BDA at K = 100 is the variant validation=20."))
    let alike = try #require(tables([fewer, other]) { $0.layout = .innerSteps }.first)
    #expect(alike.title.hasSuffix(", validation=20"))
    #expect(!alike.notes.contains { $0.contains("variant") })
  }

  @Test("Variants are rows, spreads are named, protocols are tables, methods keep their order")
  func options() throws {
    let records = [
      RecordFixture.record(seed: 0, innerSteps: 5), RecordFixture.record(seed: 1, innerSteps: 5),
      RecordFixture.record(innerSteps: 100), RecordFixture.record(method: "bda", innerSteps: 5),
      RecordFixture.record(protocolName: "other"),
    ]
    let all = tables(records) {
      $0.spread = .bootstrap
      $0.methods = ["bda", "rhg"]
    }
    #expect(all.count == 2)
    let table = try #require(all.first)
    #expect(
      table.rows.map { Array($0.prefix(2)) } == [
        [.text("BDA"), .text("K5")], [.text("RHG"), .text("K5")], [.text("RHG"), .text("K100")],
      ])
    #expect(table.columns[2].kind == .measured(.bootstrap))
    #expect(table.csv().contains("95 % bootstrap lower (percent)"))
  }

  @Test("Metrics and costs are shown where none is named, and an unrecorded one says so")
  func metrics() throws {
    var poorer = RecordFixture.record(method: "bda")
    poorer.final["upperObjective"] = nil
    let table = try #require(
      tables([RecordFixture.record(), poorer]) { $0.metrics = [] }.first)
    #expect(
      table.columns.map(\.name) == [
        "method", "test accuracy", "upper objective", "median outer step", "peak memory",
      ])
    #expect(table.columns.map(\.unit) == [nil, "percent", "nats", "seconds", "MB"])
    #expect(table.rows[1][2] == .missing("not recorded"))
  }

  @Test("Where there are headline metrics, the others are shown only on request")
  func headlines() throws {
    var record = RecordFixture.record()
    record.metrics[0].headline = true
    func names(all: Bool) throws -> [String] {
      let table = try #require(
        tables([record]) {
          $0.metrics = []
          $0.showsAllMetrics = all
        }.first)
      return table.columns.map(\.name)
    }
    #expect(
      try names(all: false) == ["method", "test accuracy", "median outer step", "peak memory"])
    #expect(try names(all: true).contains("upper objective"))
  }

  @Test("What all cells share is said once, in the caption")
  func caption() throws {
    let one = try #require(
      tables([RecordFixture.record(), RecordFixture.record(method: "bda")]).first)
    #expect(one.markdown.contains("K20; one seed**"))
    #expect(one.markdown.contains("| test accuracy (percent) |"))
    let records = ["rhg", "bda"].flatMap { method in
      (0..<3).map { RecordFixture.record(method: method, seed: $0) }
    }
    let three = try #require(tables(records).first)
    #expect(three.markdown.contains("K20; mean ± std over 3 seeds**"))
    #expect(!three.markdown.contains("n = 3"))
  }

  @Test("A run whose settings make another problem of it has no published number")
  func otherProblem() throws {
    let value = try published("rhg", 89)
    var record = RecordFixture.record(dataset: "mnist", synthetic: false)
    #expect(value.matches(record))
    record.variant["upper.iterations"] = 7
    #expect(value.matches(record))
    record.variant["problem"] = "reduced"
    #expect(!value.matches(record))
  }
}

extension Table.Cell {
  func isMeasured(count: Int) -> Bool {
    if case .measured(let measured) = self { measured.count == count } else { false }
  }
}
