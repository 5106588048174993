import Bilevel
import Experiments
import Tensors
import Testing

@testable import LabelCleaning

/// Points around three centres in the plane, some with a wrong label.
struct NoisyClusters {
  let features: Tensor<Double>
  let truth: [Int]
  let labels: [Int]

  /// - Parameter corrupted: every so many-th label is moved to the next class; 0 for none.
  init(_ count: Int, corrupted: Int, purpose: String) {
    var stream = RandomStream(seed: 5, purpose: purpose)
    let centres = [(3.0, 0.0), (-2.0, 2.5), (-2.0, -2.5)]
    var scalars: [Double] = []
    truth = (0..<count).map { $0 % 3 }
    for label in truth {
      scalars += [
        centres[label].0 + 0.5 * stream.normal(), centres[label].1 + 0.5 * stream.normal(),
      ]
    }
    features = Tensor(shape: [count, 2], scalars: scalars)
    labels = truth.enumerated().map { index, label in
      corrupted > 0 && index % corrupted == 0 ? (label + 1) % 3 : label
    }
  }

  var isNoisy: [Bool] { zip(truth, labels).map { $0 != $1 } }

  func samples<Scalar: TensorScalar>(as type: Scalar.Type = Double.self) -> ClassifierSamples<
    Scalar
  > {
    ClassifierSamples(
      SoftmaxRegressionSamples(
        features: features.converted(to: Scalar.self), labels: labels, classCount: 3))
  }
}

@Suite("Training sets: weights, schedules, held-out samples")
struct TrainingSetTests {
  private let clusters = NoisyClusters(30, corrupted: 4, purpose: "clusters")

  @Test("A descent is gradient descent on the weighted mean, whatever the scale of the weights")
  func weightedMean() {
    let samples = clusters.samples()
    let weights = samples.labels.indices.map { Double($0 % 3) }
    let prepared = SoftmaxRegressionSamples(
      features: clusters.features, labels: clusters.labels, classCount: 3)
    // 1/n sum x_i CE_i with x_i = w_i n / sum w is the weighted mean.
    let x = Parameters(Tensor(weights.map { $0 * 30 / weights.reduce(0, +) }))
    let objective = SoftmaxRegressionObjective(samples: prepared, weighting: .identity)
    var y = prepared.zeroParameters
    for _ in 0..<7 { y.add(objective.lowerGradient(upper: x, lower: y), scaledBy: -0.3) }
    for scale in [1.0, 250] {
      let set = TrainingSet([.init(samples, weights: weights.map { scale * $0 })])
      let found = set.trained(TrainingSchedule(stepSize: 0.3, steps: 7))
      #expect(found.adding(y, scaledBy: -1).norm < 1e-12)
    }
  }

  @Test("A sample of weight 0 is as one that is not there, and two sources are as one")
  func leftOut() {
    let samples = clusters.samples()
    let schedule = TrainingSchedule(stepSize: 0.4, steps: 20)
    func part(_ positions: [Int]) -> ClassifierSamples<Double> {
      ClassifierSamples(
        SoftmaxRegressionSamples(
          features: Tensor(
            shape: [positions.count, 2],
            scalars: positions.flatMap { clusters.features.scalars[2 * $0..<2 * $0 + 2] }),
          labels: positions.map { clusters.labels[$0] }, classCount: 3))
    }
    let kept = Array(10..<30)
    let without = TrainingSet([.init(samples, without: Array(0..<10))]).trained(schedule)
    let alone = TrainingSet([.init(part(kept))]).trained(schedule)
    let divided = TrainingSet([.init(part(Array(10..<17))), .init(part(Array(17..<30)))])
      .trained(schedule)
    #expect(without.adding(alone, scaledBy: -1).norm < 1e-12)
    #expect(divided.adding(alone, scaledBy: -1).norm < 1e-12)
  }

  @Test("Numbers of steps share a descent, in the order that they are asked for")
  func sharedDescent() {
    let set = TrainingSet([.init(clusters.samples())])
    let found = set.trained(stepSize: 0.2, steps: [9, 3, 0])
    for (steps, y) in zip([9, 3], found) {
      #expect(y == set.trained(TrainingSchedule(stepSize: 0.2, steps: steps)))
    }
    #expect(found[2] == clusters.samples().initial)
  }

  @Test("With no weight nothing is learned")
  func nothing() {
    let samples = clusters.samples()
    let set = TrainingSet([.init(samples, without: Array(0..<samples.count))])
    #expect(set.trained(TrainingSchedule(stepSize: 1, steps: 5)) == samples.initial)
  }

