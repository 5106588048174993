import Bilevel
import Experiments
import Networks

/// What hyper-cleaning adds to the methods' settings, in the order of the pipeline.
struct CleaningSettings: OwnSettings {
  var data = Data()
  var corruption = Corruption()
  var network = Network()
  var weights = Weights()
  var evaluation = Evaluation()
  var tuning = Tuning()
  var earlyStopping = EarlyStopping()
  var reduced = Reduced()

  /// Which images, and how they are split.
  struct Data: Codable, Sendable, Equatable {
    /// The data set: `<name>-train.h5` and `<name>-test.h5` in the data folder.
    var name = "mnist"
    var split = SplitRule.randomWithTestFile
    var train = 5_000
    /// Clean validation images; 0 means all of the file of their own.
    var validation = 5_000
    /// A file that the validation images are taken from; unset for the training file.
    var validationFile: String?
    /// Test images; 0 means all that the split rule leaves.
    var test = 10_000
  }

  /// Which training labels are made wrong.
  struct Corruption: Codable, Sendable, Equatable {
    /// The fraction of training labels drawn for corruption; exactly Int(fraction n) of them.
    var fraction = 0.5
    var rule = CorruptionRule.alwaysWrong
  }

  /// The lower-level model: softmax regression without hidden layers.
  struct Network: Codable, Sendable, Equatable {
    var hidden: [Int] = []
    var activation = Activation.rectifier
    var initialization = Initialization.zero
    /// Whether y_0 is drawn afresh in every outer iteration.
    var redrawnEachIteration = false
  }

  /// The upper variable: one weight per training sample.
  struct Weights: Codable, Sendable, Equatable {
    var weighting = SampleWeighting.sigmoid
    /// x_0 for every sample.
    var start = 0.0
    /// The largest sum of identity weights (Franceschi's R); unset for no constraint.
    var largestSum: Double?
  }

  /// What is measured, and how often.
  struct Evaluation: Codable, Sendable, Equatable {
    /// Metrics are recorded every so many outer iterations, and after the last.
    var every = 1
    /// A sample whose x lies below this is called noisy.
    var noisyBelow = 0.0
  }

  /// How the tuned baselines, and the final training after every method, find their schedule: the
  /// same grid for all, and the same held-out validation images.
  struct Tuning: Codable, Sendable, Equatable {
    /// Step sizes on the mean loss. Among clean labels the best step size times number of steps is 200 to
    /// 500, among wrong ones some ten: the grid goes from 3 to 6,000, so that no best lies at its edge.
    var stepSizes = [0.1, 0.4, 1.6]
    var steps = [30, 150, 750, 3_750]
    /// The part of the validation images that is held out to choose by; trained on afterwards.
    var heldOut = 0.2
    /// Folds of `self-confidence`.
    var folds = 5
    /// Whether every run ends with a training on training and validation samples.
    var finalTraining = true
  }

  /// Whether the outer loop stops on held-out validation images, which F then does without.
  struct EarlyStopping: Codable, Sendable, Equatable {
    /// Outer iterations without improvement; unset for no early stopping.
    var patience: Int?
  }

  /// The problem that forward mode runs on: as many tangents as training samples.
  struct Reduced: Codable, Sendable, Equatable {
    var train = 200
    var validation = 200
    /// Whether forward mode runs on the whole problem all the same.
    var forwardOnWholeProblem = false
  }
}

