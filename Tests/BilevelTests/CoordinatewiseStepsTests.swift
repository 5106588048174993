import Bilevel
import Synchronization
import TestSupport
import Testing

/// An objective whose gradient is the given numbers, with every member written in the simplest way. It
/// counts how often its gradient or a linearisation is asked for.
private struct SeparableObjective<Scalar: TensorScalar>: Objective {
  final class Calls: Sendable {
    let count = Atomic<Int>(0)
  }

  let numbers: CoordinatewiseGradient<Scalar>
  /// Whether the numbers are offered, or the simple version is all there is.
  var offers = true
  let calls = Calls()

  var coordinatewiseGradient: CoordinatewiseGradient<Scalar>? { offers ? numbers : nil }

  func value(upper x: Parameters<Scalar>, lower y: Parameters<Scalar>) -> Scalar {
    // 1/2 y' H y + y' C x + o' y, up to a function of x.
    let slope = numbers.value(upper: x, lower: y)
    let atZero = numbers.value(upper: x, lower: .zeros(like: y))
    return (slope.dot(y) + atZero.dot(y)) / 2
  }

  func gradients(
    upper x: Parameters<Scalar>, lower y: Parameters<Scalar>
  ) -> ObjectiveGradients<Scalar> {
    ObjectiveGradients(
      value: value(upper: x, lower: y), upper: products(y, like: x).upper,
      lower: numbers.value(upper: x, lower: y))
  }

  func lowerGradient(
    upper x: Parameters<Scalar>, lower y: Parameters<Scalar>
  ) -> Parameters<Scalar> {
    calls.count.wrappingAdd(1, ordering: .relaxed)
    return numbers.value(upper: x, lower: y)
  }

  func linearizeLowerGradient(
    upper x: Parameters<Scalar>, lower y: Parameters<Scalar>
  ) -> any LowerGradientLinearization<Scalar> {
    Linearization(
      objective: self, lowerGradient: lowerGradient(upper: x, lower: y), upper: x)
  }

  /// (H v, C' v).
  func products(
    _ v: Parameters<Scalar>, like x: Parameters<Scalar>
  ) -> SecondOrderProducts<Scalar> {
    var result = SecondOrderProducts(
      lower: Parameters.zeros(like: v), upper: Parameters.zeros(like: x))
    for row in v.tensors.indices {
      let numbers = numbers.rows[row]
      result.lower.tensors[row].add(v.tensors[row], scaledBy: numbers.curvature)
      result.upper.tensors[numbers.upperComponent].add(
        v.tensors[row], scaledBy: numbers.coupling)
    }
    return result
  }

  struct Linearization: LowerGradientLinearization {
    let objective: SeparableObjective
    let lowerGradient: Parameters<Scalar>
    let upper: Parameters<Scalar>
    var bytes: Int { lowerGradient.bytes }

    func pullback(_ v: Parameters<Scalar>) -> SecondOrderProducts<Scalar> {
      objective.products(v, like: upper)
    }

    func pushforward(
      upper dx: Parameters<Scalar>?, lower dy: Parameters<Scalar>?
    ) -> Parameters<Scalar> {
      let (dx, dy) = (dx ?? .zeros(like: upper), dy ?? .zeros(like: lowerGradient))
      let zero = Parameters.zeros(like: dy)
      return objective.numbers.value(upper: dx, lower: dy)
        .adding(
          objective.numbers.value(upper: .zeros(like: dx), lower: zero), scaledBy: -1)
    }
  }
}

