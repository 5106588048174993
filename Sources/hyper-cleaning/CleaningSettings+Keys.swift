import Bilevel
import Experiments
import LabelCleaning

/// What the settings of hyper-cleaning may be: each key, and what does not go together.
extension CleaningSettings: OwnSettings {
  /// Every key, with its meaning, unit and range.
  package static let keys: [SettingKey<CleaningSettings>] = [
    SettingKey("data.name", "the data set", wanted: "a name", { $0.data.name }) { !$0.isEmpty },
    .choice("data.split", "how the files become training, validation and test samples") {
      $0.data.split
    },
    .whole("data.train", "n, training samples", 1...100_000_000) { $0.data.train },
    .whole(
      "data.validation",
      "m, clean validation samples; 0 means all of data.validationFile", 0...100_000_000
    ) { $0.data.validation },
    SettingKey(
      "data.validationFile",
      "an HDF5 file that the validation samples are drawn from; null for the training file",
      wanted: "the path of a file, or null", { $0.data.validationFile ?? "null" }
    ) { !$0.isEmpty },
    .whole("data.test", "test samples; 0 means all that are left", 0...100_000_000) {
      $0.data.test
    },
    .fraction("corruption.fraction", "training labels drawn for corruption") {
      $0.corruption.fraction
    },
    .choice("corruption.rule", "which labels corrupted samples get") { $0.corruption.rule },
    SettingKey(
      "network.hidden", "widths of hidden layers; none is softmax regression",
      wanted: "a list of widths from 1 to 100000", { $0.network.hidden }
    ) { $0.allSatisfy { (1...100_000).contains($0) } },
    .choice("network.activation", "the activation of hidden layers") { $0.network.activation },
    .choice("network.initialization", "how y_0 is chosen") { $0.network.initialization },
    .flag("network.redrawnEachIteration", "whether y_0 is drawn afresh in every outer iteration") {
      $0.network.redrawnEachIteration
    },
    SettingKey(
      "weights.weighting", "how x becomes weights", wanted: "sigmoid or identity",
      { $0.weights.weighting.rawValue }
    ) { $0 != SampleWeighting.uniform.rawValue },
    .finite("weights.start", "x_0 for every sample") { $0.weights.start },
    .optionalPositive(
      "weights.largestSum", "the largest sum of identity weights (Franceschi's R); null for none"
    ) { $0.weights.largestSum },
    .whole(
      "evaluation.every", "outer iterations between measurements", 1...1_000_000_000
    ) { $0.evaluation.every },
    .finite("evaluation.noisyBelow", "a sample whose x lies below this is called noisy") {
      $0.evaluation.noisyBelow
    },
    SettingKey(
      "tuning.stepSizes", "step sizes tried for tuned baselines and the final training",
      wanted: "a list of different positive finite numbers", { $0.tuning.stepSizes }
    ) { sizes in
      !sizes.isEmpty && sizes.allSatisfy { $0.isFinite && $0 > 0 }
        && Set(sizes).count == sizes.count
    },
    SettingKey(
      "tuning.steps", "numbers of steps tried with each of them", unit: "count",
      wanted: "a list of different whole numbers from 1 to 10000000", { $0.tuning.steps }
    ) { steps in
      !steps.isEmpty && steps.allSatisfy { (1...10_000_000).contains($0) }
        && Set(steps).count == steps.count
    },
    .fraction(
      "tuning.heldOut",
      "validation samples held out to choose by, at least one; early stopping uses the same"
    ) { $0.tuning.heldOut },
    .whole("tuning.folds", "folds of self-confidence", 2...1_000) { $0.tuning.folds },
    .flag(
      "tuning.finalTraining",
      "whether a last training on weighted training samples and all validation samples is measured"
    ) { $0.tuning.finalTraining },
    .optionalWhole(
      "earlyStopping.patience",
      "outer iterations without better accuracy on held-out validation samples before the loop "
        + "stops; the best point counts, and F does without these samples; null for none",
      1...1_000_000_000
    ) { $0.earlyStopping.patience },
    .whole("reduced.train", "training samples of the reduced problem", 1...100_000_000) {
      $0.reduced.train
    },
    .whole("reduced.validation", "validation samples of the reduced problem", 1...100_000_000) {
      $0.reduced.validation
    },
    .flag("reduced.forwardOnWholeProblem", "whether forward mode runs on the whole problem") {
      $0.reduced.forwardOnWholeProblem
    },
  ]

  /// Whether there is a hidden layer to activate, a draw to repeat, and a label to make wrong.
  package func hasEffect(_ key: String) -> Bool {
    switch key {
    case "network.activation": !network.hidden.isEmpty
    case "network.redrawnEachIteration": network.initialization != .zero
    case "corruption.rule": corruption.fraction > 0
    default: true
    }
  }

  /// What does not go together.
  package static func conflict(in settings: RunSettings<CleaningSettings>) -> String? {
    let (network, weights) = (settings.network, settings.weights)
    if !network.hidden.isEmpty, network.initialization == .zero {
      return "The setting network.initialization is zero but must be glorot where there are hidden "
        + "layers, whose units would never differ otherwise"
    }
    if network.redrawnEachIteration, settings.inner.startsWarm {
      return "The setting inner.startsWarm is true but must be false where "
        + "network.redrawnEachIteration is true, because both choose y_0"
    }
    if settings.data.validation == 0, settings.data.validationFile == nil {
      return "The setting data.validation is 0 but must be a whole number from 1 where "
        + "data.validationFile is null"
    }
    if settings.earlyStopping.patience != nil, settings.data.validation == 1 {
      return "The setting data.validation is 1 but must be a whole number from 2 where "
        + "earlyStopping.patience is set, because one of them is held out"
    }
    if let sum = weights.largestSum, weights.weighting == .sigmoid {
      return "The setting weights.largestSum is \(sum) but must be null where weights.weighting is "
        + "sigmoid, because it bounds the sum of identity weights"
    }
    if weights.weighting == .identity, !(0...1).contains(weights.start) {
      return "The setting weights.start is \(weights.start) but must be a number from 0 to 1 where "
        + "weights.weighting is identity, because that is where such weights lie"
    }
    return nil
  }
}
