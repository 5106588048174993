import ArgumentParser
import Commands

/// The command `report`: tables, figures and checks, as functions of stored records.
@main
struct Report: SuiteCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Tables, figures and checks of stored runs.",
    discussion: """
      Computes nothing anew: every number comes from a record below --runs, a reference, a claim or \
      a published figure below --reference. Results go to standard output, diagnostics to standard \
      error.

      \(Self.exitCodes)
      """,
    version: suiteVersion,
    subcommands: [
      SummaryCommand.self, TableCommand.self, CheckCommand.self, FigureCommand.self,
      PageCommand.self, CompareCommand.self, WatchCommand.self, ListCommand.self,
      AcceptCommand.self, SchemaCommand.self,
    ])

  /// Unfinished files are removed on a signal.
  static func prepare() {
    Interruption.installEndingAtOnce(
      saying: "Interrupted: nothing unfinished was kept; run the same command again.")
  }

  /// What every subcommand's exit codes mean.
  static let exitCodes = """
    EXIT CODES
      0    success; for 'check', 'summary' and 'compare', everything is as expected
      1    unexpected failure: a file, or standard output, that cannot be written, for example
      2    'check', 'summary', 'compare': a number is outside its tolerance, or a claim has a worse
           verdict than is known
      3    'check', 'summary', 'compare', 'watch': a run diverged or became non-finite
      4    'check', 'summary', 'compare': outside what is stored in the better direction only
      5    a record, reference or tolerance is missing, or a claim has no verdict; 'watch': a run was
           stopped
      64   wrong usage
      65   a file is there but damaged, of another version, or has unknown keys; a JSON file among
           records that is none, or breaks off, is named and passed over instead
      71   the system gave no more memory
      129, 130, 131, 143  interrupted by SIGHUP, SIGINT, SIGQUIT, SIGTERM
    """
}
