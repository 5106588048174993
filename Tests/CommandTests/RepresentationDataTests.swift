import Bilevel
import Commands
import Datasets
import Experiments
import Foundation
import Tensors
import TestSupport
import Testing

@testable import RepresentationLearning
@testable import hyper_representation

/// What is trained on, validated on and tested on in hyper-representation, and which number reads
/// which.
@Suite("Data and metrics of hyper-representation")
struct RepresentationDataTests {
  private typealias Origin = NumberedImages.Origin

  private let temporary: TemporaryFolder
  private let folder: DataFolder

  init() throws {
    temporary = try TemporaryFolder()
    folder = try NumberedImages.write(train: 300, test: 80, to: temporary.path)
  }

  private var settings: RepresentationSettings {
    var settings = RepresentationSettings()
    settings.data.kind = .images
    settings.data.name = "numbered"
    settings.data.perClass = 6
    settings.data.validation = 50
    settings.data.test = 70
    settings.extractor.widths = [6, 7]
    return settings
  }

  @Test("0 test images are all there are, of a test file and of what training leaves")
  func wholeTest() throws {
    var settings = settings
    settings.data.test = 0
    #expect(try data(settings).test?.labels.count == 80)
    settings.data.testsOnTrainingFile = true
    #expect(try data(settings).test?.labels.count == 300 - 30 - 50)
  }

  @Test("More test images than there are is refused, of a test file and of what training leaves")
  func tooManyTests() throws {
    var settings = settings
    settings.data.test = 80
    #expect(try data(settings).test?.labels.count == 80)
    settings.data.test = 81
    let error = #expect(throws: DatasetError.self) { try data(settings) }
    let sentence = error?.message ?? ""
    #expect(sentence.hasPrefix("The setting data.test asks for 81 images of "), "\(sentence)")
    #expect(sentence.hasSuffix("which has 80: lower it, or set it to 0 for all of them."))
    settings.data.testsOnTrainingFile = true
    settings.data.test = 300 - 30 - 50 + 1
    #expect(throws: DatasetError.self) { try data(settings) }
  }

  private func data(
    _ settings: RepresentationSettings, seed: UInt64 = 0
  ) throws -> RepresentationData<Double> {
    try RepresentationData(settings, folder: folder, seed: seed)
  }

  private func origins(_ samples: RepresentationData<Double>.Samples?) -> [Origin] {
    NumberedImages.origins(samples?.inputs.scalars ?? [])
  }

