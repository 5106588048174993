import Results

/// Collects the curves of a run: declared metrics, one value per recorded outer step.
public struct MetricRecorder: Sendable {
  private var metrics: [RunRecord.Metric]
  /// The last value recorded for each metric.
  public private(set) var latest: [String: Double] = [:]

  /// A recorder of the given metrics, without curves yet.
  public init(_ metrics: [RunRecord.Metric]) { self.metrics = metrics }

  /// Adds one value to each named metric's curve.
  public mutating func record(step: Int, _ values: [String: Double]) {
    for (name, value) in values {
      guard let index = metrics.firstIndex(where: { $0.name == name }) else {
        preconditionFailure("The metric \(name) is not among \(metrics.map(\.name)).")
      }
      metrics[index].steps.append(step)
      metrics[index].values.append(value)
      latest[name] = value
    }
  }

  /// The metrics with their curves; those without any value are left out.
  public var recorded: [RunRecord.Metric] { metrics.filter { latest[$0.name] != nil } }
}