@Suite("All steps of separable quadratics at once")
struct CoordinatewiseStepsTests {
  /// Four components of y and two of x, every number another; the lower one leaves the third component
  /// alone, as the counter-example's does, and the fourth is coupled with none.
  private static func problem<Scalar: TensorScalar>(
    _ count: Int, offers: Bool, upperComponent: Int = 0, as type: Scalar.Type
  ) -> (
    problem: BilevelProblem<Scalar>, x: Parameters<Scalar>, objectives: [SeparableObjective<Scalar>]
  ) {
    let upper = SeparableObjective<Scalar>(
      numbers: CoordinatewiseGradient([
        .init(curvature: 1, coupling: -1, offset: -1), .init(curvature: 0.5, offset: 0.25),
        .init(curvature: 0.75, coupling: -0.75, upperComponent: 1, offset: 0.5),
        .init(curvature: -0.25, offset: 0.125),
      ]), offers: offers)
    let lower = SeparableObjective<Scalar>(
      numbers: CoordinatewiseGradient([
        .init(curvature: 1.5, coupling: 0.125),
        .init(curvature: 1.25, coupling: 0.5, upperComponent: upperComponent, offset: 0.25),
        .init(), .init(curvature: 0.5),
      ]), offers: offers)
    let start = Parameters((0..<4).map { randomTensor([count], seed: $0 + 5, as: Scalar.self) })
    return (
      BilevelProblem(upper: upper, lower: lower, initialLower: ConstantInitialLower(start)),
      Parameters((0..<2).map { randomTensor([count], seed: $0 + 1, as: Scalar.self) }),
      [upper, lower]
    )
  }

  private static func dynamics<Scalar: TensorScalar>(
    as type: Scalar.Type
  ) -> [any InnerDynamics<Scalar>] {
    [
      GradientDescent(stepSize: 0.1),
      DescentAggregation(
        schedule: AggregationSchedule(.harmonic, alpha: 0.5), upperStepSize: 0.2,
        lowerStepSize: 0.1),
      DescentAggregation(
        schedule: AggregationSchedule(.constant, alpha: 1), upperStepSize: 0.2, lowerStepSize: 0.1),
      DescentAggregation(
        schedule: AggregationSchedule(.journal, alpha: 0), upperStepSize: 0.2, lowerStepSize: 0.1),
    ]
  }

  /// The largest deviation of value, hypergradient and y_K from the simple version's, relative to the
  /// largest scalar.
  private func deviation<Scalar: TensorScalar>(
    _ one: HypergradientEstimate<Scalar>, _ other: HypergradientEstimate<Scalar>
  ) -> Double {
    func relative(_ a: [Scalar], _ b: [Scalar]) -> Double {
      let size = b.reduce(0) { max($0, abs(Double($1))) }
      return zip(a, b).reduce(0) { max($0, abs(Double($1.0) - Double($1.1))) } / max(size, 1e-30)
    }
    return max(
      relative(one.hypergradient.flattened(), other.hypergradient.flattened()),
      relative(one.lower.flattened(), other.lower.flattened()))
  }

