import Bilevel
import Commands
import Datasets
import Foundation
import Results
import Tensors

/// What `run` and its relatives do once they know what to run: every planned run with every seed, one
/// line each, and the exit code that says how it went.
package struct RunSession<E: Experiment> {
  let shared: SharedOptions
  let experiment: E
  let console: Console

  /// A session of an experiment.
  package init(_ shared: SharedOptions, _ experiment: E, console: Console) {
    self.shared = shared
    self.experiment = experiment
    self.console = console
  }

  /// Runs a plan.
  ///
  /// - Throws: what a run throws; `ExitCode` for the worst that came of one; `Interrupted`.
  package func perform(
    _ plan: [PlannedRun<E.Own>], seeds: [UInt64],
    columns: [SummaryColumn] = .experiment(E.columns), saving learned: LearnedDestination? = nil
  ) throws {
    guard let first = plan.first else {
      throw MethodError("Nothing is left to run: the settings exclude every method.")
    }
    if shared.dryRun {
      nameIgnoredKeys(plan)
      if plan.count > 1 {
        console.show(
          note:
            "These are the settings of the first of \(plan.count) runs (each with its seeds); give one "
            + "--method and one --inner-steps to see another's.")
      }
      console.show(result: first.configuration.yaml)
      return
    }
    let (runs, overflow) = plan.count.multipliedReportingOverflow(by: seeds.count)
    try learned?.requireRoom(forRuns: overflow ? Int.max : runs)
    nameIgnoredKeys(plan)
    var remarks: Set<String> = []
    for planned in plan {
      guard let method = planned.arm.method,
        let remark = method.remark(under: planned.configuration.settings.method),
        remarks.insert(remark).inserted
      else { continue }
      console.show(note: remark)
    }
    shared.prepareProcess()
    // Data that is not there is said before a table begins.
    var opening: Run<E.Own>? = try seeds.first.map { try run(first, seed: $0) }
    console.announce(seeds: seeds)
    console.show(result: SummaryColumn.header(columns))
    let engine = RunEngine(
      console: console, output: shared.outputFolder,
      progress: shared.quiet ? .none : shared.progress,
      checkpointSeconds: shared.checkpointSeconds, startsFresh: shared.fresh,
      skipsCompleted: shared.skipCompleted)
    var worst = ExitStatus.success
    for planned in plan {
      for seed in seeds {
        try Interruption.checkpoint()
        let run = try opening ?? run(planned, seed: seed)
        opening = nil
        let status = try perform(run, engine, columns, learned)
        if status != .success { worst = status }
      }
    }
    if worst != .success { throw worst.exitCode }
  }

  /// The run that a planned one is with a seed, on the data as it is now.
  package func run(_ planned: PlannedRun<E.Own>, seed: UInt64) throws -> Run<E.Own> {
    Run(
      experiment: E.name, arm: planned.arm, protocolName: planned.protocolName,
      budget: shared.budget, seed: seed, scalar: shared.scalar,
      configuration: planned.configuration, variant: planned.variant(in: experiment),
      datasets: try experiment.datasets(planned.configuration.settings, seed: seed),
      unread: planned.unread(in: experiment))
  }

  private func perform(
    _ run: Run<E.Own>, _ engine: RunEngine, _ columns: [SummaryColumn],
    _ learned: LearnedDestination?
  ) throws -> ExitStatus {
    func showNotes() {
      for note in experiment.context.notes.take() { console.show(note: note) }
    }
    showNotes()
    let learnedFile = learned?.file(forRecord: run.identity.relativePath)
    let outcome = try engine.run(run, of: experiment, savingTo: learnedFile)
    // What reading the samples themselves has shown.
    showNotes()
    switch outcome {
    case .skipped(let path):
      console.show(note: "Skipped: \(path) is complete, with the same configuration.")
      return .success
    case .busy(let path):
      // No note: who asked for quiet would take a run that was not made for one that was.
      let fresh = shared.fresh ? ", and --fresh does not start over what another one is at" : ""
      console.show(warning: "Skipped: another process is running \(path)\(fresh).")
      guard let learnedFile else { return .success }
      console.show(
        error: "The file '\(learnedFile)' of --save was not written, since another process is "
          + "making this run; repeat the command when that one has ended.")
      return .unexpected
    case .recorded(let record, let path, let interruption):
      console.show(result: SummaryColumn.line(columns, of: record, path: path))
      if let reason = record.status.reason { console.show(warning: reason) }
      if let interruption { throw interruption.exitStatus.exitCode }
      switch record.status.kind {
      case .completed, .interrupted: return .success
      case .diverged, .nonFinite: return .diverged
      }
    }
  }

  /// Says which keys were set that no arm of the plan reads: nothing is ignored silently.
  private func nameIgnoredKeys(_ plan: [PlannedRun<E.Own>]) {
    var ignored: [String: String] = [:]
    for planned in plan {
      let changed = planned.configuration.tree.differences(
        from: Configuration(planned.preset).tree)
      for (key, _) in changed {
        let settings = planned.configuration.settings
        // How often is measured concerns every arm, though it tells no runs apart.
        let matters =
          settings.hasEffect(key, on: planned.arm)
          && (E.measuringKeys.contains(key)
            || experiment.matters(key, to: planned.arm, under: settings))
        if matters {
          ignored[key] = ""
        } else if ignored[key] == nil {
          ignored[key] = planned.arm.displayName
        }
      }
    }
    console.show(
      ignored: ignored.filter { !$0.value.isEmpty }.map(\.key),
      "which nothing that is run here reads")
    var shown: [PlannedRun<E.Own>.Replaced] = []
    for replaced in plan.compactMap(\.replaced) where !shown.contains(replaced) {
      console.show(ignored: replaced.keys, replaced.reason)
      shown.append(replaced)
    }
  }
}
