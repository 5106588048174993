import Bilevel
import Datasets
import Experiments
import Foundation
import Results
import Tensors
import TestSupport
import Testing

@testable import LabelCleaning
@testable import hyper_cleaning

/// What is trained on, validated on and tested on in hyper-cleaning, and which number reads which.
@Suite("Data and metrics of hyper-cleaning", .interruptionFlag)
struct CleaningDataTests {
  private typealias Origin = NumberedImages.Origin

  private let temporary: TemporaryFolder
  private let folder: DataFolder

  init() throws {
    temporary = try TemporaryFolder()
    folder = try NumberedImages.write(train: 300, test: 80, to: temporary.path)
  }

  private func settings(_ split: CleaningSplit = .randomWithTestFile) -> CleaningSettings {
    var settings = CleaningSettings()
    settings.data = .init(name: "numbered", split: split, train: 60, validation: 50, test: 70)
    return settings
  }

  private func data(
    _ settings: CleaningSettings, seed: UInt64 = 0
  ) throws -> CleaningData<Double> {
    try CleaningData(settings, folder: folder, seed: seed)
  }

  private func origins(_ samples: CleaningData<Double>.Samples) -> [Origin] {
    NumberedImages.origins(samples.features.scalars)
  }

  @Test(
    "Training, validation and test share no image, under every rule",
    arguments: CleaningSplit.allCases, [0, 1, 2, 3] as [UInt64])
  func disjoint(rule: CleaningSplit, seed: UInt64) throws {
    let data = try data(settings(rule), seed: seed)
    let parts = [origins(data.train), origins(data.validation), origins(data.test)]
    #expect(parts.map(\.count) == [60, 50, 70])
    #expect(Set(parts.joined()).count == 180)
    #expect((parts[0] + parts[1]).allSatisfy { !$0.isTestFile })
    if rule == .randomWithTestFile {
      #expect(parts[2].allSatisfy { $0.isTestFile })
    } else {
      #expect(parts[2].allSatisfy { !$0.isTestFile })
    }
    // All that is left, where the number is not given.
    var whole = settings(rule)
    whole.data.test = 0
    let rest = origins(try self.data(whole, seed: seed).test)
    let expected = [
      CleaningSplit.randomWithTestFile: 80, .random: 190, .officialCode: 270,
    ]
    #expect(rest.count == expected[rule])
    #expect(Set(rest).isDisjoint(with: parts[0] + parts[1]))
  }

  @Test("A file whose pixels or labels mean something else is refused, and so is one used twice")
  func otherMeanings() throws {
    let test = folder.readyPath(name: "numbered", split: "test")
    func refusal(_ settings: CleaningSettings) -> String? {
      do { _ = try data(settings) } catch { return (error as? DatasetError)?.message ?? "\(error)" }
      return nil
    }
    var own = settings()
    own.data.validationFile = test
    #expect(try #require(refusal(own)).contains("holds the images of the test file"))
    own.data.validationFile = folder.readyPath(name: "numbered", split: "train")
    #expect(try #require(refusal(own)).contains("holds the images of the training file"))

    let usual = try NumberedImages.dataset(count: 80, isTestFile: true)
    func save(_ split: String, shape: [Int], names: [String]) throws {
      let file =
        split == "train" ? try NumberedImages.dataset(count: 300, isTestFile: false) : usual
      try ImageDataset(
        name: "numbered", split: split, shape: [file.count] + shape, images: file.images,
        labels: file.labels, classNames: names, provenance: usual.provenance
      ).save(folder.readyPath(name: "numbered", split: split))
    }
    try save("test", shape: [1, 4], names: usual.classNames)
    #expect(try #require(refusal(settings())).contains("are of [1, 4, 1]"))
    // Names beside numbers are no contradiction; other names are.
    try save("test", shape: [2, 2], names: ["a", "b", "c", "d", "e"])
    #expect(refusal(settings()) == nil)
    try save("train", shape: [2, 2], names: ["a", "c", "b", "d", "e"])
    #expect(try #require(refusal(settings())).contains("The label 1 is \"c\" in"))
  }

