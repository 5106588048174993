import Bilevel
import Foundation
import TestSupport
import Testing

/// On a strongly convex quadratic all exact methods tend to one hypergradient, and theory says how
/// fast: iterates and their Jacobians contract by rho = max |1 - s lambda| per step.
@Suite("Rates and bounds on strongly convex problems")
struct ConvergenceRateTests {
  static let stepSize = 0.2
  /// Well separated eigenvalues, so that one mode is left after a hundred steps.
  let subject: QuadraticProblem = {
    var subject = QuadraticProblem()
    subject.hessian = symmetricMatrix(eigenvalues: [0.5, 1.2, 1.9, 2.6, 3.3], seed: 17)
    return subject
  }()

  func gradient(
    _ estimator: any HypergradientEstimator<Double>, steps: Int, at x: Parameters<Double>
  ) -> [Double] {
    estimator.estimate(
      subject.problem, dynamics: GradientDescent(stepSize: Self.stepSize), upper: x,
      innerSteps: steps
    ).hypergradient.flattened()
  }

  /// 1 - s mu; the largest eigenvalue is checked to be the harmless one.
  func contraction() -> Double {
    let (smallest, largest) = extremeEigenvalues(subject.hessian)
    #expect(abs(smallest - 0.5) < 1e-10 && Self.stepSize * largest < 1)
    return 1 - Self.stepSize * smallest
  }

  static let exact: [(String, any HypergradientEstimator<Double>)] = [
    ("reverse", ReverseHypergradient()), ("forward", ForwardHypergradient()),
    ("conjugate gradient", ImplicitHypergradient(solver: ConjugateGradient(maximumSteps: 5))),
    (
      "neumann",
      ImplicitHypergradient(solver: NeumannSeries(terms: 1000, stepSize: stepSize))
    ),
    (
      "fixed point",
      ImplicitHypergradient(solver: FixedPointIteration(maximumSteps: 1000, stepSize: stepSize))
    ),
  ]

  @Test("Every exact method tends to the implicit gradient at the rate (1 - s mu)^K")
  func rate() {
    let x = subject.point(2)
    let limit = subject.implicitGradient(at: x)
    let rho = contraction()
    for (name, estimator) in Self.exact {
      let early = distance(gradient(estimator, steps: 100, at: x), limit)
      let late = distance(gradient(estimator, steps: 140, at: x), limit)
      #expect(early > 1e-9, "\(name): nothing left to measure")
      // Slowest mode alone would give rho^40; the faster modes are gone after 100 steps.
      let measured = pow(late / early, 1.0 / 40)
      #expect(abs(measured - rho) < 1e-4 * rho, "\(name): \(measured), theory \(rho)")
      #expect(distance(gradient(estimator, steps: 600, at: x), limit) < 1e-12, "\(name)")
    }
  }

  @Test("Truncation stays within its bound, and within a factor of what it is")
  func truncationBound() {
    let x = subject.point(3)
    let (mu, _) = extremeEigenvalues(subject.hessian)
    let steps = 600
    let full = gradient(ReverseHypergradient(), steps: steps, at: x)
    let end = Parameters(Tensor(subject.solution(at: x)))
    let slope = distance(end.flattened(), subject.target.scalars)
    // |B_k| = s |coupling|, at most the Frobenius norm.
    let coupling = Self.stepSize * subject.coupling.dot(subject.coupling).squareRoot()
    for history in [1, 3, 10, 30, 60] {
      let error = distance(
        gradient(ReverseHypergradient(history: .last(history)), steps: steps, at: x), full)
      let bound =
        pow(1 - Self.stepSize * mu, Double(history)) / (Self.stepSize * mu) * slope * coupling
      #expect(error <= bound, "H = \(history): \(error) > \(bound)")
      #expect(error > 1e-3 * bound, "H = \(history): \(error) is far below \(bound)")
    }
  }

  @Test("Few Neumann terms and few conjugate gradient steps stay within their bounds")
  func linearSolverBounds() {
    let x = subject.point(4)
    let (mu, largest) = extremeEigenvalues(subject.hessian)
    let limit = subject.implicitGradient(at: x)
    let gap = zip(subject.solution(at: x), subject.target.scalars).map { $0 - $1 }
    let adjoint = solveDense(subject.hessian, gap)
    let coupling = subject.coupling.dot(subject.coupling).squareRoot()
    let size = distance(adjoint, adjoint.map { _ in 0 })
    for terms in [0, 2, 10, 40] {
      let error = distance(
        gradient(
          ImplicitHypergradient(solver: NeumannSeries(terms: terms, stepSize: Self.stepSize)),
          steps: 800, at: x), limit)
      #expect(error <= coupling * pow(1 - Self.stepSize * mu, Double(terms + 1)) * size)
    }
    let root = (largest / mu).squareRoot()
    for steps in 1...4 {
      let error = distance(
        gradient(
          ImplicitHypergradient(solver: ConjugateGradient(maximumSteps: steps)), steps: 800, at: x),
        limit)
      // The A-norm bound in the 2-norm costs the root of the condition number.
      let bound = 2 * root * pow((root - 1) / (root + 1), Double(steps)) * size * coupling
      #expect(error <= bound, "\(steps) steps")
    }
  }

  @Test("Heavy ball tends to the same hypergradient, faster than gradient descent")
  func heavyBall() {
    let x = subject.point(5)
    let limit = subject.implicitGradient(at: x)
    func error(_ dynamics: any InnerDynamics<Double>, _ steps: Int) -> Double {
      distance(
        ReverseHypergradient<Double>().estimate(
          subject.problem, dynamics: dynamics, upper: x, innerSteps: steps
        ).hypergradient.flattened(), limit)
    }
    let heavy = HeavyBall<Double>(stepSize: Self.stepSize, momentum: 0.4)
    #expect(error(heavy, 600) < 1e-12)
    #expect(error(heavy, 100) < 0.1 * error(GradientDescent(stepSize: Self.stepSize), 100))
  }
}
