import Bilevel
import Experiments
import Networks

/// Everything that defines a few-shot run, in the order of the pipeline; the names are those of
/// `--set` and of configuration files.
struct FewShotSettings: Codable, Sendable, Equatable {
  var data = Data()
  var split = Split()
  var task = Task()
  var network = Network()
  var inner = Inner()
  var aggregation = Aggregation()
  var truncation = Truncation()
  var implicit = Implicit()
  var upper = Upper()
  var reptile = Reptile()
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
    /// N.
    var ways = 5
    /// M.
    var shots = 1
    /// Query images per class.
    var queries = 15
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

  /// The inner loop.
  struct Inner: Codable, Sendable, Equatable {
    /// T.
    var steps = 5
    /// s_l.
    var stepSize = 0.1
  }

  /// Descent aggregation (BDA).
  struct Aggregation: Codable, Sendable, Equatable {
    var schedule = AggregationSchedule.Rule.harmonic
    var alpha = 0.6
    /// s_u.
    var upperStepSize = 0.1
  }

  /// Truncated sweeps (T-RHG).
  struct Truncation: Codable, Sendable, Equatable {
    /// H; unset means half of T, rounded up.
    var history: Int?
  }

  /// Implicit hypergradients.
  struct Implicit: Codable, Sendable, Equatable {
    /// Steps of the linear solver.
    var solverSteps = 5
    /// lambda, the weight of implicit MAML's proximal term.
    var proximity = 2.0
  }

  /// The outer loop.
  struct Upper: Codable, Sendable, Equatable {
    /// B, tasks per outer step.
    var metaBatch = 16
    var learningRate = 0.001
    /// d in rate / (1 + d n).
    var inverseTimeDecay = 1e-5
    /// The largest norm of a hypergradient; 0 for no limit.
    var clipNorm = 0.0
    var iterations = 3_000
  }

  /// Reptile's outer loop, which is a gradient step and not Adam.
  struct Reptile: Codable, Sendable, Equatable {
    /// The outer step size, falling linearly to nothing in the article; here by half a cosine.
    var learningRate = 1.0
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
    /// Outer iterations between checkpoints.
    var checkpointEvery = 100
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

extension FewShotSettings {
  /// The settings of one method of the suite under these.
  func methodSettings(_ preset: MethodPreset) -> MethodSettings {
    var settings = MethodSettings(
      preset, innerStepSize: inner.stepSize, upperStepSize: aggregation.upperStepSize,
      schedule: aggregation.schedule, alpha: aggregation.alpha, history: truncation.history)
    settings.solverSteps = implicit.solverSteps
    settings.solverStartsWarm = false
    return settings
  }

  /// The outer optimiser of a method.
  func outerSettings(_ method: FewShotMethod) -> OuterSettings {
    let clipping: GradientClipping? = upper.clipNorm > 0 ? .norm(upper.clipNorm) : nil
    if method == .reptile {
      return OuterSettings(
        .gradient, rate: reptile.learningRate,
        decay: .cosine(final: 0, iterations: upper.iterations), clipping: clipping)
    }
    return OuterSettings(
      .adam, rate: upper.learningRate,
      decay: upper.inverseTimeDecay > 0 ? .inverseTime(decay: upper.inverseTimeDecay) : .none,
      clipping: clipping)
  }

  /// The network that a method learns.
  func imageNetwork(_ method: FewShotMethod) -> any ImageNetwork {
    if network.kind == .residual {
      return ResidualNetwork(
        side: data.side, channels: data.channels,
        filters: (0..<network.blocks).map { network.filters + $0 * network.filters / 2 },
        hidden: 32 * network.filters, features: 8 * network.filters, epsilon: network.epsilon)
    }
    return ConvolutionalNetwork(
      side: data.side, channels: data.channels,
      filters: Array(repeating: network.filters, count: network.blocks),
      halving: network.halving, padding: network.padding, learnsScale: network.learnsScale,
      averagesPixels: method.learnsInitialisation && network.averagesPixelsForInitialisation,
      epsilon: network.epsilon)
  }
}
