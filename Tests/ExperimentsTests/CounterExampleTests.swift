import Bilevel
import Experiments
import TestSupport
import Testing

@testable import counter_example

@Suite("The counter-example's closed forms and derived points, in Double")
struct CounterExampleTests {
  private static let problems = [
    CounterExampleProblem(), CounterExampleProblem(dimension: 4, firstStart: [0.3, -1]),
    CounterExampleProblem(
      dimension: 3, strongConvexity: 0.7, target: 2.5, secondStart: [1, 2, 3]),
    CounterExampleProblem(dimension: 3, strongConvexity: 0.7, target: 0.5, isQuartic: true),
  ]

  @Test("Closed forms equal their expressions", arguments: problems)
  func closedForms(problem: CounterExampleProblem) throws {
    var stream = RandomStream(seed: 4, purpose: "counter-example")
    let n = problem.dimension
    func draw(_ count: Int) -> Parameters<Double> {
      Parameters((0..<count).map { _ in stream.uniform([n], in: -2..<2) })
    }
    let (x, y, dx, dy) = (draw(1), draw(2), draw(1), draw(2))
    let closed = problem.bilevel(as: Double.self)
    let expressions = problem.bilevelByExpressions(as: Double.self)
    for (fast, reference) in [
      (closed.upper, expressions.upper), (closed.lower, expressions.lower),
    ] {
      func close(_ a: Parameters<Double>, _ b: Parameters<Double>) -> Bool {
        a.shapes == b.shapes && a.adding(b, scaledBy: -1).norm < 1e-12
      }
      let (one, other) = (
        fast.gradients(upper: x, lower: y), reference.gradients(upper: x, lower: y)
      )
      #expect(abs(one.value - other.value) < 1e-12)
      #expect(abs(fast.value(upper: x, lower: y) - other.value) < 1e-12)
      #expect(close(one.upper, other.upper) && close(one.lower, other.lower))
      #expect(close(fast.lowerGradient(upper: x, lower: y), other.lower))
      let (line, exact) = (
        fast.linearizeLowerGradient(upper: x, lower: y),
        reference.linearizeLowerGradient(upper: x, lower: y)
      )
      #expect(close(line.lowerGradient, other.lower))
      let (products, expected) = (line.pullback(dy), exact.pullback(dy))
      #expect(close(products.lower, expected.lower) && close(products.upper, expected.upper))
      let fused = fast.lowerGradientPullback(upper: x, lower: y, dy)
      #expect(close(fused.lower, expected.lower) && close(fused.upper, expected.upper))
      #expect(close(line.hessianVectorProduct(dy), expected.lower))
      let pushed = exact.pushforward(upper: dx, lower: dy)
      #expect(close(line.pushforward(upper: dx, lower: dy), pushed))
      let (onlyUpper, onlyLower) = (
        line.pushforward(upper: dx, lower: nil), line.pushforward(upper: nil, lower: dy)
      )
      #expect(close(onlyUpper.adding(onlyLower), pushed))
    }
  }

  /// Presets whose derived point is the root of their hypergradient in x.
  private static let methods = MethodCatalogue.standard.methods.map(\.name).filter { name in
    !["learned-bda", "iaptt", "v-pbgd", "bome", "fomaml", "meta-sgd", "meta-sgd-scalar", "reptile"]
      .contains(name)
  }

  private func method(_ name: String) throws -> Method {
    try MethodCatalogue.standard.method(named: name)
  }

