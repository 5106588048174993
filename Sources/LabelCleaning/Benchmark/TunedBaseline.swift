import Experiments

/// What a user would try instead of bi-level optimisation, each with the step size and number of steps
/// that are best on held-out validation images, from one grid for all.
package enum TunedBaseline: String, CaseIterable {
  case noCleaning = "no-cleaning-tuned"
  case validationOnly = "validation-only"
  case filtered
  case lossRanking = "loss-ranking"
  case selfFiltered = "self-filtered"
  case selfConfidence = "self-confidence"
  case oracle = "oracle-tuned"

  /// As the command line and records name it; no setting of a method matters to its own search.
  package var baseline: Baseline {
    Baseline(rawValue, displayName, citation: citation, settings: [])
  }

  private var displayName: String {
    switch self {
    case .noCleaning: "No cleaning, tuned"
    case .validationOnly: "Validation only"
    case .filtered: "Filtered"
    case .lossRanking: "Loss ranking"
    case .selfFiltered: "Self-filtered"
    case .selfConfidence: "Self-confidence"
    case .oracle: "Oracle, tuned"
    }
  }

  private var citation: String {
    switch self {
    case .noCleaning: "baseline: all training labels as they are, at the best schedule"
    case .validationOnly:
      "baseline: the validation images alone, whose classifier ranks training labels by loss"
    case .filtered:
      "baseline: the validation images, and the training samples that validation-only agrees with"
    case .lossRanking:
      "baseline: all training labels as they are, ranked by loss under their own classifier"
    case .selfFiltered:
      "baseline: the training samples that a classifier trained on all of them agrees with"
    case .selfConfidence:
      "confident learning: Northcutt, Jiang and Chuang, JAIR 70, 2021 (arXiv 1911.00068), pruned by "
        + "noise rate, from out-of-fold probabilities"
    case .oracle: "baseline: clean training labels only, at the best schedule"
    }
  }

  /// How it is trained, given which training labels are wrong: the oracle alone looks.
  package func recipe(isNoisy: [Bool], folds: Int) -> LabelNoiseBaseline {
    switch self {
    case .noCleaning: .given(weights: Array(repeating: 1, count: isNoisy.count))
    case .validationOnly: .trustedOnly
    case .filtered: .filtered
    case .lossRanking: .lossRanking
    case .selfFiltered: .selfFiltered
    case .selfConfidence: .selfConfidence(folds: folds)
    case .oracle: .given(weights: isNoisy.map { $0 ? 0 : 1 })
    }
  }
}
