import Bilevel
import Datasets
import Results
import Tensors

/// What one experiment contributes to the suite: its problem, data, protocols, metrics and baselines.
/// Configuring, running, stopping, resuming and recording are the same for all and know it only by
/// this.
package protocol Experiment: Sendable {
  /// The sections that it adds to the methods'.
  associatedtype Own: OwnSettings
  /// Its named presets.
  associatedtype Preset: ExperimentPreset where Preset.Own == Own

  /// The experiment in a context.
  init(context: ExperimentContext)

  /// What it works with.
  var context: ExperimentContext { get }

  /// The name: that of its executable, and of its folder of records.
  static var name: String { get }
  /// The baselines, those that stand before the methods in tables first.
  var baselines: [Baseline] { get }

  /// Why a method does not apply to the experiment; nil where it does.
  func refusal(of method: Method, under settings: RunSettings<Own>) -> String?

  /// Why a baseline cannot be run under settings; nil where it can.
  func refusal(of baseline: Baseline, under settings: RunSettings<Own>) -> String?

  /// What is run when nothing is named.
  func usualArms(_ settings: RunSettings<Own>, budget: Budget) -> [Arm]

  /// The own keys that only say how often is measured on the way: they change curves, and no result.
  static var measuringKeys: [String] { get }

  /// Whether a key of the experiment's own sections can change what an arm does.
  func reads(_ key: String, _ arm: Arm) -> Bool

  /// Whether a key of the experiment's own sections can change what an arm does under settings: some
  /// matter together with others alone.
  func reads(_ key: String, _ arm: Arm, under settings: RunSettings<Own>) -> Bool

  /// Whether a key of the methods' sections or of `outer` can change what an arm does under settings, or
  /// under some where none are given.
  func readsOfMethods(_ key: String, _ arm: Arm, under settings: RunSettings<Own>?) -> Bool

  /// The keys that every variant states, whether they differ from the preset's or not.
  func statedKeys(_ arm: Arm) -> [String]

  /// Short names of keys in variants, which stand in paths and tables.
  static var shortNames: [String: String] { get }

  /// The paths of files and folders that settings name and that are read, beside the ready files of
  /// the data folder.
  func inputs(_ settings: RunSettings<Own>) -> [String]

  /// The data that settings ask for, as records name it, with digests of its content.
  ///
  /// - Throws: `DatasetError` where files are missing or wrong.
  func datasets(
    _ settings: RunSettings<Own>, seed: UInt64
  ) throws -> [RunRecord.DatasetUse]

  /// What is run: the loop at its start, what to measure, how to finish.
  ///
  /// - Throws: `DatasetError` where data is missing or wrong, `MethodError` for settings from which no
  ///   method can be built.
  func body<Scalar: TensorScalar & HDF5Element>(
    of run: Run<Own>, as type: Scalar.Type
  ) throws -> any RunBody<Scalar>

  /// The columns between status and path in the line that `run` prints.
  static var columns: [SummaryColumn] { get }
}

extension Experiment {
  /// The experiment on the data of a folder, with the suite's methods unless others are given.
  package init(folder: DataFolder, catalogue: MethodCatalogue = .standard) {
    self.init(context: ExperimentContext(folder: folder, catalogue: catalogue))
  }

  /// The methods that can be named.
  package var catalogue: MethodCatalogue { context.catalogue }

  /// None.
  package var baselines: [Baseline] { [] }

  /// The outer iterations between measurements.
  package static var measuringKeys: [String] { ["evaluation.every"] }

  /// Own keys matter, but for those that only say how often is measured.
  package func reads(_ key: String, _ arm: Arm) -> Bool { !Self.measuringKeys.contains(key) }

  /// The keys that the arm reads at all.
  package func reads(_ key: String, _ arm: Arm, under settings: RunSettings<Own>) -> Bool {
    reads(key, arm)
  }

  /// What the arm itself reads.
  package func readsOfMethods(
    _ key: String, _ arm: Arm, under settings: RunSettings<Own>?
  ) -> Bool {
    arm.reads(key)
  }

  /// None.
  package func inputs(_ settings: RunSettings<Own>) -> [String] { [] }

  /// K.
  package func statedKeys(_ arm: Arm) -> [String] { ["inner.steps"] }

  /// K by its usual name.
  package static var shortNames: [String: String] { ["inner.steps": "innerSteps"] }

  /// Methods that need an initialisation shared by tasks are refused, and nothing else.
  package func refusal(of method: Method, under settings: RunSettings<Own>) -> String? {
    Self.initializationRefusal(of: method)
  }

  /// No baseline is refused.
  package func refusal(of baseline: Baseline, under settings: RunSettings<Own>) -> String? { nil }

  /// The sentence against methods that learn an initialisation, for experiments with one task.
  package static func initializationRefusal(of method: Method) -> String? {
    if method.adaptsInitialization {
      return "The method \(method.name) learns a start that many tasks share, and \(name) has one "
        + "task: use it with few-shot, or choose another method."
    }
    if method.estimator.seesStartOnly, !method.learnsStart {
      return
        "The \(method.estimator.name) hypergradient sees x through the start of the inner loop "
        + "alone, which in \(name) does not depend on x: choose another method."
    }
    return nil
  }
}

/// A named preset with its source: which settings it fixes.
package protocol ExperimentPreset: RawRepresentable, CaseIterable, Sendable
where RawValue == String {
  /// The sections of the experiment.
  associatedtype Own: OwnSettings

  /// One line: what the preset fixes.
  var summary: String { get }
  /// Where the preset comes from.
  var source: String { get }
  /// The preset's settings under a budget.
  func settings(_ budget: Budget) -> RunSettings<Own>
  /// The seeds that are run where none is named.
  func seeds(_ budget: Budget) -> [UInt64]
}

extension ExperimentPreset {
  /// Three seeds for tables, one otherwise.
  package func seeds(_ budget: Budget) -> [UInt64] { budget == .paper ? [0, 1, 2] : [0] }

  /// The preset of a name.
  package static func named(_ name: String) throws(UnknownName) -> Self {
    guard let preset = Self(rawValue: name) else {
      throw UnknownName(name, "protocol", among: allCases.map(\.rawValue))
    }
    return preset
  }
}
