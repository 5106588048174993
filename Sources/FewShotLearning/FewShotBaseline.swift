import Bilevel
import Experiments

/// What somebody would do instead of learning by bi-level optimisation.
package enum FewShotBaseline: String, CaseIterable {
  case rawPixels = "raw-pixels"
  case untrained
  case prototypes
  case ridgeHead = "ridge-head"
  case supervised

  /// The baseline as records and lists name it.
  package var baseline: Baseline {
    Baseline(
      rawValue, displayName, citation: citation,
      settings: (hasInnerLoop ? ["inner.steps", "inner.stepSize"] : [])
        + (trains ? OuterSettings.keys.map(\.name) : []),
      dynamics: hasInnerLoop ? "gradient-descent" : "closed-form")
  }

  private var displayName: String {
    switch self {
    case .rawPixels: "Raw pixels"
    case .untrained: "Untrained network"
    case .prototypes: "Prototypes"
    case .ridgeHead: "Ridge head"
    case .supervised: "Supervised features"
    }
  }

  private var citation: String {
    switch self {
    case .rawPixels: "baseline: the head on the pixels themselves, nothing learned before the task"
    case .untrained: "baseline: the head on the network as it is drawn"
    case .prototypes: "baseline: class means as the head; Snell, Swersky and Zemel, NeurIPS 2017"
    case .ridgeHead:
      "baseline: ridge regression as the head; Bertinetto, Henriques, Torr and Vedaldi, ICLR 2019"
    case .supervised:
      "baseline: classification into all training classes, then the head; Chen, Liu, Kira, Wang and "
        + "Huang, ICLR 2019"
    }
  }

  /// Whether there is an outer loop.
  package var trains: Bool { self != .rawPixels && self != .untrained }

  /// Whether the head is fitted by inner steps.
  package var hasInnerLoop: Bool { self != .prototypes && self != .ridgeHead }
}
