import Bilevel
import Experiments

/// A named preset with its source: which split, corruption rule, network and optimisers.
enum CleaningProtocol: String, CaseIterable, Sendable {
  case icml2020
  case officialCode = "official-code"
  case franceschi2017
  case shaban2019
  case iaptt2021
  case iaptt2021Nonconvex = "iaptt2021-nonconvex"
  case pbgd2023

  /// One line: what the preset fixes.
  var summary: String {
    switch self {
    case .icml2020:
      "softmax regression, 5,000/5,000/10,000, 50 % always wrong, K = 50 ... 800; step sizes ours"
    case .officialCode:
      "784-300-10 ReLU network, 5,000/5,000/60,000 unshuffled, 50 % always wrong, K = 5"
    case .franceschi2017:
      "softmax regression, weights projected onto {0 <= w <= 1, sum w <= R}, 50 % always wrong"
    case .shaban2019:
      "softmax regression, 5,000/5,000/10,000, 50 % always wrong, K = 100, truncation"
    case .iaptt2021:
      "softmax regression, 5,000/5,000/10,000, 50 % uniform over ten (about 45 % wrong), K = 100"
    case .iaptt2021Nonconvex:
      "784-300-10 without activation, otherwise as iaptt2021"
    case .pbgd2023:
      "softmax regression, split and corruption as iaptt2021, K = 500, 100 outer gradient steps"
    }
  }

  /// Where the preset comes from.
  var source: String {
    switch self {
    case .icml2020:
      "arXiv 2006.04045, table 2 (as recalled, to be checked against the PDF); step sizes chosen on "
        + "validation data, see experiments/hyper-cleaning"
    case .officialCode: "vis-opt-group/BDA test_script/Data_hyper_cleaning.py"
    case .franceschi2017: "Franceschi et al., ICML 2017, section 5.1, and the RFHO script"
    case .shaban2019: "Shaban et al., AISTATS 2019, section 5.2 (as recalled)"
    case .iaptt2021, .iaptt2021Nonconvex:
      "vis-opt-group/IAPTT-GM experiment/Data_hyper_cleaning"
    case .pbgd2023:
      "hanshen95/penalized-bilevel-gradient-descent RHG/data_hyper_clean_rhg.py"
    }
  }

  /// The preset's settings under a budget.
  func settings(_ budget: Budget) -> CleaningSettings {
    var settings = published
    switch budget {
    case .paper: break
    case .short: settings.upper.iterations = min(settings.upper.iterations, 200)
    case .smoke: settings.shrinkToSmoke()
    }
    return settings
  }

  /// The values of K that the source reports; the first one given is run by default.
  var publishedInnerSteps: [Int] {
    switch self {
    case .icml2020: [50, 100, 200, 400, 800]
    case .officialCode: [5]
    case .franceschi2017: [2_000]
    case .shaban2019, .iaptt2021, .iaptt2021Nonconvex: [100]
    case .pbgd2023: [500]
    }
  }

  private var published: CleaningSettings {
    var settings = CleaningSettings(
      data: .init(), corruption: .init(), network: .init(), inner: .init(), upper: .init())
    switch self {
    case .icml2020:
      // Chosen by us on held-out training images: experiments/hyper-cleaning/README.md.
      settings.inner.stepSize = 0.8
      settings.upper.learningRate = 0.2
      settings.upper.iterations = 100
      settings.aggregation = .init(schedule: .harmonic, alpha: 0.9, upperStepSize: 12.8)
    case .officialCode:
      settings.data.split = .officialCode
      settings.data.test = 0
      settings.network = .init(
        hidden: [300], activation: .rectifier, initialization: .glorot,
        redrawnEachIteration: true)
      settings.inner = .init(steps: 5, stepSize: 0.4)
      // s = t = gamma = 1: both directions are multiplied by the inner learning rate.
      settings.aggregation = .init(schedule: .officialCode, alpha: 0.6, upperStepSize: 0.4)
      settings.upper.learningRate = 0.001
      settings.upper.inverseTimeDecay = 1e-5
      settings.upper.iterations = 3_000
      settings.evaluation.every = 50
    case .franceschi2017:
      let total = 1_500.0
      settings.inner = .init(steps: 2_000, stepSize: 0.1 * 5_000 / total)
      settings.upper = .init(
        weighting: .identity, start: total / 5_000, largestSum: total, learningRate: 0.005,
        iterations: 500)
      settings.evaluation.noisyBelow = 1e-3
    case .shaban2019:
      settings.truncation.history = 5
    case .iaptt2021, .iaptt2021Nonconvex:
      settings.data.split = .random
      settings.corruption.rule = .uniform
      settings.inner = .init(steps: 100, stepSize: 0.03)
      settings.aggregation.upperStepSize = 0.03
      settings.upper.learningRate = 0.01
      settings.upper.iterations = 3_000
      if self == .iaptt2021Nonconvex {
        settings.network = .init(hidden: [300], activation: .identity, initialization: .glorot)
        settings.evaluation.every = 50
      } else {
        settings.network.initialization = .glorot
        settings.evaluation.every = 10
      }
    case .pbgd2023:
      settings.data.split = .random
      settings.corruption.rule = .uniform
      settings.network.initialization = .glorot
      settings.network.redrawnEachIteration = true
      settings.inner = .init(steps: 500, stepSize: 0.1)
      settings.truncation.history = 100
      settings.upper.optimizer = .gradient
      settings.upper.learningRate = 0.001
      settings.upper.iterations = 100
    }
    return settings
  }
}

extension CleaningSettings {
  /// Small synthetic data and few iterations: every method in seconds.
  mutating func shrinkToSmoke() {
    data.name = "synthetic-digits"
    data.train = 500
    data.validation = 500
    data.test = 1_000
    inner.steps = min(inner.steps, 50)
    network.hidden = network.hidden.map { min($0, 30) }
    upper.largestSum = upper.largestSum.map { $0 / 10 }
    upper.iterations = 60
    evaluation.every = 10
    reduced.train = 60
    reduced.validation = 100
  }

  /// The problem for forward mode.
  func reducedForForwardMode() -> CleaningSettings {
    var smaller = self
    smaller.upper.largestSum = upper.largestSum.map {
      $0 * Double(reduced.train) / Double(data.train)
    }
    smaller.data.train = min(data.train, reduced.train)
    smaller.data.validation = min(data.validation, reduced.validation)
    return smaller
  }
}
