import Bilevel
import Experiments
import Networks

/// Everything that defines a hyper-representation run: what a protocol fixes and a user may
/// override. Written in the order of the pipeline; the names are those of `--set`.
struct RepresentationSettings: Codable, Sendable, Equatable {
  var data = Data()
  var extractor = Extractor()
  var head = Head()
  var inner = Inner()
  var aggregation = Aggregation()
  var truncation = Truncation()
  var solver = Solver()
  var others = Others()
  var details = MethodDetails()
  var upper = Upper()
  var outer = OuterDetails()
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

  /// The inner loop.
  struct Inner: Codable, Sendable, Equatable {
    /// K.
    var steps = 100
    /// s_l.
    var stepSize = 0.1
    /// Whether each inner loop starts from the last y_K.
    var startsWarm = false
  }

  /// Descent aggregation (BDA).
  struct Aggregation: Codable, Sendable, Equatable {
    var schedule = AggregationSchedule.Rule.harmonic
    var alpha = 0.5
    /// s_u.
    var upperStepSize = 0.1
  }

  /// Truncated sweeps (T-RHG, T-BDA).
  struct Truncation: Codable, Sendable, Equatable {
    /// H; unset means half of K, rounded up.
    var history: Int?
  }

  /// The linear solvers of implicit hypergradients.
  struct Solver: Codable, Sendable, Equatable {
    var steps = 20
    var tolerance = 1e-8
    /// eta of Neumann series and fixed-point iteration; unset means s_l.
    var stepSize: Double?
    var damping = 0.0
    var startsWarm = false
  }

  /// Parameters of single methods.
  struct Others: Codable, Sendable, Equatable {
    var innerMomentum = 0.9
    var oneStageRadius = 0.01
    var penaltyWeight = 0.2
    var barrierRatio = 0.5
    var tangentsPerBlock = 64
  }

  /// The outer optimiser.
  struct Upper: Codable, Sendable, Equatable {
    var optimizer = OuterSettings.Kind.adam
    var learningRate = 0.001
    var momentum = 0.9
    var iterations = 100
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
  /// Whether f is least squares with a ridge, so that exact hypergradients are known.
  var hasExactHypergradient: Bool { head.loss == .leastSquares && head.ridge > 0 }

  /// Whether S(x) is meant to be more than one point.
  var isSetValued: Bool { head.ridge == 0 }

  /// Phi for inputs of the given height, width and channels.
  func featureExtractor(inputShape: [Int]) -> FeatureExtractor {
    FeatureExtractor(
      extractor.kind, inputShape: inputShape, widths: extractor.widths,
      activation: extractor.activation, hasBias: extractor.hasBias,
      initialization: extractor.initialization)
  }
}