  @Test(
    "Training, validation and test share no image", arguments: [false, true],
    [0, 1, 2] as [UInt64])
  func disjoint(testsOnTrainingFile: Bool, seed: UInt64) throws {
    var settings = settings
    settings.data.testsOnTrainingFile = testsOnTrainingFile
    let data = try data(settings, seed: seed)
    let parts = [origins(data.train), origins(data.validation), origins(data.test)]
    #expect(parts.map(\.count) == [30, 50, 70])
    #expect(Set(parts.joined()).count == 150)
    #expect((parts[0] + parts[1]).allSatisfy { !$0.isTestFile })
    #expect(parts[2].allSatisfy { $0.isTestFile != testsOnTrainingFile })
    for label in 0..<5 { #expect(parts[0].count { $0.label == label } == 6) }
    for (samples, part) in zip([data.train, data.validation, data.test], parts) {
      #expect(samples?.labels == part.map(\.label))
    }
  }

  @Test("Training targets are smoothed, those of the upper level are not")
  func targets() throws {
    var settings = settings
    settings.head.loss = .crossEntropy
    settings.head.smoothing = 0.2
    let data = try data(settings)
    #expect(
      data.validation.targets == .oneHot(data.validation.labels, classes: 5))
    let expected = Tensor<Double>.oneHot(data.train.labels, classes: 5).scalars.map {
      $0 == 1 ? 0.84 : 0.04
    }
    #expect(
      largestDeviation([data.train.targets], [Tensor(shape: [30, 5], scalars: expected)]) < 1e-15)
  }

  @Test("Splits, x_0 and heads depend on the seed; heads on their draw, too")
  func seeds() throws {
    let (first, again, other) = (
      try data(settings), try data(settings), try data(settings, seed: 1)
    )
    #expect(origins(first.train) == origins(again.train))
    #expect(Set(origins(first.train)) != Set(origins(other.train)))
    #expect(Set(origins(first.validation)) != Set(origins(other.validation)))
    // On the same data, so that nothing but the seed differs.
    let problems = ([0, 0, 1] as [UInt64]).map {
      RepresentationProblem<Double>(settings, data: first, seed: $0)
    }
    let starts = problems.map(\.factored.start)
    #expect(starts[0] == starts[1])
    #expect(starts[0] != starts[2])
    let heads = problems.map { $0.initialHead(0) }
    #expect(heads[0] == heads[1] && heads[0] != heads[2])
    #expect(heads[0] != problems[0].initialHead(1))
    #expect(starts[0].isFinite && starts[0].norm > 0)
  }

  @Test("Linear problems validate on other samples than they train on, of the same truth")
  func linear() throws {
    var settings = RepresentationProtocol.pzobo64.settings(.smoke).own
    settings.data.noise = 0
    let (first, other) = (try data(settings), try data(settings, seed: 1))
    #expect(first.train.inputs.shape == first.validation.inputs.shape)
    let rows = [first.train, first.validation].flatMap { samples in
      (0..<samples.inputs.shape[0]).map { samples.inputs.gatheringRows([$0]).scalars }
    }
    #expect(Set(rows).count == rows.count)
    #expect(first.train.inputs != other.train.inputs)
    #expect(first.train.targets != other.train.targets)
    #expect(first.test == nil)
    // The targets of both are the same linear function: at x = truth, zero is reached by both.
    let truth = LeastSquaresSolution(first.train)
    #expect(truth.largestResidual(on: first.train) < 1e-6)
    #expect(truth.largestResidual(on: first.validation) < 1e-6)
    #expect(truth.largestResidual(on: other.train) > 1e-2)
  }

  // MARK: - Metrics

  private func accuracy(
    _ problem: RepresentationProblem<Double>, _ samples: RepresentationData<Double>.Samples,
    _ x: Parameters<Double>, _ y: Parameters<Double>
  ) -> Double {
    let outputs = problem.outputs(of: samples.inputs, upper: x, lower: y)
    let found = (0..<samples.labels.count).map { row in
      let values = Array(outputs.scalars[row * 5..<row * 5 + 5])
      return values.indices.max { values[$0] < values[$1] } ?? 0
    }
    return Double(zip(found, samples.labels).count { $0 == $1 }) / Double(found.count)
  }

  @Test(
    "Every metric reads the part that it names; spreads are over heads, with n - 1",
    .interruptionFlag)
  func metrics() throws {
    let data = try data(settings)
    let problem = RepresentationProblem<Double>(settings, data: data, seed: 0)
    let evaluation = RepresentationEvaluation(settings, data: data, problem: problem, seed: 0)
    let x = problem.factored.start
    var stream = RandomStream(seed: 3, purpose: "heads")
    let heads: [Parameters<Double>] = (0..<4).map { _ in Parameters(stream.normal([7, 5])) }
    let y = heads[0]
    let values = evaluation.values(upper: x, lower: y)
    let test = try #require(data.test)
    let shares = [data.train, data.validation, test].map { accuracy(problem, $0, x, y) }
    #expect(Set(shares).count == 3, "\(shares)")
    #expect(values["validationAccuracy"] == shares[1])
    #expect(values["testAccuracy"] == shares[2])
    // Least squares, by the outputs themselves: 1/2 mean over samples of |r|^2, or a multiple that is
    // the same for both levels.
    func squares(_ samples: RepresentationData<Double>.Samples) -> Double {
      let outputs = problem.outputs(of: samples.inputs, upper: x, lower: y)
      return zip(outputs.scalars, samples.targets.scalars).reduce(0) {
        $0 + ($1.0 - $1.1) * ($1.0 - $1.1)
      } / Double(samples.labels.count)
    }
    let upper = try #require(values["upperObjective"])
    let lower = try #require(values["lowerObjective"])
    let ratio = upper / squares(data.validation)
    #expect(abs(lower / squares(data.train) - ratio) < 1e-12 * ratio)
    #expect(abs(squares(data.train) - squares(data.validation)) > 1e-3)

    let set = try evaluation.setValues(upper: x, lower: y, headsOfOtherDraws: heads)
    let accuracies = heads.map { accuracy(problem, test, x, $0) }
    #expect(Set(accuracies).count > 1)
    func deviation(_ values: [Double]) -> Double {
      let mean = values.reduce(0, +) / 4
      return (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 3).squareRoot()
    }
    #expect(abs((set["accuracySpreadOverHeads"] ?? 0) - deviation(accuracies)) < 1e-12)
    let features = problem.factored.map.features(of: x)
    let uppers = heads.map { problem.upper.value(upper: features, lower: $0) }
    #expect(abs((set["upperSpreadOverHeads"] ?? 0) - deviation(uppers)) < 1e-12)
    #expect(deviation(uppers) > 0)
    let same = try evaluation.setValues(
      upper: x, lower: y, headsOfOtherDraws: [y, y, y])
    #expect(same["accuracySpreadOverHeads"] == 0)
  }

  /// A run of RHG with three heads and four outer iterations of three inner steps.
  private func shortRun() throws -> Run<RepresentationSettings> {
    var own = settings
    own.evaluation.heads = 3
    var settings = RunSettings(own)
    settings.inner.steps = 3
    settings.outer.iterations = 4
    let arm = Arm.method(try MethodCatalogue.standard.method(named: "rhg"))
    return Run(
      experiment: Representation.name, arm: arm, protocolName: "few-labels", budget: .smoke,
      seed: 5, scalar: .double, configuration: Configuration(settings), variant: [:],
      datasets: [])
  }

  @Test("Somebody who asks to stop is heard while S(x) is measured", .interruptionFlag)
  func interrupted() throws {
    Interruption.reset()
    defer { Interruption.reset() }
    var body = try RepresentationBody<Double>(try shortRun(), folder: folder)
    while let event = body.loop.next() { _ = body.observe(event) }
    Interruption.request()
    #expect(throws: Interrupted.self) {
      try body.close(step: 0, stage: 0, after: .completed)
    }
    Interruption.reset()
    let closing = try body.close(step: 0, stage: 0, after: .completed)
    #expect(closing.measurements.contains { $0.metric == "distanceToSolutionSet" })
  }

  @Test(
    "The end is measured at the last x, and spreads over heads that training has not seen",
    .interruptionFlag)
  func closing() throws {
    let run = try shortRun()
    let (own, settings) = (run.settings.own, run.settings)
    var body = try RepresentationBody<Double>(run, folder: folder)
    let start = body.loop.upper
    while let event = body.loop.next() { _ = body.observe(event) }
    let closing = try body.close(step: 0, stage: 0, after: .completed)
    let values = Dictionary(
      uniqueKeysWithValues: closing.measurements.map { ($0.metric, $0.value) })
    let data = try data(own, seed: 5)
    let problem = RepresentationProblem<Double>(own, data: data, seed: 5)
    #expect(start == problem.factored.start)
    #expect(body.loop.upper != start)
    let features = problem.factored.map.features(of: body.loop.upper)
    // y_K from a draw of y_0, by plain steps on the head's objective.
    func head(_ draw: Int) -> Parameters<Double> {
      (0..<3).reduce(problem.initialHead(draw)) { y, _ in
        y.adding(
          problem.lower.lowerGradient(upper: features, lower: y),
          scaledBy: -settings.inner.stepSize)
      }
    }
    let upper = problem.upper.value(upper: features, lower: head(0))
    #expect(abs((values["upperObjective"] ?? 0) - upper) < 1e-12)
    let others = (1...3).map { problem.upper.value(upper: features, lower: head($0)) }
    let mean = others.reduce(0, +) / 3
    let spread = (others.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 2).squareRoot()
    #expect(spread > 0)
    #expect(abs((values["upperSpreadOverHeads"] ?? 0) - spread) < 1e-12)
  }
}

