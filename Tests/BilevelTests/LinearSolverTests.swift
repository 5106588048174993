import Bilevel
import TestSupport
import Testing

/// Conjugate gradients as some libraries ship them: the iterate *before* the last step is returned.
private struct LateConjugateGradient: LinearSolver {
  let steps: Int
  var name: String { "late" }

  func solve(
    _ apply: LinearOperator<Double>, rightSide b: Parameters<Double>,
    from start: Parameters<Double>?
  ) -> LinearSolution<Double> {
    ConjugateGradient(maximumSteps: steps - 1).solve(apply, rightSide: b, from: start)
  }
}

@Suite("Linear solvers on materialised matrices")
struct LinearSolverTests {
  static let eigenvalues = [0.2, 0.5, 0.9, 1.4, 2.1, 3.0]
  let matrix = symmetricMatrix(eigenvalues: Self.eigenvalues, seed: 3)
  let rightSide = Parameters(Tensor<Double>([1, -2, 0.5, 3, -0.7, 0.1]))

  func apply(_ v: Parameters<Double>) -> Parameters<Double> {
    Parameters(Tensor(product(matrix, v.flattened())))
  }

  /// The shared checker: |q - A^-1 b| for the solver's q.
  func error(_ solver: any LinearSolver<Double>, from start: Parameters<Double>? = nil) -> Double {
    distance(
      solver.solve(apply, rightSide: rightSide, from: start).value.flattened(),
      solveDense(matrix, rightSide.flattened()))
  }

  @Test("Conjugate gradients run to the dimension are the direct solution; one step less is not")
  func dimension() {
    // Six steps of rounding at condition number 15.
    #expect(error(ConjugateGradient(maximumSteps: 6)) < 1e-12)
    // The checker on broken subjects.
    #expect(error(LateConjugateGradient(steps: 6)) > 1e-4)
    #expect(error(ConjugateGradient(maximumSteps: 5)) > 1e-4)
  }

  @Test("As many steps as distinct eigenvalues are enough")
  func distinctEigenvalues() {
    let clustered = symmetricMatrix(eigenvalues: [1, 1, 1, 4, 4, 4], seed: 8)
    let solution = ConjugateGradient<Double>(maximumSteps: 10, relativeTolerance: 1e-12).solve(
      { Parameters(Tensor(product(clustered, $0.flattened()))) }, rightSide: rightSide, from: nil)
    #expect(solution.outcome == .converged)
    #expect(solution.steps == 2)
  }

  @Test("Conjugate gradients keep to the bound by the condition number", arguments: 1...5)
  func conjugateGradientBound(steps: Int) {
    let exact = solveDense(matrix, rightSide.flattened())
    func energy(_ q: [Double]) -> Double {
      let gap = zip(q, exact).map { $0 - $1 }
      return zip(gap, product(matrix, gap)).reduce(0) { $0 + $1.0 * $1.1 }.squareRoot()
    }
    let root = (3.0 / 0.2).squareRoot()
    var bound = 2 * energy(exact.map { _ in 0 })
    for _ in 0..<steps { bound *= (root - 1) / (root + 1) }
    let q = ConjugateGradient(maximumSteps: steps).solve(apply, rightSide: rightSide, from: nil)
    #expect(energy(q.value.flattened()) <= bound)
  }

  @Test(
    "Neumann terms: the geometric bound holds, and the residual is exact", arguments: [0, 4, 30])
  func neumannBound(terms: Int) {
    let eta = 0.4
    let solution = NeumannSeries(terms: terms, stepSize: eta)
      .solve(apply, rightSide: rightSide, from: nil)
    let exact = solveDense(matrix, rightSide.flattened())
    var bound = distance(exact, exact.map { _ in 0 })
    for _ in 0...terms { bound *= 1 - eta * 0.2 }
    #expect(distance(solution.value.flattened(), exact) <= bound)
    let residual = rightSide.adding(apply(solution.value), scaledBy: -1).norm
    #expect(abs(residual - solution.residualNorm) < 1e-13)
    #expect(solution.outcome == .maximumSteps)
  }

  @Test("K Neumann terms are K + 1 fixed-point steps, also from a warm start")
  func neumannIsFixedPoint() {
    let warm = Parameters(Tensor<Double>([0.3, 1, -1, 0, 2, -0.4]))
    for start in [nil, warm] {
      for terms in [0, 1, 7, 40] {
        let series = NeumannSeries(terms: terms, stepSize: 0.3)
          .solve(apply, rightSide: rightSide, from: start)
        let steps = FixedPointIteration(maximumSteps: terms + 1, stepSize: 0.3)
          .solve(apply, rightSide: rightSide, from: start)
        #expect(largestDeviation(series.value.tensors, steps.value.tensors) < 1e-13)
        #expect(series.steps == steps.steps)
        let longer = FixedPointIteration(maximumSteps: terms + 2, stepSize: 0.3)
          .solve(apply, rightSide: rightSide, from: start)
        #expect(series.value != longer.value)
      }
    }
  }

  static let solvers: [any LinearSolver<Double>] = [
    ConjugateGradient(maximumSteps: 500, relativeTolerance: 1e-10, residualRefresh: 2),
    NeumannSeries(terms: 500, stepSize: 0.5, relativeTolerance: 1e-10),
    FixedPointIteration(maximumSteps: 500, stepSize: 0.5, relativeTolerance: 1e-10),
  ]