  @Test("The hypergradient vanishes at the derived point and not beside it", arguments: methods)
  func derivedPoints(name: String) throws {
    for (problem, damping) in [(Self.problems[0], 0.1), (Self.problems[2], 0)] {
      var one = problem
      one.dimension = 1
      for (steps, outer) in [(1, 0), (7, 0), (40, 3)] {
        let method = try method(name)
        var settings = MethodSettings()
        settings.inner = .init(steps: steps, stepSize: 0.3)
        settings.aggregation = .init(schedule: .outerHarmonic, alpha: 0.6, upperStepSize: 0.2)
        settings.solver.damping = damping
        settings.solver.tolerance = 0
        settings.solver.steps = method.estimator.name == "conjugate-gradient" ? 2 : 9
        let start = (0.25, one.secondStart[0])
        one.firstStart = [start.0]
        let point = try #require(
          StationaryPoint(method, settings, on: one, start: start, outerIteration: outer).value)
        let dynamics = try method.innerDynamics(settings, as: Double.self)
        let estimator = try method.hypergradientEstimator(settings, as: Double.self)
        func slope(_ x: Double) -> Double {
          estimator.estimate(
            one.bilevel(as: Double.self), dynamics: dynamics, upper: Parameters(Tensor([x])),
            innerSteps: steps, outerIteration: outer, memory: nil
          ).hypergradient.tensors[0].scalars[0]
        }
        // One-stage differences of a quadratic are exact but for rounding over the radius.
        #expect(abs(slope(point)) < 1e-9, "K = \(steps): g = \(slope(point)) at x = \(point)")
        #expect(slope(point + 0.5) > 0.01 && slope(point - 0.5) < -0.01)
      }
    }
  }

  @Test("The derived points are those of the published table", arguments: [0.1, 0.5])
  func table(stepSize: Double) throws {
    let rows: [(AggregationSchedule.Rule, Double, [Double])] =
      stepSize == 0.1
      ? [
        (.harmonic, 0.5, [0.4491, 0.5558, 0.6130, 0.6485, 0.6951]),
        (.officialCode, 0.6, [0.3312, 0.5580, 0.7654, 0.7720, 0.7720]),
      ]
      : [
        (.journal, 0.5, [0.6742, 0.7549, 0.8687, 0.9308, 0.9745]),
        (.shiftedHarmonic, 1, [0.8489, 0.9224, 0.9803, 0.9950, 0.9994]),
      ]
    for (rule, alpha, values) in rows {
      var settings = MethodSettings()
      settings.aggregation = .init(schedule: rule, alpha: alpha)
      for (steps, expected) in zip([8, 16, 64, 256, 2_048], values) {
        settings.inner = .init(steps: steps, stepSize: stepSize)
        for start in [0.0, 2] {
          let point = try #require(
            StationaryPoint(
              try method("bda"), settings, on: CounterExampleProblem(), start: (start, start),
              outerIteration: 0
            ).value)
          // From (2, 2) everything is reflected at 1.
          #expect(abs((start == 0 ? point : 2 - point) - expected) < 0.51e-4)
        }
      }
    }
  }

  @Test("Where there is no such point, the reason says so")
  func absent() throws {
    let problem = CounterExampleProblem()
    var settings = MethodSettings()
    settings.inner = .init(steps: 8, stepSize: 0.5)
    func reason(_ name: String) throws -> String {
      let point = StationaryPoint(
        try method(name), settings, on: problem, start: (0, 0), outerIteration: 0)
      guard case .absent(let text) = point else { return "" }
      return text
    }
    #expect(try reason("cg").contains("pole at x = 1"))
    #expect(try reason("learned-bda").contains("weights change"))
    settings.lowerSet.kind = .box
    #expect(try reason("rhg").contains("projection"))
    #expect(try reason("v-pbgd").contains("projection"))
    settings.lowerSet.kind = .none
    settings.penalty.iterations = 10
    #expect(try reason("v-pbgd").contains("rising"))
    settings.penalty.iterations = 0
    #expect(try reason("v-pbgd").isEmpty)
    settings.solver.damping = 0.1
    #expect(try reason("cg").isEmpty && reason("neumann").isEmpty)
    settings.solver.startsWarm = true
    #expect(try reason("neumann").contains("last solution"))
    #expect(try reason("cg").isEmpty)
    settings.solver.tolerance = 0.3
    #expect(try reason("cg").contains("stops early"))
  }

  @Test("The point lies in X, whatever leads to it")
  func bounded() throws {
    var problem = CounterExampleProblem()
    problem.upperBound = 0.5
    var settings = MethodSettings()
    settings.inner = .init(steps: 64, stepSize: 0.5)
    for name in ["rhg", "bda", "v-pbgd", "bome"] {
      let point = StationaryPoint(
        try method(name), settings, on: problem, start: (0, 0), outerIteration: 0)
      #expect(point.value == 0.5, "\(name): \(point)")
    }
    problem.isQuartic = true
    problem.upperBound = 0.2
    let quartic = StationaryPoint(
      try method("rhg"), settings, on: problem, start: (0, 1), outerIteration: 0)
    #expect(quartic.value == nil || quartic.value == 0.2, "\(quartic)")
  }

  @Test("Dynamics and estimators without a declared recursion have no derived point")
  func undeclared() throws {
    struct Renamed: NamedEstimator {
      var name: String { "renamed" }
      var exactness: String { "exact" }
      var citation: String { "none" }
      func estimator<Scalar: TensorScalar>(
        _ settings: MethodSettings, for dynamics: any NamedDynamics, as type: Scalar.Type
      ) throws(MethodError) -> any HypergradientEstimator<Scalar> { ReverseHypergradient() }
    }
    let rhg = try method("rhg")
    for method in [
      Method(NamedNesterov(), rhg.estimator), Method(rhg.dynamics, Renamed()),
    ] {
      let point = StationaryPoint(
        method, MethodSettings(), on: CounterExampleProblem(), start: (0, 0), outerIteration: 0)
      guard case .absent(let text) = point else {
        Issue.record("\(method.name) has a derived point: \(point)")
        continue
      }
      #expect(text.contains(method.dynamics.name) && text.contains(method.estimator.name))
    }
    #expect(
      StationaryPoint(
        rhg, MethodSettings(), on: CounterExampleProblem(), start: (0, 0), outerIteration: 0
      ).value != nil)
  }

  @Test("Where the box X ends before the optimum, the optimum is at its end, for mu = 0 and mu > 0")
  func optimumOnTheBoundary() {
    for (mu, second) in [(0.0, 0.5), (2, 3)] {
      let problem = CounterExampleProblem(strongConvexity: mu, target: 3, upperBound: 0.5)
      #expect(problem.optimalUpper == 0.5)
      #expect(problem.optimalLower.first == 0.5 && problem.optimalLower.second == second)
      let metrics = CounterExampleMetrics(problem: problem).values(
        upper: Parameters(Tensor([0.5])), lower: Parameters([Tensor([0.5]), Tensor([second])]))
      #expect(metrics["upperError"] == 0 && metrics["lowerError"] == 0)
      // F on S(x) rises towards the inside of the box.
      let bilevel = problem.bilevel(as: Double.self)
      func value(_ x: Double) -> Double {
        bilevel.upper.value(
          upper: Parameters(Tensor([x])),
          lower: Parameters([Tensor([x]), Tensor([mu > 0 ? 3 : x])]))
      }
      #expect(value(0.49) > value(0.5) && value(0.5) == problem.optimalValue)
    }
    #expect(CounterExampleProblem(strongConvexity: 1, target: -9, upperBound: 2).optimalUpper == -2)
  }

  @Test("Optima of both variants are stationary for the bi-level problem")
  func optima() {
    for target in [1.0, 3] {
      let problem = CounterExampleProblem(strongConvexity: 2, target: target)
      let x = Parameters(Tensor([problem.optimalUpper]))
      let y = Parameters([Tensor([problem.optimalLower.first]), Tensor([target])])
      let bilevel = problem.bilevel(as: Double.self)
      #expect(bilevel.lower.lowerGradient(upper: x, lower: y).norm == 0)
      #expect(bilevel.upper.value(upper: x, lower: y) == problem.optimalValue)
      for side in [-0.01, 0.01] {
        let moved = Parameters(Tensor([problem.optimalUpper + side]))
        let solution = Parameters([moved.tensors[0], y.tensors[1]])
        #expect(bilevel.upper.value(upper: moved, lower: solution) > problem.optimalValue)
      }
    }
  }
}
