import ArgumentParser
import Bilevel
import Commands
import Experiments
import Foundation
import Results
import Tensors

/// Runs methods from every start; writes one record per run, with a curve per metric.
struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Run methods and write their errors per outer iteration.",
    discussion: """
      Settings come from the protocol's preset, then --config, then the options here, then --set. \
      `--dry-run` prints them all. Without --method, --dynamics and --hypergradient every preset is \
      run, and conjugate gradients a second time with damping.

      The column "derived" is the point at which the method must come to rest, from scalar \
      recursions that share no code with the methods; "-" where there is none.
      """)

  @OptionGroup var shared: SharedOptions
  @OptionGroup var options: ProblemOptions

  @Option(name: .customLong("inner-steps"), help: "K, inner steps; may be repeated.")
  var innerSteps: [Int] = []

  func run() throws {
    let console = shared.makeConsole()
    try console.report { try runAll(console) }
  }

  private func runAll(_ console: Console) throws {
    let plan = try plannedItems()
    if shared.dryRun {
      console.show(result: plan[0].configuration.yaml)
      return
    }
    shared.prepareProcess()
    console.show(result: Summary.header)
    var worst = ExitStatus.success
    for item in plan {
      for seed in shared.seeds(default: [0]) {
        let status = try run(item, seed: seed, console)
        if status == .interrupted { throw Interruption.requested ?? Interrupted() }
        if status != .success { worst = status }
      }
    }
    if worst != .success { throw worst.exitCode }
  }

  private func plannedItems() throws -> [CounterExampleItem] {
    let preset = try options.preset()
    let base = try options.resolve(preset, shared).settings
    let methods = try CounterExampleMethod.selected(
      names: shared.methods, dynamics: options.dynamics, hypergradient: options.hypergradient)
    let isWhole = shared.methods.isEmpty && options.dynamics == nil && options.hypergradient == nil
    var plan: [CounterExampleItem] = []
    for steps in innerSteps.isEmpty ? [base.inner.steps] : innerSteps {
      for start in options.starts(preset, base, shared.budget) {
        for method in methods {
          var settings = base
          settings.inner.steps = steps
          (settings.start.first, settings.start.second) = start
          try settings.validate()
          if let refusal = settings.methodSettings(method).refusal {
            // A whole list goes on without those that the settings exclude; a named one does not.
            guard isWhole else { throw MethodError(refusal) }
            continue
          }
          if isWhole, settings.inner.startsWarm,
            !settings.methodSettings(method).allowsWarmStart
          {
            continue
          }
          plan.append(
            CounterExampleItem(
              method: method, settings: settings, preset: preset, budget: shared.budget))
          if isWhole, method == .preset(.conjugateGradient), settings.solver.damping == 0 {
            settings.solver.damping = 0.01
            plan.append(
              CounterExampleItem(
                method: method, settings: settings, preset: preset, budget: shared.budget))
          }
        }
      }
    }
    return plan
  }

  private func run(
    _ item: CounterExampleItem, seed: UInt64, _ console: Console
  ) throws -> ExitStatus {
    switch shared.scalar {
    case .float: return try run(item, seed: seed, console, as: Float.self)
    case .double: return try run(item, seed: seed, console, as: Double.self)
    }
  }

  private func run<Scalar: TensorScalar>(
    _ item: CounterExampleItem, seed: UInt64, _ console: Console, as type: Scalar.Type
  ) throws -> ExitStatus {
    let peakIsOwn = PeakMemory.reset()
    let watch = Stopwatch()
    let progress = Progress(
      "\(item.method.displayName), K \(item.settings.inner.steps)",
      total: item.settings.upper.iterations, mode: shared.quiet ? .none : shared.progress,
      console: console)
    let outcome = try CounterExampleLoop<Scalar>(method: item.method, settings: item.settings)
      .run { done, detail in progress.advance(to: done, detail: detail) }
    progress.finish()
    var notes = outcome.notes
    notes["peakResidentBytesIncludeEarlierRuns"] = .bool(!peakIsOwn)
    let record = item.record(
      metrics: outcome.recorder.recorded, final: outcome.recorder.latest, status: outcome.status,
      timing: .init(
        totalSeconds: watch.seconds, secondsPerOuterStep: outcome.secondsPerIteration,
        peakResidentBytes: PeakMemory.bytes, steps: Array(outcome.seconds.indices),
        seconds: outcome.seconds),
      diagnostics: notes, seed: seed, scalar: Scalar.name)
    let path = try record.write(intoRuns: shared.outputFolder)
    console.show(result: Summary.line(of: record, item, path: path))
    if let reason = record.status.reason { console.show(warning: reason) }
    if let report = outcome.solverReport, report.outcome != .converged {
      console.show(note: report.outcome.advice)
    }
    switch record.status.kind {
    case .completed: return .success
    case .interrupted: return .interrupted
    case .diverged, .nonFinite, .timeout: return .diverged
    case .failed: return .unexpected
    }
  }
}

/// The lines that `run` and `sweep` print: one per finished run, aligned.
enum Summary {
  static let header =
    columns([
      "method", "K", "y1,y2", "status", "x", "derived", "|x-x*|", "|y-y*|", "F",
    ]) + "  record"

  static func line(of record: RunRecord, _ item: CounterExampleItem, path: String) -> String {
    let final = record.final
    let start = [item.settings.start.first, item.settings.start.second].map { values in
      values.count == 1 ? String(format: "%g", values[0]) : "list"
    }
    return columns([
      record.method.displayName, record.innerSteps.map { "\($0)" } ?? "-",
      start.joined(separator: ","), record.status.kind.rawValue, number(final["x"]),
      number(final["stationaryPoint"]), number(final["upperError"]), number(final["lowerError"]),
      number(final["upperObjective"]),
    ]) + "  " + path
  }

  static func columns(_ cells: [String]) -> String {
    zip(cells, [15, 5, 6, 10, 9, 9, 8, 8, 8]).map { cell, width in
      cell + String(repeating: " ", count: max(0, width - cell.count))
    }.joined(separator: " ")
  }

  static func number(_ value: Double?) -> String {
    value.map { String(format: "%.4f", $0) } ?? "-"
  }
}