  @Test("The best schedule is chosen on held-out samples alone; one that diverges never is")
  func choice() throws {
    let samples = clusters.samples(as: Float.self)
    let heldOut = HeldOutSamples(samples, at: [1, 2, 3, 5])
    let training = TrainingSet([.init(samples, without: heldOut.positions)])
    let grid = ScheduleGrid(stepSizes: [1e-9, 0.3, 1e38], steps: [10, 30])
    let choice = try #require(
      grid.best(on: heldOut) { training.trained(stepSize: $0, steps: $1) })
    #expect(choice.schedule.stepSize == 0.3)
    #expect(choice.trials == 6)
    #expect(choice.heldOutAccuracy == heldOut.accuracy(training.trained(choice.schedule)))
    let diverging = ScheduleGrid(stepSizes: [1e38], steps: [30])
    #expect(diverging.best(on: heldOut) { training.trained(stepSize: $0, steps: $1) } == nil)
  }

  @Test(
    "A held-out part is a fraction, at least one sample and never all",
    arguments: [(0, 0), (1, 0), (2, 1), (4, 1), (20, 4), (5000, 1000)])
  func part(samples: Int, expected: Int) {
    #expect(HeldOutSamples<Double>.count(fraction: 0.2, of: samples) == expected)
    #expect(HeldOutSamples<Double>.count(fraction: 1, of: 20) == 19)
  }
}

@Suite("Finding wrong labels")
struct LabelNoiseTests {
  private let clusters = NoisyClusters(120, corrupted: 5, purpose: "noisy")
  private let checked = NoisyClusters(30, corrupted: 0, purpose: "checked")
  private let grid = ScheduleGrid(stepSizes: [0.1, 0.5], steps: [20, 60])

  private func task() -> LabelNoiseTask<Double> {
    LabelNoiseTask(noisy: clusters.samples(), trusted: checked.samples(), seed: 3)
  }

  private var heldOut: HeldOutSamples<Double> {
    HeldOutSamples(checked.samples(), at: Array(0..<6))
  }

  static let baselines: [LabelNoiseBaseline] = [
    .trustedOnly, .filtered, .lossRanking, .selfFiltered, .selfConfidence(folds: 5),
  ]

  @Test("Every baseline finds the wrong labels of separable clusters", arguments: baselines)
  func separable(_ baseline: LabelNoiseBaseline) throws {
    let found = task().tuned(baseline, grid: grid, heldOut: heldOut)
    let tuned = try #require(found)
    let judgement = try #require(tuned.fit.judgement)
    let isClean = clusters.isNoisy.map { !$0 }
    #expect(areaUnderROC(scores: judgement.scores, isPositive: isClean) > 0.99)
    let f1 = BinaryDetection(decisions: judgement.isSuspect, truth: clusters.isNoisy).f1
    #expect(f1 > 0.9)
    #expect(tuned.choice.trials == 4)
    #expect(tuned.choice.heldOutCount == 6)
    #expect(tuned.choice.heldOutAccuracy == 1)
    let predictions = checked.samples().predictions(tuned.fit.parameters)
    #expect(zip(predictions, checked.labels).count { $0 == $1 } >= 28)
  }

  @Test("Trained with the held-out samples in the end, but chosen without them")
  func heldOutIsUsedOnce() throws {
    let found = task().tuned(.trustedOnly, grid: grid, heldOut: heldOut)
    let tuned = try #require(found)
    let all = TrainingSet([.init(checked.samples())])
    #expect(tuned.fit.parameters == all.trained(tuned.choice.schedule))
    let chosenOn = task().fits(
      .trustedOnly, stepSize: tuned.choice.schedule.stepSize, steps: [tuned.choice.schedule.steps],
      withoutTrusted: heldOut.positions)
    #expect(heldOut.loss(chosenOn[0].parameters) == tuned.choice.heldOutLoss)
  }

  @Test("Filtering trains on what the first classifier agrees with, and on the trusted samples")
  func filtering() throws {
    let schedule = TrainingSchedule(stepSize: 0.5, steps: 20)
    let (noisy, trusted) = (clusters.samples(), checked.samples())
    let first = TrainingSet([.init(trusted)]).trained(schedule)
    let agrees = zip(noisy.predictions(first), noisy.labels).map { $0 == $1 ? 1.0 : 0 }
    let expected = TrainingSet([.init(noisy, weights: agrees), .init(trusted)]).trained(schedule)
    let found = task().fits(.filtered, stepSize: 0.5, steps: [20], withoutTrusted: [])
    #expect(found[0].parameters == expected)
    #expect(found[0].weights == agrees)
  }

