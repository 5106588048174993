import Experiments
import Foundation
import Tensors
import Testing

@testable import LabelCleaning

/// Cross-fitting, the posterior of labels and the forecast, on data whose truth is known.
@Suite("finding wrong labels with checked samples")
struct CrossFittingTests {
  /// Samples of three classes round three points, with labels mixed up by a known rule.
  private struct Blobs {
    var features: Tensor<Float>
    var truth: [Int]
    var given: [Int]
    var isWrong: [Bool] { zip(truth, given).map { $0 != $1 } }

    /// - Parameter rates: for each class, P(given 0, 1, 2).
    init(count: Int, spread: Double, rates: [[Double]], seed: UInt64) {
      var stream = RandomStream(seed: seed, purpose: "blobs")
      let centres = [[0.0, 0], [3, 0], [0, 3]]
      var scalars: [Float] = []
      truth = []
      given = []
      for sample in 0..<count {
        let label = sample % 3
        truth.append(label)
        for coordinate in centres[label] {
          scalars.append(Float(coordinate + spread * stream.normal()))
        }
        let draw = stream.uniform()
        given.append(draw < rates[label][0] ? 0 : draw < rates[label][0] + rates[label][1] ? 1 : 2)
      }
      features = Tensor(shape: [count, 2], scalars: scalars)
    }

    func samples(_ labels: [Int]) -> ClassifierSamples<Float> {
      ClassifierSamples(
        SoftmaxRegressionSamples(features: features, labels: labels, classCount: 3))
    }
  }

  private static let rates = [[0.7, 0.3, 0], [0.1, 0.9, 0], [0.05, 0.05, 0.9]]
  private static let clean = [[1.0, 0, 0], [0, 1, 0], [0, 0, 1]]

  private func fitting(
    noisy: Blobs, checked: Blobs, steps: [Int] = [10, 20, 40, 80, 160, 320]
  ) -> CrossFitting<Float> {
    CrossFitting(
      noisy: noisy.samples(noisy.given), checked: checked.samples(checked.truth), folds: 4,
      steps: steps, seed: 1)
  }

  @Test func posteriorFindsHowLabelsAreMixedUp() throws {
    // Probabilities that are right: one class for certain.
    let blobs = Blobs(count: 6_000, spread: 0.1, rates: Self.rates, seed: 1)
    let certain = ClassProbabilities(
      rows: blobs.truth.map { truth in (0..<3).map { $0 == truth ? 0.998 : 0.001 } },
      classCount: 3)
    let posterior = LabelPosterior(probabilities: certain, labels: blobs.given)
    for (found, wanted) in zip(posterior.transition, Self.rates) {
      for (found, wanted) in zip(found, wanted) { #expect(abs(found - wanted) < 0.03) }
    }
    let rate = Double(blobs.isWrong.count { $0 }) / 6_000
    #expect(abs(posterior.noiseRate - rate) < 0.01)
    for (sample, isWrong) in blobs.isWrong.enumerated() {
      #expect((posterior.rightness[sample] < 0.5) == isWrong)
      if isWrong {
        #expect(
          posterior.likeliestOther(certain[sample], than: blobs.given[sample])
            == blobs.truth[sample])
      }
    }
  }

  /// Labels wrong at random, and a model that takes a fifth of class 0 for class 1: class by class it looks
  /// as if the labels mixed these up, and scores that believed that would repeat the model's mistake.
  @Test func mistakesOfTheModelAreNotTakenForConfusedLabels() {
    let classes = 5
    var stream = RandomStream(seed: 5, purpose: "even noise")
    var (rows, given): ([[Double]], [Int]) = ([], [])
    for sample in 0..<4_000 {
      let truth = sample % classes
      let isWrong = Double.random(in: 0..<1, using: &stream) < 0.2
      given.append(
        isWrong ? (truth + Int.random(in: 1..<classes, using: &stream)) % classes : truth)
      let isMistaken = truth == 0 && Double.random(in: 0..<1, using: &stream) < 0.2
      let seen = isMistaken ? 1 : truth
      rows.append((0..<classes).map { $0 == seen ? 0.6 : 0.1 })
    }
    let probabilities = ClassProbabilities(rows: rows, classCount: classes)
    let chosen = LabelPosterior(probabilities: probabilities, labels: given)
    let byClass = LabelPosterior(
      probabilities: probabilities, labels: given, confusion: .byClass)
    #expect(chosen.confusion == .even)
    // What fits a little better is not believed.
    #expect(byClass.logLikelihood > chosen.logLikelihood)
    let wrongRates = (1..<classes).map { chosen.transition[0][$0] }
    #expect(wrongRates.allSatisfy { abs($0 - wrongRates[0]) < 1e-12 })
  }

