import ArgumentParser
import Files
import Reporting
import Results

/// `report figure`.
struct FigureCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "figure",
    abstract:
      "Draws the chosen figures, or curves, points and rows of metrics of one's own choice.",
    discussion: """
      Without options, the figures that the page shows: --list names them, --name draws one. \
      With --metric or --all, one figure per metric, experiment, protocol, budget and data set, of \
      at most ten curves each: a curve per method, the mean over seeds with Student's 95 % band from \
      three seeds on, baselines as horizontal lines. A method has one colour and one mark in all \
      figures. Records of sweeps (over K or n) have figures of their own, against what was swept. \
      Data file and gnuplot script are always written, and name the command and the records; SVG \
      and PNG where gnuplot is installed.

      \(Report.exitCodes)
      """)

  @OptionGroup var records: RecordOptions
  @OptionGroup var references: ReferenceOptions

  @Flag(help: "Every metric that has a curve, instead of the chosen figures.") var all = false
  @Flag(help: "Name the chosen figures and say which can be drawn.") var list = false
  @Option(name: .customLong("protocol"), help: ArgumentHelp("Only this one.", valueName: "name"))
  var protocolName: String?
  @Option(help: ArgumentHelp("Only this budget.", valueName: "name")) var budget: String?
  @Option(help: "A method to draw; repeat for several, in the order of the legend.")
  var method: [String] = []
  @Option(help: "A metric to draw; repeat for several.")
  var metric: [String] = []
  @Option(
    help: ArgumentHelp(
      "A second metric in the same figure, against an axis on the right.", valueName: "metric"))
  var rightMetric: String?
  @Option(
    help: ArgumentHelp(
      "What to draw against: iterations, seconds, K (inner steps), or any setting that runs differ "
        + "in, such as data.validation; final values where it is a setting.",
      valueName: "iterations|seconds|K|setting"))
  var against = "iterations"
  @Option(
    help: ArgumentHelp(
      "One point a method, its final value against what it costs: seconds (of the whole run), step "
        + "(seconds per outer step), memory, or any metric.",
      valueName: "seconds|step|memory|metric"))
  var scatter: String?
  @Flag(help: "One row a method: the final value with its 95 % interval.") var rows = false
  @Flag(help: "A logarithmic vertical axis; horizontal with --rows.") var logarithmic = false
  @Option(parsing: .unconditional, help: "Where the vertical axis begins.") var minimum: Double?
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
  @Option(
    help: ArgumentHelp(
      "The name of the figure's files; without --metric, the chosen figure to draw.",
      valueName: "name"))
  var name: String?
  @Option(name: .shortAndLong, help: ArgumentHelp("The folder to write to.", valueName: "dir"))
  var output = "results/figures"

  func run() throws {
    try Output.reporting {
      if metric.isEmpty && !all {
        try drawChosen()
      } else {
        try drawMetrics()
      }
    }
  }

  func validate() throws {
    if let text = variant.first(where: { !$0.dropFirst().contains("=") }) {
      throw ValidationError(
        "The option --variant wants name=value, such as innerSteps=64, but was given '\(text)'.")
    }
    if let minimum, !minimum.isFinite {
      throw ValidationError("The option --minimum wants a finite number but was given \(minimum).")
    }
    if list, !metric.isEmpty || all {
      throw ValidationError(
        "The option --list names the chosen figures and draws nothing; leave out --list, or leave out "
          + "--metric and --all.")
    }
    if let minimum, minimum <= 0, logarithmic {
      throw ValidationError(
        "The option --minimum must be positive on a logarithmic axis, not \(minimum).")
    }
    guard !rows || minimum == nil else {
      throw ValidationError(
        "The option --minimum is for values on the vertical axis, where --rows has the methods; leave one of "
          + "the two out.")
    }
    if let name, !Figure.isUsable(name: name) {
      throw ValidationError(
        "The option --name wants letters, digits, '-', '_' and '.', but was given '\(name)'.")
    }
    if let name, metric.isEmpty, !all, !ChosenFigure.all.contains(where: { $0.name == name }) {
      throw ValidationError(
        "There is no chosen figure '\(name)'; 'report figure --list' names them, and --metric says "
          + "what to draw under a name of your own.")
    }
    if metric.isEmpty, !all, hasOptionsOfOwnFigures {
      throw ValidationError(
        "The chosen figures have methods, titles and axes of their own; name a --metric to draw a "
          + "figure with these options.")
    }
    if [scatter != nil, rows, isAgainstAnother].filter({ $0 }).count > 1 {
      throw ValidationError("Use one of --against, --scatter and --rows.")
    }
  }

  /// Whether anything is given that only figures of one's own have; the chosen ones would pass over it.
  private var hasOptionsOfOwnFigures: Bool {
    let lists = [method, variant, label]
    let texts = [protocolName, budget, rightMetric, scatter, title, xLabel, yLabel]
    return lists.contains { !$0.isEmpty } || texts.contains { $0 != nil } || minimum != nil
      || rows || logarithmic || isAgainstAnother
  }

  /// Whether the horizontal axis is to show something else than iterations, as it does unasked.
  private var isAgainstAnother: Bool { Self.abscissa(named: against) != .iteration }

  // MARK: - The chosen figures

  private func drawChosen() throws {
    let evidence = try EvidenceOptions.evidence(records, references)
    let figures = ChosenFigure.all.filter {
      (name == nil || $0.name == name)
        && (records.experiment == nil || $0.experiment == records.experiment)
    }
    var text = ""
    var count = 0
    for chosen in figures {
      let figure = chosen.figure(of: evidence)
      if list {
        let state = figure == nil ? "not run, or no curves stored" : "can be drawn"
        text += "\(chosen.name): \(chosen.title) [\(state)]\n"
      } else if let figure {
        try write(figure)
        count += 1
      } else {
        Output.diagnose("\(chosen.name): not drawn, since the runs that it shows are not there.")
      }
    }
    if list { try Output.write(text, to: nil) }
    if !list, count == 0 {
      throw ResultsError(
        .missing,
        "The folder '\(records.runs)' holds no record of which a chosen figure is made; run an "
          + "experiment first.")
    }
  }

  // MARK: - Figures of one's own

  private func drawMetrics() throws {
    let loaded = try records.load(protocolName: protocolName, budget: budget, methods: method)
      .toldApart
    let shown = loaded.filter(hasVariant)
    guard !shown.isEmpty || loaded.isEmpty else {
      throw ResultsError(
        .missing,
        "No record in '\(records.runs)' has the variant \(variant.joined(separator: ", ")); `report "
          + "list` shows which there are.")
    }
    let usesFinals = rows || request.isOfFinals
    let known = Set(
      shown.flatMap(\.metrics).filter { usesFinals || !$0.steps.isEmpty }.map(\.name))
    let names = metric.isEmpty ? known.sorted() : metric.uniqued
    for name in names + [rightMetric].compactMap({ $0 }) where !known.contains(name) {
      throw ResultsError(
        .missing,
        "No record has a curve of '\(name)'; there are \(known.sorted().joined(separator: ", ")).")
    }
    guard !names.isEmpty else {
      throw ResultsError(
        .missing, "The records in '\(records.runs)' have no curves; run the experiment again.")
    }
    var drawn = 0
    let published = rows ? try references.publishedValues() : []
    for name in names {
      var figures =
        rows ? rowFigures(name, shown, published) : Figure.all(of: name, in: shown, as: request)
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
        figures[index].sources.insert(Figure.commandWords + command(for: name), at: 0)
      }
      if figures.isEmpty { Output.diagnose(whyNotDrawn(name)) }
      for figure in figures {
        try requireRoom(above: minimum, in: figure)
        try write(figure)
      }
      drawn += figures.count
    }
    guard drawn > 0 else {
      throw ResultsError(.missing, "No figure was drawn; the lines above say why.")
    }
  }

  private func whyNotDrawn(_ metric: String) -> String {
    guard !rows else {
      return "\(metric): not drawn, since no completed record ends with a finite value of it."
    }
    return
      "\(metric): not drawn, since there is nothing to draw against '\(scatter ?? against)'; `report "
      + "list` shows in which settings the records differ."
  }

  /// Throws where the vertical axis would begin above everything that is drawn.
  private func requireRoom(above minimum: Double?, in figure: Figure) throws {
    guard let minimum, let most = figure.series.flatMap(\.y).filter(\.isFinite).max(),
      most <= minimum
    else { return }
    throw ValidationError(
      "The option --minimum is \(minimum), and all that is drawn lies at \(most) or below; choose a "
        + "smaller one.")
  }

  private func rowFigures(
    _ metric: String, _ records: [RunRecord], _ published: [PublishedValue]
  ) -> [Figure] {
    let groups = Dictionary(grouping: records) { record in
      [record.experiment, record.protocolName, record.budget, record.identity.variant]
        + record.datasets.map(\.name)
    }
    let ordered = groups.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map(\.value)
    var figures = ordered.compactMap { records in
      Figure.rows(
        of: metric, in: records, published: published, methods: method, isLogarithmic: logarithmic
      ).map { (figure: $0, variant: records.first?.identity.variant ?? "") }
    }
    // Of several variants each has its name, so that none is written over.
    let counts = Dictionary(grouping: figures, by: \.figure.name).mapValues(\.count)
    for index in figures.indices where counts[figures[index].figure.name, default: 0] > 1 {
      figures[index].figure.name = Figure.fileName(
        figures[index].figure.name + "-" + figures[index].variant)
    }
    return figures.map(\.figure)
  }

  private var request: Figure.Request {
    var request = Figure.Request(against: abscissa, isLogarithmic: logarithmic)
    request.rightMetric = rightMetric
    request.methods = method
    return request
  }

  private var abscissa: Figure.Abscissa {
    if let scatter {
      switch scatter {
      case "seconds": return .measure("totalSeconds")
      case "step": return .measure("secondsPerOuterStep")
      case "memory": return .measure("peakResidentBytes")
      default: return .measure(scatter)
      }
    }
    return Self.abscissa(named: against)
  }

  private static func abscissa(named name: String) -> Figure.Abscissa {
    switch name {
    case "iteration", "iterations": .iteration
    case "seconds": .seconds
    case "K", "inner-steps": .setting("innerSteps")
    default: .setting(name)
    }
  }

  private func write(_ figure: Figure) throws {
    let written = try FigureWriter().write(figure, into: output)
    let paths = [written.dataPath, written.scriptPath] + written.picturePaths
    try Output.write(paths.joined(separator: "\n") + "\n", to: nil)
    if let message = written.message { Output.diagnose(message) }
  }

  /// The options that matter for what is drawn, as one would type them.
  private func command(for metric: String) -> String {
    var words = ["report", "figure", "--metric", metric]
    func add(_ option: String, _ values: [String?]) {
      words += values.compactMap { $0 }.flatMap { [option, $0] }
    }
    add("--method", method)
    add("--variant", variant)
    add("--protocol", [protocolName])
    add("--budget", [budget])
    add("--experiment", [records.experiment])
    add("--scatter", [scatter])
    add("--right-metric", [rightMetric])
    add("--against", [abscissa != .iteration && scatter == nil ? against : nil])
    add("--minimum", [minimum.map { "\($0)" }])
    add("--title", [title])
    add("--x-label", [xLabel])
    add("--y-label", [yLabel])
    add("--label", label)
    add("--name", [name])
    if records.runs != RecordOptions.defaultRuns { add("--runs", [records.runs]) }
    if rows { words.append("--rows") }
    if logarithmic { words.append("--logarithmic") }
    return ShellWords.text(words)
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