  @Test("Given weights 0 and 1 retrain as filtering does")
  func retraining() throws {
    let fit = task().fits(.filtered, stepSize: 0.5, steps: [20], withoutTrusted: [])[0]
    let one = ScheduleGrid(stepSizes: [0.5], steps: [20])
    let found = task().retrained(weights: fit.weights, grid: one, heldOut: heldOut)
    let again = try #require(found)
    #expect(again.parameters == fit.parameters)
  }

  @Test("A first classifier that diverges is never chosen", arguments: baselines)
  func diverging(_ baseline: LabelNoiseBaseline) throws {
    let noisy = clusters.samples(as: Float.self)
    let trusted = checked.samples(as: Float.self)
    let task = LabelNoiseTask(noisy: noisy, trusted: trusted, seed: 3)
    let heldOut = HeldOutSamples(trusted, at: [0, 1, 2])
    let grid = ScheduleGrid(stepSizes: [1e38], steps: [30])
    let found = task.tuned(baseline, grid: grid, heldOut: heldOut)
    #expect(found == nil)
  }

  @Test("Folds are stratified, complete and the same for the same seed")
  func folds() {
    var stream = RandomStream(seed: 1, purpose: "folds")
    let folds = Folds(5, labels: clusters.labels, using: &stream)
    for label in 0..<3 {
      let sizes = (0..<5).map { fold in
        clusters.labels.indices.count { folds.ofSample[$0] == fold && clusters.labels[$0] == label }
      }
      #expect((sizes.max() ?? 0) - (sizes.min() ?? 0) <= 1)
    }
    var again = RandomStream(seed: 1, purpose: "folds")
    #expect(Folds(5, labels: clusters.labels, using: &again) == folds)
    var few = RandomStream(seed: 1, purpose: "folds")
    #expect(Set(Folds(9, labels: [0, 1, 0], using: &few).ofSample) == [0, 1, 2])
  }

  @Test("Each sample's out-of-fold probabilities come from a classifier that never saw its fold")
  func outOfFold() {
    let samples = clusters.samples()
    var stream = RandomStream(seed: 2, purpose: "folds")
    let folds = Folds(4, labels: samples.labels, using: &stream)
    let found = outOfFoldProbabilities(of: samples, folds: folds, stepSize: 0.3, steps: [5, 15])
    for fold in 0..<4 {
      let members = samples.labels.indices.filter { folds.ofSample[$0] == fold }
      let others = TrainingSet([.init(samples, without: members)])
      for (index, steps) in [5, 15].enumerated() {
        let expected = samples.probabilities(
          others.trained(TrainingSchedule(stepSize: 0.3, steps: steps)))
        for sample in members { #expect(found[index][sample] == expected[sample]) }
      }
    }
  }
}

@Suite("Confident learning, by hand")
struct ConfidentLearningTests {
  /// Two classes; sample 3 is labelled 0 and confidently of class 1.
  private let probabilities = ClassProbabilities(
    rows: [
      [0.9, 0.1], [0.8, 0.2], [0.65, 0.35], [0.1, 0.9], [0.2, 0.8], [0.1, 0.9], [0.4, 0.6],
    ],
    classCount: 2)
  private let labels = [0, 0, 0, 0, 1, 1, 1]

  @Test("Thresholds, confident joint, calibrated joint and pruning")
  func byHand() {
    let found = ConfidentLearning(probabilities: probabilities, labels: labels)
    #expect(abs(found.thresholds[0] - 0.6125) < 1e-12)
    #expect(abs(found.thresholds[1] - 2.3 / 3) < 1e-12)
    // Of those labelled 0, three are confidently 0 and one is confidently 1; of those labelled 1, two
    // are confidently 1, and the last is confidently nothing.
    #expect(found.confidentJoint == [[3, 1], [0, 2]])
    #expect(abs(found.joint[0][1] - 4.0 / 7 / 4) < 1e-12)
    #expect(found.joint[1][0] == 0)
    #expect(found.isIssue == [false, false, false, true, false, false, false])
    #expect(found.selfConfidence == [0.9, 0.8, 0.65, 0.1, 0.8, 0.9, 0.6])
  }

  @Test("A class that nobody is labelled with is never confident")
  func absentClass() {
    let rows = ClassProbabilities(
      rows: [[0.2, 0.1, 0.7], [0.1, 0.6, 0.3]], classCount: 3)
    let found = ConfidentLearning(probabilities: rows, labels: [0, 1])
    #expect(found.thresholds[2] == .infinity)
    #expect(found.isIssue == [false, false])
  }
}
