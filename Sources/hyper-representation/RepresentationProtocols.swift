import Bilevel
import Experiments
import RepresentationLearning

/// A named preset with its source.
enum RepresentationProtocol: String, ExperimentPreset {
  case pzobo64 = "pzobo2022-64"
  case pzobo128 = "pzobo2022-128"
  case pzoboDeep = "pzobo2022-deep"
  case pzobo64FactorTwo = "pzobo2022-64-factor-two"
  case pzobo128FactorTwo = "pzobo2022-128-factor-two"
  case fewLabels = "few-labels"
  case fewLabelsConvolutional = "few-labels-convolutional"
  case setLeastSquares = "set-valued-least-squares"
  case setCrossEntropy = "set-valued-cross-entropy"

  /// One line: what the preset fixes.
  var summary: String {
    switch self {
    case .pzobo64: "linear, p = 64, d = 128, n = 500, ridge 0.1, K = 20, Adam 0.05, 100 steps"
    case .pzobo128: "linear, p = 128, d = 256, n = 1,000, ridge 0.1, K = 20, Adam 0.05, 150 steps"
    case .pzoboDeep:
      "two sigmoid layers, p = 256, q = 512, d = 256, n = 5,000, ridge 0.001, K = 10, Adam 0.01"
    case .pzobo64FactorTwo:
      "pzobo2022-64 with a factor 2 between levels: F, and the f that CG and fixed point differentiate "
        + "and record, have half the data term that the inner loop descends"
    case .pzobo128FactorTwo: "pzobo2022-128 with the same factor 2"
    case .fewLabels:
      "images, two layers of 256 units, softmax head with ridge 0.001, 10 labels per class"
    case .fewLabelsConvolutional:
      "few-labels with two convolutions of 16 and 32 filters, 3 x 3, in steps of two pixels"
    case .setLeastSquares:
      "images, more features than samples, least squares on one-hot targets, no ridge: S(x) affine"
    case .setCrossEntropy:
      "images, more features than samples, cross-entropy with smoothed labels, no ridge: S(x) convex"
    }
  }

  /// Where the preset comes from.
  var source: String {
    switch self {
    case .pzobo64, .pzobo128:
      "Sow, Ji and Liang, NeurIPS 2022; sowmaster/esjacobians HyperRepresentation.ipynb"
    case .pzoboDeep:
      "Sow, Ji and Liang, NeurIPS 2022; sowmaster/esjacobians DeepHyperRepresentation.ipynb"
    case .pzobo64FactorTwo, .pzobo128FactorTwo:
      "ours: reads (0.5 * norm(r)**2) in the same notebook as (0.5 norm(r))**2, which it is not; its "
        + "stored losses are those of the problem without the factor, see "
        + "experiments/hyper-representation"
    case .fewLabels, .fewLabelsConvolutional:
      "ours, after the hyper-representation of Franceschi et al., ICML 2018; step sizes chosen on "
        + "held-out training images, see experiments/hyper-representation"
    case .setLeastSquares, .setCrossEntropy:
      "ours: the question of arXiv 2102.07976 put to image data; step sizes chosen on "
        + "held-out training images, see experiments/hyper-representation"
    }
  }

  /// The preset's settings under a budget.
  func settings(_ budget: Budget) -> RunSettings<RepresentationSettings> {
    published.within(budget, iterations: 100) { $0.shrinkToSmoke() }
  }

  private var published: RunSettings<RepresentationSettings> {
    var settings = RunSettings(RepresentationSettings())
    settings.aggregation.upperStepSize = 0.1
    switch self {
    case .pzobo64, .pzobo64FactorTwo: settings.useLinear(inputs: 64, features: [128], samples: 500)
    case .pzobo128, .pzobo128FactorTwo:
      settings.useLinear(inputs: 128, features: [256], samples: 1_000)
      settings.outer.iterations = 150
    case .pzoboDeep:
      settings.useLinear(inputs: 256, features: [512, 256], samples: 5_000)
      settings.extractor.activation = .sigmoid
      settings.head.ridge = 0.001
      settings.inner.steps = 10
      settings.solver.steps = 10
      settings.outer.learningRate = 0.01
      settings.evaluation.every = 5
    case .fewLabels, .fewLabelsConvolutional:
      settings.data.perClass = 10
      settings.outer.learningRate = 0.0003
      settings.head.loss = .crossEntropy
      settings.head.ridge = 0.001
      if self == .fewLabelsConvolutional {
        settings.extractor.kind = .convolutional
        settings.extractor.widths = [16, 32]
        settings.outer.learningRate = 0.003
      }
    case .setLeastSquares:
      settings.aggregation.upperStepSize = 0.5
      settings.solver.damping = 0.1
    case .setCrossEntropy:
      settings.solver.damping = 0.01
      settings.head.loss = .crossEntropy
      settings.head.smoothing = 0.1
      settings.inner.stepSize = 0.5
      settings.aggregation.upperStepSize = 0.5
      settings.outer.learningRate = 0.0003
    }
    if self == .pzobo64FactorTwo || self == .pzobo128FactorTwo {
      settings.head.upperFactor = 0.5
      settings.head.differentiatedFactor = 0.5
    }
    return settings
  }
}

extension RunSettings<RepresentationSettings> {
  /// The linear problem of Sow, Ji and Liang 2022, with the settings of their notebook.
  mutating func useLinear(inputs: Int, features: [Int], samples: Int) {
    self.data.kind = .linear
    self.data.name = RepresentationSettings.linearName
    self.data.inputs = inputs
    self.data.samples = samples
    self.extractor.widths = features
    self.extractor.activation = .identity
    self.extractor.hasBias = false
    self.extractor.initialization = .standardNormal
    self.head.ridge = 0.1
    self.head.initialDeviation = 1
    self.inner.steps = 20
    self.inner.stepSize = 0.001
    self.aggregation.upperStepSize = 0.001
    self.solver.steps = 20
    outer.learningRate = 0.05
    outer.iterations = 100
    self.evaluation.every = 1
    self.evaluation.heads = 0
  }

  /// Small data and few iterations: every method in a second or so.
  mutating func shrinkToSmoke() {
    switch self.data.kind {
    case .linear:
      self.data.inputs = 8
      self.data.samples = 64
      self.extractor.widths = self.extractor.widths.count > 1 ? [12, 16] : [16]
      outer.iterations = 30
      self.baseline.iterations = 50
      self.inner.stepSize = 0.01
      self.aggregation.upperStepSize = 0.01
    case .images:
      self.data.name = "synthetic-digits"
      self.data.perClass = min(self.data.perClass, 3)
      self.data.validation = 100
      self.data.test = 500
      self.extractor.widths = self.extractor.kind == .convolutional ? [4, 8] : [32, 48]
      self.inner.steps = min(self.inner.steps, 30)
      outer.iterations = 15
      self.baseline.iterations = 50
      self.evaluation.every = 5
      self.evaluation.heads = min(self.evaluation.heads, 3)
    }
  }
}
