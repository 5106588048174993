import Experiments

extension FewShotSettings {
  /// Throws the first setting that makes no sense, with what it must be.
  func validate() throws(ConfigurationError) {
    try require(!data.name.isEmpty, "data.name", data.name, "the name of a data set or a folder")
    try require((4...256).contains(data.side), "data.side", data.side, "from 4 to 256")
    try require(
      data.channels == 1 || data.channels == 3, "data.channels", data.channels, "1 or 3")
    try require(split.train >= 1, "split.train", split.train, "at least 1")
    try require(split.validation >= 1, "split.validation", split.validation, "at least 1")
    try require(split.seed >= 0, "split.seed", split.seed, "at least 0")
    try require(task.ways >= 2, "task.ways", task.ways, "at least 2")
    try require(task.shots >= 1, "task.shots", task.shots, "at least 1")
    try require(task.queries >= 1, "task.queries", task.queries, "at least 1")
    try require(network.blocks >= 1, "network.blocks", network.blocks, "at least 1")
    try require(network.filters >= 1, "network.filters", network.filters, "at least 1")
    let shrinks =
      data.side >> network.blocks >= 1
      || network.halving == .stride && network.kind == .convolutional
    try require(
      shrinks, "network.blocks", network.blocks, "few enough to leave a pixel of data.side")
    try requirePositive(network.epsilon, "network.epsilon")
    try require(
      network.runningRate > 0 && network.runningRate <= 1, "network.runningRate",
      network.runningRate, "above 0 and at most 1")
    try require(inner.steps >= 1, "inner.steps", inner.steps, "at least 1")
    try requirePositive(inner.stepSize, "inner.stepSize")
    try requirePositive(aggregation.upperStepSize, "aggregation.upperStepSize")
    try require(
      (0...1).contains(aggregation.alpha), "aggregation.alpha", aggregation.alpha,
      "between 0 and 1")
    if let history = truncation.history {
      try require(history >= 1, "truncation.history", history, "at least 1")
    }
    try require(
      implicit.solverSteps >= 1, "implicit.solverSteps", implicit.solverSteps, "at least 1")
    try requirePositive(implicit.proximity, "implicit.proximity")
    try require(upper.metaBatch >= 1, "upper.metaBatch", upper.metaBatch, "at least 1")
    try requirePositive(upper.learningRate, "upper.learningRate")
    try require(
      upper.inverseTimeDecay >= 0 && upper.inverseTimeDecay.isFinite, "upper.inverseTimeDecay",
      upper.inverseTimeDecay, "at least 0")
    try require(
      upper.clipNorm >= 0 && upper.clipNorm.isFinite, "upper.clipNorm", upper.clipNorm,
      "at least 0")
    try require(upper.iterations >= 1, "upper.iterations", upper.iterations, "at least 1")
    try requirePositive(reptile.learningRate, "reptile.learningRate")
    try require(evaluation.every >= 1, "evaluation.every", evaluation.every, "at least 1")
    try require(
      evaluation.validationEpisodes >= 1, "evaluation.validationEpisodes",
      evaluation.validationEpisodes, "at least 1")
    try require(
      evaluation.testEpisodes >= 1, "evaluation.testEpisodes", evaluation.testEpisodes,
      "at least 1")
    try require(
      evaluation.extraSteps >= 0, "evaluation.extraSteps", evaluation.extraSteps, "at least 0")
    try require(evaluation.patience >= 0, "evaluation.patience", evaluation.patience, "at least 0")
    try require(
      evaluation.checkpointEvery >= 1, "evaluation.checkpointEvery", evaluation.checkpointEvery,
      "at least 1")
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
