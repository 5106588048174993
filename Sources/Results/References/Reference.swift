/// What is stored of one run to compare later runs with: who it is, what it was run with, how it
/// ended and its final numbers; no curves and no times.
public struct Reference: Equatable, Sendable {
  /// The experiment's name.
  public var experiment: String
  /// The budget's name.
  public var budget: String
  /// The method's name.
  public var method: String
  /// The protocol's name.
  public var protocolName: String
  /// What sets the run apart from the protocol's preset.
  public var variant: [String: Value]
  /// The seed.
  public var seed: UInt64
  /// How the run ended.
  public var status: RunRecord.Status
  /// The complete resolved configuration.
  public var configuration: Value
  /// The digest of the configuration, as the run recorded it.
  public var configurationDigest: String
  /// The data the run used.
  public var datasets: [RunRecord.DatasetUse]
  /// Where it ran.
  public var environment: RunRecord.Environment
  /// The unit and direction of every metric, without curves, sorted by name.
  public var metrics: [RunRecord.Metric]
  /// The final value of each metric.
  public var final: [String: Double]

  /// What is kept of a run.
  public init(_ record: RunRecord) {
    experiment = record.experiment
    budget = record.budget
    method = record.method.name
    protocolName = record.protocolName
    variant = record.variant
    seed = record.seed
    status = record.status
    configuration = record.configuration
    configurationDigest = record.configurationDigest
    datasets = record.datasets
    environment = record.environment
    final = record.final
    metrics = record.metrics.filter { record.final[$0.name] != nil }.map {
      RunRecord.Metric(name: $0.name, unit: $0.unit, betterWhen: $0.betterWhen)
    }.sorted { $0.name < $1.name }
  }

  /// A reference of these parts; `metrics` must describe every name in `final`.
  init(
    experiment: String, budget: String, run: ReferenceFile.Run, configuration: Value,
    datasets: [RunRecord.DatasetUse], environment: RunRecord.Environment,
    metrics: [RunRecord.Metric]
  ) {
    self.experiment = experiment
    self.budget = budget
    method = run.method
    protocolName = run.protocolName
    variant = run.variant
    seed = run.seed
    status = RunRecord.Status(run.status, reason: run.reason)
    self.configuration = configuration
    configurationDigest = configuration.canonicalDigest
    self.datasets = datasets
    self.environment = environment
    self.metrics = metrics
    final = run.final
  }

  /// What tells the run from others.
  public var identity: RunIdentity {
    RunIdentity(
      experiment: experiment, method: method, protocolName: protocolName, variant: variant,
      budget: budget, seed: seed, scalar: environment.scalar, datasets: datasets)
  }

  /// The metric of that name, nil where the reference has none.
  public func metric(named name: String) -> RunRecord.Metric? {
    metrics.first { $0.name == name }
  }

  /// Whether both say the same, "nan" being equal to itself.
  public static func == (left: Reference, right: Reference) -> Bool {
    left.identity == right.identity && left.variant == right.variant
      && left.status == right.status && left.configuration == right.configuration
      && left.configurationDigest == right.configurationDigest
      && left.datasets == right.datasets && left.environment == right.environment
      && left.metrics == right.metrics
      && left.final.mapValues(Value.number) == right.final.mapValues(Value.number)
  }
}
