import Results

extension Figure {
  /// What a curve is drawn against.
  package enum Abscissa: Sendable, Equatable {
    /// Outer steps, or what takes their place in a metric's curve.
    case iteration
    /// Seconds since the start of the run.
    case seconds
    /// A setting of the run, its final values being the ordinates: "innerSteps",
    /// "data.validation".
    case setting(String)
    /// What a run costs, or another of its measures, one point a method: "secondsPerOuterStep".
    case measure(String)

    /// The word in the names of files.
    var name: String {
      switch self {
      case .iteration: "iteration"
      case .seconds: "seconds"
      case .setting(let name), .measure(let name): name
      }
    }
  }

  /// What belongs to a request for figures beside the metric.
  package struct Request: Sendable {
    /// What is drawn against.
    package var abscissa = Abscissa.iteration
    /// Whether the vertical axis is logarithmic.
    package var isLogarithmic = false
    /// A second metric, drawn against the right axis with another dash.
    package var rightMetric: String?
    /// The methods in the order of the legend; others follow by name.
    package var methods: [String] = []

    /// Whether final values are drawn, and not curves.
    package var isOfFinals: Bool { abscissa != .iteration && abscissa != .seconds }

    /// Against outer steps, linear.
    package init(against abscissa: Abscissa = .iteration, isLogarithmic: Bool = false) {
      self.abscissa = abscissa
      self.isLogarithmic = isLogarithmic
    }
  }

  /// The figures of one metric, one per experiment, protocol, budget, data set and swept setting, of
  /// at most ten curves each.
  package static func all(
    of metric: String, in records: [RunRecord], as request: Request = Request()
  ) -> [Figure] {
    let groups = Dictionary(grouping: records, by: ResultsTable.Setting.init(of:))
    return groups.sorted { $0.key < $1.key }.flatMap { _, records -> [Figure] in
      figure(of: metric, in: records, as: request)?.parts ?? []
    }
  }

  /// One figure of a metric: one curve (or point) per method and variant, the mean over seeds with
  /// Student's 95 % band where there are at least three.
  ///
  /// Steps that not all seeds of a curve reached are left out; so are, against seconds, steps whose
  /// time was not noted. Seeds that broke down are drawn only where no seed of the curve completed, and
  /// named. Baselines, which have a final value and no steps, are levels. The runs
  /// should share experiment, protocol, budget and data; the title names those of the first, and what
  /// all variants share. Records whose variant names a `sweep` have that setting in place of outer
  /// steps, on a logarithmic axis. Nil where no run has what is to be drawn.
  package static func figure(
    of metric: String, in records: [RunRecord], as request: Request = Request()
  ) -> Figure? {
    let completed = records.filter { $0.status.kind == .completed || $0.status.kind.isBreakdown }
      .sorted { $0.identity < $1.identity }
    switch request.abscissa {
    case .setting(let name): return CurveBuilder(metric, completed, request).against(setting: name)
    case .measure(let name): return CurveBuilder(metric, completed, request).against(measure: name)
    case .iteration, .seconds: return CurveBuilder(metric, completed, request).curves()
    }
  }

  package static func fileName(_ text: String) -> String {
    let plain = Table.escaped(text) { scalar in
      switch scalar {
      case "a"..."z", "A"..."Z", "0"..."9", "-", "_", ".": nil
      default: "_"
      }
    }
    return plain.hasPrefix(".") ? "_" + plain : plain
  }
}

/// Makes the figure of one metric from records that belong together.
struct CurveBuilder {
  let metric: String
  let records: [RunRecord]
  let request: Figure.Request

  init(_ metric: String, _ records: [RunRecord], _ request: Figure.Request) {
    self.metric = metric
    self.records = records
    self.request = request
  }

  // MARK: - Against steps or seconds

