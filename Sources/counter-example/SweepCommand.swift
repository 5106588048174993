import ArgumentParser
import Bilevel
import Commands
import Experiments
import Foundation
import Results
import Tensors

/// Runs methods at several K; writes one record per method, whose curves are over K.
struct SweepCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sweep",
    abstract: "Run methods at several K and write where each ends, against K.",
    discussion: """
      One outer loop, run until it settles, per method and K. One record per method (and start, \
      step size and schedule): its curves have K where other records have outer iterations, and its \
      variant says so (sweep=innerSteps). Final numbers carry K in their names (xAtK64).

      --schedules runs the ablation of descent aggregation instead: every published schedule, from \
      y_0 = (0, 0) with step sizes 0.1 and 0.5 and from (2, 2) with 0.5.
      """)

  @OptionGroup var shared: SharedOptions
  @OptionGroup var options: ProblemOptions

  @Option(
    name: .customLong("inner-steps"),
    help: "K, inner steps; may be repeated. (default: 8, 16, 64, 256 and 2048)")
  var innerSteps: [Int] = []

  @Flag(help: "The ablation of schedules instead of methods.")
  var schedules = false

  func run() throws {
    let console = shared.makeConsole()
    try console.report { try runAll(console) }
  }

  private func runAll(_ console: Console) throws {
    let plan = try schedules ? ablation() : methodItems()
    if shared.dryRun {
      console.show(result: plan[0].configuration.yaml)
      return
    }
    shared.prepareProcess()
    console.show(result: SweepSummary.header(steps))
    var worst = ExitStatus.success
    for item in plan {
      for seed in shared.seeds(default: [0]) {
        let status =
          switch shared.scalar {
          case .float: try run(item, seed: seed, console, as: Float.self)
          case .double: try run(item, seed: seed, console, as: Double.self)
          }
        if status == .interrupted { throw Interruption.requested ?? Interrupted() }
        if status != .success { worst = status }
      }
    }
    if worst != .success { throw worst.exitCode }
  }

  private var steps: [Int] {
    innerSteps.isEmpty ? CounterExampleProtocol.sweptInnerSteps : Set(innerSteps).sorted()
  }

  // MARK: - What is run

  private func methodItems() throws -> [CounterExampleItem] {
    let preset = try options.preset()
    let base = try options.resolve(preset, shared).settings
    let methods = try CounterExampleMethod.selected(
      names: shared.methods, dynamics: options.dynamics, hypergradient: options.hypergradient)
    let isWhole = shared.methods.isEmpty && options.dynamics == nil && options.hypergradient == nil
    let starts =
      options.start.isEmpty
      ? [preset.starts[0]] : options.starts(preset, base, shared.budget)
    return try starts.flatMap { start in
      try methods.compactMap { method in
        var settings = base
        (settings.start.first, settings.start.second) = start
        if let refusal = settings.methodSettings(method).refusal {
          guard isWhole else { throw MethodError(refusal) }
          return nil
        }
        return try item(method, settings, preset)
      }
    }
  }

  /// The rows of the ablation: rule, alpha and start, each at both step sizes.
  private func ablation() throws -> [CounterExampleItem] {
    guard shared.methods.isEmpty, options.dynamics == nil, options.hypergradient == nil,
      options.start.isEmpty, options.schedule == nil, options.alpha == nil,
      options.innerStepSize == nil
    else {
      throw MethodError(
        "The ablation --schedules chooses methods, starts, step sizes, schedules and alphas itself; "
          + "leave those options out, or leave --schedules out.")
    }
    let preset = try options.preset()
    let base = try options.resolve(preset, shared).settings
    let rows: [(rule: AggregationSchedule.Rule, alpha: Double)] = [
      (.constant, 0.5), (.harmonic, 0.5), (.harmonic, 0.9), (.shiftedHarmonic, 1),
      (.journal, 0.5), (.harmonic, 0.6), (.officialCode, 0.6), (.geometric, 0.5),
      (.outerHarmonic, 0.9), (.outerPower, 0.9),
    ]
    var plan: [CounterExampleItem] = []
    for (start, stepSize) in [(0.0, 0.1), (0, 0.5), (2, 0.1), (2, 0.5)] {
      var settings = base
      settings.inner.stepSize = stepSize
      settings.start = .init(upper: base.start.upper, first: [start], second: [start])
      plan.append(try item(.preset(.rhg), settings, preset))
      for row in rows {
        // From (2, 2) everything is mirrored at 1: shown for every rule at one step size.
        let isMirrored = start == 2 && stepSize == 0.5
        guard start == 0 || isMirrored || (row.rule == .harmonic && row.alpha == 0.5) else {
          continue
        }
        // Weights that change over outer iterations never settle: once is enough.
        if row.rule == .outerHarmonic || row.rule == .outerPower, start != 0 || stepSize != 0.5 {
          continue
        }
        settings.aggregation = .init(schedule: row.rule, alpha: row.alpha)
        plan.append(try item(.preset(.bda), settings, preset))
      }
    }
    return plan
  }

  private func item(
    _ method: CounterExampleMethod, _ settings: CounterExampleSettings,
    _ preset: CounterExampleProtocol
  ) throws -> CounterExampleItem {
    for count in steps {
      var checked = settings
      checked.inner.steps = count
      try checked.validate()
    }
    var settings = settings
    settings.evaluation.every = settings.upper.iterations
    if settings.upper.tolerance == 0 { settings.upper.tolerance = 1e-10 }
    return CounterExampleItem(
      method: method, settings: settings, preset: preset, budget: shared.budget,
      sweep: "innerSteps")
  }

  // MARK: - One record

  private func run<Scalar: TensorScalar>(
    _ item: CounterExampleItem, seed: UInt64, _ console: Console, as type: Scalar.Type
  ) throws -> ExitStatus {
    let watch = Stopwatch()
    let progress = Progress(
      item.method.displayName, total: steps.count, mode: shared.quiet ? .none : shared.progress,
      console: console)
    var recorder = MetricRecorder(
      CounterExampleMetrics.perIteration.filter { $0.name != "outerStep" })
    var atSteps: [RunRecord.Metric] = []
    var final: [String: Double] = [:]
    var status = RunRecord.Status(.completed)
    var notes: [String: Value] = [:]
    for (index, count) in steps.enumerated() {
      var settings = item.settings
      settings.inner.steps = count
      let outcome = try CounterExampleLoop<Scalar>(method: item.method, settings: settings)
        .run { _, _ in }
      notes["K\(count)"] = .object(sorted: outcome.notes)
      if outcome.status.kind != .completed { status = outcome.status }
      guard outcome.status.kind != .interrupted else { break }
      var values = outcome.recorder.latest
      values["outerStep"] = nil
      recorder.record(step: count, values)
      let description = CounterExampleMetrics.perIteration[0]
      atSteps.append(
        .init(
          name: "xAtK\(count)", unit: description.unit, betterWhen: description.betterWhen,
          headline: true))
      final["xAtK\(count)"] = values["x"]
      progress.advance(to: index + 1, detail: "K \(count)")
    }
    progress.finish()
    final = final.merging(recorder.latest) { first, _ in first }
    for (metric, value) in SweepSummary.overall(recorder, steps) {
      atSteps.append(metric)
      final[metric.name] = value
    }
    let record = item.record(
      metrics: recorder.recorded + atSteps.filter { final[$0.name] != nil }, final: final,
      status: status, timing: .init(totalSeconds: watch.seconds), diagnostics: notes, seed: seed,
      scalar: Scalar.name)
    let path = try record.write(intoRuns: shared.outputFolder)
    console.show(result: SweepSummary.line(of: record, item, steps, path: path))
    if let reason = record.status.reason { console.show(warning: reason) }
    switch status.kind {
    case .completed: return .success
    case .interrupted: return .interrupted
    case .diverged, .nonFinite, .timeout: return .diverged
    case .failed: return .unexpected
    }
  }
}

