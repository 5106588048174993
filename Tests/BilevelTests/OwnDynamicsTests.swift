import Bilevel
import TestSupport
import Testing

@Suite("Dynamics of one's own: Nesterov momentum through the catalogue")
struct OwnDynamicsTests {
  static let catalogue = MethodCatalogue.standard.adding(dynamics: NamedNesterov())
  static let settings: MethodSettings = {
    var settings = MethodSettings(steps: 6, stepSize: 0.15)
    settings.inner.momentum = 0.6
    return settings
  }()

  @Test("Reverse equals forward equals central differences, in Double")
  func gradient() {
    let nesterov = NesterovDynamics<Double>(
      descent: GradientDescent(stepSize: 0.15), momentum: 0.6)
    DynamicsTests().check("nesterov", curvedProblem(), nesterov, DynamicsTests.point)
    DynamicsTests().check(
      "nesterov in a ball", curvedProblem(), ProjectedDynamics(nesterov, onto: Ball(radius: 0.8)),
      DynamicsTests.point)
  }

  @Test("Two steps are the formula")
  func formula() {
    let subject = QuadraticProblem()
    let x = subject.point()
    func slope(_ y: Parameters<Double>) -> Parameters<Double> {
      subject.problem.lower.lowerGradient(upper: x, lower: y)
    }
    let start = Parameters(subject.start)
    let first = start.adding(slope(start), scaledBy: -0.3)
    let z = first.adding(first.adding(start, scaledBy: -1), scaledBy: 0.6)
    let second = z.adding(slope(z), scaledBy: -0.3)
    let found = NesterovDynamics<Double>(
      descent: GradientDescent(stepSize: 0.3), momentum: 0.6
    ).lowerVariable(after: 2, upper: x, of: subject.problem)
    #expect(largestDeviation(found.tensors, second.tensors) < 1e-14)
  }

  @Test("The catalogue has it with every estimator that does not refuse it, and each runs")
  func products() throws {
    #expect(try Self.catalogue.dynamics(named: "nesterov").formula == NamedNesterov().formula)
    #expect(throws: UnknownName.self) { try MethodCatalogue.standard.dynamics(named: "nesterov") }
    let subject = QuadraticProblem()
    var ran: [String] = []
    for entry in Self.catalogue.estimators {
      let method = Self.catalogue.product(NamedNesterov(), entry)
      #expect(method.name == "nesterov+" + entry.name)
      #expect((method.refusal != nil) == entry.needs.contains(.plainStep), "\(entry.name)")
      guard method.refusal == nil else { continue }
      let values = try BuiltMethod(
        method, Self.settings, on: subject.problem, from: subject.point()
      )
      .loop(GradientStep(learningRate: .constant(0.02)), iterations: 5)
      .map(\.estimate.upperValue)
      #expect(values.count == 5 && values.allSatisfy(\.isFinite), "\(entry.name)")
      ran.append(entry.name)
    }
    #expect(ran.contains("reverse") && ran.contains("forward") && ran.contains("neumann"))
    #expect(Method(NamedNesterov(), NamedReverse()).reads("inner.momentum"))
    #expect(!Method(NamedNesterov(), NamedReverse()).reads("aggregation.alpha"))
  }

  @Test("Estimators and methods of one's own are found by their names")
  func additions() throws {
    struct Renamed: NamedEstimator {
      var name: String { "renamed" }
      var exactness: String { NamedReverse().exactness }
      var citation: String { NamedReverse().citation }
      func estimator<Scalar: TensorScalar>(
        _ settings: MethodSettings, for dynamics: any NamedDynamics, as type: Scalar.Type
      ) throws(MethodError) -> any HypergradientEstimator<Scalar> {
        try NamedReverse().estimator(settings, for: dynamics, as: type)
      }
    }
    let catalogue = Self.catalogue.adding(estimator: Renamed())
      .adding(method: Method("nag", "Accelerated RHG", NamedNesterov(), Renamed()))
    #expect(try catalogue.estimator(named: "renamed") is Renamed)
    let method = try catalogue.method(named: "nag")
    #expect(catalogue.product(NamedNesterov(), Renamed()).displayName == "Accelerated RHG")
    let subject = QuadraticProblem()
    let own = try BuiltMethod(method, Self.settings, on: subject.problem, from: subject.point())
    let plain = try BuiltMethod(
      Method(NamedNesterov(), NamedReverse()), Self.settings, on: subject.problem,
      from: subject.point())
    #expect(own.estimate().hypergradient == plain.estimate().hypergradient)
  }
}