  func curves() -> Figure? {
    let drawn = records.filter(hasCurve)
    guard let first = drawn.first else { return nil }
    let others = records.filter {
      first.sweep == nil && !hasCurve($0) && $0.status.kind == .completed && $0.final[metric] != nil
    }
    let methodsWithCurves = Set(drawn.map(\.method.name))
    let isOfOuterSteps = Self.steps(of: metric) == Self.outerStep
    let levels = others.filter {
      isOfOuterSteps && $0.isKnownBaseline && !methodsWithCurves.contains($0.method.name)
    }
    let words = SettingWords(drawn + levels)
    var series = groups(drawn, words).map { label, runs, style in
      curve(label, metric, Self.whole(runs), style)
    }
    series = series.filter { !$0.x.isEmpty }
    if let right = request.rightMetric {
      series += groups(drawn, words).compactMap { label, runs, style in
        var other = curve(
          "\(label), \(SettingTable.words(right)) (right)", right, Self.whole(runs),
          style.variant(3))
        other.isOnRight = true
        return other.x.isEmpty ? nil : other
      }
    }
    guard !series.isEmpty else { return nil }
    series += groups(levels, words).compactMap { label, runs, style in
      let values = runs.compactMap { $0.final[metric] }
      let value = Statistics(values).mean
      guard value.isFinite else { return nil }
      return .level(label, at: value, style: style)
    }
    let swept = first.sweep
    let shown = groups(drawn, words).flatMap { Self.whole($0.runs) } + levels
    var result = figure(
      first, words.shared, abscissa: swept ?? request.abscissa.name,
      xAxis: swept.map { Figure.Axis(Self.words(setting: $0), isLogarithmic: true) }
        ?? Figure.Axis(request.abscissa == .seconds ? "seconds" : Self.steps(of: metric)),
      series: series, records: shown)
    let isLevel = Set(levels.map(\.identity))
    result.sources +=
      breakdowns(
        groups(drawn + records.filter { $0.status.kind.isBreakdown && !hasCurve($0) }, words))
      + Self.withoutCurves(others.filter { !isLevel.contains($0.identity) })
    return result
  }

  /// The runs of a curve that completed, all of them where none did: the last values of a run that broke
  /// down are of any size, and its steps end early.
  private static func whole(_ runs: [RunRecord]) -> [RunRecord] {
    let completed = runs.filter { $0.status.kind == .completed }
    return completed.isEmpty ? runs : completed
  }

  private func hasCurve(_ run: RunRecord) -> Bool {
    (run.metric(named: metric)?.steps.count ?? 0) > 1
  }

  /// A sentence on the runs of each curve that broke down.
  private func breakdowns(
    _ groups: [(label: String, runs: [RunRecord], style: MethodStyle)]
  ) -> [String] {
    groups.compactMap { label, runs, _ in
      let broken = runs.broken
      guard !broken.isEmpty else { return nil }
      let isDrawn = Self.whole(runs).allSatisfy { $0.status.kind.isBreakdown && hasCurve($0) }
      return "\(label) broke down with the \(broken.seedWords)"
        + (isDrawn ? "." : ", which no curve shows.")
    }
  }

  /// A sentence on runs that have a final value and no curve, and are no baselines.
  private static func withoutCurves(_ runs: [RunRecord]) -> [String] {
    guard !runs.isEmpty else { return [] }
    let byMethod = Dictionary(grouping: runs, by: \.method.displayName)
    let names = byMethod.sorted { $0.key < $1.key }.map { name, runs in
      "\(name) (\(runs.seedWords))"
    }
    return ["No curve is stored of: \(names.joined(separator: ", "))."]
  }

  private func curve(
    _ label: String, _ metric: String, _ runs: [RunRecord], _ style: MethodStyle
  ) -> Figure.Series {
    let curves = runs.compactMap { run -> [Int: (x: Double, y: Double)]? in
      guard let curve = run.metric(named: metric) else { return nil }
      let noted = Dictionary(
        zip(run.timing.steps, run.timing.seconds), uniquingKeysWith: { _, last in last })
      let points = zip(curve.steps, curve.values).compactMap {
        step, value -> (Int, (Double, Double))? in
        switch request.abscissa {
        case .seconds: return noted[step].map { (step, ($0, value)) }
        default: return (step, (Double(step), value))
        }
      }
      return Dictionary(points.map { ($0.0, (x: $0.1.0, y: $0.1.1)) }) { _, last in last }
    }
    let common = curves.dropFirst().reduce(Set(curves.first.map { Array($0.keys) } ?? [])) {
      $0.intersection($1.keys)
    }
    var (x, y, band): ([Double], [Double], [ClosedRange<Double>]) = ([], [], [])
    for step in common.sorted() {
      let points = curves.compactMap { $0[step] }
      let values = Statistics(points.map(\.y))
      // A value that is not a number leaves a gap in the curve rather than ending it.
      guard !values.mean.isNaN else { continue }
      x.append(Statistics(points.map(\.x)).mean)
      y.append(values.mean)
      band.append(Self.band(values))
    }
    return Figure.Series(
      label: label, x: x, y: y, band: curves.count >= 3 ? band : nil, style: style)
  }