  private func check<Scalar: TensorScalar>(_ count: Int, _ type: Scalar.Type) {
    let fast = Self.problem(count, offers: true, as: type)
    let simple = Self.problem(count, offers: false, as: type)
    for (index, dynamics) in Self.dynamics(as: type).enumerated() {
      for history in [ReverseHypergradient<Scalar>.History.full, .last(2)] {
        for steps in [0, 1, 6] {
          let one = ReverseHypergradient(history: history).estimate(
            fast.problem, dynamics: dynamics, upper: fast.x, innerSteps: steps)
          let other = ReverseHypergradient(history: history, storage: .states).estimate(
            simple.problem, dynamics: dynamics, upper: simple.x, innerSteps: steps)
          // A few operations per step, each rounded once.
          #expect(
            deviation(one, other) < 64 * Double(Scalar.ulpOfOne),
            "n = \(count), K = \(steps), dynamics \(index), \(history)")
          #expect(one.diagnostics.storage == "none" && one.diagnostics.storedBytes == 0)
        }
      }
    }
  }

  @Test(
    "Equal to one step after the other, whatever the number of coordinates",
    arguments: [1, 2, 15, 16, 17, 63, 64, 65, 127, 513, 1_000])
  func oddShapes(count: Int) {
    check(count, Float.self)
    check(count, Double.self)
  }

  @Test("No gradient is asked for and nothing kept, whatever K is; by the simple version, K are")
  func counted() {
    for steps in [1, 10, 300] {
      let fast = Self.problem(40, offers: true, as: Double.self)
      let simple = Self.problem(40, offers: false, as: Double.self)
      let dynamics = Self.dynamics(as: Double.self)[1]
      _ = ReverseHypergradient().estimate(
        fast.problem, dynamics: dynamics, upper: fast.x, innerSteps: steps)
      #expect(fast.objectives.allSatisfy { $0.calls.count.load(ordering: .relaxed) == 0 })
      // The check can fail.
      _ = ReverseHypergradient().estimate(
        simple.problem, dynamics: dynamics, upper: simple.x, innerSteps: steps)
      #expect(simple.objectives.allSatisfy { $0.calls.count.load(ordering: .relaxed) == steps })
    }
  }

  @Test("The bits do not depend on the number of threads")
  func threads() {
    let subject = Self.problem(70_001, offers: true, as: Float.self)
    let results = [1, 2, 3].map { threads in
      withThreads(threads) {
        ReverseHypergradient().estimate(
          subject.problem, dynamics: Self.dynamics(as: Float.self)[1], upper: subject.x,
          innerSteps: 5)
      }
    }
    for other in results.dropFirst() {
      #expect(other.hypergradient == results[0].hypergradient)
      #expect(other.lower == results[0].lower)
    }
  }

  @Test("Components of different shapes take the simple way")
  func differentShapes() {
    let subject = Self.problem(4, offers: true, as: Double.self)
    var problem = subject.problem
    problem.initialLower = ConstantInitialLower(
      Parameters([.zeros([4]), .zeros([4]), .zeros([2, 2]), .zeros([4])]))
    #expect(
      GradientDescent(stepSize: 0.1).coordinatewiseSteps(
        1...3, outerIteration: 0, from: problem.initialLower.value(upper: subject.x),
        upper: subject.x, of: problem) == nil)
  }

  @Test("Two objectives that couple a component with different ones of x take the simple way")
  func differentCouplings() {
    for (upperComponent, isFast) in [(0, true), (1, false)] {
      let subject = Self.problem(
        4, offers: true, upperComponent: upperComponent, as: Double.self)
      var rows = subject.objectives[0].numbers.rows
      rows[1] = .init(curvature: 0.5, coupling: 0.25)
      var problem = subject.problem
      problem.upper = SeparableObjective(numbers: CoordinatewiseGradient(rows))
      let steps = Self.dynamics(as: Double.self)[1].coordinatewiseSteps(
        1...3, outerIteration: 0, from: problem.initialLower.value(upper: subject.x),
        upper: subject.x, of: problem)
      #expect((steps != nil) == isFast)
    }
  }

  @Test("A stationary point stays where it is, to the last bit")
  func stationary() {
    var stream = RandomStream(seed: 3, purpose: "stationary")
    let x: Tensor<Float> = stream.normal([100])
    let lower = SeparableObjective<Float>(
      numbers: CoordinatewiseGradient([.init(curvature: 1, coupling: -1)]))
    let problem = BilevelProblem(
      upper: lower, lower: lower, initialLower: ConstantInitialLower(Parameters(x)))
    let end = GradientDescent(stepSize: 0.3).run(steps: 50, upper: Parameters(x), of: problem)
    #expect(end.tensors[0] == x)
  }

  @Test("The start is not written to, and other points keep their scalars")
  func valueSemantics() {
    let subject = Self.problem(20, offers: true, as: Double.self)
    let start = subject.problem.initialLower.value(upper: subject.x)
    let before = start.flattened()
    _ = GradientDescent(stepSize: 0.1).run(steps: 4, upper: subject.x, of: subject.problem)
    #expect(start.flattened() == before)
  }
}
