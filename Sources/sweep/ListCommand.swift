import ArgumentParser
import Commands
import Experiments

/// Lists the cells of a sweep with their states.
struct ListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "List the cells, which are done, and how long the rest may take.",
    discussion: """
      The time of a cell that has not run is estimated from its nearest measured relatives (~): \
      other seeds, else the nearest K, scaled by it, else other methods, else the same experiment \
      and budget. A cell that its experiment refuses, or whose record cannot be read, is listed \
      with the reason, and the exit code is 65.
      """)

  @OptionGroup var sweep: SweepOptions

  @Flag(help: "The counts alone.")
  var summary = false

  func run() throws {
    let console = Console()
    try console.report {
      let survey = SweepSurvey(try sweep.cells(telling: console))
      if !summary { for line in survey.lines { console.show(result: line) } }
      console.show(result: survey.summary)
      if survey.needsCorrection { throw ExitStatus.dataInvalid.exitCode }
    }
  }
}
