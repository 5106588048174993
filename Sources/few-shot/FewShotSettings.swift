import Bilevel
import Datasets
import Experiments
import Networks

extension ConvolutionalNetwork.Halving: NamedChoice {}
extension ConvolutionalNetwork.Padding: NamedChoice {}
extension ImageTree.Resampling: NamedChoice {}

/// What few-shot adds to the methods' settings, in the order of the pipeline.
struct FewShotSettings: OwnSettings {
  var data = Data()
  var split = Split()
  var task = Task()
  var network = Network()
  var head = Head()
  var implicit = Implicit()
  var reptile = Reptile()
  var ridge = Ridge()
  var tuning = Tuning()
  var evaluation = Evaluation()

  /// Which images, and how they are brought to one form.
  struct Data: Codable, Sendable, Equatable {
    /// The data set: `<name>-images` in the data folder; a name with a slash is the folder itself.
    var name = "omniglot"
    /// Rows and columns.
    var side = 28
    /// 1 for grey, 3 for RGB.
    var channels = 1
    /// Whether samples are negated (black ink on white paper becomes 1 on 0).
    var inverts = true
    /// How images of another size are brought to `side`.
    var resampling = ImageTree.Resampling.area
    /// Whether each class turned by 90, 180 and 270 degrees counts as three more classes.
    var rotationsAreClasses = true
  }

  /// Which classes are for training, validation and test.
  struct Split: Codable, Sendable, Equatable {
    var rule = SplitRule.seeded
    /// Classes to train on.
    var train = 1_200
    /// Classes for validation; the rest is for test.
    var validation = 100
    /// The seed of the shuffled split: part of the protocol, not of the run.
    var seed = 0
  }

  /// The tasks.
  struct Task: Codable, Sendable, Equatable {
    var ways = 5
    var shots = 1
    /// Query images per class.
    var queries = 15
    /// B, tasks per outer step.
    var metaBatch = 16
    /// Whether query images are drawn from all images of a class, those of the support set among
    /// them, as the official code does.
    var supportRecurs = false
  }

  /// The network below the head.
  struct Network: Codable, Sendable, Equatable {
    var kind = NetworkKind.convolutional
    var blocks = 4
    var filters = 64
    var halving = ConvolutionalNetwork.Halving.stride
    var padding = ConvolutionalNetwork.Padding.same
    var learnsScale = false
    /// Whether the initialisation methods average features over pixels, as the official code does.
    var averagesPixelsForInitialisation = true
    var epsilon = 1e-5
    /// The share of the newest moments in the running average that evaluation may use.
    var runningRate = 0.1
  }

  /// The head of representation methods.
  struct Head: Codable, Sendable, Equatable {
    /// Whether the inner loop's step size is learned with x, from `inner.stepSize` on.
    var learnsRate = false
  }

  /// Implicit hypergradients.
  struct Implicit: Codable, Sendable, Equatable {
    /// lambda, the weight of implicit MAML's proximal term.
    var proximity = 2.0
  }

  /// Reptile's outer loop, which is a gradient step and not Adam.
  struct Reptile: Codable, Sendable, Equatable {
    /// The outer step size, falling linearly to nothing in the article; here by half a cosine.
    var learningRate = 1.0
  }

  /// The head of the baseline `ridge-head`, as it starts; both numbers are learned.
  struct Ridge: Codable, Sendable, Equatable {
    /// The coefficient of the squared norm.
    var coefficient = 1.0
    /// What outputs, which are near 0 and 1, are multiplied by to be logits.
    var scale = 10.0
  }

  /// The search that an arm makes on validation classes before its test.
  struct Tuning: Codable, Sendable, Equatable {
    /// Settings that are tried: for arms that train of `outer.learningRate`, for others of
    /// `inner.stepSize`; the given one, three times and a third of it, nine times, and so on.
    var trials = 1
  }

  /// What is measured, and how often.
  struct Evaluation: Codable, Sendable, Equatable {
    /// Outer iterations between validations.
    var every = 100
    /// Episodes of a validation.
    var validationEpisodes = 100
    /// Episodes of the test.
    var testEpisodes = 600
    /// Inner steps beyond T that the test goes on for.
    var extraSteps = 5
    /// Validations without a better accuracy before training stops; 0 for never.
    var patience = 0
    /// How images are normalised.
    var normalisation = NormalisationRule.transductive
  }
}

/// The network below the head.
enum NetworkKind: String, NamedChoice {
  /// Blocks of convolution, normalisation, ReLU and halving.
  case convolutional
  /// Residual blocks of `filters`, 1.5 `filters`, ..., then `32 filters` and `8 filters` channels: with
  /// 2 blocks of 64 the official code's variant "V2". Halving, padding and scales are its own.
  case residual
}

/// How images are normalised at evaluation.
enum NormalisationRule: String, NamedChoice {
  /// All query images of a task by their own moments (as the official code does).
  case transductive
  /// Each query image by the moments of the support images and itself.
  case inductive
  /// By a running average of the moments over training.
  case running
}

/// How classes are dealt out.
enum SplitRule: String, NamedChoice {
  /// Shuffled by `split.seed`: `train`, `validation`, the rest.
  case seeded
  /// The lists of `split.json` beside the classes.
  case file
  /// Omniglot's alphabets as Vinyals et al. divide them: 1,028 / 172 / 423 characters.
  case vinyals
  /// Omniglot's background set, `validation` of it held out by `split.seed`, and its evaluation set.
  case background
}

