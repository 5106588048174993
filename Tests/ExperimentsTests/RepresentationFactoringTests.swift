import Bilevel
import Experiments
import Networks
import TestSupport
import Testing

@testable import RepresentationLearning

/// A small representation problem: two tanh layers in front of a head.
struct SmallRepresentation: Sendable {
  let loss: HeadLoss
  let ridge: Double
  let factored: FactoredProblem<Double>
  /// The same problem as plain expressions of (x, y): nothing of the structure is used.
  let generic: BilevelProblem<Double>

  init(_ loss: HeadLoss, ridge: Double) {
    self.loss = loss
    self.ridge = ridge
    var stream = RandomStream(seed: 3, purpose: "small representation")
    func samples(_ count: Int) -> (Tensor<Double>, Tensor<Double>) {
      let raw: Tensor<Double> = stream.uniform([count, 2], in: 0.1..<1)
      return (
        stream.normal([count, 3]),
        raw.dividing(raw.sum(alongAxis: 1).repeated(2, alongNewAxis: 1))
      )
    }
    let (train, trainTargets) = samples(4)
    let (validation, validationTargets) = samples(6)
    let start = Parameters<Double>([
      stream.normal([3, 4]), stream.normal([4]), stream.normal([4, 5]),
    ])
    let head = Parameters<Double>(stream.normal([5, 2]))
    @Sendable func features(
      _ x: [Variable<Double>], _ inputs: Tensor<Double>
    ) -> Variable<Double> {
      let bias = x[1].repeated(inputs.shape[0], alongNewAxis: 0)
      return (Variable.constant(inputs).multiplied(by: x[0]) + bias).hyperbolicTangent()
        .multiplied(by: x[2]).hyperbolicTangent()
    }
    @Sendable func value(
      _ z: Variable<Double>, _ targets: Tensor<Double>
    ) -> Variable<Double> {
      let scale = 1 / Double(targets.shape[0])
      if loss == .crossEntropy {
        return scale * crossEntropies(logits: z, targets: .constant(targets)).sum()
      }
      let gap = z - .constant(targets)
      return (scale / 2) * (gap * gap).sum()
    }
    factored = FactoredProblem(
      map: ExpressionFeatureMap { x in [features(x, train), features(x, validation)] },
      headProblem: BilevelProblem(
        upper: LinearHeadObjective(component: 1, targets: validationTargets, loss: loss),
        lower: LinearHeadObjective(
          component: 0, targets: trainTargets, loss: loss, ridge: ridge),
        initialLower: ConstantInitialLower(head)),
      start: start)
    generic = BilevelProblem(
      upper: ExpressionObjective { x, y in
        value(features(x, validation).multiplied(by: y[0]), validationTargets)
      },
      lower: ExpressionObjective { x, y in
        value(features(x, train).multiplied(by: y[0]), trainTargets)
          + (ridge / 2) * (y[0] * y[0]).sum()
      },
      initialLower: ConstantInitialLower(head))
  }

  /// x after three outer iterations of each form; nil for the form that uses the structure.
  func upper(
    _ method: Method, _ settings: MethodSettings, startsWarm: Bool, generic usesGeneric: Bool
  ) throws -> Parameters<Double> {
    func made(
      _ problem: BilevelProblem<Double>, _ dynamics: any InnerDynamics<Double>,
      _ estimator: any HypergradientEstimator<Double>, from start: Parameters<Double>
    ) -> OuterLoop<Double> {
      BilevelEstimate(
        problem: problem, dynamics: dynamics, estimator: estimator,
        innerSteps: settings.inner.steps, start: startsWarm ? .warm : .own
      ).loop(optimizer: GradientStep(learningRate: .constant(0.1)), from: start, iterations: 3)
    }
    var loop: OuterLoop<Double>
    if usesGeneric {
      let (problem, start) = try method.prepare(generic, from: factored.start, settings)
      loop = made(
        problem, try method.innerDynamics(settings, as: Double.self),
        try method.hypergradientEstimator(settings, as: Double.self), from: start)
    } else {
      let prepared = try factored.prepare(method, settings)
      loop = made(
        prepared.problem, prepared.loopDynamics, prepared.estimator, from: prepared.start)
    }
    while loop.next() != nil {}
    return loop.upper
  }
}

@Suite("Hypergradients through features")
struct RepresentationFactoringTests {
  /// All but those that see x through a shared initialisation alone.
  private static let movingMethods = MethodCatalogue.standard.methods
    .filter { !$0.estimator.seesStartOnly || $0.learnsStart }.map(\.name)

