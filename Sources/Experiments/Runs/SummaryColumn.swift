import Foundation
import Results

/// One column of the lines that `run` prints.
package struct SummaryColumn: Sendable {
  /// The head of the column.
  package let title: String
  /// The characters that it takes up.
  package let width: Int
  /// The cell of a record.
  package let cell: @Sendable (RunRecord) -> String

  /// A column.
  package init(_ title: String, _ width: Int, _ cell: @escaping @Sendable (RunRecord) -> String) {
    self.title = title
    self.width = width
    self.cell = cell
  }

  /// A final value with so many decimals, multiplied by a factor (100 for percent).
  package static func final(
    _ title: String, _ width: Int, _ metric: String, decimals: Int = 4, times factor: Double = 1
  ) -> SummaryColumn {
    SummaryColumn(title, width) { number($0.final[metric].map { factor * $0 }, decimals) }
  }

  /// A final value with four significant digits.
  package static func general(_ title: String, _ width: Int, _ metric: String) -> SummaryColumn {
    SummaryColumn(title, width) { $0.final[metric].map { text($0, "%.4g") } ?? "-" }
  }

  /// K.
  package static let innerSteps = SummaryColumn("K", 5) {
    $0.innerSteps.map { "\($0)" } ?? "-"
  }

  /// The median seconds of an outer iteration.
  package static let secondsPerOuterStep = SummaryColumn("s/outer", 9) {
    number($0.timing.secondsPerOuterStep, 4)
  }

  /// The peak of resident memory.
  package static let peakMegabytes = SummaryColumn("peak MB", 8) {
    number($0.timing.peakResidentBytes.map { Double($0) / 1e6 }, 0)
  }

  /// A number with so many decimals, a large one by its first digits, or a dash.
  package static func number(_ value: Double?, _ decimals: Int) -> String {
    guard let value else { return "-" }
    return text(value, abs(value) < 1e8 ? "%.\(decimals)f" : "%.3g")
  }

  /// A number in a format of C's; what is no number as records have it, whose sign says nothing.
  package static func text(_ value: Double, _ format: String) -> String {
    value.isNaN ? "nan" : String(format: format, value)
  }

  /// The heads of columns, in one line.
  package static func header(_ columns: [SummaryColumn]) -> String {
    line(columns.map { ($0.title, $0.width) }) + "  record"
  }

  /// A record in one line.
  package static func line(
    _ columns: [SummaryColumn], of record: RunRecord, path: String
  ) -> String {
    line(columns.map { ($0.cell(record), $0.width) }) + "  " + path
  }

  private static func line(_ cells: [(String, Int)]) -> String {
    cells.map { text, width in
      text + String(repeating: " ", count: max(0, width - text.count))
    }.joined(separator: " ")
  }
}

extension [SummaryColumn] {
  /// Method, K, seed and status before an experiment's own columns, cost behind them.
  package static func experiment(_ own: [SummaryColumn]) -> [SummaryColumn] {
    [
      SummaryColumn("method", 19) { $0.method.displayName }, .innerSteps,
      SummaryColumn("seed", 5) { "\($0.seed)" },
      SummaryColumn("status", 12) { $0.status.kind.rawValue },
    ] + own + [.secondsPerOuterStep, .peakMegabytes]
  }
}
