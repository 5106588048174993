import Results

/// A figure that is worth showing: what it is about, and which records it is made of.
package struct ChosenFigure: Sendable {
  /// How it is drawn.
  package enum Shape: Sendable {
    /// Curves against steps or seconds.
    case curves(against: Figure.Abscissa, isLogarithmic: Bool)
    /// One row a method.
    case rows(isLogarithmic: Bool)
    /// Points against a cost.
    case cost(String)
    /// Final values against a setting, over all that were run.
    case setting(String)
    /// Curves of records of a sweep over K, with settings that their variants must have (of which
    /// an empty text means that the variant does not name it).
    case sweep(having: [String: [String]])
  }

  /// The name of its files.
  package let name: String
  /// The title: the statement that the figure lets a reader check.
  package let title: String
  /// The experiment.
  package let experiment: String
  /// The protocol.
  package let protocolName: String
  /// The metric.
  package let metric: String
  /// The methods in the order of the legend; empty for all.
  package let methods: [String]
  /// How it is drawn.
  package let shape: Shape

  /// The figure from evidence; nil where the records that it needs were not run, or, as references,
  /// have no curves.
  package func figure(of evidence: Evidence) -> Figure? {
    let wanted = methods.isEmpty ? nil : methods
    var figure: Figure?
    var sources: [String] = []
    switch shape {
    case .curves(let abscissa, let isLogarithmic):
      var records = evidence.principal(
        experiment: experiment, protocolName: protocolName, methods: wanted)
      if abscissa == .seconds {
        (records, sources) = ofOneProcessor(records) {
          ($0.metric(named: metric)?.steps.count ?? 0) > 1
        }
      }
      var request = Figure.Request(against: abscissa, isLogarithmic: isLogarithmic)
      request.methods = methods
      figure = Figure.figure(of: metric, in: records, as: request)
    case .rows(let isLogarithmic):
      let records = evidence.principal(
        experiment: experiment, protocolName: protocolName, methods: wanted)
      guard Set(records.map(\.method.name)).count > 1 else { return nil }
      figure = Figure.rows(
        of: metric, in: records, published: evidence.published, methods: methods,
        isLogarithmic: isLogarithmic)
    case .cost(let name):
      let records: [RunRecord]
      (records, sources) = ofOneProcessor(
        evidence.principal(experiment: experiment, protocolName: protocolName, methods: wanted)
      ) { $0.measure(named: name) != nil }
      var request = Figure.Request(against: .measure(name))
      request.methods = methods
      figure = Figure.figure(of: metric, in: records, as: request)
    case .setting(let name):
      figure = settingFigure(name, of: evidence, wanted)
    case .sweep(let conditions):
      let records = evidence.records.filter { record in
        record.experiment == experiment && record.protocolName == protocolName
          && record.sweep == "innerSteps" && record.variant["sweep.innerSteps"] == nil
          && wanted?.contains(record.method.name) != false
          && conditions.allSatisfy { name, values in
            values.contains(record.variant[name].map { $0.stringValue ?? $0.canonicalText } ?? "")
          }
      }
      var request = Figure.Request(isLogarithmic: true)
      request.methods = methods
      // Runs of two budgets or two data sets are no seeds of one another.
      let groups = Dictionary(grouping: records, by: ResultsTable.Setting.init(of:))
      figure =
        groups.sorted { left, right in
          let ranks = [left, right].map { group in
            Evidence.budgets.firstIndex(of: group.value[0].budget) ?? Evidence.budgets.count
          }
          return ranks[0] != ranks[1] ? ranks[0] < ranks[1] : left.key < right.key
        }.lazy.compactMap { Figure.figure(of: metric, in: $0.value, as: request) }.first
    }
    return figure.map { drawn in
      var figure = finished(drawn)
      figure.sources += sources
      return figure
    }
  }

  /// The runs whose times were taken on one processor, the one with runs of most methods, and all runs
  /// without a time: seconds of two processors cannot be compared.
  ///
  /// - Parameter isTimed: whether a run's time is drawn.
  /// - Returns: the runs, and a sentence on those that are left out, if any are.
  private func ofOneProcessor(
    _ records: [RunRecord], where isTimed: (RunRecord) -> Bool
  ) -> ([RunRecord], [String]) {
    let byProcessor = Dictionary(grouping: records.filter(isTimed), by: \.environment.cpu)
    let most = byProcessor.max { left, right in
      let counts = [left, right].map { ($0.value.count, Set($0.value.map(\.method.name)).count) }
      if counts[0].1 != counts[1].1 { return counts[0].1 < counts[1].1 }
      return counts[0].0 != counts[1].0 ? counts[0].0 < counts[1].0 : left.key > right.key
    }
    let kept = records.filter { !isTimed($0) || $0.environment.cpu == most?.key }
    let count = records.count - kept.count
    guard let most, count > 0 else { return (kept, []) }
    let runs = count == 1 ? "one run that was" : "\(count) runs that were"
    return (kept, ["Left out: \(runs) timed on another processor than \(most.key)."])
  }

  /// The figure against one setting, of runs that share all others but K: those with most of its values.
  private func settingFigure(
    _ name: String, of evidence: Evidence, _ wanted: [String]?
  ) -> Figure? {
    let candidates = evidence.records.filter {
      $0.experiment == experiment && $0.protocolName == protocolName && $0.sweep == nil
        && wanted?.contains($0.method.name) != false
    }
    let groups = Dictionary(grouping: candidates) { record in
      let others = record.variant.filter { $0.key != name && $0.key != "innerSteps" }
      return [
        ResultsTable.Setting(of: record).title(heading: nil),
        Value.object(sorted: others).canonicalText,
      ]
    }
    var request = Figure.Request(against: .setting(name))
    request.methods = methods
    let figures = groups.sorted { left, right in
      let values = [left, right].map { group in
        Set(group.value.compactMap { CurveBuilder.number(name, of: $0) }).count
      }
      if values[0] != values[1] { return values[0] > values[1] }
      return left.value.count != right.value.count
        ? left.value.count > right.value.count
        : left.key.lexicographicallyPrecedes(right.key)
    }
    return figures.lazy.compactMap {
      Figure.figure(of: metric, in: $0.value, as: request)
    }.first
  }

  /// The figure under its own name and title, with what it was before as a second line, and with at
  /// most ten curves: those of the methods first in order.
  private func finished(_ drawn: Figure) -> Figure {
    var figure = drawn
    figure.title = ([title] + drawn.title.split(separator: "\n").dropFirst().map(String.init))
      .joined(separator: "\n")
    figure.name = name
    if case .rows = figure.kind {
    } else if figure.series.count > Figure.mostSeries {
      figure.title +=
        "\(figure.title.contains("\n") ? ", " : "\n")\(Figure.mostSeries) of \(figure.series.count) curves"
      figure.series = Array(figure.series.prefix(Figure.mostSeries))
    }
    figure.showPercent()
    if experiment == "counter-example" {
      if metric == "upperError" { figure.yAxis.label = "|x - x*|, x* = 1" }
      if case .sweep = shape { figure.yAxis.minimum = 1e-6 }
    }
    figure.sources.insert(Figure.commandWords + "report figure --name \(name)", at: 0)
    return figure
  }
}

extension Figure {
  /// Turns fractions on the vertical axis into percent, which readers and tables use.
  fileprivate mutating func showPercent() {
    guard yAxis.label.hasSuffix(" (fraction)") else { return }
    yAxis.label = yAxis.label.dropLast("(fraction)".count) + "(%)"
    for index in series.indices where !series[index].isOnRight {
      series[index].y = series[index].y.map { $0 * 100 }
      series[index].band = series[index].band?.map { edges in
        edges.map { $0.lowerBound * 100...$0.upperBound * 100 }
      }
    }
  }
}
