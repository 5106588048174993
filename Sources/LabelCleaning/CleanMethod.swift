/// A way of finding the wrong labels of data whose noise is not known.
package enum CleanMethod: String, CaseIterable, Sendable {
  /// Whichever of the others (but `rhg`) predicts held-out checked samples best.
  case auto
  /// A model of the checked samples alone judges all others.
  case validationOnly = "validation-only"
  /// Models of the training samples judge those that they were not trained on.
  case selfConfidence = "self-confidence"
  /// As `self-confidence`; then models of the believed samples and the checked ones judge again.
  case selfFiltered = "self-filtered"
  /// As `validation-only`; then models of the believed samples and the checked ones judge again.
  case filtered
  /// Weights learned by bi-level optimisation, with reverse hypergradients; then models of the samples so
  /// weighted and of the checked ones judge.
  case rhg

  /// What is tried by `auto`.
  static let candidates: [CleanMethod] = [
    .validationOnly, .selfConfidence, .selfFiltered, .filtered,
  ]

  /// What is trained for it, in order. The step size is chosen with `validation-only`, and
  /// `self-confidence` is what ranking without any checked sample would give: both always come along.
  package var tried: [CleanMethod] {
    switch self {
    case .auto: Self.candidates
    case .rhg: [.validationOnly, .selfConfidence, .rhg]
    default:
      Self.candidates.filter {
        $0 == self || $0 == .selfConfidence || $0 == .validationOnly
      }
    }
  }

  /// What it does, for people.
  package var summary: String {
    switch self {
    case .auto: "the best of the next four on held-out checked samples"
    case .validationOnly: "a model of the checked samples alone"
    case .selfConfidence: "models of the training samples as they are labelled, out of fold"
    case .selfFiltered: "models of what self-confidence believes, and of the checked samples"
    case .filtered: "models of what validation-only believes, and of the checked samples"
    case .rhg: "models of weights learned by reverse hypergradients, and of the checked samples"
    }
  }

  /// Where it comes from.
  package var citation: String {
    switch self {
    case .auto: "chosen on held-out checked samples"
    case .validationOnly: "baseline: ranking by the loss of a model of the clean samples"
    case .selfConfidence: "Northcutt, Jiang and Chuang, JAIR 70, 2021, section 3.2"
    case .selfFiltered: "baseline: self-training on what a first model believes"
    case .filtered: "baseline: training on what a model of the clean samples believes"
    case .rhg: "Franceschi, Donini, Frasconi and Pontil, ICML 2017, section 5.1"
    }
  }
}
