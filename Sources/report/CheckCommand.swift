import ArgumentParser
import Foundation
import Reporting
import Results

/// `report check`.
struct CheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Compares runs with references and claims, and says what deviates and why.",
    discussion: """
      For each metric of each reference and for each claim of the budget: what was expected, what \
      was found, the tolerance and why, and the verdict. Time is never compared bit for bit.

      Where several exit codes apply, the first of 3, 2, 5, 4 is taken. A run may diverge where its \
      reference or a claim says so, and a claim may be known not to be reproduced.

      \(Report.exitCodes)
      """)

  @OptionGroup var records: RecordOptions
  @OptionGroup var references: ReferenceOptions

  @Option(help: ArgumentHelp("The budget to check.", valueName: "name")) var budget = "smoke"
  @Flag(help: "Print what is not as expected in full, agreeing claims in a line, and the summary.")
  var brief = false
  @Flag(
    name: .customLong("referenced-only"),
    help: "Pass over runs that have no reference: your own experiments beside the suite's.")
  var referencedOnly = false

  func run() throws {
    var code: Int32 = 0
    try Output.reporting {
      let folder = references.reference
      let claims = try ClaimFile.load(referenceFolder: folder)
      let tolerances = try ToleranceFile.load(referenceFolder: folder, budget: budget)
      let stored = try RecordStore.load("\(folder)/\(budget)")
      let report = CheckReport(
        runs: try records.load(), references: stored, tolerances: tolerances, claims: claims,
        budget: budget, experiment: records.experiment, passesOverUnreferenced: referencedOnly)
      try Output.write(report.text(isBrief: brief), to: nil)
      code = report.exitCode
    }
    if code != 0 { throw ExitCode(code) }
  }
}
