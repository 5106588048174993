extension RunRecord {
  /// What a run cost, as measures that tables can show beside its metrics.
  ///
  /// They are no metrics: time and memory are kept apart in the record and never compared with
  /// references.
  public static let costs = [
    Metric(name: "secondsPerOuterStep", unit: "seconds", betterWhen: .lower),
    Metric(name: "peakResidentBytes", unit: "bytes", betterWhen: .lower),
  ]

  /// The final value of a metric, of one of ``costs`` or of "totalSeconds", nil where the run has
  /// none.
  public func measure(named name: String) -> Double? {
    switch name {
    case "secondsPerOuterStep": timing.secondsPerOuterStep
    case "peakResidentBytes": timing.peakResidentBytes.map(Double.init)
    case "totalSeconds": timing.totalSeconds.isFinite ? timing.totalSeconds : nil
    default: final[name]
    }
  }

  /// The unit of a metric or of one of ``costs``, nil where the record describes no such thing.
  public func unit(ofMeasure name: String) -> String? {
    if name == "totalSeconds" { return "seconds" }
    return (metric(named: name) ?? Self.costs.first { $0.name == name })?.unit
  }
}
