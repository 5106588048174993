import Bilevel
import Results

/// A run as a value: everything that decides what it computes, before it has run.
package struct Run<Own: OwnSettings>: Sendable {
  /// The experiment's name.
  package let experiment: String
  /// What is run.
  package let arm: Arm
  /// The protocol's name.
  package let protocolName: String
  /// How much it may cost.
  package let budget: Budget
  /// The seed of all randomness.
  package let seed: UInt64
  /// The scalar type of the computation.
  package let scalar: ScalarChoice
  /// The resolved settings.
  package let configuration: Configuration<RunSettings<Own>>
  /// What sets the run apart from the protocol's preset.
  package let variant: [String: Value]
  /// The data, with digests of its content.
  package let datasets: [RunRecord.DatasetUse]
  /// The keys of the configuration that nothing of the run reads, whatever their values.
  package let unread: [String]

  /// A run.
  package init(
    experiment: String, arm: Arm, protocolName: String, budget: Budget, seed: UInt64,
    scalar: ScalarChoice, configuration: Configuration<RunSettings<Own>>,
    variant: [String: Value], datasets: [RunRecord.DatasetUse], unread: [String] = []
  ) {
    self.experiment = experiment
    self.arm = arm
    self.protocolName = protocolName
    self.budget = budget
    self.seed = seed
    self.scalar = scalar
    self.configuration = configuration
    self.variant = variant
    self.datasets = datasets
    self.unread = unread
  }

  /// The settings.
  package var settings: RunSettings<Own> { configuration.settings }

  /// What tells the run from others: stopping, resuming, skipping, sweeping and checking all go by it.
  package var identity: RunIdentity {
    RunIdentity(
      experiment: experiment, method: arm.name, protocolName: protocolName, variant: variant,
      budget: budget.rawValue, seed: seed, scalar: scalar.rawValue, datasets: datasets)
  }

  /// A few words for progress lines and notes: method, K, seed.
  package var title: String {
    let steps = arm.reads("inner.steps") ? ", K \(settings.inner.steps)" : ""
    return "\(arm.displayName)\(steps), seed \(seed)"
  }
}

/// A run that is planned, before seed, scalar type and data are known.
package struct PlannedRun<Own: OwnSettings>: Sendable {
  /// What is run.
  package let arm: Arm
  /// The resolved settings.
  package let configuration: Configuration<RunSettings<Own>>
  /// The preset that it is a variant of.
  package let preset: RunSettings<Own>
  /// The protocol's name.
  package let protocolName: String
  /// What the variant says beside settings, such as the kind of a sweep.
  package var marks: [String: Value] = [:]
  /// Keys that the variant states beside those that every variant of the experiment states.
  package var stated: [String] = []
  /// Keys that the variant does not state though they differ from the preset's.
  package var unstated: Set<String> = []
  /// Keys that were given and that the arm has values of its own for; nil for none.
  package var replaced: Replaced?

  /// Keys whose given values are not in the settings of a run, and why, to follow their names: "which
  /// Reptile does not read".
  package struct Replaced: Sendable, Equatable {
    /// The keys.
    package let keys: [String]
    /// Why.
    package let reason: String

    /// Keys with the reason.
    package init(keys: [String], reason: String) {
      self.keys = keys
      self.reason = reason
    }
  }

  /// A planned run.
  package init(
    _ arm: Arm, _ settings: RunSettings<Own>, preset: RunSettings<Own>, protocolName: String,
    marks: [String: Value] = [:], stated: [String] = [], unstated: Set<String> = [],
    replaced: Replaced? = nil
  ) {
    self.arm = arm
    self.stated = stated
    configuration = Configuration(settings)
    self.preset = preset
    self.protocolName = protocolName
    self.marks = marks
    self.unstated = unstated
    self.replaced = replaced
  }

  /// What sets the run apart: stated keys, and all settings that differ from the preset's and matter
  /// to the arm, so that no run replaces the record of another.
  package func variant<E: Experiment>(in experiment: E) -> [String: Value] where E.Own == Own {
    var result = marks
    let stated = experiment.statedKeys(arm) + stated
    func state(_ key: String, _ value: Value?) {
      var value = value
      // A list of one is shown as its element.
      if let items = value?.arrayValue, items.count == 1 { value = items[0] }
      result[E.shortNames[key] ?? key] = value
    }
    for key in stated where !unstated.contains(key) {
      state(key, configuration.tree.value(at: key))
    }
    for (key, value) in configuration.tree.differences(from: Configuration(preset).tree)
    where !stated.contains(key) && !unstated.contains(key)
      && experiment.identifies(key, arm, under: configuration.settings)
    {
      state(key, value)
    }
    return result
  }
}

extension PlannedRun {
  /// The keys of the configuration that cannot change what the arm does or what is measured of it.
  package func unread<E: Experiment>(in experiment: E) -> [String] where E.Own == Own {
    configuration.tree.differences(from: nil).map(\.path).filter { key in
      !E.measuringKeys.contains(key)
        && !experiment.matters(key, to: arm, under: configuration.settings)
    }
  }
}

extension Run {
  /// The record of the run with the given content.
  package func record(
    metrics: [RunRecord.Metric], final: [String: Double], status: RunRecord.Status,
    timing: RunRecord.Timing, diagnostics: [String: Value]
  ) -> RunRecord {
    RunRecord(
      experiment: experiment, method: methodRecord, seed: seed, budget: budget.rawValue,
      protocolName: protocolName, variant: variant, configuration: configuration.tree,
      datasets: datasets, environment: .current(scalar: scalar.rawValue), status: status,
      metrics: metrics,
      final: final, timing: timing, diagnostics: diagnostics)
  }
}

extension Experiment {
  /// Whether a key of the configuration is part of an arm's identity under settings, or under some where
  /// none are given.
  func identifies(_ key: String, _ arm: Arm, under settings: RunSettings<Own>? = nil) -> Bool {
    !MethodSettings.costKeys.contains(key) && matters(key, to: arm, under: settings)
  }

  /// Whether a key of the configuration can change what an arm does, its cost included, under settings,
  /// or under some where none are given.
  package func matters(
    _ key: String, to arm: Arm, under settings: RunSettings<Own>? = nil
  ) -> Bool {
    guard Own.keys.contains(where: { $0.name == key }) else {
      return MethodSettings.costKeys.contains(key) || readsOfMethods(key, arm, under: settings)
    }
    return settings.map { reads(key, arm, under: $0) } ?? reads(key, arm)
  }
}
