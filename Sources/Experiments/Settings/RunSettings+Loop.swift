import Bilevel
import Tensors

extension RunSettings {
  /// The estimate of a method's hypergradients of a problem, with the outer loop on it at its start.
  ///
  /// - Parameters:
  ///   - start: x_0, to which a method may append components of its own.
  ///   - redraw: y_0 for outer iteration n, where it is drawn afresh each time; nil for the problem's.
  package func started<Scalar: TensorScalar>(
    _ method: Method, on problem: BilevelProblem<Scalar>, from start: Parameters<Scalar>,
    redrawing redraw: (@Sendable (Int) -> Parameters<Scalar>)? = nil
  ) throws(MethodError) -> (estimate: BilevelEstimate<Scalar>, loop: OuterLoop<Scalar>) {
    let prepared = try method.prepare(problem, from: start, self.method)
    var innerStart: BilevelEstimate<Scalar>.Start = self.method.inner.startsWarm ? .warm : .own
    if let redraw, method.allowsOtherStart(under: self.method) { innerStart = .redrawn(redraw) }
    let estimate = BilevelEstimate(
      problem: prepared.problem,
      dynamics: try method.innerDynamics(self.method, as: Scalar.self),
      estimator: try method.hypergradientEstimator(self.method, as: Scalar.self),
      innerSteps: self.method.inner.steps, start: innerStart)
    return (estimate, try loop(of: estimate, method, from: prepared.start))
  }

  /// The outer loop of a method on an estimate, at its start.
  package func loop<Scalar: TensorScalar>(
    of estimate: BilevelEstimate<Scalar>, _ method: Method, from start: Parameters<Scalar>
  ) throws(MethodError) -> OuterLoop<Scalar> {
    estimate.loop(
      optimizer: try outerOptimizer(of: method, as: Scalar.self), from: start,
      iterations: outer.iterations, tolerance: outer.tolerance)
  }

  /// The settings with which a protocol keeps within a budget: at most so many outer iterations in an
  /// evening, and a smaller problem in a smoke run.
  package func within(
    _ budget: Budget, iterations: Int, smoke shrink: (inout RunSettings) -> Void
  ) -> RunSettings {
    var settings = self
    switch budget {
    case .paper: break
    case .short: settings.outer.iterations = min(settings.outer.iterations, iterations)
    case .smoke: shrink(&settings)
    }
    return settings
  }
}

extension BilevelEstimate {
  /// y after so many steps at the x that a loop has ended with, from where the loop's own would start.
  package func lowerVariable(
    at loop: OuterLoop<Scalar>, after innerSteps: Int
  ) -> Parameters<Scalar> {
    dynamics.lowerVariable(
      after: innerSteps, upper: loop.upper, of: finished(after: loop.iteration, loop.memory),
      outerIteration: loop.iteration)
  }
}
