import ArgumentParser
import Bilevel
import Commands
import Datasets
import Files
import Foundation
import Results

/// Options that an experiment adds to those of `run`.
package protocol OwnRunOptions: ParsableArguments {
  /// The experiment.
  associatedtype E: Experiment

  /// The keys that the options set.
  var overrides: [SettingOverride] { get }

  /// The runs of an arm under settings: one, unless an option asks for several or an arm needs
  /// settings of its own.
  func planned(
    _ arm: Arm, _ settings: RunSettings<E.Own>, preset: E.Preset, budget: Budget, isNamed: Bool,
    in experiment: E
  ) throws -> [PlannedRun<E.Own>]
}

extension OwnRunOptions {
  /// One run, as it is.
  package func planned(
    _ arm: Arm, _ settings: RunSettings<E.Own>, preset: E.Preset, budget: Budget, isNamed: Bool,
    in experiment: E
  ) throws -> [PlannedRun<E.Own>] {
    [
      PlannedRun(
        arm, settings, preset: preset.settings(budget), protocolName: preset.rawValue)
    ]
  }
}

/// Runs methods under a protocol; writes one record per run. The same for every experiment.
package struct RunCommand<Own: OwnRunOptions>: ParsableCommand {
  /// The command's description.
  package static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "run",
      abstract: "Run methods under a protocol and write their records.",
      discussion: """
        Settings come from the protocol's preset, then --config, then the options here, then --set: \
        the last one wins. `--dry-run` prints them all; `list --settings` says what each key means. \
        A line per finished run goes to standard output; tables are made from the records by \
        `report table`.

        An unfinished run is continued by the same command, to the same record as if it had never \
        stopped; `--fresh` starts it over. Results do not depend on --threads.
        """)
  }

  /// The options that every experiment shares.
  @OptionGroup package var shared: SharedOptions
  /// The options that name methods and their settings.
  @OptionGroup package var methods: MethodOptions
  /// The options of the outer loop.
  @OptionGroup package var outer: OuterOptions
  /// The experiment's own.
  @OptionGroup package var own: Own

  /// The protocol's name.
  @Option(name: .customLong("protocol"), help: "Protocol; see the subcommand list.")
  package var protocolName = Own.E.Preset.allCases.first?.rawValue ?? ""

  /// K, one or several.
  @Option(
    name: .customLong("inner-steps"), parsing: .unconditionalSingleValue,
    help: "K, inner steps (inner.steps); may be repeated.")
  package var innerSteps: [Int] = []

  /// Where what runs have learned is written.
  @Option(
    name: .customLong("save"),
    help: ArgumentHelp(
      "Write x, y and the optimiser's state of a finished run to a file, HDF5 or (.npz) for NumPy; "
        + "with a slash at the end, one file for each run below that folder.",
      valueName: "file.h5|file.npz|folder/"))
  package var savedFile: String?

  /// The command without arguments.
  package init() {}

  /// Plans and performs the runs.
  package func run() throws {
    let console = shared.makeConsole()
    try console.report {
      let experiment = Own.E(folder: shared.folder)
      let preset = try Own.E.Preset.named(protocolName)
      let learned = try savedFile.map { try LearnedDestination($0) }
      let plan = try plan(experiment, preset)
      if let savedFile, let learned, !learned.isFolder {
        let named = plan.flatMap { experiment.inputs($0.configuration.settings) }
        // Where the folder may not be listed, what the runs read is kept all the same.
        let ready = (try? shared.folder.readyFiles()) ?? []
        try KeptInputs(following: ready + named).require(keptBy: [savedFile])
      }
      try RunSession(shared, experiment, console: console).perform(
        plan, seeds: seeds(preset), saving: learned)
    }
  }

  /// The seeds of every planned run.
  func seeds(_ preset: Own.E.Preset) -> [UInt64] {
    shared.seeds(default: preset.seeds(shared.budget))
  }

  /// What is run, in order.
  func plan(_ experiment: Own.E, _ preset: Own.E.Preset) throws -> [PlannedRun<Own.E.Own>] {
    let named = try methods.namedArms(shared.methods, of: experiment)
    var plan: [PlannedRun<Own.E.Own>] = []
    var seen: Set<String> = []
    var withoutSteps: Set<String> = []
    for steps in innerSteps.isEmpty ? [nil] : innerSteps.map({ $0 }) {
      let settings = try settings(preset, innerSteps: steps)
      // Where --set has the last word on K, several values of the option are one run.
      guard seen.insert(Configuration(settings).tree.canonicalText).inserted else { continue }
      let arms = named ?? experiment.usualArms(settings, budget: shared.budget)
      for arm in arms {
        for planned in try own.planned(
          arm, settings, preset: preset, budget: shared.budget, isNamed: named != nil,
          in: experiment)
        {
          try planned.configuration.settings.validate(in: shared.scalar)
          if let refusal = experiment.refusal(of: arm, under: planned.configuration.settings) {
            // A whole list goes on without those that the settings exclude; a named one does not.
            guard named == nil else { throw MethodError(refusal) }
            continue
          }
          // What does not read K is one run, however many K there are, and though its variant may state
          // the first of them.
          var variant = planned.variant(in: experiment)
          variant[Own.E.shortNames["inner.steps"] ?? "inner.steps"] = nil
          let name = arm.name + "\n" + Value.object(sorted: variant).canonicalText
          let readsSteps = experiment.matters(
            "inner.steps", to: arm, under: planned.configuration.settings)
          if !readsSteps, !withoutSteps.insert(name).inserted { continue }
          plan.append(planned)
        }
      }
    }
    return plan
  }

  private func settings(
    _ preset: Own.E.Preset, innerSteps: Int?
  ) throws -> RunSettings<Own.E.Own> {
    var overrides = methods.overrides + outer.overrides + own.overrides
    overrides.add("--inner-steps", "inner.steps", innerSteps)
    let settings = try shared.configuration(
      defaults: preset.settings(shared.budget), options: overrides
    ).settings
    try settings.validate(in: shared.scalar)
    return settings
  }
}

extension SharedOptions {
  /// The defaults overridden by the file of `--config`, then by typed options, then by each `--set`.
  package func configuration<Settings: Codable & Sendable>(
    defaults: Settings, options: [SettingOverride] = []
  ) throws(ConfigurationError) -> Configuration<Settings> {
    try Configuration.resolve(
      defaults: defaults, file: configurationFile.map { URL(fileURLWithPath: $0) },
      options: options, settings: settings, scalar: scalar)
  }

  /// The folder of data sets.
  package var folder: DataFolder { data.folder }
}
