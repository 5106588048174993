import Bilevel
import Experiments

/// What frames the methods: training without an outer loop.
extension Cleaning {
  /// Training on all labels as they are, every weight as the methods start with.
  static let noCleaning = Baseline(
    "no-cleaning", "No cleaning", citation: "baseline: all training labels as they are")
  /// Training on the clean labels alone: weight 1 for clean samples, 0 for noisy ones.
  static let oracle = Baseline(
    "oracle", "Oracle",
    citation: "baseline: clean training labels only (Franceschi et al., ICML 2017)")
  /// BDA's inner loop with every weight as it starts: what BDA gains from y's descent on the
  /// validation loss, without any cleaning.
  static let fixedWeights = Baseline(
    "fixed-weights-bda", "BDA, fixed weights",
    citation:
      "control: the inner dynamics of Liu et al., ICML 2020, with all sample weights as they "
      + "start",
    settings: ["inner.steps", "inner.stepSize"] + NamedDescentAggregation().settings,
    dynamics: NamedDescentAggregation().name)
}
