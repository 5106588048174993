import ArgumentParser
import Results

/// `report accept`.
struct AcceptCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "accept",
    abstract: "Stores completed runs as references, in slim form.",
    discussion: """
      Writes final metrics, configuration and environment of each run of the budget below \
      REFERENCE/BUDGET, replacing the reference of the same run. Look at 'report check' first, and \
      at the difference in version control afterwards. Runs that were interrupted or failed are \
      left out and named.

      \(Report.exitCodes)
      """)

  @OptionGroup var records: RecordOptions
  @OptionGroup var references: ReferenceOptions

  @Option(help: ArgumentHelp("The budget to store.", valueName: "name")) var budget = "smoke"

  func run() throws {
    try Output.reporting {
      for record in try records.load(protocolName: nil, budget: budget) {
        let kind = record.status.kind
        guard kind == .completed || kind.isBreakdown else {
          Output.diagnose("Left out \(record.identity): \(kind.rawValue).")
          continue
        }
        let path = "\(references.reference)/\(budget)/\(record.referenceFileName)"
        try Output.write(try record.slimmed().write(to: path) + "\n", to: nil)
      }
    }
  }
}
