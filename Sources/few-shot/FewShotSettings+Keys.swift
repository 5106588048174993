import Bilevel
import Experiments
import FewShotLearning

/// What the settings of few-shot may be: each key, and what does not go together.
extension FewShotSettings: OwnSettings {
  /// Every key, with its meaning, unit and range.
  package static let keys: [SettingKey<FewShotSettings>] = [
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

  /// Whether the network has what a key is about, the split is drawn, and evaluation has an average of
  /// moments.
  package func hasEffect(_ key: String) -> Bool {
    switch key {
    case "network.halving", "network.padding", "network.learnsScale",
      "network.averagesPixelsForInitialisation":
      network.kind == .convolutional
    case "split.train": split.rule == .seeded
    case "split.validation", "split.seed": split.rule == .seeded || split.rule == .background
    case "network.runningRate": evaluation.normalisation == .running
    default: true
    }
  }

  /// What does not go together.
  package static func conflict(in settings: RunSettings<FewShotSettings>) -> String? {
    let network = settings.network
    let shrinks =
      settings.data.side >> network.blocks >= 1
      || network.halving == .stride && network.kind == .convolutional
    if !shrinks {
      return "The setting network.blocks is \(network.blocks) but must be few enough to leave a "
        + "pixel of data.side, which is \(settings.data.side)"
    }
    // Positions of maxima are numbers of 32 bits; every layer halves the sides.
    let task = settings.task
    let images = Double(task.ways) * Double(max(task.shots, task.queries))
    let side = Double(settings.data.side)
    let activations = images * Double(network.filters) * side * side
    if activations > Double(Int32.max) {
      return "The setting network.filters is \(network.filters) but must be few enough for the "
        + "activations of \(Int(images)) images together, at most \(Int32.max)"
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
