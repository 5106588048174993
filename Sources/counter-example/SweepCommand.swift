import ArgumentParser
import Bilevel
import Commands
import Experiments
import Foundation
import Results

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
      y_0 = (0, 0) with step sizes 0.1 and 0.5 and from (2, 2) with 0.5; those that change over outer \
      iterations from (0, 0) with 0.5 alone, and RHG and the harmonic one from (2, 2) with 0.1, too.
      """)

  @OptionGroup var shared: SharedOptions
  @OptionGroup var methods: MethodOptions
  @OptionGroup var outer: OuterOptions
  @OptionGroup var own: CounterExampleOptions

  @Option(name: .customLong("protocol"), help: "Protocol; see the subcommand list.")
  var protocolName = CounterExampleProtocol.icml2020.rawValue

  @Option(
    name: .customLong("inner-steps"), parsing: .unconditionalSingleValue,
    help: "K, inner steps; may be repeated. (default: 8, 16, 64, 256 and 2048)")
  var innerSteps: [Int] = []

  @Flag(help: "The ablation of schedules instead of methods.")
  var schedules = false

  func run() throws {
    let console = shared.makeConsole()
    try console.report {
      let experiment = CounterExample(folder: shared.folder)
      let preset = try CounterExampleProtocol.named(protocolName)
      let base = try shared.configuration(
        defaults: preset.settings(shared.budget),
        options: methods.overrides + outer.overrides + own.overrides + stepOverrides
      ).settings
      let plan =
        try schedules ? ablation(base, preset, experiment) : runs(base, preset, experiment)
      try RunSession(shared, experiment, console: console).perform(
        plan, seeds: shared.seeds(default: [0]), columns: columns(steps(base)))
    }
  }

  /// What --inner-steps sets, in place of what a file says and before what --set does.
  private var stepOverrides: [SettingOverride] {
    innerSteps.isEmpty
      ? []
      : [
        SettingOverride(
          "--inner-steps", "sweep.innerSteps", .array(innerSteps.map { .integer($0) }))
      ]
  }

  private func steps(_ settings: RunSettings<CounterExampleSettings>) -> [Int] {
    settings.sweep.innerSteps.isEmpty
      ? CounterExampleProtocol.sweptInnerSteps : Set(settings.sweep.innerSteps).sorted()
  }

  // MARK: - What is run

  private func runs(
    _ base: RunSettings<CounterExampleSettings>, _ preset: CounterExampleProtocol,
    _ experiment: CounterExample
  ) throws -> [PlannedRun<CounterExampleSettings>] {
    let named = try methods.namedArms(shared.methods, of: experiment)
    let arms = named ?? experiment.usualArms(base, budget: shared.budget)
    let starts = try own.starts(preset, base.own, shared.budget)
    // Of the protocol's own the first.
    return try (own.start.isEmpty ? Array(starts.prefix(1)) : starts).flatMap { start in
      try arms.compactMap { arm in
        var settings = base
        (settings.start.first, settings.start.second) = start
        let planned = try swept(arm, settings, preset)
        if let refusal = experiment.refusal(of: arm, under: planned.configuration.settings) {
          guard named == nil else { throw MethodError(refusal) }
          return nil
        }
        return planned
      }
    }
  }

  /// The rows of the ablation: rule, alpha and start, each at both step sizes.
  private func ablation(
    _ base: RunSettings<CounterExampleSettings>, _ preset: CounterExampleProtocol,
    _ experiment: CounterExample
  ) throws -> [PlannedRun<CounterExampleSettings>] {
    let usual = preset.settings(shared.budget)
    guard shared.methods.isEmpty, methods.dynamics == nil, methods.hypergradient == nil,
      own.start.isEmpty, base.start == usual.start, methods.schedule == nil, methods.alpha == nil,
      methods.innerStepSize == nil, base.inner.stepSize == usual.inner.stepSize,
      base.aggregation.schedule == usual.aggregation.schedule,
      base.aggregation.alpha == usual.aggregation.alpha
    else {
      throw MethodError(
        "The ablation --schedules chooses methods, starts, step sizes, schedules and alphas itself; "
          + "leave those options out, or leave --schedules out.")
    }
    let rows: [(rule: AggregationSchedule.Rule, alpha: Double)] = [
      (.constant, 0.5), (.harmonic, 0.5), (.harmonic, 0.9), (.shiftedHarmonic, 1),
      (.journal, 0.5), (.harmonic, 0.6), (.officialCode, 0.6), (.geometric, 0.5),
      (.outerHarmonic, 0.9), (.outerPower, 0.9),
    ]
    let (rhg, bda) = (try experiment.arm(named: "rhg"), try experiment.arm(named: "bda"))
    var plan: [PlannedRun<CounterExampleSettings>] = []
    for (start, stepSize) in [(0.0, 0.1), (0, 0.5), (2, 0.1), (2, 0.5)] {
      var settings = base
      settings.inner.stepSize = stepSize
      settings.start = .init(upper: base.start.upper, first: [start], second: [start])
      plan.append(try swept(rhg, settings, preset))
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
        settings.aggregation.schedule = row.rule
        settings.aggregation.alpha = row.alpha
        plan.append(try swept(bda, settings, preset))
      }
    }
    return plan
  }

  /// One record: a method that goes through all K. No curve over outer iterations is kept, so that
  /// each loop may end when it has settled.
  private func swept(
    _ arm: Arm, _ settings: RunSettings<CounterExampleSettings>, _ preset: CounterExampleProtocol
  ) throws -> PlannedRun<CounterExampleSettings> {
    var settings = settings
    let steps = steps(settings)
    settings.sweep.innerSteps = steps
    var unstated: Set = ["inner.steps"]
    if steps == CounterExampleProtocol.sweptInnerSteps { unstated.insert("sweep.innerSteps") }
    if settings.outer.tolerance == 0 {
      settings.outer.tolerance = 1e-10
      unstated.insert("outer.tolerance")
    }
    try settings.validate(in: shared.scalar)
    // Curves of one figure are told apart by these, so that all of them state theirs.
    let stated =
      ["inner.stepSize"]
      + (arm.method?.dynamics.name == NamedDescentAggregation().name
        ? ["aggregation.schedule", "aggregation.alpha"] : [])
    return PlannedRun(
      arm, settings, preset: preset.settings(shared.budget), protocolName: preset.rawValue,
      marks: ["sweep": "innerSteps"], stated: stated, unstated: unstated)
  }

  // MARK: - The lines

  private func columns(_ steps: [Int]) -> [SummaryColumn] {
    [
      SummaryColumn("method", 15) { $0.method.displayName },
      SummaryColumn("schedule", 20) { record in
        guard let rule = record.method.dynamics.parameters["schedule"]?.stringValue else {
          return "-"
        }
        return rule + " "
          + (record.method.dynamics.parameters["alpha"]?.doubleValue.map { "\($0)" } ?? "")
      },
      SummaryColumn("s", 4) {
        $0.configuration.value(at: "inner.stepSize")?.doubleValue.map { "\($0)" } ?? "-"
      }, CounterExample.startColumn,
    ]
      + steps.map { .final("K=\($0)", 8, "xAtK\($0)") }
      + [
        SummaryColumn("derived to", 10) {
          $0.final["largestStationaryError"].map { SummaryColumn.text($0, "%.0e") } ?? "-"
        }
      ]
  }
}
