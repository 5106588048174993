import Bilevel
import Experiments
import Networks

/// What hyper-representation adds to the methods' settings, in the order of the pipeline.
struct RepresentationSettings: OwnSettings {
  var data = Data()
  var extractor = Extractor()
  var head = Head()
  var baseline = BaselineStart()
  var tuning = Tuning()
  var evaluation = Evaluation()

  /// Which samples.
  struct Data: Codable, Sendable, Equatable {
    var kind = DataKind.images
    /// Images: `<name>-train.h5` and `<name>-test.h5` in the data folder.
    var name = "mnist"
    /// Images: training samples per class.
    var perClass = 5
    /// Images: validation samples, drawn from the rest of the training file.
    var validation = 500
    /// Images: samples tested on; 0 means the whole test file.
    var test = 0
    /// Images: whether "test" samples come from the training file too, so that a search of step
    /// sizes does not read the test file.
    var testsOnTrainingFile = false
    /// Linear: n samples to train and n to validate on.
    var samples = 500
    /// Linear: p, the inputs.
    var inputs = 64
    /// Linear: the standard deviation of the noise on the targets.
    var noise = 0.1
  }

  /// Phi: layers followed by the activation, all of them.
  struct Extractor: Codable, Sendable, Equatable {
    var kind = FeatureExtractor.Kind.fullyConnected
    /// Outputs of each layer: units, the last ones the features, or filters, every pixel of the last
    /// ones a feature.
    var widths = [256, 256]
    var activation = Activation.rectifier
    var hasBias = true
    var initialization = FeatureExtractor.Initialization.glorot
  }

  /// The head, and what it is trained to.
  struct Head: Codable, Sendable, Equatable {
    var loss = HeadLoss.leastSquares
    /// The coefficient of |y|^2 / 2 in f.
    var ridge = 0.0
    /// e in targets (1 - e) one-hot + e / classes.
    var smoothing = 0.0
    /// The standard deviation of the entries of y_0.
    var initialDeviation = 0.1
    /// Which draw of y_0 under the run's seed.
    var draw = 0
    /// The factor of the data term in F.
    var upperFactor = 1.0
    /// The factor of the data term in the f that hypergradients differentiate; the inner loop
    /// descends f with factor 1 always.
    var differentiatedFactor = 1.0
  }

  /// Where baselines begin to search.
  struct BaselineStart: Codable, Sendable, Equatable {
    /// The coefficient of |y|^2 / 2 of `ridge-head`.
    var ridge = 0.01
    /// Adam's learning rate in `joint-training`.
    var learningRate = 0.001
    /// Adam's steps in `joint-training`, on all samples each.
    var iterations = 300
  }

  /// The search that a baseline makes on held-out samples.
  struct Tuning: Codable, Sendable, Equatable {
    /// Settings that are tried, as many as cells in the search of the methods' step sizes: the start,
    /// b times and a b-th of it, b^2 times, and so on; b = 3, for a ridge 10.
    var trials = 6
  }

  /// What is measured, and how often.
  struct Evaluation: Codable, Sendable, Equatable {
    /// Metrics are recorded every so many outer iterations, and after the last.
    var every = 10
    /// The initial heads over which spreads are taken at the end; 0 for none.
    var heads = 5
  }
}

/// Where samples come from.
enum DataKind: String, NamedChoice {
  /// Gaussian inputs, targets made by a true representation and head.
  case linear
  /// Image files.
  case images
}

extension RepresentationSettings {
  static let keys: [SettingKey<RepresentationSettings>] = [
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
      "head.differentiatedFactor", "the factor of the data term in the f that is differentiated"
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

  static func conflict(in settings: RunSettings<RepresentationSettings>) -> String? {
    let (data, head) = (settings.data, settings.head)
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

extension RepresentationSettings {
  /// Whether f is least squares with a ridge, so that exact hypergradients are known.
  var hasExactHypergradient: Bool { head.loss == .leastSquares && head.ridge > 0 }

  /// Whether S(x) is meant to be more than one point.
  var isSetValued: Bool { head.ridge == 0 }

  /// The names of the extractor's parameters, in order.
  var extractorNames: [String] {
    extractor.widths.indices.flatMap { layer in
      ["weights\(layer + 1)"] + (extractor.hasBias ? ["bias\(layer + 1)"] : [])
    }
  }

  /// Phi for inputs of the given height, width and channels.
  func featureExtractor(inputShape: [Int]) -> FeatureExtractor {
    FeatureExtractor(
      extractor.kind, inputShape: inputShape, widths: extractor.widths,
      activation: extractor.activation, hasBias: extractor.hasBias,
      initialization: extractor.initialization)
  }
}
