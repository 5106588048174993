import Results

extension Figure {
  /// What a curve is drawn against.
  package enum Abscissa: String, Sendable, CaseIterable {
    /// Outer steps.
    case iteration
    /// Seconds since the start of the run.
    case seconds
  }

  /// The figures of one metric, one per experiment, protocol, budget, data set and swept setting.
  package static func all(
    of metric: String, in records: [RunRecord], against abscissa: Abscissa,
    isLogarithmic: Bool = false
  ) -> [Figure] {
    let groups = Dictionary(grouping: records, by: ResultsTable.Setting.init(of:))
    return groups.sorted { $0.key < $1.key }.compactMap {
      curves(of: metric, in: $0.value, against: abscissa, isLogarithmic: isLogarithmic)
    }
  }

  /// The curves of one metric: one per method and variant, the mean over seeds with a band from the
  /// smallest to the largest.
  ///
  /// Steps that not all seeds of a curve reached are left out; so are, against seconds, steps whose
  /// time was not noted. The runs should share experiment, protocol, budget and data; the title
  /// names those of the first, and what all variants share. Records whose variant names a `sweep`
  /// have that setting in place of outer steps, on a logarithmic axis. Nil where no run has a curve
  /// of the metric.
  package static func curves(
    of metric: String, in records: [RunRecord], against abscissa: Abscissa,
    isLogarithmic: Bool = false
  ) -> Figure? {
    let drawn = records.filter { $0.metric(named: metric)?.steps.isEmpty == false }
      .sorted { $0.identity < $1.identity }
    guard let first = drawn.first, let unit = first.metric(named: metric)?.unit else { return nil }
    let groups = Dictionary(grouping: drawn) { [$0.method.displayName, $0.identity.variant] }
    let variants = drawn.map(\.settingWords)
    let common = variants.dropFirst().reduce(Set(variants[0])) { $0.intersection($1) }
      .filter { !$0.hasPrefix("K") }
    let series = groups.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map { key, runs in
      let own = runs[0].settingWords.filter { !common.contains($0) }
      return curve(([key[0]] + own).joined(separator: " "), metric, runs, abscissa)
    }
    let setting = ResultsTable.Setting(of: first)
    let swept = first.sweep
    let shared = first.settingWords.filter(common.contains).joined(separator: ", ")
    let words = SettingTable.words(metric)
    let data = first.datasetNames.joined(separator: "+")
    let name = [
      first.experiment, first.protocolName, data, first.budget, metric,
      swept ?? abscissa.rawValue,
    ].filter { !$0.isEmpty }
      .joined(separator: "-")
    return Figure(
      name: fileName(name),
      title: "\(words): \(setting.title)\(shared.isEmpty ? "" : "\n" + shared)",
      xAxis: swept.map { Axis(sweptLabel($0), isLogarithmic: true) }
        ?? Axis(abscissa == .iteration ? "outer step" : "seconds"),
      yAxis: Axis(
        unit.isEmpty || unit == "1" ? words : "\(words) (\(unit))",
        isLogarithmic: isLogarithmic),
      series: series)
  }

  private static func sweptLabel(_ setting: String) -> String {
    switch setting {
    case "innerSteps": "inner steps K"
    case "dimension": "n, coordinates"
    default: SettingTable.words(setting)
    }
  }

  private static func curve(
    _ label: String, _ metric: String, _ runs: [RunRecord], _ abscissa: Abscissa
  ) -> Series {
    let curves = runs.compactMap { run -> [Int: (x: Double, y: Double)]? in
      guard let curve = run.metric(named: metric) else { return nil }
      let noted = Dictionary(
        zip(run.timing.steps, run.timing.seconds), uniquingKeysWith: { _, last in last })
      let points = zip(curve.steps, curve.values).compactMap {
        step, value -> (Int, (Double, Double))? in
        switch abscissa {
        case .iteration: return (step, (Double(step), value))
        case .seconds: return noted[step].map { (step, ($0, value)) }
        }
      }
      return Dictionary(points.map { ($0.0, (x: $0.1.0, y: $0.1.1)) }) { _, last in last }
    }
    let common = curves.dropFirst().reduce(Set(curves.first.map { Array($0.keys) } ?? [])) {
      $0.intersection($1.keys)
    }
    var x: [Double] = []
    var y: [Double] = []
    var band: [ClosedRange<Double>] = []
    for step in common.sorted() {
      let points = curves.compactMap { $0[step] }
      let values = Statistics(points.map(\.y))
      // A value that is not a number leaves a gap in the curve rather than ending it.
      guard !values.mean.isNaN else { continue }
      x.append(Statistics(points.map(\.x)).mean)
      y.append(values.mean)
      band.append(values.minimum...values.maximum)
    }
    return Series(label: label, x: x, y: y, band: curves.count > 1 ? band : nil)
  }

  private static func fileName(_ text: String) -> String {
    let plain = Table.escaped(text) { character in
      character.isASCII && (character.isLetter || character.isNumber || "-_.".contains(character))
        ? nil : "_"
    }
    return plain.hasPrefix(".") ? "_" + plain : plain
  }
}
