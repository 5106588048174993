import ArgumentParser
import Bilevel
import Commands
import Experiments
import Foundation
import Results
import Tensors

/// Measures one hypergradient per method and n; writes one record per method, with curves over n.
struct ScalingCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "scaling",
    abstract: "Measure time and memory of one hypergradient against n.",
    discussion: """
      Each cell is the median of several evaluations at x = y_0 = 0, after one that is not counted; \
      memory is what the process's resident peak rises above the resident bytes before. Reverse mode \
      keeps what fits --trajectory-megabytes and recomputes the rest. Forward mode carries n tangents \
      and costs n times as much as the others: beyond --forward-limit its cells say so instead.

      Conjugate gradients and Neumann series on the lower objective alone use damping 0.01: without \
      it the singular Hessian stops conjugate gradients after one step.

      Nothing is drawn at random, so that there is no seed to give. Exit code 3 where a cell is not finite.
      """)

  @OptionGroup var shared: SharedOptions

  @Option(
    parsing: .unconditionalSingleValue,
    help: "n, the number of coordinates; may be repeated. (default: 1, 10 ... 1000000)")
  var dimension: [Int] = []

  @Option(name: .customLong("inner-steps"), parsing: .unconditional, help: "K, inner steps.")
  var innerSteps = 16

  @Option(
    name: .customLong("forward-limit"), parsing: .unconditional,
    help: "The largest n for forward mode.")
  var forwardLimit: Int = Self.usualForwardLimit

  @Option(
    name: .customLong("trajectory-megabytes"), parsing: .unconditional,
    help: "Memory for the trajectory before reverse mode recomputes instead.")
  var trajectoryMegabytes = 1_024

  @Option(parsing: .unconditional, help: "Evaluations that a cell takes the median of.")
  var repeats: Int = Self.usualRepeats

  /// The largest n for forward mode where none is given.
  private static let usualForwardLimit = 1_000
  /// The evaluations of a cell where none are given.
  private static let usualRepeats = 5

  func validate() throws {
    guard shared.seedLists.isEmpty else {
      throw ValidationError(
        "The option --seed would change nothing, since the point of a cell is not drawn; leave it out."
      )
    }
    for (option, value) in [
      ("--inner-steps", innerSteps), ("--repeats", repeats), ("--forward-limit", forwardLimit),
      ("--trajectory-megabytes", trajectoryMegabytes), ("--dimension", dimension.min() ?? 1),
    ] where value < 1 {
      throw ValidationError("The option \(option) wants at least 1 but was given \(value).")
    }
    guard repeats <= 1_000_000 else {
      throw ValidationError(
        "The option --repeats wants a number from 1 to 1000000 but was given \(repeats).")
    }
  }

  func run() throws {
    let console = shared.makeConsole()
    try console.report {
      let experiment = CounterExample(folder: shared.folder)
      let names = [
        "rhg", "fhg", "cg", "neumann", "one-stage", "bda", "f-bda", "bda-cg", "one-stage-bda",
      ]
      let methods = try (shared.methods.isEmpty ? names : shared.methods).map {
        try experiment.catalogue.method(named: $0)
      }
      let base = try shared.configuration(defaults: defaults).settings
      for n in dimensions {
        var settings = base
        settings.problem.dimension = n
        try settings.validate(in: shared.scalar)
      }
      if shared.dryRun {
        console.show(result: Configuration(base).yaml)
        return
      }
      shared.prepareProcess()
      nameIgnoredKeys(base, of: methods, in: experiment, console)
      var areFinite = true
      for method in methods {
        if let refusal = experiment.refusal(of: .method(method), under: base) {
          throw MethodError(refusal)
        }
        let isFinite =
          switch shared.scalar {
          case .float: try measure(method, base, experiment, console, as: Float.self)
          case .double: try measure(method, base, experiment, console, as: Double.self)
          }
        if !isFinite { areFinite = false }
      }
      if !areFinite { throw ExitStatus.diverged.exitCode }
    }
  }

  private var defaults: RunSettings<CounterExampleSettings> {
    var settings = usual
    settings.inner.steps = innerSteps
    settings.trajectory.megabytes = trajectoryMegabytes
    return settings
  }

  /// The settings without any option.
  private var usual: RunSettings<CounterExampleSettings> {
    var settings = CounterExampleProtocol.icml2020.settings(shared.budget)
    settings.inner.steps = 16
    settings.solver.damping = 0.01
    return settings
  }

  // MARK: - Which settings count

  /// Whether a cell reads a setting; n is what goes from cell to cell.
  private func reads(_ key: String, _ method: Method, in experiment: CounterExample) -> Bool {
    !["outer.", "sweep.", "evaluation.", "problem.dimension"].contains(where: key.hasPrefix)
      && experiment.matters(key, to: .method(method))
  }

  /// The keys of all settings that are not the usual ones.
  private func changes(_ settings: RunSettings<CounterExampleSettings>) -> [String] {
    Configuration(settings).tree.differences(from: Configuration(usual).tree).map(\.path)
  }

  /// Names the settings that were given and that no cell reads, and the options that say nothing here.
  private func nameIgnoredKeys(
    _ base: RunSettings<CounterExampleSettings>, of methods: [Method],
    in experiment: CounterExample, _ console: Console
  ) {
    let unread = changes(base).filter { key in
      !methods.contains { reads(key, $0, in: experiment) }
    }
    console.show(ignored: unread, "which nothing that is measured here reads")
    var options: [String] = []
    if shared.fresh { options.append("--fresh") }
    if shared.checkpointSeconds != SharedOptions.usualCheckpointSeconds {
      options.append("--checkpoint-seconds")
    }
    console.show(
      ignored: options, "since what is measured is measured at one time and leaves no checkpoint")
    if forwardLimit != Self.usualForwardLimit, !methods.contains(where: Self.isForward) {
      console.show(
        ignored: ["--forward-limit"], "since no method that is measured here is forward mode")
    }
  }

  private static func isForward(_ method: Method) -> Bool {
    method.estimator.name == NamedForward().name
  }

  /// The cells of a method as one run, whose variant says that it is over n, over which and how they are
  /// measured if that is not the usual, and every setting that changes what is computed.
  private func planned(
    _ base: RunSettings<CounterExampleSettings>, _ method: Method, in experiment: CounterExample
  ) -> PlannedRun<CounterExampleSettings> {
    var marks: [String: Value] = ["sweep": "dimension"]
    if !dimension.isEmpty {
      marks["dimensions"] = .string(dimensions.map(String.init).joined(separator: " "))
    }
    if repeats != Self.usualRepeats { marks["repeats"] = .integer(repeats) }
    if forwardLimit != Self.usualForwardLimit, Self.isForward(method) {
      marks["forwardLimit"] = .integer(forwardLimit)
    }
    let changes = changes(base)
    let unread = changes.filter { !reads($0, method, in: experiment) }
    // What every variant of a run states is told here where it is not the usual alone.
    let unchanged = Set(experiment.statedKeys(.method(method))).subtracting(changes)
    return PlannedRun(
      .method(method), base, preset: usual, protocolName: "scaling", marks: marks,
      unstated: unchanged.union(unread))
  }

  private var dimensions: [Int] {
    dimension.isEmpty
      ? (0...6).map { power in (0..<power).reduce(1) { n, _ in 10 * n } }
      : Set(dimension).sorted()
  }

  /// One record: the cells of one method. Returns whether they are all finite.
  private func measure<Scalar: TensorScalar>(
    _ method: Method, _ base: RunSettings<CounterExampleSettings>, _ experiment: CounterExample,
    _ console: Console, as type: Scalar.Type
  ) throws -> Bool {
    // Cost is not accuracy: a protocol of its own keeps it out of tables and references of results.
    let run = try RunSession(shared, experiment, console: console)
      .run(planned(base, method, in: experiment), seed: 0)
    if shared.skipCompleted, run.place(in: shared.outputFolder).state.isCompleted {
      console.show(
        note:
          "Skipped: \(run.place(in: shared.outputFolder).record) is complete, with the same configuration."
      )
      return true
    }
    let total = Stopwatch()
    var recorder = MetricRecorder([
      .init(name: "hypergradientSeconds", unit: "seconds", betterWhen: .lower),
      .init(name: "addedPeakBytes", unit: "bytes", betterWhen: .lower),
      .init(name: "trajectoryBytes", unit: "bytes", betterWhen: .lower),
      .init(name: "upperValue", unit: "1", betterWhen: .neither),
      .init(name: "hypergradientNorm", unit: "1", betterWhen: .neither),
    ])
    var notes: [String: Value] = [:]
    var broken: Int?
    for n in dimensions {
      try Interruption.checkpoint()
      if Self.isForward(method), n > forwardLimit {
        let reason =
          "Forward mode would carry \(n) tangents through \(base.inner.steps) steps, "
          + "\(n) times the work of the others; raise --forward-limit to measure it."
        notes["n\(n)"] = .string(reason)
        console.show(result: Self.line(method, n, "-", "-", "not run: \(reason)"))
        continue
      }
      var settings = base
      settings.problem.dimension = n
      let cell = try cell(method, settings, as: Scalar.self)
      recorder.record(step: n, cell.values)
      notes["n\(n)"] = .string(cell.storage)
      if !cell.isFinite, broken == nil { broken = n }
      console.show(
        result: Self.line(
          method, n, String(format: "%.3g s", cell.values["hypergradientSeconds"] ?? .nan),
          String(format: "%.3g MB", (cell.values["addedPeakBytes"] ?? 0) / 1e6),
          "\(cell.storage), F \(SummaryColumn.text(cell.values["upperValue"] ?? .nan, "%.6g")), "
            + "|g| \(SummaryColumn.text(cell.values["hypergradientNorm"] ?? .nan, "%.6g"))"))
    }
    let status = RunRecord.Status(
      broken == nil ? .completed : .nonFinite,
      reason: broken.map {
        "At n = \($0) the hypergradient is not finite after \(base.inner.steps) inner steps of size "
          + "\(base.inner.stepSize); choose a smaller inner.stepSize."
      })
    if let reason = status.reason { console.show(warning: reason) }
    let record = run.record(
      metrics: recorder.recorded, final: recorder.latest, status: status,
      timing: .init(totalSeconds: total.seconds), diagnostics: notes)
    console.show(note: "Wrote \(try record.write(intoRuns: shared.outputFolder))")
    return broken == nil
  }

  private func cell<Scalar: TensorScalar>(
    _ method: Method, _ settings: RunSettings<CounterExampleSettings>, as type: Scalar.Type
  ) throws -> (values: [String: Double], storage: String, isFinite: Bool) {
    let problem = settings.own.counterExample
    let start: Parameters<Scalar> = Parameters(problem.spread(settings.start.upper))
    let prepared = try method.prepare(
      problem.bilevel(as: Scalar.self), from: start, settings.method)
    let dynamics = try method.innerDynamics(settings.method, as: Scalar.self)
    let estimator = try method.hypergradientEstimator(settings.method, as: Scalar.self)
    func evaluate() -> HypergradientEstimate<Scalar> {
      estimator.estimate(
        prepared.problem, dynamics: dynamics, upper: prepared.start,
        innerSteps: settings.inner.steps)
    }
    let cost = HypergradientCost(repeats: repeats, evaluate)
    return (
      [
        "hypergradientSeconds": cost.medianSeconds, "addedPeakBytes": Double(cost.addedPeakBytes),
        "trajectoryBytes": Double(cost.estimate.diagnostics.storedBytes),
        "upperValue": Double(cost.estimate.upperValue),
        "hypergradientNorm": Double(cost.estimate.hypergradient.norm),
      ], cost.estimate.diagnostics.storage, cost.estimate.isFinite
    )
  }

  private static func line(
    _ method: Method, _ n: Int, _ time: String, _ memory: String, _ note: String
  ) -> String {
    [(method.displayName, 15), ("\(n)", 8), (time, 12), (memory, 12), (note, 0)]
      .map { cell, width in cell + String(repeating: " ", count: max(0, width - cell.count)) }
      .joined(separator: " ")
  }
}
