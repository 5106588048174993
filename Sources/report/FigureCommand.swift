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
      mean over seeds with a band from the smallest to the largest. Records of sweeps (over K or n) \
      have figures of their own, against what was swept. Data file and gnuplot script are always \
      written; SVG and PNG where gnuplot is installed.

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
  @Option(help: "Where the vertical axis begins.") var minimum: Double?
  @Option(
    help: ArgumentHelp(
      "Only runs whose variant has this setting, one of several values separated by commas, of "
        + "which nothing means that the variant does not name it; may be repeated.",
      valueName: "name=value"))
  var variant: [String] = []
  @Option(help: "The figure's title, instead of one made from the records.") var title: String?
  @Option(help: "The label of the horizontal axis.") var xLabel: String?
  @Option(help: "The label of the vertical axis.") var yLabel: String?
  @Option(
    help: ArgumentHelp(
      "A curve's name in the legend, instead of the one made from the records; the curves named so "
        + "come first, in the order of these options.", valueName: "curve -> name"))
  var label: [String] = []
  @Option(help: ArgumentHelp("The name of the figure's files.", valueName: "name"))
  var name: String?
  @Option(name: .shortAndLong, help: ArgumentHelp("The folder to write to.", valueName: "dir"))
  var output = "results/figures"

  func run() throws {
    try Output.reporting {
      let shown = try records.load(protocolName: protocolName, budget: budget, methods: method)
        .filter(hasVariant)
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
        var figures = Figure.all(
          of: name, in: shown, against: against, isLogarithmic: logarithmic)
        let isSingle = title != nil || self.name != nil || !label.isEmpty
        if isSingle, figures.count * names.count != 1 {
          throw ValidationError(
            "The options --title, --name and --label are for one figure, but the records make "
              + "\(figures.count * names.count); name one metric, and the protocol, budget or "
              + "variant.")
        }
        for index in figures.indices {
          figures[index].title = title ?? figures[index].title
          figures[index].name = self.name ?? figures[index].name
          figures[index].yAxis.minimum = minimum
          if let xLabel { figures[index].xAxis.label = xLabel }
          if let yLabel { figures[index].yAxis.label = yLabel }
          try relabel(&figures[index])
        }
        for figure in figures {
          let written = try writer.write(figure, into: output)
          let paths = [written.dataPath, written.scriptPath] + written.picturePaths
          try Output.write(paths.joined(separator: "\n") + "\n", to: nil)
          if let message = written.message { Output.diagnose(message) }
        }
      }
    }
  }

  func validate() throws {
    if let text = variant.first(where: { !$0.dropFirst().contains("=") }) {
      throw ValidationError(
        "The option --variant wants name=value, such as innerSteps=64, but was given '\(text)'.")
    }
    if let name, !Figure.isUsable(name: name) {
      throw ValidationError(
        "The option --name wants letters, digits, '-', '_' and '.', but was given '\(name)'.")
    }
  }

  /// Renames and reorders the curves as asked.
  private func relabel(_ figure: inout Figure) throws {
    let known = figure.series.map(\.label)
    var named: [Figure.Series] = []
    for pair in label.map(Self.parts) {
      guard let index = figure.series.firstIndex(where: { $0.label == pair.curve }) else {
        throw ValidationError(
          "The option --label names the curve '\(pair.curve)', which the figure does not have; its "
            + "curves are \(known.map { "'\($0)'" }.joined(separator: ", ")).")
      }
      var series = figure.series.remove(at: index)
      series.label = pair.name
      named.append(series)
    }
    figure.series = named + figure.series
  }

  private static func parts(_ text: String) -> (curve: String, name: String) {
    guard let arrow = text.range(of: " -> ") else { return (text, text) }
    return (String(text[..<arrow.lowerBound]), String(text[arrow.upperBound...]))
  }

  /// Whether a run's variant has every setting that is asked for, with one of the values given.
  private func hasVariant(_ record: RunRecord) -> Bool {
    variant.allSatisfy { text in
      let name = String(text.prefix { $0 != "=" })
      let values = text.dropFirst(name.count + 1)
        .split(separator: ",", omittingEmptySubsequences: false)
      let found = record.variant[name].map { $0.stringValue ?? $0.canonicalText } ?? ""
      return values.contains { $0 == found }
    }
  }
}