  @Test func ratesDoNotExplainTheLabelsThatTheyWereCountedFrom() {
    // Sixty wrong labels over 380 kinds of mistakes, all different: their own counts would explain them.
    let classes = 20
    let truth = (0..<2_000).map { $0 % classes }
    let given = truth.enumerated().map { sample, label in
      sample < 60 ? (label + 1 + sample / classes * 5) % classes : label
    }
    let certain = ClassProbabilities(
      rows: truth.map { truth in (0..<classes).map { $0 == truth ? 0.962 : 0.002 } },
      classCount: classes)
    let (even, byClass) = (
      LabelPosterior(probabilities: certain, labels: given, confusion: .even),
      LabelPosterior(probabilities: certain, labels: given, confusion: .byClass)
    )
    #expect(even.logLikelihood > byClass.logLikelihood)
    // Three hundred, always the same mistake: now a label is foretold by the others.
    let systematic = truth.enumerated().map { sample, label in
      sample < 300 ? (label + 1) % classes : label
    }
    let found = LabelPosterior(probabilities: certain, labels: systematic)
    #expect(found.confusion == .byClass)
  }

  @Test func whatIsForetoldComesTrue() throws {
    let noisy = Blobs(count: 3_000, spread: 1, rates: Self.rates, seed: 2)
    let checked = Blobs(count: 600, spread: 1, rates: Self.clean, seed: 3)
    let fitting = fitting(noisy: noisy, checked: checked)
    let fit = try #require(
      fitting.fit(.init(noisyWeights: [], includesChecked: true), stepSizes: [0.1, 0.4]))
    // Bayes' rule gets about 94 % of these right.
    #expect(fit.choice.accuracy > 0.9)
    let posterior = LabelPosterior(probabilities: fit.noisy, labels: noisy.given)
    let rate = Double(noisy.isWrong.count { $0 }) / 3_000
    #expect(abs(posterior.noiseRate - rate) < 0.03, "\(posterior.noiseRate) for \(rate)")
    let forecast = DetectionForecast(labels: checked.truth, posterior: posterior, seed: 1) {
      posterior.rightness(fit.checked[$0], given: $1)
    }
    let suspects = posterior.rightness.map { $0 < 0.5 }
    let found = zip(suspects, noisy.isWrong).count { $0 && $1 }
    let precision = Double(found) / Double(suspects.count { $0 })
    let recall = Double(found) / Double(noisy.isWrong.count { $0 })
    #expect(
      abs(forecast.precision(below: 0.5, scores: posterior.rightness).value - precision) < 0.05)
    let foretold = forecast.recall(below: 0.5, scores: posterior.rightness)
    #expect(abs(foretold.value - recall) < 0.05)
    let area = areaUnderROC(scores: posterior.rightness.map { -$0 }, isPositive: noisy.isWrong)
    #expect(abs(forecast.area.value - area) < 0.03)
    #expect(forecast.area.low <= forecast.area.value && forecast.area.value <= forecast.area.high)
    // Looking at so many finds about the share that was asked for.
    let wanted = forecast.toCheck(recall: 0.9, scores: posterior.rightness)
    let order = posterior.rightness.indices.sorted {
      posterior.rightness[$0] < posterior.rightness[$1]
    }
    let among = order.prefix(Int(wanted.value)).count { noisy.isWrong[$0] }
    #expect(abs(Double(among) / Double(noisy.isWrong.count { $0 }) - 0.9) < 0.04)
  }

  /// Twelve checked samples that are all on the right side are no proof of a precision of 1.
  @Test(
    "Sharpness has the interval of the likelihood ratio, and a gain only where something is known")
  func sharpness() {
    var stream = RandomStream(seed: 9, purpose: "sharpness")
    // Labels drawn from the softmax of twice the logits.
    func drawn(_ count: Int, _ truth: Double) -> (logits: Tensor<Float>, labels: [Int]) {
      let logits = (0..<3 * count).map { _ in Float(stream.normal()) }
      let labels = (0..<count).map { sample -> Int in
        let weights = (0..<3).map { exp(truth * Double(logits[3 * sample + $0])) }
        let target = stream.uniform() * weights.reduce(0, +)
        return target < weights[0] ? 0 : target < weights[0] + weights[1] ? 1 : 2
      }
      return (Tensor(shape: [count, 3], scalars: logits), labels)
    }
    var covered = 0
    for _ in 0..<200 {
      let (logits, labels) = drawn(60, 2)
      let sharpness = Sharpness(logits, labels: labels)
      let best = sharpness.best.factor
      let interval = sharpness.interval(around: best)
      #expect(interval.contains(best))
      if interval.contains(2) { covered += 1 }
      #expect(sharpness.certainGain(of: best) > 0)
    }
    // 190 expected, with a standard deviation of 3.
    #expect((180...199).contains(covered), "\(covered) of 200")
    var informed = 0
    for _ in 0..<200 {
      let (logits, labels) = drawn(60, 0)
      let sharpness = Sharpness(logits, labels: labels)
      if sharpness.certainGain(of: sharpness.best.factor) > 0 { informed += 1 }
    }
    #expect(informed <= 20, "\(informed) of 200")
  }

  @Test func fewCheckedSamplesLeaveDoubt() {
    let labels = (0..<12).map { $0 % 2 }
    let sure = ClassProbabilities(
      rows: (0..<200).map { $0 % 2 == 0 ? [1, 0] : [0, 1] }, classCount: 2)
    // One label in ten is wrong.
    let given = (0..<200).map { $0 % 20 < 2 ? 1 - $0 % 2 : $0 % 2 }
    let posterior = LabelPosterior(probabilities: sure, labels: given)
    func forecast(_ labels: [Int]) -> DetectionForecast {
      DetectionForecast(labels: labels, posterior: posterior, seed: 1) { $1 == labels[$0] ? 1 : 0 }
    }
    let few = forecast(labels).precision(below: 0.5, scores: posterior.rightness)
    // 0.1 wrong and 0.9 / 24 right by half a sample, 0.9 / 4 by three.
    #expect(abs(few.value - 0.1 / (0.1 + 0.9 / 24)) < 0.02, "\(few)")
    #expect(abs(few.low - 0.1 / (0.1 + 0.9 / 4)) < 0.02, "\(few)")
    let recall = forecast(labels).recall(below: 0.5, scores: posterior.rightness)
    #expect(abs(recall.value - 24.0 / 25) < 1e-9 && abs(recall.low - 0.8) < 1e-9, "\(recall)")
    // Scores at hand may lie between those of checked samples: no share of the 20 wrong labels is found
    // by looking at fewer.
    let between = (0..<200).map { $0 < 20 ? 0.5 : 1.0 }
    for (share, samples) in [(0.8, 16.0), (0.99, 20)] {
      let wanted = forecast(labels).toCheck(recall: share, scores: between)
      #expect(wanted == .init(value: samples, low: samples, high: samples))
    }
    let many = forecast((0..<2_000).map { $0 % 2 })
      .precision(below: 0.5, scores: posterior.rightness)
    // One of the twenty suspects may be right by chance.
    #expect(many.low >= 0.95 && many.value < 1)
  }

  @Test func twinsStayInOneFold() {
    let labels = (0..<60).map { $0 % 3 }
    var (plain, grouped) = (
      RandomStream(seed: 1, purpose: "folds"), RandomStream(seed: 1, purpose: "folds")
    )
    let alone = Folds(5, labels: labels, using: &plain)
    // Groups of one change nothing, whatever they are called.
    #expect(alone == Folds(5, labels: labels, groups: (0..<60).map { 100 - $0 }, using: &grouped))
    let pairs = Folds(5, labels: labels, groups: (0..<60).map { $0 / 2 }, using: &plain)
    for sample in stride(from: 0, to: 60, by: 2) {
      #expect(pairs.ofSample[sample] == pairs.ofSample[sample + 1])
    }
    #expect(Set(pairs.ofSample) == Set(0..<5))
    // No more folds than there are different samples.
    #expect(Folds(5, labels: labels, groups: labels, using: &plain).count == 3)
  }

  /// A bound by the number of wrong labels is one only as far as that number is known: 200 labels, each
  /// right with probability 0.8, hold 40 wrong ones more or less 5.7.
  @Test func theNumberOfWrongLabelsIsNotKnownExactly() {
    let unsure = ClassProbabilities(
      rows: (0..<200).map { _ in [0.5, 0.5] }, classCount: 2)
    let posterior = LabelPosterior(
      probabilities: unsure, labels: (0..<200).map { $0 % 2 }, confusion: .even)
    let wrong = posterior.rightness.reduce(0) { $0 + 1 - $1 }
    let spread = posterior.rightness.reduce(0) { $0 + $1 * (1 - $1) }.squareRoot()
    // Checked samples that are told apart without a mistake.
    let labels = (0..<2_000).map { $0 % 2 }
    let forecast = DetectionForecast(labels: labels, posterior: posterior, seed: 1) {
      $1 == labels[$0] ? 1 : 0
    }
    let scores = [Double](repeating: 0.5, count: 200)
    let wanted = forecast.toCheck(recall: 0.5, scores: scores)
    #expect(wanted.value == (0.5 * wrong).rounded(.up))
    #expect(abs(wanted.low - 0.5 * (wrong - 1.96 * spread)) < 0.2 * spread + 1, "\(wanted)")
    #expect(abs(wanted.high - 0.5 * (wrong + 1.96 * spread)) < 0.2 * spread + 1, "\(wanted)")
    // Ten suspects are ten of about so many.
    let few = (0..<200).map { $0 < 10 ? 0.4 : 0.6 }
    let recall = forecast.recall(below: 0.5, scores: few)
    #expect(abs(recall.value - 10 / wrong) < 1e-9, "\(recall)")
    #expect(recall.low < recall.value && recall.value < recall.high, "\(recall)")
  }

  /// Labels at random say nothing: a model that had seen a sample's label would still believe it.
  @Test func outOfFoldProbabilitiesKnowNothingOfTheOwnLabel() throws {
    let third = [1.0 / 3, 1.0 / 3, 1.0 / 3]
    // Sixty samples of one point each: what is learned of one is nothing to another.
    var stream = RandomStream(seed: 4, purpose: "memorable")
    let features: Tensor<Float> = stream.normal([60, 80])
    var blobs = Blobs(count: 60, spread: 1, rates: [third, third, third], seed: 4)
    blobs.features = features
    let checked = blobs
    let fitting = fitting(noisy: blobs, checked: checked)
    let fit = try #require(
      fitting.fit(
        fitting.recipe(weights: Array(repeating: 1, count: 60), includesChecked: false),
        stepSizes: [0.1]))
    let hits = zip(fit.noisy.predictions, blobs.given).count { $0 == $1 }
    #expect(hits < 40, "\(hits) of 60 labels drawn at random were predicted.")
    var choice = fit.choice
    choice.steps = 320
    let whole = fitting.whole(
      weights: Array(repeating: 1, count: 60), includesChecked: false, choice)
    let learned = zip(fitting.noisy.predictions(whole), blobs.given).count { $0 == $1 }
    #expect(learned == 60, "The model that saw them all was to know them by heart.")
  }

  @Test func stepSizesThatDivergeAreNotChosen() throws {
    let noisy = Blobs(count: 300, spread: 1, rates: Self.rates, seed: 5)
    let fitting = fitting(noisy: noisy, checked: noisy)
    let recipe = CrossFitting<Float>.Recipe(noisyWeights: [], includesChecked: true)
    let fit = try #require(fitting.fit(recipe, stepSizes: [1e30, 0.1]))
    #expect(fit.choice.stepSize == 0.1)
    #expect(fitting.fit(recipe, stepSizes: [.infinity]) == nil)
  }

  @Test func stepSizesWithWhichTrainingSwingsAreNotChosen() throws {
    let noisy = Blobs(count: 300, spread: 1, rates: Self.rates, seed: 5)
    let fitting = fitting(noisy: noisy, checked: noisy)
    let recipe = fitting.recipe(weights: Array(repeating: 1, count: 300), includesChecked: false)
    let safe = 2 / noisy.features.curvature()
    let fit = try #require(fitting.fit(recipe, stepSizes: [16 * safe, safe]))
    #expect(fit.choice.stepSize == safe)
    // Finite all the same, and taken where nothing better is left.
    #expect(fitting.fit(recipe, stepSizes: [16 * safe]) == nil)
    #expect(fitting.fit(recipe, stepSizes: [16 * safe], wantsSteadiness: false) != nil)
  }

  /// What a step size has found before it swings is not kept: at which stop it begins to is rounding.
  @Test func stepSizesWithWhichTrainingSwingsLaterAreNotChosen() throws {
    let noisy = Blobs(count: 300, spread: 1, rates: Self.rates, seed: 5)
    let brief = fitting(noisy: noisy, checked: noisy, steps: [3])
    let long = fitting(noisy: noisy, checked: noisy, steps: [3, 4, 5, 8])
    let recipe = brief.recipe(weights: Array(repeating: 1, count: 300), includesChecked: false)
    let safe = 2 / noisy.features.curvature()
    let late = [4.0, 5, 6, 7, 8].filter { factor in
      brief.fit(recipe, stepSizes: [factor * safe]) != nil
        && long.fit(recipe, stepSizes: [factor * safe]) == nil
    }
    #expect(!late.isEmpty)
  }
}
