import ArgumentParser
import Commands
import Experiments

/// The counter-example experiment: the article's proof that methods which assume a single lower
/// solution go to the wrong point, whatever K is, and that descent aggregation does not.
@main
struct CounterExample: SuiteCommand {
  static let configuration = CommandConfiguration(
    commandName: "counter-example",
    abstract: "Show where methods go when the lower level has many solutions.",
    discussion: """
      F = 1/2 |x - y2|^2 + 1/2 |y1 - e|^2, f = 1/2 |y1|^2 - x' y1: every y2 solves the lower level, \
      and the optimum is x* = y* = e, all ones. RHG and its kin leave y2 at its start and end at \
      (1 + y2) / 2; descent aggregation moves y2 along. Every result stands beside the point that \
      scalar recursions derive for it. Needs no data.

      """ + ExitStatus.discussion,
    version: suiteVersion,
    subcommands: [
      RunCommand.self, SweepCommand.self, ScalingCommand.self, ListCommand.self,
    ],
    defaultSubcommand: RunCommand.self)
}
