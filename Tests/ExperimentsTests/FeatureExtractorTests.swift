import Bilevel
import Experiments
import Networks
import TestSupport
import Testing

@testable import RepresentationLearning

/// An extractor for images that are not square, with inputs and parameters.
struct ExtractorSubject: Sendable, CustomTestStringConvertible {
  let extractor: FeatureExtractor

  var testDescription: String {
    "\(extractor.kind.rawValue), \(extractor.widths), bias \(extractor.hasBias)"
  }

  static let all: [ExtractorSubject] = [
    FeatureExtractor(inputShape: [5, 4, 2], widths: [6, 3], activation: .hyperbolicTangent),
    FeatureExtractor(
      inputShape: [5, 4, 2], widths: [7], activation: .sigmoid, hasBias: false,
      initialization: .standardNormal),
    FeatureExtractor(
      .convolutional, inputShape: [5, 4, 2], widths: [3], activation: .hyperbolicTangent),
    FeatureExtractor(
      .convolutional, inputShape: [6, 7, 1], widths: [2, 3], activation: .sigmoid),
    FeatureExtractor(
      .convolutional, inputShape: [1, 3, 3], widths: [4], activation: .rectifier, hasBias: false),
  ].map { ExtractorSubject(extractor: $0) }

  /// Parameters with biases that are not zero.
  func parameters(_ stream: inout RandomStream) -> [Tensor<Double>] {
    let drawn: [Tensor<Double>] = extractor.initial(using: &stream)
    return drawn.map { $0.rank == 1 ? stream.normal($0.shape) : $0 }
  }

  func inputs(_ rows: Int, _ stream: inout RandomStream) -> Tensor<Double> {
    stream.normal([rows, extractor.inputShape.reduce(1, *)])
  }
}

@Suite("Feature extractors")
struct FeatureExtractorTests {
  @Test("the features of many inputs come in order, a thousand at a time")
  func blocks() {
    let subject = ExtractorSubject.all[1]
    var stream = RandomStream(seed: 33, purpose: "blocks")
    let x = Parameters<Double>(subject.parameters(&stream))
    for (count, expected) in [(1, [1]), (1_000, [1_000]), (2_300, [1_000, 1_000, 300])] {
      let inputs = subject.inputs(count, &stream)
      var (rows, scalars): ([Int], [Double]) = ([], [])
      subject.extractor.forEachBlock(of: inputs, upper: x) {
        rows.append($0.shape[0])
        scalars += $0.scalars
      }
      #expect(rows == expected)
      let whole = subject.extractor.features(of: .constant(inputs), parameters: x.constants).value
      let found = Tensor(shape: [count, subject.extractor.featureCount], scalars: scalars)
      // Products of other sizes may be summed in another order.
      #expect(largestDeviation([found], [whole]) < 1e-13)
    }
  }

  @Test("features equal those of plain loops, sample by sample", arguments: ExtractorSubject.all)
  func loops(subject: ExtractorSubject) {
    let extractor = subject.extractor
    var stream = RandomStream(seed: 31, purpose: "features")
    let parameters = subject.parameters(&stream)
    let inputs = subject.inputs(3, &stream)
    let found = extractor.features(
      of: .constant(inputs), parameters: parameters.map { .constant($0) }
    ).value
    #expect(found.shape == [3, extractor.featureCount])
    for row in 0..<3 {
      let expected = naive(extractor, parameters, inputs.gatheringRows([row]).scalars)
      for (column, value) in expected.enumerated() {
        #expect(abs(found[row, column] - value) < 1e-13)
      }
      #expect(expected.count == extractor.featureCount)
    }
  }

