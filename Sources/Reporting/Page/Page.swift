import Results

/// A page of results as a value, independent of how it is written: ``markdown`` and ``html``.
package struct Page: Sendable {
  /// A part of the page.
  package indirect enum Block: Sendable {
    /// A heading of level 2 or below, with the name by which it can be linked to.
    case heading(String, level: Int, anchor: String)
    /// Words; what stands between backticks is code.
    case paragraph(String)
    /// A list of such words.
    case list([String])
    /// What was found, each with its verdict.
    case answers([Answer])
    /// A table.
    case table(Table)
    /// A figure, with words below it.
    case figure(Figure, caption: String)
    /// Commands, one a line.
    case code([String])
    /// What is shown on demand.
    case details(String, [Block])
  }

  /// The title.
  package let title: String
  /// The parts, in order.
  package let blocks: [Block]

  /// The figures of the page, in order.
  package var figures: [Figure] { Self.figures(in: blocks) }

  private static func figures(in blocks: [Block]) -> [Figure] {
    blocks.flatMap { block -> [Figure] in
      switch block {
      case .figure(let figure, _): [figure]
      case .details(_, let inner): figures(in: inner)
      default: []
      }
    }
  }
}

/// One statement of the first screen: a question of the article's, what was found, and whether it
/// holds.
package struct Answer: Sendable, Equatable {
  /// What came of the question.
  package enum Verdict: String, Sendable {
    /// The records support it.
    case holds
    /// The records contradict it.
    case doesNotHold = "does not hold"
    /// The records leave it open.
    case undecided
    /// There are no records.
    case notRun = "not run"
    /// There are records of synthetic data alone, which say nothing of the article's.
    case syntheticOnly = "synthetic only"
    /// A number that judges nothing: a cost.
    case measured
  }

  /// What came of it.
  package let verdict: Verdict
  /// The statement.
  package let statement: String
  /// What was found, in words and numbers.
  package let evidence: String
}
