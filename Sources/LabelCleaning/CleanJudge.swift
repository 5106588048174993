import Bilevel
import Commands
import Datasets
import Experiments
import Tensors

/// Judges every training label of a user's data by the methods that are asked for.
///
/// All methods share folds, step sizes and the calibration on checked samples out of fold, so that they
/// are compared on equal terms; see ``CrossFitting`` and ``LabelPosterior``.
package struct CleanJudge {
  private let input: CleanInput
  private let fitting: CrossFitting<Float>
  private let test: ClassifierSamples<Float>?
  private let learning: (_ fold: Int) -> LearnedWeights
  private let seed: UInt64
  /// The step size that an estimate of the curvature allows; where training diverges with it all the
  /// same, that is said.
  let safeStepSize: Double

  /// The folds where there are as many checked samples; else one a sample.
  package static let mostFolds = 5

  /// The folds that the checked samples are divided into: fewer than ``mostFolds`` where fewer of them
  /// differ.
  package var folds: Int { fitting.checkedFolds.count }

  /// Prepares the samples. Memory: two copies of the features in single precision at the most.
  package init(_ input: CleanInput, scaling: FeatureScaling, seed: UInt64) {
    self.input = input
    self.seed = seed
    let classes = input.classes.count
    func prepared(
      _ features: Tensor<Float>, _ labels: [Int]
    ) -> SoftmaxRegressionSamples<Float> {
      SoftmaxRegressionSamples(features: features, labels: labels, classCount: classes)
    }
    let features = scaling.features(input.train)
    // Softmax regression's curvature is at most half of that of its features.
    safeStepSize = 2 / max(1e-12, features.curvature())
    let noisy = prepared(features, input.trainLabels)
    let checkedFeatures = scaling.features(input.checked)
    let fitting = CrossFitting(
      noisy: ClassifierSamples(noisy),
      checked: ClassifierSamples(prepared(checkedFeatures, input.checkedLabels)),
      noisyGroups: input.trainRows.groups, checkedGroups: input.checkedRows.groups,
      folds: Self.mostFolds, seed: seed)
    self.fitting = fitting
    test = input.test.map {
      ClassifierSamples(prepared(scaling.features($0), input.testLabels))
    }
    learning = { fold in
      func part(_ isIncluded: (Int) -> Bool) -> SoftmaxRegressionSamples<Float> {
        let positions = input.checkedLabels.indices.filter {
          isIncluded(fitting.checkedFolds.ofSample[$0])
        }
        return prepared(
          checkedFeatures.gatheringRows(positions), positions.map { input.checkedLabels[$0] })
      }
      let count = fitting.checkedFolds.count
      let next = (fold + 1) % count
      // Of two folds one must not be seen, and the other serves for both.
      return LearnedWeights(
        noisy: noisy, used: part { $0 != fold && (count < 3 || $0 != next) },
        held: ClassifierSamples(part { $0 == next }))
    }
  }

  /// Training steps, in those on all training samples, that judging by some methods takes at most.
  package func steps(_ methods: [CleanMethod]) -> Double {
    let each = Double((fitting.steps.last ?? 0) * fitting.checkedFolds.count)
    let share = Double(fitting.checked.count) / Double(max(1, fitting.noisy.count))
    return methods.reduce(0) { sum, method in
      switch method {
      case .auto: sum
      case .validationOnly: sum + share * each * Double(factors.count)
      case .selfConfidence: sum + each
      case .selfFiltered, .filtered: sum + each * (1 + share)
      // Forward, and back in two passes.
      case .rhg:
        sum + each * (1 + share)
          + Double(
            fitting.checkedFolds.count * 3 * LearnedWeights.steps * LearnedWeights.iterations)
      }
    }
  }

  /// What the safe step size is multiplied with, to choose from.
  ///
  /// Where all of c classes are as probable the curvature is 2 / c of what the safe step size allows for,
  /// and accelerated descent is stable up to 4/3 of the inverse of the curvature.
  private var factors: [Double] { [1, min(4, 2 * Double(input.classes.count) / 3)] }

  /// The seconds that one training step on all training samples takes, measured.
  package func secondsOfStep() -> Double {
    var watch = Stopwatch()
    for _ in 0..<2 {
      watch = Stopwatch()
      _ = TrainingSet([.init(fitting.noisy)]).trained(stepSize: safeStepSize, steps: [1])
    }
    return watch.seconds
  }

  /// One method's judgement.
  struct Judgement {
    var candidate: CleanResult.Candidate
    var fit: CrossFitting<Float>.Fit
    var posterior: LabelPosterior
    var forecast: DetectionForecast
    var predicted: [Int]
    /// Weights that were learned and not derived from the posterior.
    var learnedWeights: [Double]?
  }

  /// The result of the asked method, or of the best candidate.
  ///
  /// - Parameters:
  ///   - report: called with every judgement as it is there.
  ///   - progress: called between steps with a few words on where they are.
  package func result(
    _ method: CleanMethod, report: (CleanResult.Candidate) -> Void, progress: (String) -> Void
  ) throws -> CleanResult {
    var candidates: [CleanResult.Candidate] = []
    // The best so far: what a judgement holds is the largest part of the memory.
    var best: Judgement?
    var fits: [CleanMethod: (fit: CrossFitting<Float>.Fit, posterior: LabelPosterior)] = [:]
    var factor: Double?
    for candidate in method.tried {
      let watch = Stopwatch()
      let (recipe, learned) = recipe(candidate, fits, progress: progress)
      func fitted(
        _ factors: [Double], wantsSteadiness: Bool = true
      ) -> CrossFitting<Float>.Fit? {
        fitting.fit(
          recipe, stepSizes: factors.map { $0 * safeStepSize }, wantsSteadiness: wantsSteadiness
        ) { fold, steps in
          progress(
            "\(candidate.rawValue): fold \(fold + 1) of \(fitting.checkedFolds.count), \(steps) of at "
              + "most \(fitting.steps.last ?? 0) steps")
        }
      }
      // The step size is chosen with the first method, which is the cheapest; wrong labels can need a
      // smaller one.
      guard
        let fit = fitted(factor.map { [$0] } ?? factors) ?? fitted([1]) ?? fitted([0.25])
          ?? fitted([0.25], wantsSteadiness: false)
      else {
        throw CleanFailure.diverged(candidate)
      }
      factor = factor ?? fit.choice.stepSize / safeStepSize
      let posterior = LabelPosterior(probabilities: fit.noisy, labels: input.trainLabels)
      if candidate != .rhg { fits[candidate] = (fit, posterior) }
      var judgement = judged(candidate, fit, posterior, seconds: watch.seconds)
      judgement.learnedWeights = learned
      report(judgement.candidate)
      candidates.append(judgement.candidate)
      let isBetter =
        method == .auto
        ? best.map { judgement.candidate.choice.loss < $0.candidate.choice.loss } ?? true
        : candidate == method
      if isBetter { best = judgement }
    }
    guard let best else { throw CleanFailure.diverged(method) }
    return result(of: best, candidates: candidates)
  }

  private func recipe(
    _ method: CleanMethod,
    _ fits: [CleanMethod: (fit: CrossFitting<Float>.Fit, posterior: LabelPosterior)],
    progress: (String) -> Void
  ) -> (CrossFitting<Float>.Recipe, learned: [Double]?) {
    let ones = [Double](repeating: 1, count: input.trainLabels.count)
    switch method {
    case .auto, .validationOnly:
      return (.init(noisyWeights: [], includesChecked: true), nil)
    case .selfConfidence:
      return (fitting.recipe(weights: ones, includesChecked: false), nil)
    case .selfFiltered:
      let weights = fits[.selfConfidence]?.posterior.rightness ?? ones
      return (fitting.recipe(weights: weights, includesChecked: true), nil)
    case .filtered:
      guard let first = fits[.validationOnly]?.fit else {
        return (fitting.recipe(weights: ones, includesChecked: true), nil)
      }
      // Each fold believes what its own classifier does, which has not seen the fold's checked samples.
      let weights = first.classifiers.indices.map { fold in
        LabelPosterior(
          probabilities: fitting.noisyProbabilities(first, fold: fold), labels: input.trainLabels
        ).rightness
      }
      return (.init(noisyWeights: weights, includesChecked: true), nil)
    case .rhg:
      // As above: the weights of each fold come from checked samples of the other folds.
      let folds = fitting.checkedFolds.count
      let weights = (0..<folds).map { fold in
        learning(fold).weights(stepSize: safeStepSize) { iteration in
          progress(
            "rhg: fold \(fold + 1) of \(folds), outer iteration \(iteration + 1) of at most "
              + "\(LearnedWeights.iterations)")
        }
      }
      let means = ones.indices.map { sample in
        weights.reduce(0) { $0 + $1[sample] } / Double(folds)
      }
      return (.init(noisyWeights: weights, includesChecked: true), means)
    }
  }

  private func judged(
    _ method: CleanMethod, _ fit: CrossFitting<Float>.Fit, _ posterior: LabelPosterior,
    seconds: Double
  ) -> Judgement {
    let forecast = DetectionForecast(
      labels: input.checkedLabels, groups: input.checkedRows.groups, posterior: posterior,
      frequencies: posterior.frequencies(
        fit.noisy, input.trainLabels, stride: stride(through: fit.noisy)), seed: seed
    ) { sample, label in posterior.rightness(fit.checked[sample], given: label) }
    // A label that is more probably right than wrong is more probable than every other class.
    let predicted = input.trainLabels.enumerated().map { sample, given in
      posterior.rightness[sample] < 0.5
        ? posterior.likeliestOther(fit.noisy[sample], than: given) : given
    }
    return Judgement(
      candidate: CleanResult.Candidate(
        method: method, choice: fit.choice, area: forecast.area,
        noiseRate: fit.choice.isInformed ? posterior.noiseRate : .nan,
        seconds: seconds),
      fit: fit, posterior: posterior, forecast: forecast, predicted: predicted, learnedWeights: nil)
  }

  private func result(
    of best: Judgement, candidates: [CleanResult.Candidate]
  ) -> CleanResult {
    guard best.candidate.choice.isInformed else {
      return withoutCalls(best, candidates: candidates)
    }
    let scores = best.posterior.rightness
    let wanted = [0.5, 0.8, 0.9, 0.95, 0.99]
    // No suspects are worth nothing.
    let hasSuspects = scores.contains { $0 < 0.5 }
    var precision = hasSuspects ? best.forecast.precision(below: 0.5, scores: scores) : .unknown
    var recall = hasSuspects ? best.forecast.recall(below: 0.5, scores: scores) : .unknown
    var toCheck = wanted.map { best.forecast.toCheck(recall: $0, scores: scores) }
    for other in otherSharpness(best) {
      if hasSuspects {
        precision = precision.including(
          other.forecast.precision(below: 0.5, scores: other.scores).value)
        recall = recall.including(other.forecast.recall(below: 0.5, scores: other.scores).value)
      }
      // Of much data the other forecasts look at a part that stands for all.
      let share = Double(scores.count) / Double(max(1, other.scores.count))
      for (index, recall) in wanted.enumerated() {
        let samples = share * other.forecast.toCheck(recall: recall, scores: other.scores).value
        toCheck[index] = toCheck[index].including(
          min(Double(scores.count), samples.rounded(.up)))
      }
    }
    return CleanResult(
      method: best.candidate.method, candidates: candidates, scores: scores,
      predicted: best.predicted, weights: best.learnedWeights ?? scores,
      isSuspect: scores.map { $0 < 0.5 }, ranks: CleanResult.ranks(of: scores),
      noiseRate: best.posterior.noiseRate, confusion: best.posterior.confusion,
      precision: precision, recall: recall,
      toCheck: Array(zip(wanted, toCheck)),
      test: tested(best, weights: best.learnedWeights ?? scores))
  }

  /// What is left to say where the model knows nothing of the classes: an order, and no calls. Scores
  /// are half as far from 1, so that none is suspect, and every sample keeps its whole weight.
  private func withoutCalls(
    _ best: Judgement, candidates: [CleanResult.Candidate]
  ) -> CleanResult {
    let scores = best.posterior.rightness.map { (1 + $0) / 2 }
    return CleanResult(
      method: best.candidate.method, candidates: candidates, scores: scores,
      predicted: input.trainLabels, weights: scores.map { _ in 1 },
      isSuspect: scores.map { _ in false }, ranks: CleanResult.ranks(of: scores), noiseRate: .nan,
      confusion: best.posterior.confusion, precision: .unknown, recall: .unknown, toCheck: [],
      test: tested(best, weights: scores.map { _ in 1 }))
  }

  /// Forecasts for the same scores at the ends of what the checked samples allow as sharpness: a model
  /// that is believed more says that more labels are wrong. On no more than ``mostOtherwise`` numbers.
  private func otherSharpness(
    _ best: Judgement
  ) -> [(forecast: DetectionForecast, scores: [Double])] {
    let (fit, posterior) = (best.fit, best.posterior)
    let samples = Swift.stride(from: 0, to: fit.noisy.count, by: stride(through: fit.noisy))
    let labels = samples.map { input.trainLabels[$0] }
    let interval = fit.choice.sharpnessInterval
    return [interval.lowerBound, interval.upperBound].map { sharpness in
      let other = LabelPosterior(
        probabilities: fit.noisy.sharpened(
          by: sharpness / fit.choice.sharpness, samples: samples),
        labels: labels, confusion: posterior.confusion)
      let forecast = DetectionForecast(
        labels: input.checkedLabels, groups: input.checkedRows.groups, posterior: other,
        resamplings: 0,
        seed: seed
      ) { sample, label in posterior.rightness(fit.checked[sample], given: label) }
      return (forecast, samples.map { posterior.rightness[$0] })
    }
  }

  /// Of many samples only every so many are looked at where the rest would cost too much.
  private func stride(through probabilities: ClassProbabilities) -> Int {
    max(1, probabilities.count * probabilities.classCount / Self.mostOtherwise)
  }

  /// Probabilities that are looked at, or held, once more.
  private static let mostOtherwise = 2_000_000

  private func tested(
    _ best: Judgement, weights: [Double]
  ) -> (asGiven: Double, cleaned: Double)? {
    guard let test else { return nil }
    func accuracy(_ y: Parameters<Float>) -> Double {
      let hits = zip(test.predictions(y), test.labels).count { $0 == $1 }
      return Double(hits) / Double(test.count)
    }
    let ones = [Double](repeating: 1, count: input.trainLabels.count)
    let choice = best.candidate.choice
    return (
      accuracy(fitting.whole(weights: ones, includesChecked: true, choice)),
      accuracy(fitting.whole(weights: weights, includesChecked: true, choice))
    )
  }
}

/// Why no judgement came about.
enum CleanFailure: ReportableError {
  /// Training diverged with every step size.
  case diverged(CleanMethod)

  var sentence: String {
    switch self {
    case .diverged(let method):
      "Training for \(method.rawValue) diverged with every step size: check the features for values "
        + "that are out of all proportion."
    }
  }

  var exitStatus: ExitStatus { .diverged }
}
