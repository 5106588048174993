import ArgumentParser
import Reporting
import Results

/// `report check`.
struct CheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Compares runs with references and claims, and says what is not as expected and why.",
    discussion: """
      For each metric outside its tolerance and each claim with another verdict than it is known to \
      have: what was expected, what was found, the tolerance and why. Then how many references and \
      claims there are and what came of them, and what is better than stored, by how much. Time is \
      never compared.

      Where several exit codes apply, the first of 3, 2, 5, 4 is taken. A run may diverge where its \
      reference or a claim says so, and a claim may be known not to be reproduced.

      \(Report.exitCodes)
      """)

  enum Format: String, CaseIterable, ExpressibleByArgument {
    case text
    case junit
    case json
    case github
  }

  @OptionGroup var records: RecordOptions
  @OptionGroup var references: ReferenceOptions

  @Option(help: ArgumentHelp("The budget to check.", valueName: "name")) var budget = "smoke"
  @Flag(help: "Print everything, also what is as expected.") var verbose = false
  @Option(
    help: """
      text for people, or a form that CI systems read: junit (XML), json, github (workflow \
      commands). The exit code is the same.
      """)
  var format: Format = .text
  @Flag(
    name: .customLong("referenced-only"),
    help: "Pass over runs that have no reference: your own experiments beside the suite's.")
  var referencedOnly = false

  func run() throws {
    var code: Int32 = 0
    try Output.reporting {
      let stored = try records.load()
      let report = try references.expectations(of: budget, experiment: records.experiment)
        .check(
          stored, experiment: records.experiment, passesOverUnreferenced: referencedOnly)
      let text =
        switch format {
        case .text: report.text(isVerbose: verbose)
        case .junit: report.junit
        case .json: report.json.prettyText
        case .github: report.github
        }
      try Output.write(text, to: nil)
      code = report.exitCode
    }
    if code != 0 { throw ExitCode(code) }
  }
}
