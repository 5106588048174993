import Bilevel

/// A method of the catalogue on a problem, built from settings as an experiment builds it.
struct BuiltMethod<Scalar: TensorScalar> {
  let problem: BilevelProblem<Scalar>
  let start: Parameters<Scalar>
  let dynamics: any InnerDynamics<Scalar>
  let estimator: any HypergradientEstimator<Scalar>
  let innerSteps: Int

  init(
    _ method: Method, _ settings: MethodSettings, on problem: BilevelProblem<Scalar>,
    from start: Parameters<Scalar>
  ) throws(MethodError) {
    (self.problem, self.start) = try method.prepare(problem, from: start, settings)
    dynamics = try method.innerDynamics(settings, as: Scalar.self)
    estimator = try method.hypergradientEstimator(settings, as: Scalar.self)
    innerSteps = settings.inner.steps
  }

  /// The estimate of the first outer iteration at x_0.
  func estimate() -> HypergradientEstimate<Scalar> {
    estimator.estimate(problem, dynamics: dynamics, upper: start, innerSteps: innerSteps)
  }

  func loop(
    _ optimizer: any OuterOptimizer<Scalar>, iterations: Int,
    start: BilevelEstimate<Scalar>.Start = .own
  ) -> OuterLoop<Scalar> {
    BilevelEstimate(
      problem: problem, dynamics: dynamics, estimator: estimator, innerSteps: innerSteps,
      start: start
    ).loop(optimizer: optimizer, from: self.start, iterations: iterations)
  }
}

extension MethodSettings {
  /// The defaults with K steps of the given size.
  init(steps: Int, stepSize: Double) {
    self.init()
    inner = Inner(steps: steps, stepSize: stepSize)
  }
}

extension MethodCatalogue {
  /// All that can be run: the named methods, and the valid products without names.
  var runnable: [Method] {
    methods
      + products.filter { product in
        product.refusal == nil && !methods.contains { $0.name == product.name }
      }
  }
}
