import Results

extension Figure {
  /// One row a method: the mean of a final value with its 95 % interval over seeds, and what was
  /// published as a hollow diamond beside it; rows in the order of the methods given, then the usual
  /// one. Nil where no run has the value.
  ///
  /// The runs should share experiment, protocol, budget, data and variant.
  package static func rows(
    of metric: String, in records: [RunRecord], published: [PublishedValue],
    methods: [String] = [], isLogarithmic: Bool = false
  ) -> Figure? {
    let drawn = records.filter { $0.status.kind == .completed && $0.final[metric] != nil }
      .sorted { $0.identity < $1.identity }
    guard let first = drawn.first else { return nil }
    let order = MethodOrder(first: methods)
    let byMethod = Dictionary(grouping: drawn) { $0.method.name }.sorted { left, right in
      let ranks = [left.key, right.key].map { order.rank(of: $0) }
      return ranks[0] != ranks[1] ? ranks[0] < ranks[1] : left.key < right.key
    }
    let recorded = first.unit(ofMeasure: metric) ?? ""
    let unit = recorded == "fraction" ? "percent" : recorded
    var series: [Series] = []
    var theirs: (x: [Double], y: [Double]) = ([], [])
    var isRecalled: [Bool] = []
    for (index, (method, runs)) in byMethod.enumerated() {
      let row = Double(byMethod.count - index)
      let values = runs.compactMap { run in
        run.final[metric].flatMap { Units.convert($0, from: recorded, to: unit) }
      }
      let statistics = Statistics(values)
      guard statistics.mean.isFinite else { continue }
      let interval = statistics.studentInterval()
      series.append(
        Series(
          label: "", x: [statistics.mean], y: [row], band: interval.map { [$0] },
          style: MethodStyle.of(method)))
      if !first.isSynthetic, let run = runs.first,
        let value = published.first(where: { $0.metric == metric && $0.matches(run) }),
        let number = value.number(in: unit)
      {
        theirs.x.append(number)
        theirs.y.append(row)
        isRecalled.append(value.status == .memory)
      }
    }
    guard !series.isEmpty else { return nil }
    if !theirs.x.isEmpty {
      series.append(
        Series(
          label: !isRecalled.contains(true)
            ? "published"
            : isRecalled.contains(false) ? "published, some as recalled" : "published, as recalled",
          x: theirs.x, y: theirs.y,
          style: MethodStyle(colour: "#777777", mark: 12)))
    }
    let setting = ResultsTable.Setting(of: first)
    let words = SettingTable.words(metric)
    let name = [
      first.experiment, first.protocolName, first.datasetNames.joined(separator: "+"),
      first.budget, metric, "methods",
    ].filter { !$0.isEmpty }.joined(separator: "-")
    var figure = Figure(
      name: fileName(name),
      title: "\(words)\n\(setting.figureTitle)"
        + (series.contains { $0.band != nil } ? "; bars: 95 % intervals over seeds" : ""),
      xAxis: Axis(
        unit.isEmpty || unit == "1" ? words : "\(words) (\(unit))", isLogarithmic: isLogarithmic),
      yAxis: Axis(""), series: series,
      kind: .rows(byMethod.map { _, runs in runs.first?.method.displayName ?? "" }))
    figure.sources = [FigureSource.words(of: drawn)]
    return figure
  }
}
