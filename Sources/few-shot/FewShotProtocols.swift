import Bilevel
import Experiments
import FewShotLearning

/// A named preset with its source: which data, network, inner and outer loop.
enum FewShotProtocol: String, ExperimentPreset {
  case icml2020
  case officialCode = "official-code"
  case franceschi2018
  case implicitMAML2019 = "imaml2019"
  case cifarFS = "cifar-fs"
  case officialResidual = "official-code-v2"

  /// One line: what the preset fixes.
  var summary: String {
    switch self {
    case .icml2020:
      "Omniglot, 64 filters with stride 2, T = 5, s_l = 0.1, meta-batch 16, Adam 0.001, alpha 0.6 / k"
    case .officialCode:
      "as the official runs: schedule alpha 0.9^(k-1), learned inner rate, support images that recur "
        + "as queries, epsilon 0.001, one-bit images, 50,000 iterations"
    case .franceschi2018: "Omniglot, T = 4, meta-batch 4, early stopping"
    case .implicitMAML2019: "Omniglot, max-pooling, T = 16, s_l = 0.1, lambda 2, 5 solver steps"
    case .officialResidual:
      "icml2020 with the official code's schedule and residual network V2 (64 and 96 filters)"
    case .cifarFS: "CIFAR-FS classes (150 images each), 32 filters with max-pooling, RGB"
    }
  }

  /// Where the preset comes from.
  var source: String {
    switch self {
    case .icml2020:
      "arXiv 2006.04045, table 3 (as recalled, to be checked against the PDF); settings of "
        + "vis-opt-group/BDA test_script/Few_shot.py"
    case .officialCode:
      "vis-opt-group/BDA test_script/Few_shot.py and script_helper.py, boml/lower_iter/aggr.py; "
        + "learned rate and patience of 40 validations: lucfra/FAR-HO"
    case .officialResidual:
      "vis-opt-group/BDA test_script/Few_shot.py, boml/setup_model/meta_repr_v2.py"
    case .franceschi2018:
      "lucfra/FAR-HO far_ho/examples/hyper_representation.py, but with a fixed inner step size (its own is "
        + "learned: head.learnsRate) and validation every 100 iterations of at most 5,000 (its own 1,000)"
    case .implicitMAML2019: "prolearner/hypertorch examples/iMAML.py"
    case .cifarFS:
      "network and rates of vis-opt-group/BDA's miniImageNet setting; split of tristandeleu/"
        + "pytorch-meta; not comparable with published CIFAR-FS numbers (600 images per class)"
    }
  }

  /// The preset's settings under a budget.
  func settings(_ budget: Budget) -> RunSettings<FewShotSettings> {
    var settings = published
    switch budget {
    case .paper: break
    case .short:
      settings.outer.iterations = min(settings.outer.iterations, 500)
      settings.task.metaBatch = min(settings.task.metaBatch, 8)
      // Or there would be one validation, and nothing to choose the tested x among.
      settings.evaluation.every = min(settings.evaluation.every, 100)
    case .smoke: settings.shrinkToSmoke()
    }
    return settings
  }

  private var published: RunSettings<FewShotSettings> {
    var settings = FewShotSettings.usual
    switch self {
    case .icml2020: break
    case .officialCode: settings.followOfficialRuns()
    case .officialResidual:
      settings.aggregation.schedule = .officialCode
      settings.network.kind = .residual
      settings.network.blocks = 2
    case .franceschi2018:
      settings.inner.steps = 4
      settings.task.metaBatch = 4
      settings.outer.iterations = 5_000
      settings.evaluation.patience = 40
    case .implicitMAML2019:
      settings.network.halving = .maximumPooling
      settings.network.averagesPixelsForInitialisation = false
      settings.inner.steps = 16
      settings.outer.iterations = 5_000
    case .cifarFS:
      settings.data.name = "cifar-fs"
      settings.data.side = 32
      settings.data.channels = 3
      settings.data.inverts = false
      settings.data.rotationsAreClasses = false
      settings.split.rule = .file
      settings.network.filters = 32
      settings.network.halving = .maximumPooling
      settings.task.metaBatch = 4
    }
    return settings
  }
}

extension FewShotSettings {
  /// The settings that every protocol starts from: those of the official code.
  static var usual: RunSettings<FewShotSettings> {
    var settings = RunSettings(
      FewShotSettings(), outer: OuterSettings(.adam, learningRate: 0.001, iterations: 3_000))
    settings.inner = .init(steps: 5, stepSize: 0.1)
    settings.aggregation.alpha = 0.6
    settings.solver.steps = 5
    settings.outer.decay = .inverseTime
    settings.outer.inverseTimeDecay = 1e-5
    // One task's linearisations are a few megabytes: keeping them avoids a second pass per step.
    settings.trajectory.megabytes = 1_024
    return settings
  }
}

extension RunSettings<FewShotSettings> {
  /// What the official runs do beside what the article's table says (see the experiment's README).
  mutating func followOfficialRuns() {
    self.aggregation.schedule = .officialCode
    self.head.learnsRate = true
    self.task.supportRecurs = true
    self.network.epsilon = 1e-3
    self.data.resampling = .oneBit
    outer.iterations = 50_000
    self.evaluation.every = 1_000
    self.evaluation.patience = 40
  }

  /// Small synthetic data, a small network, few iterations: every method in seconds.
  mutating func shrinkToSmoke() {
    let resampling = self.data.resampling
    // Grey images of the usual size, whatever the protocol's are.
    self.data = .usual
    self.data.name = "synthetic-alphabets"
    self.data.resampling = resampling
    self.data.rotationsAreClasses = false
    self.split.rule = .seeded
    self.split.train = 120
    self.split.validation = 30
    self.task.queries = 5
    self.network.filters = self.network.kind == .residual ? 4 : 16
    self.network.halving = .stride
    self.inner.steps = min(self.inner.steps, 5)
    self.task.metaBatch = 4
    outer.iterations = 60
    // So few iterations want longer steps than thousands of them.
    outer.learningRate = 0.005
    self.evaluation.every = 20
    self.evaluation.validationEpisodes = 40
    self.evaluation.testEpisodes = 100
  }
}

extension RunSettings<FewShotSettings> {
  /// Reptile's outer step: a gradient step and not Adam.
  mutating func useReptileStep() {
    outer.optimizer = .gradient
    outer.learningRate = self.reptile.learningRate
    outer.decay = .cosine
    outer.finalLearningRate = 0
  }

  /// The settings of the outer step that are not the preset's and that Reptile's step takes the place of;
  /// nil where there are none.
  func replacedByReptile(
    _ preset: FewShotProtocol, _ budget: Budget
  ) -> PlannedRun<FewShotSettings>.Replaced? {
    let own = [
      "outer.optimizer", "outer.learningRate", "outer.decay", "outer.finalLearningRate",
    ]
    let changed = Configuration(self).tree.differences(
      from: Configuration(preset.settings(budget)).tree
    ).map(\.path).filter { own.contains($0) }
    guard !changed.isEmpty else { return nil }
    return PlannedRun<FewShotSettings>.Replaced(
      keys: changed,
      reason: "which Reptile does not read: its outer step is a gradient step of "
        + "reptile.learningRate, falling by half a cosine")
  }
}
