import Bilevel
import Experiments
import Networks

/// What hyper-cleaning adds to the methods' settings, in the order of the pipeline.
package struct CleaningSettings: Codable, Sendable, Equatable {
  /// Which images, and how they are split.
  package var data = Data()
  /// Which training labels are made wrong.
  package var corruption = Corruption()
  /// The lower-level model.
  package var network = Network()
  /// The upper variable.
  package var weights = Weights()
  /// What is measured.
  package var evaluation = Evaluation()
  /// How schedules are found.
  package var tuning = Tuning()
  /// Whether the outer loop stops early.
  package var earlyStopping = EarlyStopping()
  /// The problem that forward mode runs on.
  package var reduced = Reduced()

  /// The settings that are used where nothing is said.
  package init() {}

  /// Which images, and how they are split.
  package struct Data: Codable, Sendable, Equatable {
    /// The data set: `<name>-train.h5` and `<name>-test.h5` in the data folder.
    package var name = "mnist"
    /// How the files become three parts.
    package var split = CleaningSplit.randomWithTestFile
    /// n, training images.
    package var train = 5_000
    /// Clean validation images; 0 means all of the file of their own.
    package var validation = 5_000
    /// A file that the validation images are taken from; unset for the training file.
    package var validationFile: String?
    /// Test images; 0 means all that the split rule leaves.
    package var test = 10_000
  }

  /// Which training labels are made wrong.
  package struct Corruption: Codable, Sendable, Equatable {
    /// The fraction of training labels drawn for corruption; exactly so many of them, rounded down to whole labels.
    package var fraction = 0.5
    /// Which labels they get.
    package var rule = CorruptionRule.alwaysWrong
  }

  /// The lower-level model: softmax regression without hidden layers.
  package struct Network: Codable, Sendable, Equatable {
    /// Widths of hidden layers.
    package var hidden: [Int] = []
    /// The activation of hidden layers.
    package var activation = Activation.rectifier
    /// How y_0 is chosen.
    package var initialization = Initialization.zero
    /// Whether y_0 is drawn afresh in every outer iteration.
    package var redrawnEachIteration = false
  }

  /// The upper variable: one weight per training sample.
  package struct Weights: Codable, Sendable, Equatable {
    /// How x becomes weights.
    package var weighting = SampleWeighting.sigmoid
    /// x_0 for every sample.
    package var start = 0.0
    /// The largest sum of identity weights (Franceschi's R); unset for no constraint.
    package var largestSum: Double?
  }

  /// What is measured, and how often.
  package struct Evaluation: Codable, Sendable, Equatable {
    /// Metrics are recorded every so many outer iterations, and after the last.
    package var every = 1
    /// A sample whose x lies below this is called noisy.
    package var noisyBelow = 0.0
  }

  /// How the tuned baselines, and the final training after every method, find their schedule: the
  /// same grid for all, and the same held-out validation images.
  package struct Tuning: Codable, Sendable, Equatable {
    /// Step sizes on the mean loss. Among clean labels the best step size times number of steps is 200 to
    /// 500, among wrong ones some ten: the grid goes from 3 to 6,000, so that no best lies at its edge.
    package var stepSizes = [0.1, 0.4, 1.6]
    /// Numbers of steps tried with each of them.
    package var steps = [30, 150, 750, 3_750]
    /// The part of the validation images that is held out to choose by; trained on afterwards.
    package var heldOut = 0.2
    /// Folds of `self-confidence`.
    package var folds = 5
    /// Whether every run ends with a training on training and validation samples.
    package var finalTraining = true
  }

  /// Whether the outer loop stops on held-out validation images, which F then does without.
  package struct EarlyStopping: Codable, Sendable, Equatable {
    /// Outer iterations without improvement; unset for no early stopping.
    package var patience: Int?
  }

  /// The problem that forward mode runs on: as many tangents as training samples.
  package struct Reduced: Codable, Sendable, Equatable {
    /// n of the reduced problem.
    package var train = 200
    /// m of the reduced problem.
    package var validation = 200
    /// Whether forward mode runs on the whole problem all the same.
    package var forwardOnWholeProblem = false
  }
}

/// How the two image files become training, validation and test samples.
package enum CleaningSplit: String, NamedChoice {
  /// Training and validation drawn at random from the training file, test from the test file.
  case randomWithTestFile = "random-with-test-file"
  /// All three drawn at random from the training file (IAPTT, BVFIM, PBGD, BOAT).
  case random
  /// The official code's: not shuffled; with n training samples, train[n ..< 2n], then validation,
  /// and everything else, test file included, for testing.
  case officialCode = "official-code"
}

/// Which labels corrupted samples get.
package enum CorruptionRule: String, NamedChoice {
  /// Uniform over the other classes: every corrupted label is wrong.
  case alwaysWrong = "always-wrong"
  /// Uniform over all classes: of ten, one in ten keeps its right label.
  case uniform
}

/// How y_0 is chosen.
package enum Initialization: String, NamedChoice {
  /// All zeros: possible where no hidden layer needs its symmetry broken.
  case zero
  /// Glorot and Bengio 2010, from the run's seed.
  case glorot
}

extension CleaningSettings.Network {
  /// A network with hidden layers, whose y_0 must be drawn at random.
  package init(hidden: [Int], activation: Activation, redrawnEachIteration: Bool = false) {
    self.init(
      hidden: hidden, activation: activation, initialization: .glorot,
      redrawnEachIteration: redrawnEachIteration)
  }
}
