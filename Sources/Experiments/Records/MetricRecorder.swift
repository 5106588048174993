import Results

/// Collects the curves of a run: declared metrics, one value per recorded step.
package struct MetricRecorder: Sendable {
  /// The metrics with their curves, those without any value included.
  package private(set) var metrics: [RunRecord.Metric]
  /// The last value recorded for each metric.
  package private(set) var latest: [String: Double] = [:]

  /// A recorder of the given metrics, without curves yet.
  package init(_ metrics: [RunRecord.Metric]) { self.metrics = metrics }

  /// A recorder as it was left.
  init(_ metrics: [RunRecord.Metric], latest: [String: Double]) {
    self.metrics = metrics
    self.latest = latest
  }

  /// Declares a further metric, unless there is one of its name.
  package mutating func declare(_ metric: RunRecord.Metric) {
    if !metrics.contains(where: { $0.name == metric.name }) { metrics.append(metric) }
  }

  /// Adds one value to its metric's curve.
  package mutating func record(_ measurement: Measurement) {
    guard let index = metrics.firstIndex(where: { $0.name == measurement.metric }) else {
      preconditionFailure(
        "The metric \(measurement.metric) is not among \(metrics.map(\.name)).")
    }
    metrics[index].steps.append(measurement.step)
    metrics[index].values.append(measurement.value)
    latest[measurement.metric] = measurement.value
  }

  /// Says what a metric's result is where that is not the last value of its curve, as where the curve goes
  /// on with a setting that was tried and not chosen.
  mutating func settle(_ name: String, _ value: Double) { latest[name] = value }

  /// Adds one value to each named metric's curve.
  package mutating func record(step: Int, _ values: [String: Double]) {
    for measurement in Measurement.all(values, at: step) { record(measurement) }
  }

  /// The first metric in which larger or smaller is better whose last value is not finite; nil where all
  /// are: a method with such a result has broken down, whatever its iterations looked like.
  var latestNonFinite: String? {
    metrics.first { $0.betterWhen != .neither && latest[$0.name]?.isFinite == false }?.name
  }

  /// The metrics with their curves; those without any value are left out.
  package var recorded: [RunRecord.Metric] { metrics.filter { latest[$0.name] != nil } }
}