  // MARK: - Against a setting or a cost

  /// The runs that have final values: those of a run that broke down are its last ones, of any size.
  private var reached: [RunRecord] { records.filter { $0.status.kind == .completed } }

  /// Final values against a setting: one curve a method and rest of the variant.
  func against(setting name: String) -> Figure? {
    let drawn = reached.filter { $0.final[metric] != nil && Self.number(name, of: $0) != nil }
    guard let first = drawn.first else { return nil }
    let words = SettingWords(drawn, without: name)
    let series = groups(drawn, words, but: name).compactMap {
      label, runs, style -> Figure.Series? in
      let byValue = Dictionary(grouping: runs) { Self.number(name, of: $0) ?? .nan }
      var (x, y, band): ([Double], [Double], [ClosedRange<Double>?]) = ([], [], [])
      for (value, runs) in byValue.sorted(by: { $0.key < $1.key }) {
        let statistics = Statistics(runs.compactMap { $0.final[metric] })
        guard !statistics.mean.isNaN else { continue }
        x.append(value)
        y.append(statistics.mean)
        band.append(runs.count >= 3 ? Self.band(statistics) : nil)
      }
      return x.isEmpty
        ? nil
        : Figure.Series(
          label: label, x: x, y: y, band: band.contains { $0 != nil } ? band : nil, style: style)
    }
    let values = Set(drawn.compactMap { Self.number(name, of: $0) })
    guard values.count > 1 else { return nil }
    let spans = (values.min() ?? 0) > 0 && (values.max() ?? 0) >= 8 * (values.min() ?? 1)
    // Powers of ten would leave out most of a few values; the last one is marked within the axis alone.
    let ticks = spans && values.count <= 8 ? values.sorted() : []
    let axis = Figure.Axis(
      Self.words(setting: name), isLogarithmic: spans, minimum: ticks.first.map { $0 / 1.08 },
      maximum: ticks.last.map { $0 * 1.08 }, ticks: ticks)
    return figure(
      first, words.shared, abscissa: name, xAxis: axis, series: series, records: drawn)
  }

  /// Final values against another measure, a cost as a rule: one point a method and variant.
  func against(measure name: String) -> Figure? {
    let drawn = reached.filter { $0.final[metric] != nil && $0.measure(named: name) != nil }
    guard let first = drawn.first else { return nil }
    let words = SettingWords(drawn)
    let series = groups(drawn, words).compactMap { label, runs, style -> Figure.Series? in
      let ordinates = Statistics(runs.compactMap { $0.final[metric] })
      let costs = Statistics(runs.compactMap { $0.measure(named: name) })
      guard ordinates.mean.isFinite, costs.mean.isFinite else { return nil }
      return Figure.Series(
        label: label, x: [costs.mean * Self.scale(of: name)], y: [ordinates.mean],
        band: runs.count >= 3 ? [Self.band(ordinates)] : nil, style: style)
    }
    guard !series.isEmpty else { return nil }
    let costs = series.flatMap(\.x)
    let spans = (costs.min() ?? 0) > 0 && (costs.max() ?? 0) >= 8 * (costs.min() ?? 1)
    var figure = figure(
      first, words.shared, abscissa: name,
      xAxis: Figure.Axis(Self.words(measure: name), isLogarithmic: spans), series: series,
      records: drawn)
    figure.kind = .points
    return figure
  }

  // MARK: - Parts

