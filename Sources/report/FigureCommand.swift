import ArgumentParser
import Reporting
import Results

extension Figure.Abscissa: ExpressibleByArgument {}

/// `report figure`.
struct FigureCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "figure",
    abstract: "Draws curves of metrics against outer steps or seconds.",
    discussion: """
      One figure per metric, experiment, protocol, budget and data set: a curve per method, the \
      mean over seeds with a band from the smallest to the largest. Data file and gnuplot script \
      are always written; SVG and PNG where gnuplot is installed.

      \(Report.exitCodes)
      """)

  @OptionGroup var records: RecordOptions

  @Option(name: .customLong("protocol"), help: ArgumentHelp("Only this one.", valueName: "name"))
  var protocolName: String?
  @Option(help: ArgumentHelp("Only this budget.", valueName: "name")) var budget: String?
  @Option(help: "A method to draw; repeat for several.") var method: [String] = []
  @Option(help: "A metric to draw; repeat for several; all that have curves where none is named.")
  var metric: [String] = []
  @Option(help: "What to draw against.") var against: Figure.Abscissa = .iteration
  @Flag(help: "A logarithmic vertical axis.") var logarithmic = false
  @Option(name: .shortAndLong, help: ArgumentHelp("The folder to write to.", valueName: "dir"))
  var output = "results/figures"

  func run() throws {
    try Output.reporting {
      let shown = try records.load(protocolName: protocolName, budget: budget, methods: method)
      let curves = shown.flatMap(\.metrics).filter { !$0.steps.isEmpty }
      let known = Set(curves.map(\.name))
      let names = metric.isEmpty ? known.sorted() : metric
      if let name = names.first(where: { !known.contains($0) }) {
        throw ResultsError(
          .missing,
          "No record has a curve of '\(name)'; there are "
            + "\(known.sorted().joined(separator: ", ")).")
      }
      guard !names.isEmpty else {
        throw ResultsError(
          .missing, "The records in '\(records.runs)' have no curves; run the experiment again.")
      }
      let writer = FigureWriter()
      for name in names {
        let figures = Figure.all(
          of: name, in: shown, against: against, isLogarithmic: logarithmic)
        for figure in figures {
          let written = try writer.write(figure, into: output)
          let paths = [written.dataPath, written.scriptPath] + written.picturePaths
          try Output.write(paths.joined(separator: "\n") + "\n", to: nil)
          if let message = written.message { Output.diagnose(message) }
        }
      }
    }
  }
}
