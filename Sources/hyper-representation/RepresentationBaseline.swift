import Bilevel
import Experiments

/// What somebody would do instead of learning features by bi-level optimisation.
enum RepresentationBaseline: String, CaseIterable {
  /// The head trained by inner steps on the features as they are drawn.
  case randomFeatures = "random-features"
  /// A ridge head in closed form on the features as they are drawn, fitted to the training and the
  /// validation samples.
  case ridgeHead = "ridge-head"
  /// Extractor and head trained together on the training and the validation samples.
  case jointTraining = "joint-training"

  /// The baseline as records and lists name it.
  var baseline: Baseline {
    Baseline(
      rawValue, displayName, citation: citation,
      settings: self == .randomFeatures ? ["inner.steps", "inner.stepSize"] : [])
  }

  private var displayName: String {
    switch self {
    case .randomFeatures: "Random features"
    case .ridgeHead: "Ridge head"
    case .jointTraining: "Joint training"
    }
  }

  private var citation: String {
    switch self {
    case .randomFeatures: "baseline: the trained head on the features as they are drawn"
    case .ridgeHead:
      "baseline: ridge regression on the features as they are drawn, training and validation samples "
        + "together (random features: Rahimi and Recht, NeurIPS 2007)"
    case .jointTraining:
      "baseline: ordinary training of extractor and head on training and validation samples together"
    }
  }

  /// The setting that its trials differ in.
  var tuned: String {
    switch self {
    case .randomFeatures: "inner.stepSize"
    case .ridgeHead: "baseline.ridge"
    case .jointTraining: "baseline.learningRate"
    }
  }

  /// What a trial multiplies the given setting by: 1, b, 1/b, b^2, ... with b = 3, or 10 for a ridge.
  func factor(of trial: Int) -> Double {
    let base = self == .ridgeHead ? 10.0 : 3.0
    let size = (0..<(trial + 1) / 2).reduce(1.0) { size, _ in base * size }
    return trial.isMultiple(of: 2) ? 1 / size : size
  }

  /// The given setting that trials multiply.
  func start(_ settings: RunSettings<RepresentationSettings>) -> Double {
    switch self {
    case .randomFeatures: settings.inner.stepSize
    case .ridgeHead: settings.baseline.ridge
    case .jointTraining: settings.baseline.learningRate
    }
  }
}