/// What a sweep says as a whole, and the lines that it prints.
private enum SweepSummary {
  /// The largest distance from the derived points, and the exponent p of error ~ K^p between the
  /// last two values of K.
  static func overall(
    _ recorder: MetricRecorder, _ steps: [Int]
  ) -> [(RunRecord.Metric, Double)] {
    var result: [(RunRecord.Metric, Double)] = []
    func values(_ name: String) -> [Double] {
      recorder.recorded.first { $0.name == name }?.values ?? []
    }
    let distances = values("stationaryError")
    if distances.count == steps.count, let largest = distances.max() {
      result.append((.init(name: "largestStationaryError", unit: "1", betterWhen: .lower), largest))
    }
    let errors = values("upperError")
    // Below rounding there is no rate to speak of.
    if errors.count == steps.count, errors.count > 1, errors.allSatisfy({ $0 > 1e-6 }) {
      let last = errors.count - 1
      let exponent =
        log(errors[last] / errors[last - 1]) / log(Double(steps[last]) / Double(steps[last - 1]))
      result.append(
        (.init(name: "errorExponent", unit: "1", betterWhen: .lower, headline: true), exponent))
    }
    return result
  }

  static func header(_ steps: [Int]) -> String {
    line("method", "schedule", "s", "y1,y2", steps.map { "K=\($0)" }, "derived to", "record")
  }

  static func line(
    of record: RunRecord, _ item: CounterExampleItem, _ steps: [Int], path: String
  ) -> String {
    let settings = item.settings
    let aggregation = settings.aggregation
    let start = [settings.start.first, settings.start.second].map { values in
      values.count == 1 ? String(format: "%g", values[0]) : "list"
    }
    let errors = record.metric(named: "stationaryError")?.values ?? []
    return line(
      record.method.displayName,
      item.method.combination.dynamics.aggregates
        ? "\(aggregation.schedule.rawValue) \(aggregation.alpha)" : "-",
      "\(settings.inner.stepSize)", start.joined(separator: ","),
      steps.map { Summary.number(record.final["xAtK\($0)"]) },
      errors.count == steps.count
        ? errors.max().map { String(format: "%.0e", $0) } ?? "-" : "-", path)
  }

  private static func line(
    _ method: String, _ schedule: String, _ size: String, _ start: String, _ values: [String],
    _ error: String, _ path: String
  ) -> String {
    let cells = [(method, 15), (schedule, 20), (size, 4), (start, 5)] + values.map { ($0, 8) }
    return (cells + [(error, 10), (path, 0)]).map { cell, width in
      cell + String(repeating: " ", count: max(0, width - cell.count))
    }.joined(separator: " ")
  }
}