  @Test("Validation images of a file of their own that are tested or trained on, too, are counted")
  func overlap() throws {
    var own = settings()
    own.data.validation = 0
    own.data.validationFile = temporary.path("own.h5")
    func notes(_ isTestFile: Bool, _ range: Range<Int>) throws -> [String] {
      let source = try NumberedImages.dataset(count: 300, isTestFile: isTestFile)
      try ImageDataset(
        name: "numbered", split: "own", shape: [range.count, 2, 2],
        images: Array(source.images[4 * range.lowerBound..<4 * range.upperBound]),
        labels: Array(source.labels[range]), classNames: source.classNames,
        provenance: source.provenance
      ).save(temporary.path("own.h5"))
      return try data(own).notes
    }
    // Of the test file the first 70 images are tested on.
    let tested = try notes(true, 60..<90)
    #expect(
      tested.count == 1 && tested[0].hasPrefix("10 of the validation images of "), "\(tested)")
    #expect(tested.first?.contains("among the test images") == true)
    #expect(try notes(true, 70..<90) == [])
    // All of the training file, but for one image: the sixty that are trained on, less one at the most.
    let trained = try notes(false, 0..<299)
    #expect(trained.count == 1 && trained[0].contains("among the training images"), "\(trained)")
    #expect(["59 ", "60 "].contains { trained.first?.hasPrefix($0) == true }, "\(trained)")
    #expect(try data(settings()).notes == [])
  }

  @Test("Only training labels are corrupted: exactly the fraction, and the truth knows which")
  func noise() throws {
    var settings = settings()
    for (fraction, rule) in [
      (0.5, CorruptionRule.alwaysWrong), (0.25, .alwaysWrong), (0, .uniform), (0.9, .uniform),
    ] {
      settings.corruption = .init(fraction: fraction, rule: rule)
      let data = try data(settings)
      let truth = origins(data.train).map(\.label)
      #expect(data.isNoisy == zip(data.train.labels, truth).map { $0 != $1 })
      let noisy = data.isNoisy.count { $0 }
      if rule == .alwaysWrong {
        #expect(noisy == Int(fraction * 60))
      } else {
        // Of five classes one in five keeps its label.
        #expect(noisy <= Int(fraction * 60))
        #expect(fraction == 0 || (noisy > 30 && noisy < 54), "\(noisy)")
      }
      #expect(data.truth.corruptionRate == Double(noisy) / 60)
      #expect(data.validation.labels == origins(data.validation).map(\.label))
      #expect(data.test.labels == origins(data.test).map(\.label))
      #expect(data.train.labels.allSatisfy { (0..<5).contains($0) })
    }
  }

  @Test("Splits and corruption depend on the seed, and not on each other")
  func seeds() throws {
    func drawn(_ seed: UInt64, fraction: Double = 0.5) throws -> ([Origin], [Origin], [Bool]) {
      var settings = settings()
      settings.corruption.fraction = fraction
      let data = try data(settings, seed: seed)
      return (origins(data.train), origins(data.validation), data.isNoisy)
    }
    let (first, again, other) = (try drawn(0), try drawn(0), try drawn(1))
    #expect(first == again)
    #expect(first.0 != other.0 && Set(first.0) != Set(other.0))
    #expect(Set(first.1) != Set(other.1))
    #expect(first.2 != other.2)
    let clean = try drawn(0, fraction: 0)
    #expect(clean.0 == first.0 && clean.1 == first.1)
  }

  // MARK: - Metrics

  /// argmax of a W + b, row by row, and the cross-entropies of labels.
  private func predictions(
    _ samples: CleaningData<Double>.Samples, _ y: Parameters<Double>
  ) -> (labels: [Int], losses: [Double]) {
    let (weights, bias) = (y.tensors[0].scalars, y.tensors[1].scalars)
    var result: (labels: [Int], losses: [Double]) = ([], [])
    for row in samples.labels.indices {
      let a = samples.features.scalars[row * 4..<row * 4 + 4]
      let logits = (0..<5).map { column in
        bias[column] + zip(a, 0..<4).reduce(0) { $0 + $1.0 * weights[$1.1 * 5 + column] }
      }
      result.labels.append(logits.indices.max { logits[$0] < logits[$1] } ?? 0)
      let total = logits.reduce(0) { $0 + exp($1) }
      result.losses.append(log(total) - logits[samples.labels[row]])
    }
    return result
  }

  private func share(_ left: [Int], _ right: [Int]) -> Double {
    Double(zip(left, right).count { $0 == $1 }) / Double(left.count)
  }

  @Test("Every metric reads the part that it names")
  func metrics() throws {
    let settings = settings()
    let data = try data(settings)
    let problem = CleaningProblem<Double>(settings, data: data, seed: 0)
    var stream = RandomStream(seed: 4, purpose: "metrics")
    let y: Parameters<Double> = Parameters([
      stream.normal([4, 5], standardDeviation: 20), stream.normal([5]),
    ])
    let x: Parameters<Double> = Parameters(stream.normal([60]))
    let values = CleaningEvaluation(noisyBelow: 0.25, truth: data.truth, problem: problem)
      .values(upper: x, lower: y)
    let train = predictions(data.train, y)
    let validation = predictions(data.validation, y)
    let test = predictions(data.test, y)
    let shares = [
      share(train.labels, data.train.labels), share(validation.labels, data.validation.labels),
      share(test.labels, data.test.labels),
    ]
    // The parts can be told apart by these numbers.
    #expect(Set(shares).count == 3, "\(shares)")
    #expect(values["validationAccuracy"] == shares[1])
    #expect(values["testAccuracy"] == shares[2])
    let mean = validation.losses.reduce(0, +) / 50
    #expect(abs((values["upperObjective"] ?? 0) - mean) < 1e-12)
    let weighted = zip(train.losses, x.tensors[0].scalars).reduce(0) {
      $0 + $1.0 / (1 + exp(-$1.1))
    }
    #expect(abs((values["lowerObjective"] ?? 0) - weighted / 60) < 1e-12)
    // Macro F1 over the classes of the test part.
    let scores = (0..<5).map { label -> Double in
      let (found, wanted) = (test.labels.map { $0 == label }, data.test.labels.map { $0 == label })
      let both = zip(found, wanted).count { $0 && $1 }
      let sum = found.count { $0 } + wanted.count { $0 }
      return sum == 0 ? 0 : 2 * Double(both) / Double(sum)
    }
    #expect(abs((values["testMacroF1"] ?? 0) - scores.reduce(0, +) / 5) < 1e-12)
    // Detection of the labels that are truly wrong, each class being the positive one in turn.
    let called = x.tensors[0].scalars.map { $0 < 0.25 }
    func f1(_ called: [Bool], _ truth: [Bool]) -> Double {
      2 * Double(zip(called, truth).count { $0 && $1 })
        / Double(called.count { $0 } + truth.count { $0 })
    }
    #expect(values["detectionF1NoisyPositive"] == f1(called, data.isNoisy))
    #expect(
      values["detectionF1CleanPositive"] == f1(called.map { !$0 }, data.isNoisy.map { !$0 }))
    #expect(values["detectionF1NoisyPositive"] != values["detectionF1CleanPositive"])
    #expect(values["corruptionRate"] == 0.5)
  }

  // MARK: - The end of a run

  /// What an arm measures at its end, at which x, and its data.
  private func closed(
    _ arm: Arm
  ) throws -> (values: [String: Double], x: Parameters<Double>, data: CleaningData<Double>) {
    var own = settings()
    own.corruption.fraction = 0.3
    var settings = RunSettings(own)
    settings.inner.steps = 4
    settings.inner.stepSize = 0.5
    settings.outer = OuterSettings(.gradient, learningRate: 20, iterations: 3)
    // An upper direction so large that y cannot be confused with that of plain descent.
    settings.aggregation = .init(schedule: .constant, alpha: 0.9, upperStepSize: 8)
    let run = Run(
      experiment: Cleaning.name, arm: arm, protocolName: "icml2020", budget: .smoke, seed: 0,
      scalar: .double, configuration: Configuration(settings), variant: [:], datasets: [])
    var body = try CleaningBody<Double>(run, folder: folder)
    while let event = body.loop.next() { _ = body.observe(event) }
    let closing = try body.close(step: 0, stage: 0, after: .completed)
    return (
      Dictionary(uniqueKeysWithValues: closing.measurements.map { ($0.metric, $0.value) }),
      body.loop.upper, try data(own)
    )
  }

  /// Plain descent on 1/n sum w_i CE_i from zero, written out.
  private func descended(_ data: CleaningData<Double>, weights: [Double]) -> Parameters<Double> {
    var (matrix, bias) = ([Double](repeating: 0, count: 20), [Double](repeating: 0, count: 5))
    for _ in 0..<4 {
      var slope = ([Double](repeating: 0, count: 20), [Double](repeating: 0, count: 5))
      for row in weights.indices {
        let a = Array(data.train.features.scalars[row * 4..<row * 4 + 4])
        let powers = (0..<5).map { c -> Double in
          var logit = bias[c]
          for k in 0..<4 { logit += a[k] * matrix[k * 5 + c] }
          return exp(logit)
        }
        let total = powers.reduce(0, +)
        for c in 0..<5 {
          let wanted = data.train.labels[row] == c ? 1.0 : 0
          let error = weights[row] / 60 * (powers[c] / total - wanted)
          slope.1[c] += error
          for k in 0..<4 { slope.0[k * 5 + c] += error * a[k] }
        }
      }
      for index in matrix.indices { matrix[index] -= 0.5 * slope.0[index] }
      for index in bias.indices { bias[index] -= 0.5 * slope.1[index] }
    }
    return Parameters([Tensor(shape: [4, 5], scalars: matrix), Tensor(bias)])
  }

  @Test("The oracle trains on clean labels alone, no cleaning on all alike")
  func baselines() throws {
    for (baseline, noisy, clean) in [(Cleaning.oracle, 0.0, 1.0), (Cleaning.noCleaning, 0.5, 0.5)] {
      let (values, _, data) = try closed(.baseline(baseline))
      let y = descended(data, weights: data.isNoisy.map { $0 ? noisy : clean })
      let validation = predictions(data.validation, y)
      #expect(
        abs((values["upperObjective"] ?? 0) - validation.losses.reduce(0, +) / 50) < 1e-12,
        "\(baseline.name)")
      #expect(values["testAccuracy"] == share(predictions(data.test, y).labels, data.test.labels))
      #expect(values["plainTestAccuracy"] == values["testAccuracy"])
      let isOracle = baseline == Cleaning.oracle
      #expect(values["detectionAUC"] == (isOracle ? 1 : 0.5))
      #expect(values["detectionF1NoisyPositive"] == (isOracle ? 1 : 0))
    }
  }

  @Test("The end is measured at the last x after K steps; plain accuracy is that of plain descent")
  func final() throws {
    for name in ["rhg", "bda"] {
      let method = try MethodCatalogue.standard.method(named: name)
      let (values, x, data) = try closed(.method(method))
      let weights = x.tensors[0].scalars.map { 1 / (1 + exp(-$0)) }
      #expect(Set(weights).count > 10, "\(name): x has not moved.")
      let plain = descended(data, weights: weights)
      let accuracy = share(predictions(data.test, plain).labels, data.test.labels)
      let loss = predictions(data.validation, plain).losses.reduce(0, +) / 50
      #expect(values["plainTestAccuracy"] == accuracy, "\(name)")
      if name == "rhg" {
        #expect(values["testAccuracy"] == accuracy)
        #expect(abs((values["upperObjective"] ?? 0) - loss) < 1e-12)
      } else {
        #expect(values["testAccuracy"] != accuracy, "Both end alike: the test shows nothing.")
        #expect((values["upperObjective"] ?? 0) < loss - 1e-3)
      }
    }
  }

  @Test("Weights that are x itself stay in [0, 1], and under the largest sum where there is one")
  func feasible() throws {
    func projected(_ change: (inout CleaningSettings) -> Void) throws -> [Double] {
      var settings = settings()
      change(&settings)
      let problem = CleaningProblem<Double>(settings, data: try data(settings), seed: 0)
      let x = Tensor<Double>(shape: [60], scalars: (0..<60).map { Double($0 % 3) - 0.5 })
      return problem.bilevel.upperFeasibleSet.project(Parameters(x)).tensors[0].scalars
    }
    let free = try projected { _ in }
    #expect(Array(free.prefix(3)) == [-0.5, 0.5, 1.5])
    let boxed = try projected { $0.weights.weighting = .identity }
    #expect(boxed == (0..<60).map { [0, 0.5, 1][$0 % 3] })
    let capped = try projected {
      $0.weights.weighting = .identity
      $0.weights.largestSum = 20
    }
    #expect(capped.allSatisfy { 0 <= $0 && $0 <= 1 } && abs(capped.reduce(0, +) - 20) < 1e-9)
  }
}
