import Bilevel
import Experiments
import RepresentationLearning

/// What the settings of hyper-representation may be: each key, and what does not go together.
extension RepresentationSettings: OwnSettings {
  /// Every key, with its meaning, unit and range.
  package static let keys: [SettingKey<RepresentationSettings>] = [
    .choice("data.kind", "where samples come from") { $0.data.kind },
    SettingKey("data.name", "the data set", wanted: "a name", { $0.data.name }) { !$0.isEmpty },
    .whole("data.perClass", "images: training samples per class", 1...10_000_000) {
      $0.data.perClass
    },
    .whole("data.validation", "images: validation samples", 1...100_000_000) {
      $0.data.validation
    },
    .whole("data.test", "images: samples tested on; 0 means the whole file", 0...100_000_000) {
      $0.data.test
    },
    .flag(
      "data.testsOnTrainingFile", "images: whether \"test\" samples come from the training file"
    ) {
      $0.data.testsOnTrainingFile
    },
    .whole("data.samples", "linear: n, samples to train and to validate on", 1...100_000_000) {
      $0.data.samples
    },
    .whole("data.inputs", "linear: p, the inputs", 1...1_000_000) { $0.data.inputs },
    .notNegative("data.noise", "linear: the standard deviation of the noise on the targets") {
      $0.data.noise
    },
    .choice("extractor.kind", "the kind of layers") { $0.extractor.kind },
    SettingKey(
      "extractor.widths", "outputs of each layer, the last one the features",
      wanted: "a list of widths from 1 to 1000000", { $0.extractor.widths }
    ) { !$0.isEmpty && $0.count <= 64 && $0.allSatisfy { (1...1_000_000).contains($0) } },
    .choice("extractor.activation", "the activation of every layer") { $0.extractor.activation },
    .flag("extractor.hasBias", "whether layers have a bias") { $0.extractor.hasBias },
    .choice("extractor.initialization", "how x_0 is drawn") { $0.extractor.initialization },
    .choice("head.loss", "the loss of the head") { $0.head.loss },
    .notNegative("head.ridge", "the coefficient of |y|^2 / 2 in f") { $0.head.ridge },
    .properFraction("head.smoothing", "e in targets (1 - e) one-hot + e / classes") {
      $0.head.smoothing
    },
    .notNegative("head.initialDeviation", "the standard deviation of the entries of y_0") {
      $0.head.initialDeviation
    },
    .whole("head.draw", "which draw of y_0 under the run's seed", unit: "-", 0...1_000_000_000) {
      $0.head.draw
    },
    .positive("head.upperFactor", "the factor of the data term in F") { $0.head.upperFactor },
    .positive(
      "head.differentiatedFactor",
      "the factor of the data term in the f that implicit, one-stage and value-function methods see"
    ) { $0.head.differentiatedFactor },
    .positive("baseline.ridge", "the coefficient that the search of ridge-head begins with") {
      $0.baseline.ridge
    },
    .positive(
      "baseline.learningRate", "the learning rate that the search of joint-training begins with"
    ) { $0.baseline.learningRate },
    .whole("baseline.iterations", "steps of joint-training", 1...1_000_000_000) {
      $0.baseline.iterations
    },
    .whole("tuning.trials", "settings that a baseline tries on held-out samples", 1...99) {
      $0.tuning.trials
    },
    .whole("evaluation.every", "outer iterations between measurements", 1...1_000_000_000) {
      $0.evaluation.every
    },
    .whole("evaluation.heads", "initial heads over which spreads are taken; 0 for none", 0...10_000)
    {
      $0.evaluation.heads
    },
  ]

  /// Whether a key says something of the samples that are drawn or read, of the targets that there are,
  /// and of heads that may end apart.
  package func hasEffect(_ key: String) -> Bool {
    switch key {
    case "data.samples", "data.inputs", "data.noise": data.kind == .linear
    case "data.perClass", "data.validation", "data.test", "data.testsOnTrainingFile",
      "head.smoothing":
      data.kind == .images
    case "evaluation.heads": isSetValued
    default: true
    }
  }

  /// What does not go together.
  package static func conflict(in settings: RunSettings<RepresentationSettings>) -> String? {
    let (data, head) = (settings.data, settings.head)
    if data.kind == .linear, data.name != Self.linearName {
      return
        "The setting data.name is \(data.name) but must be \(Self.linearName) where data.kind is "
        + "linear, which reads no file (images need data.kind=images, or a protocol on images such as "
        + "few-labels)"
    }
    if data.kind == .linear, settings.extractor.kind != .fullyConnected {
      return "The setting extractor.kind is \(settings.extractor.kind.rawValue) but must be "
        + "fully-connected where data.kind is linear, which has no pixels"
    }
    if data.kind == .linear, head.loss != .leastSquares {
      return "The setting head.loss is \(head.loss.rawValue) but must be least-squares where "
        + "data.kind is linear, whose targets are numbers"
    }
    if head.loss != .leastSquares, head.ridge == 0, head.smoothing == 0 {
      return "The setting head.smoothing is 0 but must be positive (or head.ridge must be) with "
        + "cross-entropy, because on separable features plain cross-entropy has no minimiser, so "
        + "that S(x) would be empty"
    }
    return nil
  }
}
