import Experiments

extension RepresentationSettings {
  /// Throws the first setting that makes no sense, with what it must be.
  func validate() throws(ConfigurationError) {
    try requireAtLeast(1, data.perClass, "data.perClass")
    try requireAtLeast(1, data.validation, "data.validation")
    try requireAtLeast(0, data.test, "data.test")
    try requireAtLeast(1, data.samples, "data.samples")
    try requireAtLeast(1, data.inputs, "data.inputs")
    try requireNotNegative(data.noise, "data.noise")
    try require(
      !extractor.widths.isEmpty && extractor.widths.allSatisfy { $0 >= 1 }, "extractor.widths",
      extractor.widths, "a list of positive widths, the last one the number of features")
    try require(
      data.kind == .images || extractor.kind == .fullyConnected, "extractor.kind",
      extractor.kind.rawValue, "fully-connected where data.kind is linear, which has no pixels")
    try requireNotNegative(head.ridge, "head.ridge")
    try requireNotNegative(head.initialDeviation, "head.initialDeviation")
    try requireAtLeast(0, head.draw, "head.draw")
    try requirePositive(head.upperFactor, "head.upperFactor")
    try requirePositive(head.differentiatedFactor, "head.differentiatedFactor")
    try require(
      (0..<1).contains(head.smoothing), "head.smoothing", head.smoothing, "in [0, 1)")
    try require(
      data.kind == .images || head.loss == .leastSquares, "head.loss", head.loss.rawValue,
      "least-squares where data.kind is linear, whose targets are numbers")
    try require(
      head.loss == .leastSquares || head.ridge > 0 || head.smoothing > 0, "head.smoothing",
      head.smoothing,
      "positive (or head.ridge must be) with cross-entropy, because on separable features plain "
        + "cross-entropy has no minimiser, so that S(x) would be empty")
    try requireAtLeast(1, inner.steps, "inner.steps")
    try requirePositive(inner.stepSize, "inner.stepSize")
    try requirePositive(aggregation.upperStepSize, "aggregation.upperStepSize")
    try require(
      (0...1).contains(aggregation.alpha), "aggregation.alpha", aggregation.alpha,
      "between 0 and 1")
    if let history = truncation.history { try requireAtLeast(1, history, "truncation.history") }
    try requireAtLeast(1, solver.steps, "solver.steps")
    try requirePositive(upper.learningRate, "upper.learningRate")
    try requireAtLeast(1, upper.iterations, "upper.iterations")
    try requireAtLeast(1, evaluation.every, "evaluation.every")
    try requireAtLeast(0, evaluation.heads, "evaluation.heads")
    try details.validate()
    try outer.validate()
  }

  private func requireAtLeast(_ least: Int, _ value: Int, _ key: String) throws(ConfigurationError)
  {
    try require(value >= least, key, value, "at least \(least)")
  }

  private func requirePositive(_ value: Double, _ key: String) throws(ConfigurationError) {
    try require(value.isFinite && value > 0, key, value, "a positive finite number")
  }

  private func requireNotNegative(_ value: Double, _ key: String) throws(ConfigurationError) {
    try require(value.isFinite && value >= 0, key, value, "a finite number of at least 0")
  }

  private func require(
    _ condition: Bool, _ key: String, _ value: Any, _ wanted: String
  ) throws(ConfigurationError) {
    guard !condition else { return }
    throw ConfigurationError(
      .invalidOption,
      "The setting \(key) is \(value) but must be \(wanted); correct it with --set \(key)=... or in "
        + "the configuration file.")
  }
}
