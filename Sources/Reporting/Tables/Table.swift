import Files
import Foundation
import Results

/// A table of results as a value, independent of how it is written.
///
/// Invariant: every row has one cell per column. Writers are ``markdown``, ``csv``, ``latex``,
/// ``html`` and ``json``.
package struct Table: Sendable, Equatable {
  /// What a column holds, which decides its alignment and its columns in CSV.
  package enum ColumnKind: Sendable, Equatable {
    /// Words.
    case text
    /// Single numbers.
    case number
    /// Means with their spread and the number of seeds.
    case measured(SpreadKind)
    /// Numbers from the literature with their status.
    case published
  }

  /// One column.
  package struct Column: Sendable, Equatable {
    /// The heading, without unit.
    package let name: String
    /// The unit of the numbers, nil for words.
    package let unit: String?
    /// What it holds.
    package let kind: ColumnKind

    /// A column.
    package init(_ name: String, unit: String? = nil, kind: ColumnKind = .text) {
      self.name = name
      self.unit = unit
      self.kind = kind
    }
  }

  /// One cell.
  package enum Cell: Sendable, Equatable {
    /// Words.
    case text(String)
    /// A number, shown with so many decimals.
    case number(Double, decimals: Int)
    /// A mean over seeds with its spread.
    case measured(Measured)
    /// A number from the literature, shown with so many decimals, and how far it was checked.
    case published(Double, status: PublishedValue.Status, decimals: Int)
    /// Nothing, and why.
    case missing(String)
  }

  /// A mean over seeds with its spread.
  package struct Measured: Sendable, Equatable {
    /// The mean.
    package let mean: Double
    /// The spread, nil for one seed.
    package let spread: Spread?
    /// The number of seeds.
    package let count: Int
    /// The decimals shown.
    package let decimals: Int

    /// A mean with its spread.
    package init(mean: Double, spread: Spread?, count: Int, decimals: Int) {
      self.mean = mean
      self.spread = spread
      self.count = count
      self.decimals = decimals
    }
  }

  /// The spread of a mean.
  package enum Spread: Sendable, Equatable {
    /// So far on either side.
    case plusMinus(Double)
    /// From here to there.
    case interval(Double, Double)
  }

  /// What the table shows; one line.
  package let title: String
  /// The columns.
  package let columns: [Column]
  /// The rows, one cell per column each.
  package let rows: [[Cell]]
  /// What a reader must know besides, one sentence each.
  package let notes: [String]
  /// The number of seeds behind every measured cell, nil where they differ or there are none.
  let sharedCount: Int?

  /// A table; every row must have one cell per column.
  package init(title: String, columns: [Column], rows: [[Cell]], notes: [String] = []) {
    for row in rows {
      precondition(
        row.count == columns.count,
        "A row of \(row.count) cells does not fit a table of \(columns.count) columns.")
    }
    self.title = PrintableText.line(title)
    self.columns = columns.map {
      Column(PrintableText.line($0.name), unit: $0.unit.map(PrintableText.line), kind: $0.kind)
    }
    self.rows = rows.map { row in
      row.map { cell in
        switch cell {
        case .text(let text): .text(PrintableText.line(text))
        case .missing(let reason): .missing(PrintableText.line(reason))
        case .number, .measured, .published: cell
        }
      }
    }
    self.notes = notes.map(PrintableText.line)
    let counts = rows.joined().compactMap { cell -> Int? in
      if case .measured(let measured) = cell { measured.count } else { nil }
    }
    sharedCount = Set(counts).count == 1 ? counts.first : nil
  }

  /// The heading of a column with its unit, and with what its numbers are.
  func heading(of column: Column, plusMinus: String) -> String {
    let base = column.unit.map { "\(column.name) (\($0))" } ?? column.name
    switch column.kind {
    case .text, .number: return base
    case .published: return base + ", published"
    case .measured(let spread):
      // What holds for every cell is said once, in the caption.
      return sharedCount == nil ? base + ", " + Self.statistic(spread, plusMinus) : base
    }
  }

  /// The title with what all measured cells share: their statistic and the number of seeds.
  func caption(plusMinus: String) -> String {
    let spreads = columns.compactMap { column -> SpreadKind? in
      if case .measured(let spread) = column.kind { spread } else { nil }
    }
    guard let sharedCount, let spread = spreads.first else { return title }
    if sharedCount == 1 { return title + "; one seed" }
    return title + "; \(Self.statistic(spread, plusMinus)) over \(sharedCount) seeds"
  }

  /// The words for a mean with its spread.
  private static func statistic(_ spread: SpreadKind, _ plusMinus: String) -> String {
    spread.isInterval
      ? "mean [\(spread.displayName)]" : "mean \(plusMinus) \(spread.displayName)"
  }

  /// The words of a cell for readers; formats escape them afterwards.
  func words(in cell: Cell, plusMinus: String) -> String {
    switch cell {
    case .text(let text): return text
    case .missing(let reason): return "(\(reason))"
    case .number(let value, let decimals): return Self.fixed(value, decimals)
    case .published(let value, let status, let decimals):
      return "\(Self.fixed(value, decimals)) [\(status.rawValue)]"
    case .measured(let measured):
      let mean = Self.fixed(measured.mean, measured.decimals)
      let seeds = sharedCount == nil ? " (n = \(measured.count))" : ""
      switch measured.spread {
      case nil: return mean + seeds
      case .plusMinus(let spread):
        return "\(mean) \(plusMinus) \(Self.fixed(spread, measured.decimals))" + seeds
      case .interval(let lower, let upper):
        let bounds = [lower, upper].map { Self.fixed($0, measured.decimals) }
        return "\(mean) [\(bounds[0]), \(bounds[1])]" + seeds
      }
    }
  }

  /// The number with so many decimals, or as many as show two digits; non-finite ones as words.
  static func fixed(_ value: Double, _ decimals: Int) -> String {
    if value.isNaN { return "nan" }
    if value.isInfinite { return value < 0 ? "-inf" : "inf" }
    // A loss of 2e-5 is not 0.0000: two digits where the decimals would show fewer.
    if decimals >= 2, value != 0, abs(value) < 10 * pow(10, -Double(decimals)) {
      return String(format: "%.2g", value)
    }
    return String(format: abs(value) < 1e12 ? "%.\(max(0, decimals))f" : "%.4g", value)
  }

  /// A short text per character: replacing in one pass, so that no escape is escaped again.
  static func escaped(_ text: String, _ replacement: (Unicode.Scalar) -> String?) -> String {
    var result = ""
    // What reads the text goes by scalars: a quote with a mark that combines is still a quote there.
    for scalar in text.unicodeScalars {
      if let other = replacement(scalar) {
        result += other
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
