import ArgumentParser
import Bilevel
import Commands
import Datasets
import Experiments
import Files
import RepresentationLearning
import Results
import Tensors

/// The hyper-representation experiment: features learned so that a head trained on few samples does
/// well on others.
@main
struct HyperRepresentation: SuiteCommand {
  static let configuration = CommandConfiguration(
    commandName: "hyper-representation",
    abstract: "Learn features for a head that is trained on few samples.",
    discussion: """
      Minimise the validation loss F(x, y) over the parameters x of a feature extractor, where the \
      linear head y is trained on the training loss f(x, y). Three problems: a linear \
      representation of synthetic data with a ridge head (Sow, Ji and Liang 2022), images with few \
      labels per class, and images with more features than training samples and no \
      regularisation, where the trained head is not unique.

      Image data: <name>-train.h5 and <name>-test.h5 in --data, $BDA_DATA_DIR or datasets; make \
      them with `datasets convert` (public files) or `datasets synthesise` (no download). The \
      linear problems make their own.

      """ + ExitStatus.discussion,
    version: suiteVersion,
    subcommands: [
      RunCommand<RepresentationOptions>.self, PlanCommand<RepresentationOptions>.self,
      HypergradientCommand<RepresentationHypergradient>.self, FeaturesCommand.self,
      ListCommand<Representation>.self,
    ],
    defaultSubcommand: RunCommand<RepresentationOptions>.self)
}

/// What hyper-representation contributes to the suite.
struct Representation: Experiment {
  typealias Own = RepresentationSettings
  typealias Preset = RepresentationProtocol

  static let name = "hyper-representation"
  let context: ExperimentContext

  var baselines: [Baseline] { RepresentationBaseline.allCases.map(\.baseline) }

  func reads(_ key: String, _ arm: Arm) -> Bool {
    let kind = RepresentationBaseline(rawValue: arm.name)
    return switch key {
    case "tuning.trials": kind != nil
    case let key where key.hasPrefix("baseline."):
      kind?.tuned == key || kind == .jointTraining && key == "baseline.iterations"
    // A baseline has no loop to measure on the way, and no inner loop from several heads.
    case let key where key.hasPrefix("evaluation."): kind == nil
    // A closed form begins nowhere.
    case "head.draw", "head.initialDeviation": kind != .ridgeHead
    // Baselines and methods that differentiate the inner loop know the f that it descends alone.
    case "head.differentiatedFactor":
      arm.method?.estimator.differentiatesLowerObjective ?? false
    default: true
    }
  }

  /// Other heads count where they may end apart; how often is measured, where the error of the last
  /// hypergradient that was measured is a result.
  func reads(
    _ key: String, _ arm: Arm, under settings: RunSettings<RepresentationSettings>
  ) -> Bool {
    guard reads(key, arm) else { return false }
    return switch key {
    case "evaluation.heads": settings.own.isSetValued
    case "evaluation.every": settings.data.kind == .linear && settings.own.hasExactHypergradient
    default: true
    }
  }

  func usualArms(_ settings: RunSettings<RepresentationSettings>, budget: Budget) -> [Arm] {
    catalogue.methods.filter { method in
      // Forward mode carries one tangent per parameter of the extractor: not for images.
      settings.data.kind == .linear && settings.data.inputs <= 16
        || method.estimator.name != NamedForward().name
    }.map { .method($0) }
  }

  func datasets(
    _ settings: RunSettings<RepresentationSettings>, seed: UInt64
  ) throws -> [RunRecord.DatasetUse] {
    let data = settings.data
    guard data.kind == .images else {
      // Drawn from the seed by this program: its recipe tells it apart, whatever the last bits of
      // the machine's arithmetic are.
      let recipe: Value = [
        "seed": Value(seed), "data": try Value(encoding: data.drawn),
        "extractor": try Value(encoding: settings.extractor),
      ]
      return [
        .init(
          name: data.name, sha256: SHA256.hexadecimal(Array(recipe.canonicalText.utf8)),
          split: "training, validation", synthetic: true)
      ]
    }
    let train = try context.images.use(
      name: data.name, split: "train", purpose: "training, validation")
    guard !data.testsOnTrainingFile else { return [train] }
    return [train, try context.images.use(name: data.name, split: "test", purpose: "test")]
  }

  func body<Scalar: TensorScalar & HDF5Element>(
    of run: Run<RepresentationSettings>, as type: Scalar.Type
  ) throws -> any RunBody<Scalar> {
    if let kind = RepresentationBaseline(rawValue: run.arm.name) {
      return try RepresentationBaselineBody<Scalar>(kind, run, folder: context.folder)
    }
    return try RepresentationBody<Scalar>(run, folder: context.folder)
  }

  static let columns: [SummaryColumn] = [
    .general("F", 10, "upperObjective"), .general("f", 10, "lowerObjective"),
    .final("test %", 8, "testAccuracy", decimals: 2, times: 100),
    .general("dist S", 10, "distanceToSolutionSet"),
    .general("g error", 10, "hypergradientError"),
  ]
}

/// The options of `hyper-representation run` beside those of every experiment.
struct RepresentationOptions: OwnRunOptions {
  typealias E = Representation

  @OptionGroup var images: ImageDatasetOption

  var overrides: [SettingOverride] { images.overrides }
}