/// The linear function that targets are of inputs, found by descent along conjugate directions on the
/// normal equations; it shares nothing with the suite's solvers.
private struct LeastSquaresSolution {
  private var weights: [Double]

  init(_ samples: RepresentationData<Double>.Samples) {
    let width = samples.inputs.shape[1]
    weights = Array(repeating: 0, count: width)
    func normal(_ residuals: [Double]) -> [Double] {
      (0..<width).map { column in
        residuals.indices.reduce(0) {
          $0 + residuals[$1] * samples.inputs.scalars[$1 * width + column]
        }
      }
    }
    func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
    var residual = normal(samples.targets.scalars)
    var direction = residual
    for _ in 0..<4 * width {
      let image = normal(Self.outputs(samples, direction))
      let curvature = dot(direction, image)
      guard curvature > 1e-24 else { break }
      let before = dot(residual, residual)
      let step = before / curvature
      weights = zip(weights, direction).map { $0 + step * $1 }
      residual = zip(residual, image).map { $0 - step * $1 }
      let ratio = dot(residual, residual) / before
      direction = zip(residual, direction).map { $0 + ratio * $1 }
    }
  }

  private static func outputs(
    _ samples: RepresentationData<Double>.Samples, _ weights: [Double]
  ) -> [Double] {
    (0..<samples.inputs.shape[0]).map { row in
      weights.indices.reduce(0) {
        $0 + weights[$1] * samples.inputs.scalars[row * weights.count + $1]
      }
    }
  }

  func largestResidual(on samples: RepresentationData<Double>.Samples) -> Double {
    zip(Self.outputs(samples, weights), samples.targets.scalars).map { abs($0 - $1) }.max() ?? 0
  }
}
