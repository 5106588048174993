import Bilevel
import Experiments
import Networks

/// Everything that defines a hyper-cleaning run: what a protocol fixes and a user may override.
///
/// Written in the order of the pipeline; the names are those of `--set` and of configuration files.
struct CleaningSettings: Codable, Sendable, Equatable {
  var data: Data
  var corruption: Corruption
  var network: Network
  var inner: Inner
  var aggregation = Aggregation()
  var truncation = Truncation()
  var solver = Solver()
  var others = Others()
  var details = MethodDetails()
  var upper: Upper
  var outer = OuterDetails()
  var evaluation = Evaluation()
  var reduced = Reduced()

  /// Which images, and how they are split.
  struct Data: Codable, Sendable, Equatable {
    /// The data set: `<name>-train.h5` and `<name>-test.h5` in the data folder.
    var name = "mnist"
    var split = SplitRule.randomWithTestFile
    var train = 5_000
    var validation = 5_000
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
    /// s_l where it differs from the inner step size.
    var lowerStepSize: Double?
  }

  /// Truncated sweeps (T-RHG).
  struct Truncation: Codable, Sendable, Equatable {
    /// H; unset means half of K, rounded up.
    var history: Int?
  }

  /// The linear solver of implicit hypergradients (CG, Neumann, fixed point).
  struct Solver: Codable, Sendable, Equatable {
    /// Steps of the solver; Neumann sums one term less.
    var steps = 20
    /// The residual at which it stops, relative to |F_y|.
    var tolerance = 1e-6
    /// The step size of Neumann and fixed point; unset means the inner step size.
    var stepSize: Double?
    /// Added to the diagonal of the lower Hessian.
    var damping = 0.0
    /// Whether it starts from the last outer iteration's solution.
    var startsWarm = true
  }

  /// What single methods need besides.
  struct Others: Codable, Sendable, Equatable {
    /// beta of heavy-ball dynamics.
    var innerMomentum = 0.9
    /// The distance by which one-stage differences move y.
    var oneStageRadius = 0.01
    /// gamma of V-PBGD.
    var penaltyWeight = 0.2
    /// eta of BOME's dynamic barrier.
    var barrierRatio = 0.5
  }

  /// The upper variable and its optimiser.
  struct Upper: Codable, Sendable, Equatable {
    var weighting = SampleWeighting.sigmoid
    /// x_0 for every sample.
    var start = 0.0
    /// The largest sum of identity weights (Franceschi's R); unset for no constraint.
    var largestSum: Double?
    var optimizer = OuterSettings.Kind.adam
    var learningRate = 0.01
    /// d in rate / (1 + d n).
    var inverseTimeDecay = 0.0
    var momentum = 0.9
    var iterations = 500
  }

  /// What is measured, and how often.
  struct Evaluation: Codable, Sendable, Equatable {
    /// Metrics are recorded every so many outer iterations, and after the last.
    var every = 1
    /// A sample whose x lies below this is called noisy.
    var noisyBelow = 0.0
  }

  /// The problem that forward mode runs on: as many tangents as training samples.
  struct Reduced: Codable, Sendable, Equatable {
    var train = 200
    var validation = 200
    /// Whether forward mode runs on the whole problem all the same.
    var forwardOnWholeProblem = false
    var tangentsPerBlock = 64
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
