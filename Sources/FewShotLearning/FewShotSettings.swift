import Bilevel
import Datasets
import Networks

extension ConvolutionalNetwork.Halving: NamedChoice {}
extension ConvolutionalNetwork.Padding: NamedChoice {}
extension ImageTree.Resampling: NamedChoice {}

/// What few-shot adds to the methods' settings, in the order of the pipeline.
package struct FewShotSettings: Codable, Sendable, Equatable {
  /// Which images.
  package var data = Data()
  /// Which classes are for what.
  package var split = Split()
  /// The tasks.
  package var task = Task()
  /// The network below the head.
  package var network = Network()
  /// The head of representation methods.
  package var head = Head()
  /// Implicit hypergradients.
  package var implicit = Implicit()
  /// Reptile's outer loop.
  package var reptile = Reptile()
  /// The head of `ridge-head`.
  package var ridge = Ridge()
  /// The search of an arm.
  package var tuning = Tuning()
  /// What is measured.
  package var evaluation = Evaluation()

  /// The settings that are used where nothing is said.
  package init() {}

  /// Which images, and how they are brought to one form.
  package struct Data: Codable, Sendable, Equatable {
    /// The data set: `<name>-images` in the data folder; a name with a slash is the folder itself.
    package var name = "omniglot"
    /// Rows and columns.
    package var side = 28
    /// 1 for grey, 3 for RGB.
    package var channels = 1
    /// Whether samples are negated (black ink on white paper becomes 1 on 0).
    package var inverts = true
    /// How images of another size are brought to `side`.
    package var resampling = ImageTree.Resampling.area
    /// Whether each class turned by 90, 180 and 270 degrees counts as three more classes.
    package var rotationsAreClasses = true
  }

  /// Which classes are for training, validation and test.
  package struct Split: Codable, Sendable, Equatable {
    /// How classes are dealt out.
    package var rule = ClassSplitRule.seeded
    /// Classes to train on.
    package var train = 1_200
    /// Classes for validation; the rest is for test.
    package var validation = 100
    /// The seed of the shuffled split: part of the protocol, not of the run.
    package var seed = 0
  }

  /// The tasks.
  package struct Task: Codable, Sendable, Equatable {
    /// N, classes of a task.
    package var ways = 5
    /// M, labelled images per class.
    package var shots = 1
    /// Query images per class.
    package var queries = 15
    /// B, tasks per outer step.
    package var metaBatch = 16
    /// Whether query images are drawn from all images of a class, those of the support set among
    /// them, as the official code does.
    package var supportRecurs = false
  }

  /// The network below the head.
  package struct Network: Codable, Sendable, Equatable {
    /// The kind of network.
    package var kind = NetworkKind.convolutional
    /// Blocks of the network.
    package var blocks = 4
    /// Filters of a block.
    package var filters = 64
    /// How a block halves its images.
    package var halving = ConvolutionalNetwork.Halving.stride
    /// Zeros around images.
    package var padding = ConvolutionalNetwork.Padding.same
    /// Whether normalisation has a learned scale.
    package var learnsScale = false
    /// Whether the initialisation methods average features over pixels, as the official code does.
    package var averagesPixelsForInitialisation = true
    /// Added to the variance in the normalisation.
    package var epsilon = 1e-5
    /// The share of the newest moments in the running average that evaluation may use.
    package var runningRate = 0.1
  }

  /// The head of representation methods.
  package struct Head: Codable, Sendable, Equatable {
    /// Whether the inner loop's step size is learned with x, from `inner.stepSize` on.
    package var learnsRate = false
  }

  /// Implicit hypergradients.
  package struct Implicit: Codable, Sendable, Equatable {
    /// lambda, the weight of implicit MAML's proximal term.
    package var proximity = 2.0
  }

  /// Reptile's outer loop, which is a gradient step and not Adam.
  package struct Reptile: Codable, Sendable, Equatable {
    /// The outer step size, falling linearly to nothing in the article; here by half a cosine.
    package var learningRate = 1.0
  }

  /// The head of the baseline `ridge-head`, as it starts; both numbers are learned.
  package struct Ridge: Codable, Sendable, Equatable {
    /// The coefficient of the squared norm.
    package var coefficient = 1.0
    /// What outputs, which are near 0 and 1, are multiplied by to be logits.
    package var scale = 10.0
  }

  /// The search that an arm makes on validation classes before its test.
  package struct Tuning: Codable, Sendable, Equatable {
    /// Settings that are tried: for arms that train of `outer.learningRate`, for others of
    /// `inner.stepSize`; the given one, three times and a third of it, nine times, and so on.
    package var trials = 1
  }

  /// What is measured, and how often.
  package struct Evaluation: Codable, Sendable, Equatable {
    /// Outer iterations between validations.
    package var every = 100
    /// Episodes of a validation.
    package var validationEpisodes = 100
    /// Episodes of the test.
    package var testEpisodes = 600
    /// Inner steps beyond T that the test goes on for.
    package var extraSteps = 5
    /// Validations without a better accuracy before training stops; 0 for never.
    package var patience = 0
    /// How images are normalised.
    package var normalisation = NormalisationRule.transductive
  }
}

/// The network below the head.
package enum NetworkKind: String, NamedChoice {
  /// Blocks of convolution, normalisation, ReLU and halving.
  case convolutional
  /// Residual blocks of `filters`, 1.5 `filters`, ..., then `32 filters` and `8 filters` channels: with
  /// 2 blocks of 64 the official code's variant "V2". Halving, padding and scales are its own.
  case residual
}

/// How images are normalised at evaluation.
package enum NormalisationRule: String, NamedChoice {
  /// All query images of a task by their own moments (as the official code does).
  case transductive
  /// Each query image by the moments of the support images and itself.
  case inductive
  /// By a running average of the moments over training.
  case running
}

/// How classes are dealt out.
package enum ClassSplitRule: String, NamedChoice {
  /// Shuffled by `split.seed`: `train`, `validation`, the rest.
  case seeded
  /// The lists of `split.json` beside the classes.
  case file
  /// Omniglot's alphabets as Vinyals et al. divide them: 1,028 / 172 / 423 characters.
  case vinyals
  /// Omniglot's background set, `validation` of it held out by `split.seed`, and its evaluation set.
  case background
}

extension FewShotSettings.Data {
  /// Omniglot's images as the article's network takes them.
  package static var usual: Self { .init() }
}
