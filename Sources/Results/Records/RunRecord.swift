/// What one run leaves behind: everything needed to say what was run and what came of it.
///
/// Invariant: every name in ``final`` is described in ``metrics`` (with an empty curve where only
/// the final number exists), so that no number is without its unit and direction. Timing is kept
/// apart from the metrics because it is never compared bit for bit.
public struct RunRecord: Codable, Equatable, Sendable {
  /// The version of this format; see `results/README.md` for migrations.
  static let currentSchemaVersion = 2

  /// The version of the format the record was written in.
  public var schemaVersion = Self.currentSchemaVersion
  /// The experiment, by the name of its executable: "hyper-cleaning".
  public var experiment: String
  /// The method: a product of dynamics, hypergradient and outer optimiser.
  public var method: Method
  /// The seed from which all randomness of the run was derived.
  public var seed: UInt64
  /// The budget: "smoke", "short" or "paper".
  public var budget: String
  /// The named protocol: split, corruption rule, network and schedule, with its source.
  public var protocolName: String
  /// What sets this run apart from the protocol's preset, "innerSteps" among it where the protocol
  /// is run at several. Part of the run's identity and of its path.
  public var variant: [String: Value]
  /// The complete resolved configuration.
  public var configuration: Value {
    didSet { configurationDigest = configuration.canonicalDigest }
  }
  /// ``Value/canonicalDigest`` of ``configuration``; it cannot be anything else.
  public private(set) var configurationDigest: String
  /// The data the run used.
  public var datasets: [DatasetUse]
  /// Where it ran.
  public var environment: Environment
  /// How it ended.
  public var status: Status
  /// The measured quantities with their curves over outer steps.
  public var metrics: [Metric]
  /// The final value of each metric.
  public var final: [String: Double]
  /// Time and memory.
  public var timing: Timing
  /// Outcomes of linear solvers, the chosen setting among several tried, and the like.
  public var diagnostics: [String: Value]

  /// A record; every name in `final` must be among the metrics.
  public init(
    experiment: String, method: Method, seed: UInt64, budget: String, protocolName: String,
    variant: [String: Value] = [:], configuration: Value, datasets: [DatasetUse],
    environment: Environment, status: Status, metrics: [Metric], final: [String: Double],
    timing: Timing, diagnostics: [String: Value] = [:]
  ) {
    self.experiment = experiment
    self.method = method
    self.seed = seed
    self.budget = budget
    self.protocolName = protocolName
    self.variant = variant
    self.configuration = configuration
    configurationDigest = configuration.canonicalDigest
    self.datasets = datasets
    self.environment = environment
    self.status = status
    self.metrics = metrics
    self.final = final
    self.timing = timing
    self.diagnostics = diagnostics
    let problem = inconsistency
    precondition(problem == nil, "The record contradicts itself: \(problem ?? "").")
  }

  /// What contradicts itself in the record, nil when nothing does.
  var inconsistency: String? {
    let names = metrics.map(\.name)
    if Set(names).count < names.count { return "a metric is listed twice among \(names)" }
    if let name = final.keys.sorted().first(where: { !names.contains($0) }) {
      return "the final value '\(name)' is not described among the metrics \(names)"
    }
    if let metric = metrics.first(where: { $0.steps.count != $0.values.count }) {
      return "the metric '\(metric.name)' has \(metric.steps.count) steps and "
        + "\(metric.values.count) values"
    }
    if configurationDigest != configuration.canonicalDigest {
      return "its configuration was changed after it was written, or damaged: the digest is "
        + "\(configuration.canonicalDigest) and the record says \(configurationDigest)"
    }
    if timing.steps.count != timing.seconds.count {
      return "the timing has \(timing.steps.count) steps and \(timing.seconds.count) values"
    }
    return nil
  }

  enum CodingKeys: String, CodingKey {
    case schemaVersion, experiment, method, seed, budget, variant, configuration
    case protocolName = "protocol"
    case configurationDigest, datasets, environment, status, metrics, final, timing, diagnostics
  }
}

extension RunRecord {
  /// The metric of that name, nil where the run did not record it.
  public func metric(named name: String) -> Metric? { metrics.first { $0.name == name } }

  /// The number K of inner steps where the run declares it, nil otherwise.
  public var innerSteps: Int? {
    (variant["innerSteps"] ?? method.dynamics.parameters["innerSteps"])?.integerValue
  }

  /// The scalar type of the run: "float" or "double".
  public var scalar: String { environment.scalar }

  /// Whether any data of the run was synthetic; results must say so wherever they are shown.
  public var isSynthetic: Bool { datasets.contains(where: \.synthetic) }

  /// The record with the curves of its headline metrics and of those against something else than outer
  /// steps (`testAccuracyByInnerStep`), at no more than so many steps (the first, the last and evenly
  /// between), without diagnostics: enough to draw, and small enough to commit.
  public func thinned(to count: Int) -> RunRecord {
    precondition(count >= 2, "A curve of \(count) points has no first and last.")
    func chosen(_ total: Int) -> [Int] {
      guard total > count else { return Array(0..<total) }
      return (0..<count).map { $0 * (total - 1) / (count - 1) }
    }
    var thin = self
    thin.metrics = metrics.map { metric in
      var metric = metric
      let isKept = metric.headline == true || metric.name.contains("By")
      let indices = isKept ? chosen(metric.steps.count) : []
      metric.steps = indices.map { metric.steps[$0] }
      metric.values = indices.map { metric.values[$0] }
      return metric
    }
    // Times at the steps that are left, so that curves against seconds stay whole.
    let steps = Set(thin.metrics.flatMap(\.steps))
    let kept = zip(timing.steps, timing.seconds).filter { steps.contains($0.0) }
    thin.timing.steps = kept.map(\.0)
    thin.timing.seconds = kept.map(\.1)
    thin.diagnostics = [:]
    return thin
  }
}
