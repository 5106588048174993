import Bilevel
import Experiments
import Networks

/// What hyper-representation adds to the methods' settings, in the order of the pipeline.
package struct RepresentationSettings: Codable, Sendable, Equatable {
  /// Which samples.
  package var data = Data()
  /// Phi.
  package var extractor = Extractor()
  /// The head, and what it is trained to.
  package var head = Head()
  /// Where baselines begin to search.
  package var baseline = BaselineStart()
  /// The search that a baseline makes.
  package var tuning = Tuning()
  /// What is measured.
  package var evaluation = Evaluation()

  /// The settings that are used where nothing is said.
  package init() {}

  /// Which samples.
  package struct Data: Codable, Sendable, Equatable {
    /// Where samples come from.
    package var kind = DataKind.images
    /// Images: `<name>-train.h5` and `<name>-test.h5` in the data folder.
    package var name = "mnist"
    /// Images: training samples per class.
    package var perClass = 5
    /// Images: validation samples, drawn from the rest of the training file.
    package var validation = 500
    /// Images: samples tested on; 0 means the whole test file.
    package var test = 0
    /// Images: whether "test" samples come from the training file too, so that a search of step
    /// sizes does not read the test file.
    package var testsOnTrainingFile = false
    /// Linear: n samples to train and n to validate on.
    package var samples = 500
    /// Linear: p, the inputs.
    package var inputs = 64
    /// Linear: the standard deviation of the noise on the targets.
    package var noise = 0.1

    /// The same with the defaults for what only images read: equal for linear problems of the same
    /// samples.
    package var drawn: Data {
      let unread = Data()
      var result = self
      result.perClass = unread.perClass
      result.validation = unread.validation
      result.test = unread.test
      result.testsOnTrainingFile = unread.testsOnTrainingFile
      return result
    }
  }

  /// Phi: layers followed by the activation, all of them.
  package struct Extractor: Codable, Sendable, Equatable {
    /// The kind of layers.
    package var kind = FeatureExtractor.Kind.fullyConnected
    /// Outputs of each layer: units, the last ones the features, or filters, every pixel of the last
    /// ones a feature.
    package var widths = [256, 256]
    /// The activation of every layer.
    package var activation = Activation.rectifier
    /// Whether layers have a bias.
    package var hasBias = true
    /// How x_0 is drawn.
    package var initialization = FeatureExtractor.Initialization.glorot
  }

  /// The head, and what it is trained to.
  package struct Head: Codable, Sendable, Equatable {
    /// The loss of the head.
    package var loss = HeadLoss.leastSquares
    /// The coefficient of |y|^2 / 2 in f.
    package var ridge = 0.0
    /// e in targets (1 - e) one-hot + e / classes.
    package var smoothing = 0.0
    /// The standard deviation of the entries of y_0.
    package var initialDeviation = 0.1
    /// Which draw of y_0 under the run's seed.
    package var draw = 0
    /// The factor of the data term in F.
    package var upperFactor = 1.0
    /// The factor of the data term in the f that implicit, one-stage and value-function methods
    /// differentiate, and that is measured with them. The inner loop descends f with factor 1 always, so
    /// that methods that differentiate the loop itself (reverse and forward modes) do not read it.
    package var differentiatedFactor = 1.0
  }

  /// Where baselines begin to search.
  package struct BaselineStart: Codable, Sendable, Equatable {
    /// The coefficient of |y|^2 / 2 of `ridge-head`.
    package var ridge = 0.01
    /// Adam's learning rate in `joint-training`.
    package var learningRate = 0.001
    /// Adam's steps in `joint-training`, on all samples each.
    package var iterations = 300
  }

  /// The search that a baseline makes on held-out samples.
  package struct Tuning: Codable, Sendable, Equatable {
    /// Settings that are tried, as many as cells in the search of the methods' step sizes: the start,
    /// b times and a b-th of it, b^2 times, and so on; b = 3, for a ridge 10.
    package var trials = 6
  }

  /// What is measured, and how often.
  package struct Evaluation: Codable, Sendable, Equatable {
    /// Metrics are recorded every so many outer iterations, and after the last.
    package var every = 10
    /// The initial heads over which spreads are taken at the end; 0 for none.
    package var heads = 5
  }
}

/// Where samples come from.
package enum DataKind: String, NamedChoice {
  /// Gaussian inputs, targets made by a true representation and head.
  case linear
  /// Image files.
  case images
}

extension RepresentationSettings {
  /// What records call the samples of `data.kind` linear.
  package static let linearName = "linear-synthetic"

  /// Whether f is least squares with a ridge, so that exact hypergradients are known.
  package var hasExactHypergradient: Bool { head.loss == .leastSquares && head.ridge > 0 }

  /// Whether S(x) is meant to be more than one point.
  package var isSetValued: Bool { head.ridge == 0 }

  /// The names of the extractor's parameters, in order.
  package var extractorNames: [String] {
    extractor.widths.indices.flatMap { layer in
      ["weights\(layer + 1)"] + (extractor.hasBias ? ["bias\(layer + 1)"] : [])
    }
  }

  /// Phi for inputs of the given height, width and channels.
  package func featureExtractor(inputShape: [Int]) -> FeatureExtractor {
    FeatureExtractor(
      extractor.kind, inputShape: inputShape, widths: extractor.widths,
      activation: extractor.activation, hasBias: extractor.hasBias,
      initialization: extractor.initialization)
  }
}
