import ArgumentParser
import Bilevel
import Commands
import Datasets
import Experiments
import FewShotLearning
import Results
import Tensors

/// The few-shot experiment: classes told apart by a few labelled images, learned from many such tasks.
@main
struct FewShotCommand: SuiteCommand {
  static let configuration = CommandConfiguration(
    commandName: "few-shot",
    abstract: "Learn to classify from a few labelled images per class.",
    discussion: """
      Representation methods (rhg, t-rhg, bda, ...) learn the network below a linear head, which every \
      task fits from zero; initialisation methods (maml, fomaml, meta-sgd, reptile, imaml) learn where \
      all parameters start.

      Data: a tree of PNG images <data>/<name>-images/ in --data, $BDA_DATA_DIR or datasets; make it \
      with `datasets fetch omniglot` and `datasets convert omniglot`, or `datasets synthesise` (no \
      download), or point data.name at a folder of your own.

      """ + ExitStatus.discussion,
    version: suiteVersion,
    subcommands: [
      RunCommand<FewShotOptions>.self, PlanCommand<FewShotOptions>.self,
      HypergradientCommand<FewShotHypergradient>.self,
      EvaluateCommand.self, EpisodeCommand.self, ListCommand<FewShot>.self,
    ],
    defaultSubcommand: RunCommand<FewShotOptions>.self)
}

/// What few-shot contributes to the suite.
struct FewShot: Experiment {
  typealias Own = FewShotSettings
  typealias Preset = FewShotProtocol

  static let name = "few-shot"
  let context: ExperimentContext
  /// Decoded images: one tree serves every run of a command.
  private let trees = LastValue<FewShotSettings.Data, ImageTree>()

  var baselines: [Baseline] { FewShotBaseline.allCases.map(\.baseline) }

  func refusal(of method: Method, under settings: RunSettings<FewShotSettings>) -> String? {
    if method.adaptsInitialization {
      guard settings.inner.learnsStart else { return nil }
      return
        "The method \(method.name) learns the start of its inner loop as it is: set "
        + "inner.learnsStart=false."
    }
    if method.estimator.seesStartOnly {
      return
        "The \(method.estimator.name) hypergradient sees x through the start of the inner loop "
        + "alone, and the head starts at zero whatever x is: name a method that learns an "
        + "initialisation, such as fomaml or reptile."
    }
    if !method.estimator.factors, !method.estimator.movesLowerVariable {
      return
        "The \(method.estimator.name) hypergradient does not go through features, as tasks need (forward "
        + "mode would carry one tangent for each feature of each image): use rhg or t-rhg."
    }
    if settings.head.learnsRate, !FewShotLearner.canLearnRate(method) {
      return
        "The method \(method.name) does not differentiate the steps of plain or aggregated descent, "
        + "which a learned rate needs: use rhg, t-rhg or bda, or set head.learnsRate=false."
    }
    do {
      try method.requireOwnUpper(settings.method)
      return nil
    } catch {
      if settings.inner.learnsStart, !method.learnsStart {
        return
          "A learned start of the inner loop would be one for all tasks, which differ in it: set "
          + "inner.learnsStart=false."
      }
      return
        "The method \(method.name) keeps a lower variable or weights of its own in x, which many "
        + "tasks cannot share: choose another method."
    }
  }

  func refusal(of baseline: Baseline, under settings: RunSettings<FewShotSettings>) -> String? {
    guard baseline.name == FewShotBaseline.untrained.rawValue,
      settings.evaluation.normalisation == .running
    else { return nil }
    return
      "The baseline \(baseline.name) is not trained, so that there are no running moments to normalise by: set "
      + "evaluation.normalisation=transductive or inductive."
  }

  func usualArms(_ settings: RunSettings<FewShotSettings>, budget: Budget) -> [Arm] {
    let names =
      ["maml", "fomaml", "meta-sgd", "reptile", "rhg", "t-rhg", "bda"]
      + ["one-stage", "one-stage-bda"]
      + (budget == .smoke ? ["meta-sgd-scalar", "imaml", "cg", "neumann", "t-bda"] : [])
    return catalogue.methods.filter { names.contains($0.name) }.map { .method($0) }
  }

  /// None: what is tested is the best of all x that were validated.
  static let measuringKeys: [String] = []

