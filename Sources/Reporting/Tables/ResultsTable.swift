import Results

/// Tables of methods from records, beside published numbers.
package struct ResultsTable: Sendable {
  /// What the columns are.
  package enum Layout: Sendable, Equatable {
    /// One group of columns per metric, one row per method and variant.
    case metrics
    /// One group of columns per number of inner steps K, one row per method, one table per metric.
    case innerSteps
  }

  /// How tables are made.
  package struct Options: Sendable {
    /// The metrics and costs shown, in this order; empty for the headline metrics and the costs.
    package var metrics: [String] = []
    /// Whether all metrics are shown where none is named, not the headline ones alone.
    package var showsAllMetrics = false
    /// The methods shown, in this order; empty for all.
    package var methods: [String] = []
    /// The spread shown.
    package var spread: SpreadKind = .std
    /// What the columns are.
    package var layout: Layout = .metrics
    /// What stands in the title instead of experiment, protocol and budget; nil for these.
    package var heading: String?

    /// The usual way: headline metrics, all methods, standard deviation, metrics as columns.
    package init() {}
  }

  let records: [RunRecord]
  let published: [PublishedValue]
  let options: Options

  /// Tables of these records, beside those published values that match one of them.
  package init(
    records: [RunRecord], published: [PublishedValue], options: Options = Options()
  ) {
    self.records = records.toldApart
    self.published = published
    self.options = options
  }

  /// The tables: one per experiment, protocol, budget and data, and per metric where the columns are
  /// inner steps.
  package var tables: [Table] {
    let shown =
      options.methods.isEmpty
      ? records : records.filter { options.methods.contains($0.method.name) }
    let groups = Dictionary(grouping: shown, by: Setting.init(of:))
    return groups.sorted { $0.key < $1.key }.flatMap { setting, records -> [Table] in
      let builder = SettingTable(
        setting: setting, records: records.sorted { $0.identity < $1.identity },
        published: published, options: options)
      switch options.layout {
      case .metrics: return [builder.metricsTable()]
      case .innerSteps: return builder.metricNames.map(builder.innerStepsTable)
      }
    }
  }

  /// What runs of one table share.
  struct Setting: Hashable, Comparable {
    let experiment: String
    let protocolName: String
    let budget: String
    let data: String
    let isSynthetic: Bool
    /// The setting that takes the place of outer steps in the runs' curves, if any does.
    let sweep: String?

    init(of record: RunRecord) {
      experiment = record.experiment
      protocolName = record.protocolName
      budget = record.budget
      data = record.datasetNames.joined(separator: " + ")
      sweep = record.sweep
      isSynthetic = record.isSynthetic
    }

    var title: String {
      let data = data.isEmpty ? "no data set" : dataWords
      return "\(experiment), protocol \(protocolName), \(data), budget \(budget)"
        + (sweep.map { ", sweep over \($0)" } ?? "")
    }

    /// The words below a figure's title: the data only where there are any, nothing of the sweep,
    /// which the axis names.
    var figureTitle: String {
      "\(experiment), protocol \(protocolName)\(data.isEmpty ? "" : ", " + dataWords), budget \(budget)"
    }

    /// The title where a heading says what the table is about.
    func title(heading: String?) -> String {
      guard let heading else { return title }
      return data.isEmpty ? heading : "\(heading), \(dataWords)"
    }

    private var dataWords: String { data + (isSynthetic ? " (synthetic)" : "") }

    static func < (left: Setting, right: Setting) -> Bool { left.title < right.title }
  }
}

extension RunRecord {
  /// The names of the data sets, each once.
  var datasetNames: [String] {
    var names: [String] = []
    for name in datasets.map(\.name) where !names.contains(name) { names.append(name) }
    return names
  }

  /// The setting that takes the place of outer steps in the record's curves, if any does.
  var sweep: String? { variant["sweep"]?.stringValue }
}
