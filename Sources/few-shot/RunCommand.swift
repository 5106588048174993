import ArgumentParser
import Bilevel
import Commands
import Datasets
import Experiments
import Foundation
import Results
import Tensors

/// Runs methods over seeds; writes one record per run.
struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Run methods under a protocol and write their records.",
    discussion: """
      Settings come from the protocol's preset, then --config, then the options here, then --set. \
      `--dry-run` prints them all. A line per finished run goes to standard output; tables are made \
      from the records by `report table`.

      A run writes checkpoints beside its record; `--resume` continues from one, with results \
      identical to those of an uninterrupted run. Results do not depend on --threads.
      """)

  @OptionGroup var shared: SharedOptions

  @Option(name: .customLong("protocol"), help: "Protocol; see the subcommand list.")
  var protocolName = FewShotProtocol.icml2020.rawValue

  @Option(help: "Data set: <name>-images in the data folder, or a folder of images with a slash.")
  var dataset: String?

  @Option(help: "N, classes per task.")
  var ways: Int?

  @Option(help: "M, labelled images per class.")
  var shots: Int?

  @Option(name: .customLong("inner-steps"), help: "T, inner steps.")
  var innerSteps: Int?

  @Option(name: .customLong("inner-step-size"), help: "s_l, step size of the lower direction.")
  var innerStepSize: Double?

  @Option(help: "Aggregation schedule of BDA; see the subcommand list.")
  var schedule: String?

  @Option(help: "alpha, the schedule's parameter, in [0, 1].")
  var alpha: Double?

  @Option(name: .customLong("meta-batch"), help: "Tasks per outer iteration.")
  var metaBatch: Int?

  @Option(name: .customLong("outer-iterations"), help: "Outer iterations.")
  var outerIterations: Int?

  @Flag(help: "Continue from the checkpoint of a run with the same configuration.")
  var resume = false

  @Flag(
    name: .customLong("skip-completed"),
    help: "Skip runs whose record is there, completed, with the same configuration.")
  var skipCompleted = false

  func run() throws {
    let console = shared.makeConsole()
    try console.report { try runAll(console) }
  }

  private func runAll(_ console: Console) throws {
    let preset = try choice(protocolName, of: FewShotProtocol.self, "protocol")
    let configuration = try resolve(preset)
    try configuration.settings.validate()
    let methods =
      shared.methods.isEmpty
      ? (shared.budget == .smoke ? FewShotMethod.all : FewShotMethod.usual)
      : try shared.methods.map { try FewShotMethod.named($0) }
    if shared.dryRun {
      console.show(result: configuration.yaml)
      return
    }
    shared.prepareProcess()
    FreedMemory.keepForReuse()
    let seeds = shared.seeds(default: shared.budget == .paper ? [0, 1, 2] : [0])
    console.announce(seeds: seeds)
    let folder = DataFolder(path: shared.dataDirectory().path)
    let tree = try FewShotData.tree(configuration.settings, folder: folder)
    let data = try FewShotData(configuration.settings, tree: tree)
    console.show(result: Summary.header)
    var worst = ExitStatus.success
    for method in methods {
      for seed in seeds {
        let status: ExitStatus
        switch shared.scalar {
        case .float:
          status = try run(method, preset, configuration, data, seed, console, as: Float.self)
        case .double:
          status = try run(method, preset, configuration, data, seed, console, as: Double.self)
        }
        if status == .interrupted { throw Interruption.requested ?? Interrupted() }
        if status != .success { worst = status }
      }
    }
    if worst != .success { throw worst.exitCode }
  }

  /// The preset, overridden by file, named options and `--set`, in this order.
  private func resolve(_ preset: FewShotProtocol) throws -> Configuration<FewShotSettings> {
    var overrides: [String] = []
    func override(_ key: String, _ value: (some CustomStringConvertible)?) {
      if let value { overrides.append("\(key)=\(value)") }
    }
    override("data.name", dataset)
    override("task.ways", ways)
    override("task.shots", shots)
    override("inner.steps", innerSteps)
    override("inner.stepSize", innerStepSize)
    override("aggregation.schedule", schedule)
    override("aggregation.alpha", alpha)
    override("upper.metaBatch", metaBatch)
    override("upper.iterations", outerIterations)
    return try Configuration.resolve(
      defaults: preset.settings(shared.budget),
      file: shared.configurationFile.map { URL(fileURLWithPath: $0) },
      settings: overrides + shared.settings)
  }

  /// What tells this run from others of the method: ways, shots, and the settings that differ from
  /// the preset's and matter to the method, so that no run replaces the record of another.
  private func variant(
    of settings: FewShotSettings, _ preset: FewShotProtocol, _ method: FewShotMethod
  ) -> [String: Value] {
    var variant: [String: Value] = [
      "ways": .integer(settings.task.ways), "shots": .integer(settings.task.shots),
    ]
    var usual = preset.settings(shared.budget)
    usual.task.ways = settings.task.ways
    usual.task.shots = settings.task.shots
    usual.evaluation.checkpointEvery = settings.evaluation.checkpointEvery
    var product: MethodPreset?
    if case .representation(let preset) = method { product = preset }
    let differences = Configuration(settings).tree.differences(from: Configuration(usual).tree)
    for (path, value) in differences {
      let matters =
        switch path.prefix(while: { $0 != "." }) {
        case "aggregation": product?.dynamics == .descentAggregation
        case "truncation": product?.hypergradient == .truncatedReverse
        case "reptile": method == .reptile
        case "implicit":
          method == .implicitMAML || product == .conjugateGradient || product == .neumann
        default: true
        }
      if matters { variant[path] = value }
    }
    return variant
  }

  private func run<Scalar: TensorScalar & HDF5Element>(
    _ method: FewShotMethod, _ preset: FewShotProtocol,
    _ configuration: Configuration<FewShotSettings>, _ data: FewShotData, _ seed: UInt64,
    _ console: Console, as type: Scalar.Type
  ) throws -> ExitStatus {
    let settings = configuration.settings
    let run = FewShotRun<Scalar>(
      method: method, protocolName: preset.rawValue, budget: shared.budget, seed: seed,
      configuration: configuration, variant: variant(of: settings, preset, method), data: data,
      outputFolder: shared.outputFolder)
    if skipCompleted, let path = run.completedRecord() {
      console.show(note: "Skipped: \(path) is complete, with the same configuration.")
      return .success
    }
    let progress = Progress(
      "\(method.displayName), \(settings.task.ways)-way \(settings.task.shots)-shot, seed \(seed)",
      total: settings.upper.iterations, mode: shared.quiet ? .none : shared.progress,
      console: console)
    let record = try run.record(resumes: resume) { done, detail in
      progress.advance(to: done, detail: detail)
    }
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

/// The named choice, or an error that lists the names.
func choice<Choice: RawRepresentable & CaseIterable>(
  _ name: String, of type: Choice.Type, _ what: String
) throws(MethodError) -> Choice where Choice.RawValue == String {
  guard let choice = Choice(rawValue: name) else {
    let names = Choice.allCases.map(\.rawValue)
    throw MethodError(
      "There is no \(what) \"\(name)\"; "
        + Spelling.advice(for: name, among: names, plural: "the names are"))
  }
  return choice
}

/// The lines that `run` prints: one per finished run, aligned.
private enum Summary {
  static let header =
    columns(["method", "seed", "status", "test %", "+- %", "F", "s/outer", "peak MB"]) + "  record"

  static func line(of record: RunRecord, path: String) -> String {
    let final = record.final
    return columns([
      record.method.displayName, "\(record.seed)", record.status.kind.rawValue,
      number(final["testAccuracy"].map { 100 * $0 }, 2),
      number(final["testAccuracyHalfWidth"].map { 100 * $0 }, 2),
      number(final["upperObjective"], 4), number(record.timing.secondsPerOuterStep, 4),
      number(record.timing.peakResidentBytes.map { Double($0) / 1e6 }, 0),
    ]) + "  " + path
  }

  private static func columns(_ cells: [String]) -> String {
    zip(cells, [20, 5, 12, 8, 7, 9, 9, 8]).map { cell, width in
      cell + String(repeating: " ", count: max(0, width - cell.count))
    }.joined(separator: " ")
  }

  private static func number(_ value: Double?, _ digits: Int) -> String {
    value.map { String(format: "%.\(digits)f", $0) } ?? "-"
  }
}
