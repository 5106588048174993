import Results

/// What runs of one budget say, on one screen: each experiment's table as the article has it with
/// published numbers beside, counts of references and claims, what deviates, where the rest is.
package struct Summary: Sendable {
  /// The budget.
  package let budget: String
  /// The check of all experiments.
  package let check: CheckReport

  private let sections: [Section]
  private let places: [String]

  /// The part of one experiment.
  private struct Section: Sendable {
    let experiment: String
    let tables: [Table]
    /// All runs of the experiment, those that the tables show and others.
    let runCount: Int
    let check: CheckReport
  }

  /// The most rows that a table shows here; all are in the full tables.
  private static let mostRows = 8

  /// A summary of records of the budget. `check` holds all of them against references and claims and
  /// `checkOf` those of one experiment; `places` says where the full tables and the full check are. With
  /// a name, only that experiment has its part.
  package init(
    records: [RunRecord], published: [PublishedValue], budget: String, check: CheckReport,
    checkOf: (String) -> CheckReport, places: [String], experiment: String? = nil
  ) {
    self.budget = budget
    self.check = check
    self.places = places
    let records = records.filter { $0.budget == budget }
    let shown = ArticleTable.all.filter { experiment == nil || $0.experiment == experiment }
    sections = shown.map { article in
      Section(
        experiment: article.experiment,
        tables: article.tables(records: records, published: published, hasShortTitles: true),
        runCount: records.count { $0.experiment == article.experiment },
        check: checkOf(article.experiment))
    }
  }

  /// The lines, at most `limit` of them. What deviates is there in full as far as it fits; the last
  /// lines say what is better than stored, where everything is, and what the exit code means.
  package func lines(limit: Int = 50) -> [String] {
    let counts = [check.referenceCounts, check.claimCounts]
    let fixed = counts.count + places.count + 1
    let head = Self.cut(sections.flatMap(lines), to: limit - fixed - 4)
    let room = limit - fixed - head.count
    let (deviations, gains) = (check.deviationLines, check.improvementLines)
    let gainsShown = min(gains.count, max(room / 2, room - deviations.count))
    return head + Self.cut(deviations, to: room - gainsShown) + counts
      + Self.cut(gains, to: gainsShown) + places + [check.exitLine]
  }

  private func lines(of section: Section) -> [String] {
    guard !section.tables.isEmpty else {
      let count = section.runCount
      let runs =
        count == 0
        ? "no runs of budget \(budget)."
        : "\(count) \(count == 1 ? "run" : "runs") of budget \(budget), none of which the article's table "
          + "shows; the full tables have them."
      return ["\(section.experiment): \(runs)", ""]
    }
    let tables = section.tables.flatMap { $0.plainLines(mostRows: Self.mostRows) }
    let check = section.check
    return tables + ["  \(check.referenceCounts) \(check.claimCounts)", ""]
  }

  /// The first lines; where they do not fit, the last of them says how many are left out.
  private static func cut(_ lines: [String], to count: Int) -> [String] {
    guard lines.count > count else { return lines }
    let shown = max(0, count - 1)
    return count < 1 ? [] : lines.prefix(shown) + ["  (and \(lines.count - shown) more lines)"]
  }
}
