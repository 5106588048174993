import Results

/// The table by which an experiment is compared with the article: which runs, methods and numbers.
package struct ArticleTable: Sendable {
  /// The experiment's name.
  package let experiment: String
  /// What the article has: a table, a figure, a statement.
  package let source: String
  /// The protocol's name.
  package let protocolName: String
  /// The methods, in the order of the rows; those without runs are left out.
  package let methods: [String]
  /// The metrics, in the order of the columns.
  package let metrics: [String]
  /// Settings that a run must have.
  package let variant: [String: Value]

  /// One for each experiment, in the order of the article.
  package static let all = [
    ArticleTable(
      experiment: "counter-example",
      source: "the article's, where x* = 1", protocolName: "icml2020",
      methods: ["rhg", "t-rhg", "neumann", "cg", "bda", "v-pbgd"],
      metrics: ["x", "stationaryPoint", "upperObjective"], variant: ["y1": 0, "y2": 0]),
    ArticleTable(
      experiment: "hyper-cleaning", source: "table 2", protocolName: "icml2020",
      methods: ["no-cleaning", "oracle", "rhg", "t-rhg", "bda"],
      metrics: ["testAccuracy", "detectionF1NoisyPositive", "upperObjective"], variant: [:]),
    ArticleTable(
      experiment: "hyper-representation",
      source: "a lower level of many solutions",
      protocolName: "set-valued-least-squares", methods: ["rhg", "t-rhg", "cg", "bda"],
      metrics: ["upperObjective", "upperSpreadOverHeads", "testAccuracy"], variant: [:]),
    ArticleTable(
      experiment: "few-shot", source: "table 3", protocolName: "icml2020",
      methods: ["maml", "meta-sgd", "reptile", "rhg", "t-rhg", "bda"],
      metrics: ["testAccuracy", "testLoss"], variant: [:]),
  ]

  /// What makes another problem of a run on the same data, or a sweep instead of a run.
  private static let foreign = ProblemSettings.marks.union(["sweep"])

  /// The tables of these records, one per budget and data; empty where no run belongs. Under
  /// `hasShortTitles` they are titled by experiment and source alone, for records of one budget.
  package func tables(
    records: [RunRecord], published: [PublishedValue], spread: SpreadKind = .std,
    hasShortTitles: Bool = false
  ) -> [Table] {
    let shown = records.filter { record in
      record.experiment == experiment && record.protocolName == protocolName
        && methods.contains(record.method.name)
        && record.variant.keys.allSatisfy { !Self.foreign.contains($0) }
        && variant.allSatisfy { record.variant[$0.key] == $0.value }
    }
    var options = ResultsTable.Options()
    options.methods = methods
    // A metric that no run of this budget has would be a column of gaps.
    options.metrics = metrics.filter { name in
      shown.contains { $0.measure(named: name) != nil }
    }
    options.spread = spread
    if hasShortTitles { options.heading = "\(experiment) (\(source))" }
    return ResultsTable(records: shown, published: published, options: options).tables
  }
}