  private func figure(
    _ first: RunRecord, _ shared: [String], abscissa: String, xAxis: Figure.Axis,
    series: [Figure.Series], records: [RunRecord]
  ) -> Figure {
    let setting = ResultsTable.Setting(of: first)
    let name = [
      first.experiment, first.protocolName, first.datasetNames.joined(separator: "+"),
      first.budget, metric, request.rightMetric ?? "", abscissa,
    ].filter { !$0.isEmpty }.joined(separator: "-")
    let also = request.rightMetric.map { " and \(SettingTable.words($0))" } ?? ""
    let title = "\(SettingTable.words(metric))\(also)\n\(setting.figureTitle)"
    var figure = Figure(
      name: Figure.fileName(name),
      title: shared.isEmpty ? title : "\(title), \(shared.joined(separator: ", "))",
      xAxis: xAxis, yAxis: axis(of: metric, first), series: series)
    figure.yAxis.isLogarithmic = request.isLogarithmic
    if let right = request.rightMetric, series.contains(where: \.isOnRight) {
      figure.rightAxis = axis(of: right, first)
    }
    figure.sources = [FigureSource.words(of: records)]
    return figure
  }

  private func axis(of metric: String, _ record: RunRecord) -> Figure.Axis {
    let unit = record.unit(ofMeasure: metric) ?? ""
    let words = SettingTable.words(metric)
    return Figure.Axis(unit.isEmpty || unit == "1" ? words : "\(words) (\(unit))")
  }

  /// The runs of each curve with its label and style, in the order asked for, then the usual one:
  /// those of one method whose settings are the same, but for one that an axis names.
  private func groups(
    _ records: [RunRecord], _ words: SettingWords, but setting: String? = nil
  ) -> [(label: String, runs: [RunRecord], style: MethodStyle)] {
    let order = MethodOrder(first: request.methods)
    let byKey = Dictionary(grouping: records) { record in
      var record = record
      if let setting { record.variant[setting] = nil }
      return [record.method.name] + words.words(of: record) + [record.identity.variant]
    }
    let sorted = byKey.sorted { left, right in
      let ranks = [left, right].map { order.rank(of: $0.key[0]) }
      return ranks[0] != ranks[1] ? ranks[0] < ranks[1] : Self.precedes(left.key, right.key)
    }
    var seen: [String: Int] = [:]
    return sorted.map { key, runs in
      let number = seen[key[0], default: 0]
      seen[key[0]] = number + 1
      let label = ([runs[0].method.displayName] + words.own(of: runs[0])).joined(separator: " ")
      return (label, runs, MethodStyle.of(key[0]).variant(number))
    }
  }

  private static func precedes(_ left: [String], _ right: [String]) -> Bool {
    left.joined(separator: "\u{1}").compare(
      right.joined(separator: "\u{1}"), options: [.numeric, .forcedOrdering])
      == .orderedAscending
  }

  private static func band(_ values: Statistics) -> ClosedRange<Double> {
    values.studentInterval() ?? values.mean...values.mean
  }

  /// A setting of a run as a number, from its variant or its configuration.
  static func number(_ name: String, of record: RunRecord) -> Double? {
    if name == "innerSteps" {
      return (record.innerSteps ?? record.configuration.value(at: "inner.steps")?.integerValue)
        .map(Double.init)
    }
    return (record.variant[name] ?? record.configuration.value(at: name))?.doubleValue
  }

  /// What the steps of a metric's curve are: outer steps, unless its name says otherwise
  /// (`testAccuracyByInnerStep`).
  static func steps(of metric: String) -> String {
    guard let by = metric.range(of: "By"), by.upperBound < metric.endIndex else {
      return outerStep
    }
    return SettingTable.words(String(metric[by.upperBound...])).lowercased()
  }

  private static let outerStep = "outer step"

  /// A setting in words of an axis.
  static func words(setting: String) -> String {
    switch setting {
    case "innerSteps": "inner steps K"
    case "dimension": "n, coordinates"
    case "data.validation": "clean validation images"
    case "corruption.fraction": "fraction of wrong labels"
    default: SettingTable.words(setting)
    }
  }

  private static func words(measure: String) -> String {
    switch measure {
    case "secondsPerOuterStep": "seconds per outer step (median)"
    case "totalSeconds": "seconds of the whole run"
    case "peakResidentBytes": "peak memory (MB)"
    default: SettingTable.words(measure)
    }
  }

  private static func scale(of measure: String) -> Double {
    measure == "peakResidentBytes" ? 1e-6 : 1
  }
}
