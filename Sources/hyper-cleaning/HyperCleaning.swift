import ArgumentParser
import Bilevel
import Commands
import Datasets
import Experiments
import LabelCleaning
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
      loss f(x, y). Compares descent aggregation (BDA) with RHG, T-RHG and FHG, between no cleaning \
      and an oracle that knows the clean labels, and with what one would try instead (validation \
      images alone, filtering, ranking by loss, confident learning), each at its best step size and \
      number of steps on held-out validation images (settings tuning.*).

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
  /// The images of a validation file: all runs of a command have one.
  private let fileCounts = LastValue<String, Int>()

  var baselines: [Baseline] {
    let tuned = TunedBaseline.allCases.map(\.baseline)
    return [Self.noCleaning] + tuned.dropLast() + [Self.fixedWeights, Self.oracle] + tuned.suffix(1)
  }

  func usualArms(_ settings: RunSettings<CleaningSettings>, budget: Budget) -> [Arm] {
    // On the reduced problem forward mode says nothing about accuracy, only about cost.
    let names =
      budget == .smoke
      ? ["rhg", "t-rhg", "fhg", "cg", "neumann", "one-stage", "bda", "one-stage-bda"]
      : ["rhg", "t-rhg", "bda"]
    let methods = catalogue.methods.filter { names.contains($0.name) }
    // A network's many trainings are for those who ask for them; smoke runs are few.
    let all = settings.network.hidden.isEmpty && budget != .smoke
    let baselines = baselines.filter {
      all || $0 == Self.noCleaning || $0 == Self.oracle
    }
    let oracles = baselines.filter { $0.name.hasPrefix(Self.oracle.name) }
    return baselines.filter { !oracles.contains($0) }.map { .baseline($0) }
      + methods.map { .method($0) } + oracles.map { .baseline($0) }
  }

  /// K where it matters.
  func statedKeys(_ arm: Arm) -> [String] { arm.reads("inner.steps") ? ["inner.steps"] : [] }

  func reads(_ key: String, _ arm: Arm) -> Bool {
    switch key.prefix(while: { $0 != "." }) {
    // The reduced problem is in `data` by the time a run is planned.
    case "reduced": false
    // Baselines have a threshold of their own, or judge labels by other means than x.
    case "evaluation": key == "evaluation.noisyBelow" && arm.method != nil
    case "earlyStopping": arm.method != nil
    // Without outer iterations there is one start.
    case "network": key != "network.redrawnEachIteration" || arm.method != nil
    // Weights that do not move are not projected, and the oracle's are given.
    case "weights":
      arm.method != nil
        || (key != "weights.largestSum" && arm.name != Self.oracle.name
          && TunedBaseline(rawValue: arm.name) == nil)
    case "tuning": key != "tuning.folds" || arm.name == TunedBaseline.selfConfidence.rawValue
    default: true
    }
  }

  /// What a search tries counts where there is one: for tuned baselines always, for others as part of the
  /// final training, which of a network has the run's own schedule.
  func reads(
    _ key: String, _ arm: Arm, under settings: RunSettings<CleaningSettings>
  ) -> Bool {
    guard reads(key, arm) else { return false }
    guard TunedBaseline(rawValue: arm.name) == nil else { return true }
    let trainsFinally = settings.tuning.finalTraining
    return switch key {
    case "tuning.stepSizes", "tuning.steps": trainsFinally && settings.network.hidden.isEmpty
    case "tuning.heldOut":
      trainsFinally || (arm.method != nil && settings.earlyStopping.patience != nil)
    default: true
    }
  }

  /// What the arm reads, and the schedule of a network's final training, which is the run's own after
  /// every arm.
  func readsOfMethods(
    _ key: String, _ arm: Arm, under settings: RunSettings<CleaningSettings>?
  ) -> Bool {
    let trainsFinally = settings.map { $0.tuning.finalTraining && !$0.network.hidden.isEmpty }
    return arm.reads(key)
      || (trainsFinally == true && ["inner.steps", "inner.stepSize"].contains(key))
  }

  func refusal(
    of baseline: Baseline, under settings: RunSettings<CleaningSettings>
  ) -> String? {
    validationCount(settings.data) == 1
      ? Self.refusalOfOneImage(.baseline(baseline), settings.own) : nil
  }

  /// The validation images that settings ask for; 0 where these are all of a file that cannot be read,
  /// which is said when it is.
  private func validationCount(_ data: CleaningSettings.Data) -> Int {
    guard data.validation == 0, let path = data.validationFile else { return data.validation }
    let count = try? fileCounts.value(for: path) { try ImageDataset.load(path).count }
    return count ?? 0
  }

  /// Why an arm cannot be run on one validation image, of which none can be held out; nil where it can.
  static func refusalOfOneImage(_ arm: Arm, _ settings: CleaningSettings) -> String? {
    let remedy =
      settings.data.validation == 1
      ? "set data.validation to 2 or more" : "name a validation file of 2 images or more"
    if TunedBaseline(rawValue: arm.name) != nil {
      return
        "The baseline \(arm.name) chooses its schedule on held-out validation images and there is "
        + "one: \(remedy)."
    }
    if arm.method != nil, settings.earlyStopping.patience != nil {
      return
        "The setting earlyStopping.patience wants held-out validation images and there is one: "
        + "\(remedy), or set earlyStopping.patience=null."
    }
    return nil
  }

  /// The validation file, where there is one.
  func inputs(_ settings: RunSettings<CleaningSettings>) -> [String] {
    settings.data.validationFile.map { [$0] } ?? []
  }

  func datasets(
    _ settings: RunSettings<CleaningSettings>, seed: UInt64
  ) throws -> [RunRecord.DatasetUse] {
    let name = settings.data.name
    let own = try settings.data.validationFile.map { path in
      let file = try ImageDataset.load(path)
      context.notes.add(file.notes)
      return RunRecord.DatasetUse(file, purpose: "validation")
    }
    return [
      try context.images.use(
        name: name, split: "train", purpose: own == nil ? "training, validation" : "training"),
      try context.images.use(name: name, split: "test", purpose: "test"),
    ] + (own.map { [$0] } ?? [])
  }

  func body<Scalar: TensorScalar & HDF5Element>(
    of run: Run<CleaningSettings>, as type: Scalar.Type
  ) throws -> any RunBody<Scalar> {
    try CleaningBody<Scalar>(run, folder: context.folder, notes: context.notes)
  }

  static let columns: [SummaryColumn] = [
    .final("test %", 8, "testAccuracy", decimals: 2, times: 100),
    .final("noisy F1", 9, "detectionF1NoisyPositive"), .final("AUC", 8, "detectionAUC"),
    .final("F", 9, "upperObjective"),
  ]
}

/// The options of `hyper-cleaning run` beside those of every experiment.
struct CleaningOptions: OwnRunOptions {
  @OptionGroup var images: ImageDatasetOption

  @Option(
    name: .customLong("validation-file"),
    help: "HDF5 file that the validation images are drawn from (data.validationFile).")
  var validationFile: String?

  @Flag(help: "Run every method on the reduced problem, to compare with forward mode.")
  var reduced = false

  var overrides: [SettingOverride] {
    var result = images.overrides
    result.add("--validation-file", "data.validationFile", validationFile)
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
    var marks: [String: Value] = isReduced ? ["problem": "reduced"] : [:]
    if settings.data.validationFile != nil { marks["validation"] = "own-file" }
    return [
      PlannedRun(
        arm, settings, preset: usual, protocolName: preset.rawValue, marks: marks,
        // What is in the file is part of the identity by its digest, not where it lies.
        unstated: ["data.validationFile"])
    ]
  }
}
