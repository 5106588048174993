import Bilevel
import Experiments

/// What somebody would do instead of learning features by bi-level optimisation.
package enum RepresentationBaseline: String, CaseIterable {
  /// The head trained by inner steps on the features as they are drawn.
  case randomFeatures = "random-features"
  /// A ridge head in closed form on the features as they are drawn, fitted to the training and the
  /// validation samples.
  case ridgeHead = "ridge-head"
  /// Extractor and head trained together on the training and the validation samples.
  case jointTraining = "joint-training"

  /// The baseline as records and lists name it.
  package var baseline: Baseline {
    Baseline(
      rawValue, displayName, citation: citation,
      settings: self == .randomFeatures ? ["inner.steps", "inner.stepSize"] : [],
      dynamics: dynamics)
  }

  /// By what it trains: joint training takes steps of Adam on all parameters together.
  private var dynamics: String {
    switch self {
    case .randomFeatures: "gradient-descent"
    case .ridgeHead: "closed-form"
    case .jointTraining: "adam"
    }
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
  package var tuned: String {
    switch self {
    case .randomFeatures: "inner.stepSize"
    case .ridgeHead: "baseline.ridge"
    case .jointTraining: "baseline.learningRate"
    }
  }

  /// The trials of a search of so many: powers of 3, or of 10 for a ridge.
  package func trials(_ count: Int) -> SettingTrials {
    SettingTrials(count, base: self == .ridgeHead ? 10 : 3)
  }

  /// The given setting that trials multiply.
  package func start(_ settings: RepresentationSettings, inner: MethodSettings.Inner) -> Double {
    switch self {
    case .randomFeatures: inner.stepSize
    case .ridgeHead: settings.baseline.ridge
    case .jointTraining: settings.baseline.learningRate
    }
  }
}
