import ArgumentParser
import Bilevel
import Commands
import Datasets
import Experiments
import Results
import Tensors

/// The hyper-cleaning experiment: which training labels are wrong, learned from clean validation
/// data by bi-level optimisation of one weight per training sample.
@main
struct HyperCleaning: SuiteCommand {
  static let configuration = CommandConfiguration(
    commandName: "hyper-cleaning",
    abstract: "Learn the weights of training samples with wrong labels.",
    discussion: """
      Minimise the validation loss F(y) over sample weights x, where y is trained on the weighted \
      loss f(x, y). Compares descent aggregation (BDA) with RHG, T-RHG and FHG, between two \
      baselines: no cleaning, and an oracle that knows the clean labels.

      Forward mode (fhg) carries one tangent per training sample: it runs exactly, on the \
      protocol's reduced problem (settings reduced.*), and its records say so.

      Data: <name>-train.h5 and <name>-test.h5 in --data, $BDA_DATA_DIR or datasets; make them \
      with `datasets convert` (public files) or `datasets synthesise` (no download).

      """ + ExitStatus.discussion,
    version: suiteVersion,
    subcommands: [
      RunCommand<CleaningOptions>.self, PlanCommand<CleaningOptions>.self, CleanCommand.self,
      HypergradientCommand<CleaningHypergradient>.self, ListCommand<Cleaning>.self,
    ],
    defaultSubcommand: RunCommand<CleaningOptions>.self)
}

/// What hyper-cleaning contributes to the suite.
struct Cleaning: Experiment {
  typealias Own = CleaningSettings
  typealias Preset = CleaningProtocol

  static let name = "hyper-cleaning"
  let context: ExperimentContext

  init(_ context: ExperimentContext) { self.context = context }

  /// Training on all labels as they are, every weight as the methods start with.
  static let noCleaning = Baseline(
    "no-cleaning", "No cleaning", citation: "baseline: all training labels as they are")
  /// Training on the clean labels alone: weight 1 for clean samples, 0 for noisy ones.
  static let oracle = Baseline(
    "oracle", "Oracle",
    citation: "baseline: clean training labels only (Franceschi et al., ICML 2017)")

  var baselines: [Baseline] { [Self.noCleaning, Self.oracle] }

  func usualArms(_ settings: RunSettings<CleaningSettings>, budget: Budget) -> [Arm] {
    // On the reduced problem forward mode says nothing about accuracy, only about cost.
    let names =
      budget == .smoke
      ? ["rhg", "t-rhg", "fhg", "cg", "neumann", "one-stage", "bda", "one-stage-bda"]
      : ["rhg", "t-rhg", "bda"]
    let methods = catalogue.methods.filter { names.contains($0.name) }
    return [.baseline(Self.noCleaning)] + methods.map { .method($0) } + [.baseline(Self.oracle)]
  }

  func reads(_ key: String, _ arm: Arm) -> Bool {
    switch key.prefix(while: { $0 != "." }) {
    // The reduced problem is in `data` by the time a run is planned.
    case "reduced": false
    case "evaluation": key == "evaluation.noisyBelow"
    default: true
    }
  }

  func datasets(
    _ settings: RunSettings<CleaningSettings>, seed: UInt64
  ) throws -> [RunRecord.DatasetUse] {
    let name = settings.data.name
    return [
      try context.images.use(name: name, split: "train", purpose: "training, validation"),
      try context.images.use(name: name, split: "test", purpose: "test"),
    ]
  }

  func body<Scalar: TensorScalar & HDF5Element>(
    of run: Run<CleaningSettings>, as type: Scalar.Type
  ) throws -> any RunBody<Scalar> {
    try CleaningBody<Scalar>(run, folder: context.folder)
  }

  static let columns: [SummaryColumn] = [
    .final("test %", 8, "testAccuracy", decimals: 2, times: 100),
    .final("noisy F1", 9, "detectionF1NoisyPositive"), .final("AUC", 8, "detectionAUC"),
    .final("F", 9, "upperObjective"),
  ]
}

/// The options of `hyper-cleaning run` beside those of every experiment.
struct CleaningOptions: OwnRunOptions {
  @Option(help: "Data set: <name>-train.h5 and <name>-test.h5 in the data folder (data.name).")
  var dataset: String?

  @Flag(help: "Run every method on the reduced problem, to compare with forward mode.")
  var reduced = false

  var overrides: [SettingOverride] {
    var result: [SettingOverride] = []
    result.add("--dataset", "data.name", dataset)
    return result
  }

  func planned(
    _ arm: Arm, _ settings: RunSettings<CleaningSettings>, preset: CleaningProtocol,
    budget: Budget, isNamed: Bool, in experiment: Cleaning
  ) throws -> [PlannedRun<CleaningSettings>] {
    var (settings, usual) = (settings, preset.settings(budget))
    let isForward = arm.method?.estimator.name == NamedForward().name
    let isReduced = reduced || (isForward && !settings.reduced.forwardOnWholeProblem)
    if isReduced {
      usual.reduced = settings.reduced
      settings.reduceForForwardMode()
      usual.reduceForForwardMode()
    }
    return [
      PlannedRun(
        arm, settings, preset: usual, protocolName: preset.rawValue,
        marks: isReduced ? ["problem": "reduced"] : [:])
    ]
  }
}
