import Bilevel
import Experiments
import TestSupport
import Testing

@testable import RepresentationLearning

@Suite("Closed forms of representation problems", .interruptionFlag)
struct RepresentationClosedFormTests {
  /// The linear problem with known samples.
  private func linear(ridge: Double = 0.2) -> LinearRepresentationProblem<Double> {
    var stream = RandomStream(seed: 13, purpose: "linear")
    return LinearRepresentationProblem(
      train: (stream.normal([9, 3]), stream.normal([9, 1])),
      validation: (stream.normal([8, 3]), stream.normal([8, 1])),
      representation: stream.normal([3, 5]), head: stream.normal([5, 1]), ridge: ridge)
  }

  @Test("the exact hypergradient equals central differences of F(H, w*(H))")
  func differences() {
    let problem = linear()
    let solution = problem.solution
    func value(_ h: [Tensor<Double>]) -> Double {
      RidgeSolution(
        map: problem.factored.map, upper: problem.upper, lower: problem.lower, at: Parameters(h)
      ).upperValue
    }
    let expected = centralDifferenceGradient(
      at: problem.factored.start.tensors, of: value)
    #expect(largestDeviation(solution.hypergradient.tensors, expected) < 1e-8)
    let slope = problem.lower.lowerGradient(
      upper: problem.factored.map.features(of: problem.factored.start), lower: solution.head)
    #expect(slope.norm < 1e-12)
  }

  @Test(
    "converged inner loops give the exact hypergradient",
    arguments: ["rhg", "cg", "fixed-point", "neumann"])
  func convergence(name: String) throws {
    let problem = linear()
    let method = try MethodCatalogue.standard.method(named: name)
    var settings = MethodSettings()
    settings.solver.steps = 6_000
    settings.solver.tolerance = 1e-13
    func error(_ steps: Int) throws -> Double {
      settings.inner = .init(steps: steps, stepSize: 0.03)
      let prepared = try problem.factored.prepare(method, settings)
      let estimate = prepared.estimator.estimate(
        prepared.problem, dynamics: prepared.loopDynamics, upper: prepared.start,
        innerSteps: steps)
      return largestDeviation(
        estimate.hypergradient.tensors, problem.solution.hypergradient.tensors)
    }
    #expect(try error(3) > 1e-3)
    #expect(try error(6_000) < 1e-9)
  }

  /// Four samples with seven features: a set of solutions.
  private func wide(_ rank: Int = 4) -> (features: Tensor<Double>, targets: Tensor<Double>) {
    var stream = RandomStream(seed: 17, purpose: "wide")
    let right: Tensor<Double> = stream.normal([rank, 7])
    // Well conditioned on their range: rows repeat or combine when the rank is 2.
    let left = Tensor<Double>(shape: [4, 2], scalars: [1, 0, 0, 1, 1, 1, 1, -1])
    return (
      rank == 4 ? right : left.multiplied(by: right),
      Tensor.oneHot([0, 2, 1, 0], classes: 3).scaled(by: 0.9).shifted(by: 0.1 / 3)
    )
  }

  @Test("gradient descent on least squares ends in the nearest point of S(x)", arguments: [4, 2])
  func leastSquaresSet(rank: Int) throws {
    let (features, targets) = wide(rank)
    let set = try HeadSolutionSet(leastSquares: features, targets: targets)
    #expect(set.rank == rank)
    var stream = RandomStream(seed: 18, purpose: "head")
    let start = Parameters<Double>(stream.normal([7, 3]))
    let nearest = set.project(start.tensors[0])
    let end = descend(.leastSquares, features, targets, from: start, stepSize: 0.05, steps: 20_000)
    #expect(largestDeviation([end], [nearest]) < 1e-8)
    let moved = start.tensors[0].subtracting(nearest)
    #expect(abs(set.distance(of: start.tensors[0]) - moved.dot(moved).squareRoot()) < 1e-12)
    #expect(set.distance(of: nearest) < 1e-12)
    #expect(set.distance(of: start.tensors[0]) > 0.1)
  }

  @Test("the set of a tall feature matrix is its least-squares solution")
  func tall() throws {
    var stream = RandomStream(seed: 19, purpose: "tall")
    let features: Tensor<Double> = stream.normal([9, 3])
    let targets: Tensor<Double> = stream.normal([9, 2])
    let set = try HeadSolutionSet(leastSquares: features, targets: targets)
    let gram = features.multiplied(by: features, transposingSelf: true)
    let solution = solvePositiveDefinite(
      gram, features.multiplied(by: targets, transposingSelf: true))
    #expect(largestDeviation([set.project(.zeros([3, 2]))], [solution]) < 1e-12)
  }

  @Test("gradient descent on smoothed cross-entropy ends in the nearest point of S(x)")
  func crossEntropySet() throws {
    let (features, targets) = wide()
    let set = try #require(try HeadSolutionSet(crossEntropy: features, targets: targets))
    var stream = RandomStream(seed: 20, purpose: "head")
    let start = Parameters<Double>(stream.normal([7, 3]))
    let nearest = set.project(start.tensors[0])
    // The gradient's rows lie in the range of Phi' and sum to zero over classes, as does the way to
    // the nearest point.
    let end = descend(.crossEntropy, features, targets, from: start, stepSize: 0.5, steps: 60_000)
    #expect(largestDeviation([end], [nearest]) < 1e-6)
    #expect(set.distance(of: nearest) < 1e-10)
  }

  @Test("plain cross-entropy and features that cannot fit have no closed form")
  func noClosedForm() throws {
    let (features, targets) = wide()
    let plain = try HeadSolutionSet(
      crossEntropy: features, targets: .oneHot([0, 1, 2, 0], classes: 3))
    #expect(plain == nil)
    #expect(try HeadSolutionSet(crossEntropy: wide(2).features, targets: targets) == nil)
  }

  @Test("the optimistic value is the least that the upper level finds in S(x)")
  func optimistic() throws {
    let (features, targets) = wide()
    var stream = RandomStream(seed: 21, purpose: "validation")
    let validation: Tensor<Double> = stream.normal([5, 7])
    let wanted: Tensor<Double> = stream.normal([5, 3])
    let set = try HeadSolutionSet(leastSquares: features, targets: targets)
    let best = set.optimisticValue(features: validation, targets: wanted)
    let upper = LinearHeadObjective(component: 0, targets: wanted, loss: .leastSquares)
    let x = Parameters(validation)
    // Projected gradient descent within S.
    var y = set.project(stream.normal([7, 3]))
    let first = upper.value(upper: x, lower: Parameters(y))
    for _ in 0..<20_000 {
      let slope = upper.lowerGradient(upper: x, lower: Parameters(y)).tensors[0]
      y.add(slope, scaledBy: -0.1)
      y = set.project(y)
    }
    let reached = upper.value(upper: x, lower: Parameters(y))
    #expect(abs(best - reached) < 1e-7 * (1 + reached))
    #expect(first > best + 1e-3)
  }

  private func descend(
    _ loss: HeadLoss, _ features: Tensor<Double>, _ targets: Tensor<Double>,
    from start: Parameters<Double>, stepSize: Double, steps: Int
  ) -> Tensor<Double> {
    let lower = LinearHeadObjective(component: 0, targets: targets, loss: loss)
    let problem = BilevelProblem(
      upper: lower, lower: lower, initialLower: ConstantInitialLower(start))
    return GradientDescent(stepSize: stepSize)
      .run(steps: steps, upper: Parameters(features), of: problem).tensors[0]
  }
}