  @Test("Every solver converges, stops there, and stays at a solution it is started from")
  func convergence() {
    for solver in Self.solvers {
      let first = solver.solve(apply, rightSide: rightSide, from: nil)
      #expect(first.outcome == .converged, "\(solver.name)")
      #expect(first.steps < 400, "\(solver.name)")
      // |error| <= |residual| / smallest eigenvalue.
      #expect(error(solver) < 1e-10 * rightSide.norm / 0.2, "\(solver.name)")
      let again = solver.solve(apply, rightSide: rightSide, from: first.value)
      #expect(again.steps <= 1, "\(solver.name): a warm start at the solution")
      let zero = solver.solve(apply, rightSide: .zeros(like: rightSide), from: nil)
      #expect(zero.outcome == .converged && zero.steps == 0, "\(solver.name): b = 0")
    }
  }

  @Test("Breakdowns say what is wrong")
  func breakdowns() {
    func outcome(
      _ diagonal: [Double], _ b: [Double], _ solver: any LinearSolver<Double>
    ) -> LinearSolverOutcome {
      solver.solve(
        { Parameters($0.tensors[0].multiplying(Tensor(diagonal))) },
        rightSide: Parameters(Tensor(b)), from: nil
      ).outcome
    }
    let solver = ConjugateGradient<Double>(maximumSteps: 10, relativeTolerance: 1e-10)
    #expect(outcome([1, 0], [1, 1], solver) == .breakdown(.singularInconsistent))
    #expect(outcome([1, 0], [0, 1], solver) == .breakdown(.singularInconsistent))
    #expect(outcome([1, 3, 0], [1, -1, 0.3], solver) == .breakdown(.singularInconsistent))
    #expect(outcome([1, 2, 0], [1, 1, 0], solver) == .converged)
    #expect(outcome([1, -1], [1, 2], solver) == .breakdown(.nonPositiveCurvature))
    #expect(outcome([1, .nan], [1, 2], solver) == .nonFinite)
    // Damping that the caller has added is no rounding, and what is below it is.
    let damped = ConjugateGradient<Float>(
      maximumSteps: 10, relativeTolerance: 1e-3, damping: 1e-6)
    for (least, expected) in [(Float(1e-6), true), (1e-9, false)] {
      let solution = damped.solve(
        { Parameters($0.tensors[0].multiplying(Tensor([1, least]))) },
        rightSide: Parameters(Tensor([1, 1])), from: nil)
      let isSingular = solution.outcome == .breakdown(.singularInconsistent)
      #expect(isSingular != expected, "\(least): \(solution.outcome)")
      if expected { #expect(abs(solution.value.tensors[0].scalars[1] / 1e6 - 1) < 1e-3) }
    }
    let series = NeumannSeries<Double>(terms: 20, stepSize: 0.5)
    #expect(outcome([1, 5], [1, 1], series) == .breakdown(.divergence))
    #expect(outcome([1, 0], [1, 1], series) == .maximumSteps)
    #expect(outcome([1, 1e200], [1, 1], series) == .nonFinite)
    let fixed = FixedPointIteration<Double>(maximumSteps: 20, stepSize: 0.5)
    #expect(outcome([1, 5], [1, 1], fixed) == .breakdown(.divergence))
  }

  @Test("From a start that solves the system, rounding that goes up and down is no divergence")
  func warmStarts() {
    var stream = RandomStream(seed: 3, purpose: "warm")
    let count = 60
    let root: Tensor<Float> = stream.normal([count, count])
    let b = Parameters(stream.normal([count]) as Tensor<Float>)
    // A = R R' / n + 0.05, whose products round in every entry.
    func apply(_ v: Parameters<Float>) -> Parameters<Float> {
      let v = v.tensors[0].scalars
      let inner = (0..<count).map { column in
        (0..<count).reduce(Float(0)) { $0 + root[$1, column] * v[$1] }
      }
      return Parameters(
        Tensor(
          (0..<count).map { row in
            (0..<count).reduce(0.05 * v[row]) { $0 + root[row, $1] * inner[$1] / Float(count) }
          }))
    }
    func solve(_ steps: Int, from start: Parameters<Float>?) -> LinearSolution<Float> {
      FixedPointIteration<Float>(maximumSteps: steps, stepSize: 0.4).solve(
        apply, rightSide: b, from: start)
    }
    let solved = solve(1_000, from: nil).value
    for steps in 1...60 {
      #expect(solve(steps, from: solved).outcome == .maximumSteps, "\(steps)")
    }
  }

  @Test("Every outcome advises in one full sentence")
  func advice() {
    let outcomes: [LinearSolverOutcome] = [
      .converged, .maximumSteps, .nonFinite, .breakdown(.nonPositiveCurvature),
      .breakdown(.singularInconsistent), .breakdown(.divergence),
    ]
    for outcome in outcomes {
      #expect(outcome.advice.hasSuffix(".") && outcome.advice.count > 40)
    }
    #expect(Set(outcomes.map(\.advice)).count == outcomes.count)
  }
}