extension CleaningSettings {
  static let keys: [SettingKey<CleaningSettings>] = [
    SettingKey("data.name", "the data set", wanted: "a name", { $0.data.name }) { !$0.isEmpty },
    .choice("data.split", "how the files become training, validation and test samples") {
      $0.data.split
    },
    .whole("data.train", "n, training samples", 1...100_000_000) { $0.data.train },
    .whole(
      "data.validation",
      "m, clean validation samples; 0 means all of data.validationFile", 0...100_000_000
    ) { $0.data.validation },
    SettingKey(
      "data.validationFile",
      "an HDF5 file that the validation samples are drawn from; null for the training file",
      wanted: "the path of a file, or null", { $0.data.validationFile ?? "null" }
    ) { !$0.isEmpty },
    .whole("data.test", "test samples; 0 means all that are left", 0...100_000_000) {
      $0.data.test
    },
    .fraction("corruption.fraction", "training labels drawn for corruption") {
      $0.corruption.fraction
    },
    .choice("corruption.rule", "which labels corrupted samples get") { $0.corruption.rule },
    SettingKey(
      "network.hidden", "widths of hidden layers; none is softmax regression",
      wanted: "a list of widths from 1 to 100000", { $0.network.hidden }
    ) { $0.allSatisfy { (1...100_000).contains($0) } },
    .choice("network.activation", "the activation of hidden layers") { $0.network.activation },
    .choice("network.initialization", "how y_0 is chosen") { $0.network.initialization },
    .flag("network.redrawnEachIteration", "whether y_0 is drawn afresh in every outer iteration") {
      $0.network.redrawnEachIteration
    },
    SettingKey(
      "weights.weighting", "how x becomes weights", wanted: "sigmoid or identity",
      { $0.weights.weighting.rawValue }
    ) { $0 != SampleWeighting.uniform.rawValue },
    .finite("weights.start", "x_0 for every sample") { $0.weights.start },
    .optionalPositive(
      "weights.largestSum", "the largest sum of identity weights (Franceschi's R); null for none"
    ) { $0.weights.largestSum },
    .whole(
      "evaluation.every", "outer iterations between measurements", 1...1_000_000_000
    ) { $0.evaluation.every },
    .finite("evaluation.noisyBelow", "a sample whose x lies below this is called noisy") {
      $0.evaluation.noisyBelow
    },
    SettingKey(
      "tuning.stepSizes", "step sizes tried for tuned baselines and the final training",
      wanted: "a list of different positive finite numbers", { $0.tuning.stepSizes }
    ) { sizes in
      !sizes.isEmpty && sizes.allSatisfy { $0.isFinite && $0 > 0 }
        && Set(sizes).count == sizes.count
    },
    SettingKey(
      "tuning.steps", "numbers of steps tried with each of them", unit: "count",
      wanted: "a list of different whole numbers from 1 to 10000000", { $0.tuning.steps }
    ) { steps in
      !steps.isEmpty && steps.allSatisfy { (1...10_000_000).contains($0) }
        && Set(steps).count == steps.count
    },
    .fraction(
      "tuning.heldOut",
      "validation samples held out to choose by, at least one; early stopping uses the same"
    ) { $0.tuning.heldOut },
    .whole("tuning.folds", "folds of self-confidence", 2...1_000) { $0.tuning.folds },
    .flag(
      "tuning.finalTraining",
      "whether a last training on weighted training samples and all validation samples is measured"
    ) { $0.tuning.finalTraining },
    .optionalWhole(
      "earlyStopping.patience",
      "outer iterations without better accuracy on held-out validation samples before the loop "
        + "stops; the best point counts, and F does without these samples; null for none",
      1...1_000_000_000
    ) { $0.earlyStopping.patience },
    .whole("reduced.train", "training samples of the reduced problem", 1...100_000_000) {
      $0.reduced.train
    },
    .whole("reduced.validation", "validation samples of the reduced problem", 1...100_000_000) {
      $0.reduced.validation
    },
    .flag("reduced.forwardOnWholeProblem", "whether forward mode runs on the whole problem") {
      $0.reduced.forwardOnWholeProblem
    },
  ]

  static func conflict(in settings: RunSettings<CleaningSettings>) -> String? {
    let (network, weights) = (settings.network, settings.weights)
    if !network.hidden.isEmpty, network.initialization == .zero {
      return "The setting network.initialization is zero but must be glorot where there are hidden "
        + "layers, whose units would never differ otherwise"
    }
    if network.redrawnEachIteration, settings.inner.startsWarm {
      return "The setting inner.startsWarm is true but must be false where "
        + "network.redrawnEachIteration is true, because both choose y_0"
    }
    if settings.data.validation == 0, settings.data.validationFile == nil {
      return "The setting data.validation is 0 but must be a whole number from 1 where "
        + "data.validationFile is null"
    }
    if settings.earlyStopping.patience != nil, settings.data.validation == 1 {
      return "The setting data.validation is 1 but must be a whole number from 2 where "
        + "earlyStopping.patience is set, because one of them is held out"
    }
    if let sum = weights.largestSum, weights.weighting == .sigmoid {
      return "The setting weights.largestSum is \(sum) but must be null where weights.weighting is "
        + "sigmoid, because it bounds the sum of identity weights"
    }
    return nil
  }
}

/// How the two image files become training, validation and test samples.
enum SplitRule: String, NamedChoice {
  /// Training and validation drawn at random from the training file, test from the test file.
  case randomWithTestFile = "random-with-test-file"
  /// All three drawn at random from the training file (IAPTT, BVFIM, PBGD, BOAT).
  case random
  /// The official code's: not shuffled; with n training samples, train[n ..< 2n], then validation,
  /// and everything else, test file included, for testing.
  case officialCode = "official-code"
}

/// Which labels corrupted samples get.
enum CorruptionRule: String, NamedChoice {
  /// Uniform over the other classes: every corrupted label is wrong.
  case alwaysWrong = "always-wrong"
  /// Uniform over all classes: of ten, one in ten keeps its right label.
  case uniform
}

/// How y_0 is chosen.
enum Initialization: String, NamedChoice {
  /// All zeros: possible where no hidden layer needs its symmetry broken.
  case zero
  /// Glorot and Bengio 2010, from the run's seed.
  case glorot
}
