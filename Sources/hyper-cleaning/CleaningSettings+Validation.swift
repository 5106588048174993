import Experiments

extension CleaningSettings {
  /// Throws the first setting that makes no sense, with what it must be.
  func validate() throws(ConfigurationError) {
    try require(data.train >= 1, "data.train", data.train, "at least 1")
    try require(data.validation >= 1, "data.validation", data.validation, "at least 1")
    try require(data.test >= 0, "data.test", data.test, "at least 0 (0 means all that are left)")
    try require(
      (0...1).contains(corruption.fraction), "corruption.fraction", corruption.fraction,
      "between 0 and 1")
    try require(
      network.hidden.allSatisfy { $0 >= 1 }, "network.hidden", network.hidden,
      "a list of positive widths")
    try require(
      network.hidden.isEmpty || network.initialization != .zero, "network.initialization", "zero",
      "glorot where there are hidden layers, whose units would never differ otherwise")
    try require(
      !(network.redrawnEachIteration && inner.startsWarm), "inner.startsWarm", true,
      "false where network.redrawnEachIteration is true, because both choose y_0")
    try require(inner.steps >= 1, "inner.steps", inner.steps, "at least 1")
    try requirePositive(inner.stepSize, "inner.stepSize")
    try requirePositive(aggregation.upperStepSize, "aggregation.upperStepSize")
    if let size = aggregation.lowerStepSize {
      try requirePositive(size, "aggregation.lowerStepSize")
    }
    try require(
      (0...1).contains(aggregation.alpha), "aggregation.alpha", aggregation.alpha,
      "between 0 and 1")
    if let history = truncation.history {
      try require(history >= 1, "truncation.history", history, "at least 1")
    }
    try require(upper.weighting != .uniform, "upper.weighting", "uniform", "sigmoid or identity")
    try require(upper.start.isFinite, "upper.start", upper.start, "finite")
    if let sum = upper.largestSum { try requirePositive(sum, "upper.largestSum") }
    try requirePositive(upper.learningRate, "upper.learningRate")
    try require(
      upper.inverseTimeDecay >= 0 && upper.inverseTimeDecay.isFinite, "upper.inverseTimeDecay",
      upper.inverseTimeDecay, "at least 0")
    try require(
      (0..<1).contains(upper.momentum), "upper.momentum", upper.momentum, "in [0, 1)")
    try require(upper.iterations >= 1, "upper.iterations", upper.iterations, "at least 1")
    try require(evaluation.every >= 1, "evaluation.every", evaluation.every, "at least 1")
    try require(
      evaluation.noisyBelow.isFinite, "evaluation.noisyBelow", evaluation.noisyBelow, "finite")
    try require(reduced.train >= 1, "reduced.train", reduced.train, "at least 1")
    try require(reduced.validation >= 1, "reduced.validation", reduced.validation, "at least 1")
    try require(
      reduced.tangentsPerBlock >= 1, "reduced.tangentsPerBlock", reduced.tangentsPerBlock,
      "at least 1")
    try details.validate()
    try outer.validate()
  }

  private func requirePositive(_ value: Double, _ key: String) throws(ConfigurationError) {
    try require(value.isFinite && value > 0, key, value, "a positive finite number")
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