  func reads(_ key: String, _ arm: Arm) -> Bool {
    let baseline = FewShotBaseline(rawValue: arm.name)
    switch key {
    case "network.averagesPixelsForInitialisation":
      return arm.method?.adaptsInitialization ?? false
    case "task.metaBatch", "evaluation.every", "evaluation.patience":
      return baseline?.trains ?? true
    case "evaluation.normalisation": return baseline != .rawPixels
    default: break
    }
    return switch key.prefix(while: { $0 != "." }) {
    case "network": baseline != .rawPixels
    // Its rate is in `outer` by the time a run is planned, and stated there.
    case "reptile": arm.isReptile
    case "implicit": arm.method.map(FewShotLearner.isProximal) == true
    // Initialisations learn rates as meta-sgd and meta-sgd-scalar.
    case "head": arm.method.map { !$0.adaptsInitialization } ?? false
    case "ridge": arm.name == FewShotBaseline.ridgeHead.rawValue
    default: true
    }
  }

  func statedKeys(_ arm: Arm) -> [String] { ["task.ways", "task.shots"] }

  static let shortNames = [
    "inner.steps": "innerSteps", "task.ways": "ways", "task.shots": "shots",
  ]

  func datasets(
    _ settings: RunSettings<FewShotSettings>, seed: UInt64
  ) throws -> [RunRecord.DatasetUse] {
    try data(settings.own).uses(settings.own)
  }

  func body<Scalar: TensorScalar & HDF5Element>(
    of run: Run<FewShotSettings>, as type: Scalar.Type
  ) throws -> any RunBody<Scalar> {
    try FewShotBody<Scalar>(run, data: try data(run.settings.own))
  }

  private func data(_ settings: FewShotSettings) throws -> FewShotData {
    let tree = try trees.value(for: settings.data) {
      let tree = try FewShotData.tree(settings, folder: context.folder)
      context.notes.add(tree.notes)
      return tree
    }
    return try FewShotData(settings, tree: tree)
  }

  static let columns: [SummaryColumn] = [
    .final("test %", 8, "testAccuracy", decimals: 2, times: 100),
    .final("+- %", 7, "testAccuracyHalfWidth", decimals: 2, times: 100),
    .final("F", 9, "upperObjective"),
  ]
}

/// The options of `few-shot run` beside those of every experiment.
struct FewShotOptions: OwnRunOptions {
  @Option(help: "Data set: <name>-images in the data folder, or a folder with a slash (data.name).")
  var dataset: String?

  @Option(parsing: .unconditional, help: "N, classes per task (task.ways).")
  var ways: Int?

  @Option(parsing: .unconditional, help: "M, labelled images per class (task.shots).")
  var shots: Int?

  @Option(
    name: .customLong("meta-batch"), parsing: .unconditional,
    help: "Tasks per outer iteration (task.metaBatch).")
  var metaBatch: Int?

  var overrides: [SettingOverride] {
    var result: [SettingOverride] = []
    result.add("--dataset", "data.name", dataset)
    result.add("--ways", "task.ways", ways)
    result.add("--shots", "task.shots", shots)
    result.add("--meta-batch", "task.metaBatch", metaBatch)
    return result
  }

  func planned(
    _ arm: Arm, _ settings: RunSettings<FewShotSettings>, preset: FewShotProtocol,
    budget: Budget, isNamed: Bool, in experiment: FewShot
  ) throws -> [PlannedRun<FewShotSettings>] {
    var (settings, usual) = (settings, preset.settings(budget))
    guard arm.isReptile else {
      return [PlannedRun(arm, settings, preset: usual, protocolName: preset.rawValue)]
    }
    let given = settings
    settings.useReptileStep()
    usual.useReptileStep()
    return [
      PlannedRun(
        arm, settings, preset: usual, protocolName: preset.rawValue,
        // A gradient step has no momentum; its rate is stated in `outer`.
        unstated: ["reptile.learningRate", "outer.momentum"],
        replaced: given.replacedByReptile(preset, budget))
    ]
  }
}

extension Arm {
  /// Whether its outer step is Reptile's.
  fileprivate var isReptile: Bool { method?.estimator.name == NamedReptile().name }
}
