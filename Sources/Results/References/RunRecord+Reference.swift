extension RunRecord {
  /// What a stored reference keeps of a run, as a record: who it is, how it ended and its final
  /// numbers; without curves, times, memory and the parts of its method.
  ///
  /// `displayName` is the method's name in tables, which references do not keep.
  public init(_ reference: Reference, displayName: String) {
    self.init(
      experiment: reference.experiment,
      method: Method(
        name: reference.method, displayName: displayName, dynamics: .none, hypergradient: .none,
        outerOptimizer: .none),
      seed: reference.seed, budget: reference.budget, protocolName: reference.protocolName,
      variant: reference.variant, configuration: reference.configuration,
      datasets: reference.datasets, environment: reference.environment, status: reference.status,
      metrics: reference.metrics, final: reference.final,
      timing: Timing(totalSeconds: .nan))
  }
}
