import Bilevel
import Experiments
import Foundation
import TestSupport
import Testing

@testable import counter_example

/// The counter-example's member with one lower solution and without strong convexity.
@Suite("A singleton without strong convexity, in Double")
struct QuarticCounterExampleTests {
  private let problem = CounterExampleProblem(
    strongConvexity: 1, target: 0, firstStart: [-1], isQuartic: true)

  private func settings(_ steps: Int, damping: Double = 0) -> MethodSettings {
    var settings = MethodSettings()
    settings.inner = .init(steps: steps, stepSize: 0.25)
    settings.solver.damping = damping
    settings.solver.tolerance = 0
    settings.solver.steps = 20
    return settings
  }

  private func point(_ name: String, _ settings: MethodSettings) throws -> Double {
    let method = try MethodCatalogue.standard.method(named: name)
    return try #require(
      StationaryPoint(method, settings, on: problem, start: (-1, 0), outerIteration: 0).value)
  }

  @Test(
    "The hypergradient vanishes at the derived point and not beside it",
    arguments: [
      ("rhg", 0.0), ("fhg", 0), ("t-rhg", 0), ("cg", 0), ("cg", 0.01), ("neumann", 0),
      ("fixed-point", 0),
    ])
  func derived(_ name: String, _ damping: Double) throws {
    let method = try MethodCatalogue.standard.method(named: name)
    for steps in [5, 64] {
      var settings = settings(steps, damping: damping)
      // Two eigenvalues: a third step of conjugate gradients would be one on rounding.
      if name == "cg" { settings.solver.steps = 2 }
      let root = try point(name, settings)
      let dynamics = try method.innerDynamics(settings, as: Double.self)
      let estimator = try method.hypergradientEstimator(settings, as: Double.self)
      func slope(_ x: Double) -> Double {
        estimator.estimate(
          problem.bilevel(as: Double.self), dynamics: dynamics, upper: Parameters(Tensor([x])),
          innerSteps: steps, outerIteration: 0, memory: nil
        ).hypergradient.tensors[0].scalars[0]
      }
      #expect(abs(slope(root)) < 1e-9, "K = \(steps): g = \(slope(root)) at x = \(root)")
      #expect(slope(root + 0.2) > 0.01 && slope(root - 0.2) < -0.01)
    }
  }

  @Test("The derived points are those that another program found")
  func values() throws {
    // By bisection of the same recursions in Python, K = 64, 256, 2048.
    let rows: [(String, Double, [Double])] = [
      ("rhg", 0, [0.58939, 0.54408, 0.51561]), ("t-rhg", 0, [0.44584, 0.42302, 0.40427]),
      ("neumann", 0, [0.30737, 0.10650, 0.01473]), ("cg", 0.01, [0.55204, 0.44611, 0.19006]),
      ("cg", 0, [0.58411, 0.54359, 0.51559]),
    ]
    for (name, damping, expected) in rows {
      for (steps, value) in zip([64, 256, 2_048], expected) {
        #expect(abs(try point(name, settings(steps, damping: damping)) - value) < 0.51e-5)
      }
    }
  }

  @Test("RHG's error falls as 1 / sqrt(8 s K); what sees part of the curvature goes elsewhere")
  func rates() throws {
    let (short, long) = (1 << 14, 1 << 18)
    let errors = try [short, long].map { try point("rhg", settings($0)) - 0.5 }
    let exponent = log(errors[1] / errors[0]) / log(Double(long) / Double(short))
    #expect(abs(exponent + 0.5) < 0.01)
    #expect(abs(errors[1] * (8 * 0.25 * Double(long)).squareRoot() - 1) < 0.01)
    // The last half of the steps sees 1 - 2^(-3/2) of dy/dx.
    let half = 1 - pow(2, -1.5)
    #expect(abs(try point("t-rhg", settings(long)) - half / (1 + half)) < 3e-3)
    #expect(try point("neumann", settings(long)) < 1e-3)
    #expect(try point("cg", settings(long, damping: 0.01)) < 2e-2)
  }

  @Test("Where y starts at x nothing is seen of x: no derived point is claimed there")
  func otherStart() throws {
    let rhg = try MethodCatalogue.standard.method(named: "rhg")
    let elsewhere = StationaryPoint(
      rhg, settings(8), on: problem, start: (-1, 0.5), outerIteration: 0)
    #expect(elsewhere.value == nil)
  }
}