extension RunSettings<FewShotSettings> {
  /// Reptile's outer step: a gradient step and not Adam.
  mutating func useReptileStep() {
    outer.optimizer = .gradient
    outer.learningRate = self.reptile.learningRate
    outer.decay = .cosine
    outer.finalLearningRate = 0
  }
}

extension FewShotSettings {
  static let keys: [SettingKey<FewShotSettings>] = [
    SettingKey(
      "data.name", "the data set, or a folder with a slash", wanted: "a name or a folder",
      { $0.data.name }
    ) { !$0.isEmpty },
    .whole("data.side", "rows and columns", unit: "pixels", 4...256) { $0.data.side },
    SettingKey("data.channels", "1 for grey, 3 for RGB", wanted: "1 or 3", { $0.data.channels }) {
      $0 == 1 || $0 == 3
    },
    .flag("data.inverts", "whether samples are negated (ink becomes 1)") { $0.data.inverts },
    .choice("data.resampling", "how images of another size are brought to data.side") {
      $0.data.resampling
    },
    .flag("data.rotationsAreClasses", "whether quarter turns of a class are three more classes") {
      $0.data.rotationsAreClasses
    },
    .choice("split.rule", "how classes are dealt out") { $0.split.rule },
    .whole("split.train", "classes to train on", 1...10_000_000) { $0.split.train },
    .whole("split.validation", "classes for validation", 1...10_000_000) { $0.split.validation },
    .whole("split.seed", "the seed of the shuffled split", unit: "-", 0...Int.max) {
      $0.split.seed
    },
    .whole("task.ways", "N, classes per task", 2...100_000) { $0.task.ways },
    .whole("task.shots", "M, labelled images per class", 1...100_000) { $0.task.shots },
    .whole("task.queries", "query images per class", 1...100_000) { $0.task.queries },
    .whole("task.metaBatch", "B, tasks per outer step", 1...1_000_000) { $0.task.metaBatch },
    .flag("task.supportRecurs", "whether support images may recur as query images") {
      $0.task.supportRecurs
    },
    .choice("network.kind", "the network below the head") { $0.network.kind },
    .whole("network.blocks", "blocks of the network", 1...16) { $0.network.blocks },
    .whole("network.filters", "filters of a block", 1...10_000) { $0.network.filters },
    .choice("network.halving", "how a block halves its images") { $0.network.halving },
    .choice("network.padding", "zeros around images") { $0.network.padding },
    .flag("network.learnsScale", "whether normalisation has a learned scale") {
      $0.network.learnsScale
    },
    .flag(
      "network.averagesPixelsForInitialisation",
      "whether initialisation methods average features over pixels"
    ) { $0.network.averagesPixelsForInitialisation },
    .positive("network.epsilon", "added to the variance in the normalisation") {
      $0.network.epsilon
    },
    SettingKey(
      "network.runningRate", "the share of the newest moments in the running average",
      unit: "fraction", wanted: "above 0 and at most 1", { $0.network.runningRate }
    ) { $0 > 0 && $0 <= 1 },
    .flag(
      "head.learnsRate", "whether representation methods learn the inner step size with x"
    ) { $0.head.learnsRate },
    .positive("implicit.proximity", "lambda, the weight of iMAML's proximal term") {
      $0.implicit.proximity
    },
    .positive("reptile.learningRate", "Reptile's outer step size, falling by half a cosine") {
      $0.reptile.learningRate
    },
    .positive("ridge.coefficient", "the ridge head's coefficient at the start") {
      $0.ridge.coefficient
    },
    .positive("ridge.scale", "the scale of the ridge head's outputs at the start") {
      $0.ridge.scale
    },
    .whole(
      "tuning.trials",
      "learning rates (inner step sizes where nothing is trained) tried on validation classes",
      1...99
    ) { $0.tuning.trials },
    .whole("evaluation.every", "outer iterations between validations", 1...1_000_000_000) {
      $0.evaluation.every
    },
    .whole("evaluation.validationEpisodes", "episodes of a validation", 1...10_000_000) {
      $0.evaluation.validationEpisodes
    },
    .whole("evaluation.testEpisodes", "episodes of the test", 1...10_000_000) {
      $0.evaluation.testEpisodes
    },
    .whole("evaluation.extraSteps", "inner steps beyond T that the test goes on for", 0...100_000) {
      $0.evaluation.extraSteps
    },
    .whole(
      "evaluation.patience", "validations without gain before training stops; 0 for never",
      0...1_000_000_000
    ) { $0.evaluation.patience },
    .choice("evaluation.normalisation", "how images are normalised at evaluation") {
      $0.evaluation.normalisation
    },
  ]

  static func conflict(in settings: RunSettings<FewShotSettings>) -> String? {
    let network = settings.network
    let shrinks =
      settings.data.side >> network.blocks >= 1
      || network.halving == .stride && network.kind == .convolutional
    if !shrinks {
      return "The setting network.blocks is \(network.blocks) but must be few enough to leave a "
        + "pixel of data.side, which is \(settings.data.side)"
    }
    if settings.head.learnsRate, settings.lowerSet.kind != .none {
      return "The setting head.learnsRate is true but must be false where lowerSet.kind is "
        + "\(settings.lowerSet.kind.rawValue), because a scaled step would leave the set"
    }
    if settings.inner.startsWarm || settings.solver.startsWarm {
      let key = settings.inner.startsWarm ? "inner.startsWarm" : "solver.startsWarm"
      return
        "The setting \(key) is true but must be false, because every outer iteration has tasks "
        + "of its own"
    }
    return nil
  }
}
