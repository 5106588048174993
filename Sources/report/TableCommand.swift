import ArgumentParser
import Reporting
import Results

extension SpreadKind: ExpressibleByArgument {}

/// `report table`.
struct TableCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "table",
    abstract: "Prints tables of ours beside the published numbers.",
    discussion: """
      One table per experiment, protocol, budget and data set. Ours is the mean over the completed \
      seeds with the named spread and the number of seeds; a published number carries how far it \
      was checked. A missing cell says why.

      \(Report.exitCodes)
      """)

  enum Format: String, CaseIterable, ExpressibleByArgument {
    case markdown
    case md
    case csv
    case latex
    case html
    case json
  }
  enum Columns: String, CaseIterable, ExpressibleByArgument {
    case metrics
    case innerSteps = "inner-steps"
  }

  @OptionGroup var records: RecordOptions
  @OptionGroup var references: ReferenceOptions

  @Option(name: .customLong("protocol"), help: ArgumentHelp("Only this one.", valueName: "name"))
  var protocolName: String?
  @Option(help: ArgumentHelp("Only this budget.", valueName: "name")) var budget: String?
  @Option(help: "A method to show; repeat for several, in the order wanted.")
  var method: [String] = []
  @Option(
    help: """
      A metric to show (or secondsPerOuterStep, peakResidentBytes); repeat for several, in the \
      order wanted. Without any: the headline metrics and these two.
      """)
  var metric: [String] = []
  @Flag(name: .customLong("all-metrics"), help: "Show every metric that is recorded.")
  var allMetrics = false
  @Flag(
    help: """
      Only the tables that the article has, in its order of methods and metrics; --method and \
      --metric do not apply.
      """)
  var article = false
  @Option(help: "The spread shown.") var spread: SpreadKind = .std
  @Option(help: "What the columns are: metrics, or numbers of inner steps K (a table per metric).")
  var columns: Columns = .metrics
  @Option(
    help: """
      The format (md is markdown); csv and json have full precision, and of several tables in csv \
      each names itself in its first column.
      """)
  var format: Format = .markdown
  @Option(name: .shortAndLong, help: ArgumentHelp("Write here instead.", valueName: "file"))
  var output: String?

  func validate() throws {
    if article && !(method.isEmpty && metric.isEmpty && columns == .metrics && !allMetrics) {
      throw ValidationError(
        "The option --article fixes methods and metrics, so leave out --method, --metric, "
          + "--all-metrics and --columns.")
    }
    if allMetrics && !metric.isEmpty {
      throw ValidationError(
        "The option --all-metrics shows every metric, so leave out --metric, or name those wanted.")
    }
  }

  func run() throws {
    try Output.reporting {
      let shown = try records.load(protocolName: protocolName, budget: budget, methods: method)
      let known = Set(shown.flatMap { $0.metrics.map(\.name) } + RunRecord.costs.map(\.name))
      if let name = metric.first(where: { !known.contains($0) }) {
        throw ResultsError(
          .missing,
          "No record has the metric '\(name)'; there are "
            + "\(known.sorted().joined(separator: ", ")).")
      }
      var options = ResultsTable.Options()
      options.metrics = metric.uniqued
      options.showsAllMetrics = allMetrics
      options.methods = method.uniqued
      options.spread = spread
      options.layout = columns == .metrics ? .metrics : .innerSteps
      let published = try references.publishedValues()
      let tables =
        article
        ? ArticleTable.all.flatMap {
          $0.tables(records: shown, published: published, spread: spread)
        } : ResultsTable(records: shown, published: published, options: options).tables
      guard !tables.isEmpty else {
        throw ResultsError(
          .missing,
          article
            ? "The folder '\(records.runs)' holds no run that a table of the article shows; run one "
              + "under the article's protocol, or leave out --article for tables of all runs."
            : "The records in '\(records.runs)' make no table of what was asked for; 'report list' "
              + "shows what there is.")
      }
      let texts = tables.map { table in
        switch format {
        case .markdown, .md: table.markdown
        case .csv: table.csv(isNamed: tables.count > 1)
        case .latex: table.latex
        case .html: table.html
        case .json: ""
        }
      }
      if format == .json {
        try Output.write(Value.array(tables.map(\.json)).prettyText, to: output)
        return
      }
      // Tables in CSV differ in their columns, so an empty line keeps them apart; each row names its own.
      let separator = format == .csv ? "\r\n" : "\n"
      try Output.write(texts.joined(separator: separator), to: output)
      if let output {
        Output.diagnose(
          "Wrote \(tables.count) \(tables.count == 1 ? "table" : "tables") to '\(output)'.")
      }
    }
  }
}
