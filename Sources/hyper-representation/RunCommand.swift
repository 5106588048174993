import ArgumentParser
import Bilevel
import Commands
import Datasets
import Experiments
import Foundation
import Results

/// Runs methods over seeds and inner-step counts; writes one record per run.
struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Run methods under a protocol and write their records.",
    discussion: """
      Settings come from the protocol's preset, then --config, then the options here, then --set. \
      `--dry-run` prints them all. A line per finished run goes to standard output; tables are \
      made from the records by `report table`.

      Forward methods (fhg, f-bda) carry one tangent per parameter of the extractor; they run by \
      default only on small linear problems, and anywhere when named.
      """)

  @OptionGroup var shared: SharedOptions

  @Option(name: .customLong("protocol"), help: "Protocol; see the subcommand list.")
  var protocolName = RepresentationProtocol.pzobo64.rawValue

  @Option(help: "Data set: <name>-train.h5 and <name>-test.h5 in the data folder.")
  var dataset: String?

  @Option(name: .customLong("inner-steps"), help: "K, inner steps; may be repeated.")
  var innerSteps: [Int] = []

  @Option(name: .customLong("inner-step-size"), help: "s_l, step size of the lower direction.")
  var innerStepSize: Double?

  @Option(name: .customLong("upper-step-size"), help: "s_u, step size of BDA's upper direction.")
  var upperStepSize: Double?

  @Option(help: "Aggregation schedule of BDA; see the subcommand list.")
  var schedule: String?

  @Option(help: "alpha, the schedule's parameter, in [0, 1].")
  var alpha: Double?

  @Option(help: "H, the steps that T-RHG goes back.")
  var history: Int?

  @Option(help: "Inner dynamics, with --hypergradient instead of --method; see list.")
  var dynamics: String?

  @Option(help: "Hypergradient estimator, with --dynamics instead of --method; see list.")
  var hypergradient: String?

  @Option(help: "Outer optimiser: gradient, momentum or adam.")
  var outer: String?

  @Option(name: .customLong("outer-iterations"), help: "Outer iterations.")
  var outerIterations: Int?

  @Option(name: .customLong("outer-step-size"), help: "Learning rate of the outer optimiser.")
  var outerStepSize: Double?

  @Flag(
    name: .customLong("skip-completed"),
    help: "Skip runs whose record is there, completed, with the same configuration.")
  var skipCompleted = false

  func run() throws {
    let console = shared.makeConsole()
    try console.report { try runAll(console) }
  }

  private func runAll(_ console: Console) throws {
    let preset = try namedProtocol()
    let base = try resolve(preset)
    let methods = try selectedMethods(base.settings)
    let seeds = shared.seeds(default: defaultSeeds)
    let steps = innerSteps.isEmpty ? [base.settings.inner.steps] : innerSteps
    let plan = try steps.flatMap { steps in
      try methods.map { method in try configuration(base, preset, steps: steps, for: method) }
    }
    if shared.dryRun {
      console.show(result: plan[0].configuration.yaml)
      return
    }
    shared.prepareProcess()
    console.announce(seeds: seeds)
    console.show(result: Summary.header)
    var worst = ExitStatus.success
    for item in plan {
      for seed in seeds {
        let status = try run(item, seed: seed, console)
        if status == .interrupted { throw Interruption.requested ?? Interrupted() }
        if status != .success { worst = status }
      }
    }
    if worst != .success { throw worst.exitCode }
  }

  // MARK: - What is run

  /// One method under its settings, before a seed is chosen.
  private struct Item {
    let method: RepresentationMethod
    let configuration: Configuration<RepresentationSettings>
    let variant: [String: Value]
  }

  private var defaultSeeds: [UInt64] {
    switch shared.budget {
    case .smoke, .short: [0]
    case .paper: [0, 1, 2]
    }
  }

  private func namedProtocol() throws -> RepresentationProtocol {
    guard let preset = RepresentationProtocol(rawValue: protocolName) else {
      throw MethodError(
        "There is no protocol \"\(protocolName)\"; "
          + Spelling.advice(
            for: protocolName, among: RepresentationProtocol.allCases.map(\.rawValue),
            plural: "the protocols are"))
    }
    return preset
  }

  private func selectedMethods(
    _ settings: RepresentationSettings
  ) throws -> [RepresentationMethod] {
    switch (dynamics, hypergradient) {
    case (nil, nil):
      return shared.methods.isEmpty
        ? RepresentationMethod.standard(settings)
        : try shared.methods.map(RepresentationMethod.parse)
    case (let dynamics?, let hypergradient?):
      let product = try RepresentationMethod.parse(dynamics: dynamics, hypergradient: hypergradient)
      return try [product] + shared.methods.map(RepresentationMethod.parse)
    case (_?, nil), (nil, _?):
      throw MethodError(
        "The options --dynamics and --hypergradient name a method together: give both, or --method."
      )
    }
  }

  /// The preset, overridden by file, named options and `--set`, in this order.
  private func resolve(_ preset: RepresentationProtocol) throws -> Configuration<
    RepresentationSettings
  > {
    var overrides: [String] = []
    func override(_ key: String, _ value: (some CustomStringConvertible)?) {
      if let value { overrides.append("\(key)=\(value)") }
    }
    override("data.name", dataset)
    override("inner.stepSize", innerStepSize)
    override("aggregation.upperStepSize", upperStepSize)
    override("aggregation.schedule", schedule)
    override("aggregation.alpha", alpha)
    override("truncation.history", history)
    override("upper.optimizer", outer)
    override("upper.iterations", outerIterations)
    override("upper.learningRate", outerStepSize)
    return try Configuration.resolve(
      defaults: preset.settings(shared.budget),
      file: shared.configurationFile.map { URL(fileURLWithPath: $0) },
      settings: overrides + shared.settings)
  }

  private func configuration(
    _ base: Configuration<RepresentationSettings>, _ preset: RepresentationProtocol, steps: Int,
    for method: RepresentationMethod
  ) throws -> Item {
    var settings = base.settings
    settings.inner.steps = steps
    try settings.validate()
    var variant: [String: Value] = ["innerSteps": .integer(steps)]
    for (key, value) in overrides(of: settings, preset, method) { variant[key] = value }
    return Item(method: method, configuration: Configuration(settings), variant: variant)
  }

  /// The settings that differ from the preset's and matter to the method: they are part of a run's
  /// identity, so that no run replaces the record of another.
  private func overrides(
    of settings: RepresentationSettings, _ preset: RepresentationProtocol,
    _ method: RepresentationMethod
  ) -> [(String, Value)] {
    var usual = preset.settings(shared.budget)
    usual.inner.steps = settings.inner.steps
    let differences = Configuration(settings).tree.differences(from: Configuration(usual).tree)
    return differences.filter { path, _ in
      switch path.prefix(while: { $0 != "." }) {
      case "aggregation": return method.product.dynamics.aggregates
      case "truncation": return method.product.hypergradient == .truncatedReverse
      case "solver": return method.product.hypergradient.isImplicit
      case "details":
        return MethodDetails.matters(String(path.dropFirst(8)), to: method.product)
      case "evaluation": return false
      default: return true
      }
    }.map { ($0.path, $0.value) }
  }

  // MARK: - One run

  private func run(_ item: Item, seed: UInt64, _ console: Console) throws -> ExitStatus {
    switch shared.scalar {
    case .float: return try run(item, seed: seed, console, as: Float.self)
    case .double: return try run(item, seed: seed, console, as: Double.self)
    }
  }

  private func run<Scalar: TensorScalar>(
    _ item: Item, seed: UInt64, _ console: Console, as type: Scalar.Type
  ) throws -> ExitStatus {
    let run = RepresentationRun<Scalar>(
      method: item.method, protocolName: protocolName, budget: shared.budget, seed: seed,
      configuration: item.configuration, variant: item.variant,
      folder: DataFolder(path: shared.dataDirectory().path))
    if skipCompleted, let path = run.completedRecord(in: shared.outputFolder) {
      console.show(note: "Skipped: \(path) is complete, with the same configuration.")
      return .success
    }
    let steps = item.configuration.settings.inner.steps
    let progress = Progress(
      "\(item.method.displayName), K \(steps), seed \(seed)",
      total: item.configuration.settings.upper.iterations,
      mode: shared.quiet ? .none : shared.progress, console: console)
    let record = try run.record { done, detail in progress.advance(to: done, detail: detail) }
    progress.finish()
    let path = try record.write(intoRuns: shared.outputFolder)
    console.show(result: Summary.line(of: record, path: path))
    if let reason = record.status.reason { console.show(warning: reason) }
    switch record.status.kind {
    case .completed: return .success
    case .interrupted: return .interrupted
    case .diverged, .nonFinite, .timeout: return .diverged
    case .failed: return .unexpected
    }
  }
}

/// The lines that `run` prints: one per finished run, aligned.
private enum Summary {
  static let header =
    columns([
      "method", "K", "seed", "status", "F", "f", "test %", "dist S", "g error", "s/outer",
    ]) + "  record"

  static func line(of record: RunRecord, path: String) -> String {
    let final = record.final
    return columns([
      record.method.displayName, record.innerSteps.map { "\($0)" } ?? "-", "\(record.seed)",
      record.status.kind.rawValue, number(final["upperObjective"]),
      number(final["lowerObjective"]),
      final["testAccuracy"].map { String(format: "%.2f", 100 * $0) } ?? "-",
      number(final["distanceToSolutionSet"]), number(final["hypergradientError"]),
      number(record.timing.secondsPerOuterStep),
    ]) + "  " + path
  }

  private static func columns(_ cells: [String]) -> String {
    zip(cells, [14, 5, 5, 12, 10, 10, 8, 10, 10, 9]).map { cell, width in
      cell + String(repeating: " ", count: max(0, width - cell.count))
    }.joined(separator: " ")
  }

  private static func number(_ value: Double?) -> String {
    value.map { String(format: "%.4g", $0) } ?? "-"
  }
}