  @Test(
    "every method moves x as it does on plain expressions", arguments: movingMethods,
    HeadLoss.allCases)
  func equality(name: String, loss: HeadLoss) throws {
    let problem = SmallRepresentation(loss, ridge: 0.1)
    let method = try MethodCatalogue.standard.method(named: name)
    var settings = MethodSettings()
    settings.inner = .init(steps: 6, stepSize: 0.3)
    settings.aggregation.upperStepSize = 0.2
    settings.solver.steps = 5
    for warm in method.allowsOtherStart(under: settings) ? [false, true] : [false] {
      let expected = try problem.upper(method, settings, startsWarm: warm, generic: true)
      let found = try problem.upper(method, settings, startsWarm: warm, generic: false)
      // One-stage differences cancel: their rounding is divided by the radius.
      let tolerance = method.estimator.name == "one-stage" ? 1e-9 : 1e-11
      #expect(largestDeviation(found.tensors, expected.tensors) < tolerance)
      #expect(
        largestDeviation(
          Array(found.tensors.prefix(3)), problem.factored.start.tensors) > 1e-4,
        "x has not moved, so nothing was compared")
    }
  }

  @Test("the dynamic barrier is not factored, because on features it gives another direction")
  func barrier() throws {
    let problem = SmallRepresentation(.leastSquares, ridge: 0)
    var settings = MethodSettings()
    settings.inner = .init(steps: 4, stepSize: 0.3)
    // Large enough for the barrier to be active: its multiplier then divides by a norm in (x, y).
    settings.penalty.barrierRatio = 5
    let prepared = try problem.factored.prepare(
      MethodCatalogue.standard.method(named: "bome"), settings)
    #expect(!(prepared.estimator is FactoredHypergradient<Double>))
    let right = prepared.estimator.estimate(
      prepared.problem, dynamics: prepared.loopDynamics, upper: prepared.start, innerSteps: 4)
    let wrong = prepared.factored.estimate(
      prepared.problem, dynamics: prepared.dynamics, upper: prepared.start, innerSteps: 4)
    #expect(
      largestDeviation(right.hypergradient.tensors, wrong.hypergradient.tensors) > 1e-6)
  }

  @Test("the extractor is evaluated once per estimate")
  func economy() throws {
    let problem = SmallRepresentation(.leastSquares, ridge: 0.1)
    let counter = CountingFeatureMap(base: problem.factored.map)
    let counted = FactoredProblem(
      map: counter, headProblem: problem.factored.headProblem, start: problem.factored.start)
    var settings = MethodSettings()
    settings.inner = .init(steps: 9, stepSize: 0.3)
    let prepared = try counted.prepare(
      MethodCatalogue.standard.method(named: "bda"), settings)
    counter.reset()
    _ = prepared.estimator.estimate(
      prepared.problem, dynamics: prepared.loopDynamics, upper: prepared.start, innerSteps: 9)
    #expect(counter.evaluations == 1)
  }

  @Test("a substituted lower objective moves the loop and not the linear system")
  func substitution() throws {
    var stream = RandomStream(seed: 9, purpose: "substitution")
    let features: Tensor<Double> = stream.normal([6, 3])
    let targets: Tensor<Double> = stream.normal([6, 1])
    func lower(_ factor: Double) -> LinearHeadObjective<Double> {
      LinearHeadObjective(
        component: 0, targets: targets, loss: .leastSquares, ridge: 0.1, factor: factor)
    }
    let x = Parameters<Double>([features, features])
    let start = ConstantInitialLower(Parameters<Double>(stream.normal([3, 1])))
    let upper = LinearHeadObjective(component: 1, targets: targets, loss: .leastSquares)
    let halved = BilevelProblem(upper: upper, lower: lower(0.5), initialLower: start)
    let whole = BilevelProblem(upper: upper, lower: lower(1), initialLower: start)
    let plain = GradientDescent<Double>(stepSize: 0.2)
    let substituted = LowerSubstitution(plain, descending: lower(1))
    #expect(
      substituted.run(steps: 5, upper: x, of: halved) == plain.run(steps: 5, upper: x, of: whole))
    let estimator = ImplicitHypergradient<Double>(
      solver: ConjugateGradient(maximumSteps: 10, relativeTolerance: 1e-14))
    let mixed = estimator.estimate(halved, dynamics: substituted, upper: x, innerSteps: 5)
    let consistent = estimator.estimate(whole, dynamics: plain, upper: x, innerSteps: 5)
    #expect(mixed.lower == consistent.lower)
    #expect(
      largestDeviation(mixed.hypergradient.tensors, consistent.hypergradient.tensors) > 1e-3)
  }
}

/// A feature map that counts how often it is evaluated.
private final class CountingFeatureMap: FeatureMap, @unchecked Sendable {
  let base: any FeatureMap<Double>
  private(set) var evaluations = 0

  init(base: any FeatureMap<Double>) { self.base = base }

  func reset() { evaluations = 0 }

  func features(of x: Parameters<Double>) -> Parameters<Double> {
    evaluations += 1
    return base.features(of: x)
  }

  func record(at x: Parameters<Double>) -> any RecordedFeatures<Double> {
    evaluations += 1
    return base.record(at: x)
  }
}