  /// One sample's features, index by index.
  private func naive(
    _ extractor: FeatureExtractor, _ parameters: [Tensor<Double>], _ sample: [Double]
  ) -> [Double] {
    var (signal, shape) = (sample, extractor.inputShape)
    var remaining = parameters[...]
    for width in extractor.widths {
      guard let weights = remaining.popFirst() else { return [] }
      let bias = extractor.hasBias ? remaining.popFirst() : nil
      var next: [Double] = []
      var nextShape = [1, 1, width]
      if extractor.kind == .fullyConnected {
        next = (0..<width).map { unit in
          signal.indices.reduce(0) { $0 + signal[$1] * weights[$1, unit] }
        }
      } else {
        nextShape = [(shape[0] + 1) / 2, (shape[1] + 1) / 2, width]
        for y in 0..<nextShape[0] {
          for x in 0..<nextShape[1] {
            for filter in 0..<width {
              var sum = 0.0
              for (dy, dx) in (0..<9).map({ ($0 / 3, $0 % 3) }) {
                let (row, column) = (2 * y + dy - 1, 2 * x + dx - 1)
                guard (0..<shape[0]).contains(row), (0..<shape[1]).contains(column) else {
                  continue
                }
                for channel in 0..<shape[2] {
                  sum +=
                    signal[(row * shape[1] + column) * shape[2] + channel]
                    * weights[filter, dy, dx, channel]
                }
              }
              next.append(sum)
            }
          }
        }
      }
      for index in next.indices {
        next[index] = activate(
          next[index] + (bias.map { $0[index % width] } ?? 0), extractor.activation)
      }
      (signal, shape) = (next, nextShape)
    }
    return signal
  }

  private func activate(_ z: Double, _ activation: Activation) -> Double {
    let value: Variable<Double> = activation(.constant(Tensor([z])))
    return value.value.scalars[0]
  }

  @Test(
    "the path through features moves x as plain expressions do", arguments: ExtractorSubject.all,
    ["rhg", "t-rhg", "bda", "cg", "one-stage-bda"])
  func equality(subject: ExtractorSubject, name: String) throws {
    let extractor = subject.extractor
    var stream = RandomStream(seed: 32, purpose: "equality")
    let start = Parameters(subject.parameters(&stream))
    let (train, validation) = (subject.inputs(4, &stream), subject.inputs(5, &stream))
    let targets = (
      Tensor<Double>.oneHot([0, 1, 1, 0], classes: 2).scaled(by: 0.9).shifted(by: 0.05),
      Tensor<Double>.oneHot([1, 0, 1, 0, 0], classes: 2)
    )
    let head = ConstantInitialLower(
      Parameters<Double>(stream.normal([extractor.featureCount, 2])))
    let factored = FactoredProblem(
      map: ExpressionFeatureMap { x in
        [train, validation].map { extractor.features(of: .constant($0), parameters: x) }
      },
      headProblem: BilevelProblem(
        upper: LinearHeadObjective(component: 1, targets: targets.1, loss: .crossEntropy),
        lower: LinearHeadObjective(component: 0, targets: targets.0, loss: .crossEntropy),
        initialLower: head),
      start: start)
    @Sendable func loss(
      _ x: [Variable<Double>], _ y: [Variable<Double>], _ inputs: Tensor<Double>,
      _ targets: Tensor<Double>
    ) -> Variable<Double> {
      let logits = extractor.features(of: .constant(inputs), parameters: x).multiplied(by: y[0])
      return crossEntropies(logits: logits, targets: .constant(targets)).mean()
    }
    let generic = BilevelProblem(
      upper: ExpressionObjective { x, y in loss(x, y, validation, targets.1) },
      lower: ExpressionObjective { x, y in loss(x, y, train, targets.0) }, initialLower: head)
    let method = try MethodCatalogue.standard.method(named: name)
    var settings = MethodSettings()
    settings.inner = .init(steps: 6, stepSize: 0.3)
    settings.aggregation.upperStepSize = 0.2
    // Cross-entropy without a ridge is not strictly convex: its Hessian needs the damping.
    settings.solver.damping = 0.1
    settings.solver.steps = 5
    let prepared = try factored.prepare(method, settings)
    let onFeatures = prepared.estimator.estimate(
      prepared.problem, dynamics: prepared.loopDynamics, upper: start, innerSteps: 6)
    let plain = try method.hypergradientEstimator(settings, as: Double.self).estimate(
      generic, dynamics: method.innerDynamics(settings, as: Double.self), upper: start,
      innerSteps: 6)
    // One-stage differences cancel: their rounding is divided by the radius.
    let tolerance = method.estimator.name == "one-stage" ? 1e-10 : 1e-12
    #expect(abs(onFeatures.upperValue - plain.upperValue) < 1e-13)
    #expect(
      largestDeviation(onFeatures.hypergradient.tensors, plain.hypergradient.tensors) < tolerance)
    #expect(plain.hypergradient.norm > 1e-3, "a vanishing hypergradient would compare nothing")
  }
}
