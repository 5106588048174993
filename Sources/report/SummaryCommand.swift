import ArgumentParser
import Foundation
import Reporting
import Results

/// `report summary`.
struct SummaryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "summary",
    abstract: "One screen: each experiment's table beside published numbers, and what deviates.",
    discussion: """
      At most 50 lines: for each experiment the table that the article has, with published values \
      beside where there are any, and the counts of references and claims; then whatever deviates \
      in full. All tables and the complete check are written below --output. Exit codes are those \
      of 'check'.

      \(Report.exitCodes)
      """)

  @OptionGroup var records: RecordOptions
  @OptionGroup var references: ReferenceOptions

  @Option(help: ArgumentHelp("The budget.", valueName: "name")) var budget = "smoke"
  @Option(name: .shortAndLong, help: ArgumentHelp("Where full tables go.", valueName: "dir"))
  var output = "results/tables"
  @Flag(
    name: .customLong("referenced-only"),
    help: "Pass over runs that have no reference: your own experiments beside the suite's.")
  var referencedOnly = false

  func run() throws {
    var code: Int32 = 0
    try Output.reporting {
      let stored = try records.load()
      let published = try references.publishedValues()
      let expectations = try references.expectations(of: budget, experiment: records.experiment)
      func check(_ experiment: String?) -> CheckReport {
        expectations.check(
          stored, experiment: experiment, passesOverUnreferenced: referencedOnly)
      }
      let report = check(records.experiment)
      let folder = "\(output)/\(budget)"
      try writeTables(stored.map(\.record), published, into: folder)
      try Output.write(report.text(isVerbose: true), to: "\(folder)/check.txt")
      let summary = Summary(
        records: stored.map(\.record), published: published, budget: budget, check: report,
        checkOf: { check($0) },
        places: ["All tables: \(folder)/*.md. The complete check: \(folder)/check.txt."],
        experiment: records.experiment)
      try Output.write(summary.lines().joined(separator: "\n") + "\n", to: nil)
      code = report.exitCode
    }
    if code != 0 { throw ExitCode(code) }
  }

  /// Writes one file of tables an experiment, all metrics of all runs of the budget.
  private func writeTables(
    _ records: [RunRecord], _ published: [PublishedValue], into folder: String
  ) throws {
    let shown = records.filter { $0.budget == budget }
    for (experiment, runs) in Dictionary(grouping: shown, by: \.experiment) {
      var options = ResultsTable.Options()
      options.showsAllMetrics = true
      let tables = ResultsTable(records: runs, published: published, options: options).tables
      try Output.write(
        tables.map(\.markdown).joined(separator: "\n"),
        to: "\(folder)/\(RunRecord.encoded(experiment)).md")
    }
  }
}
