//! An estimator of one's own: the hypergradient by central differences of phi_K(x) = F(x, y_K(x)).
//!
//! Two inner loops per scalar of x, no derivative of any step: a check of all other estimators.

import Bilevel

struct DifferenceHypergradient<Scalar: TensorScalar>: HypergradientEstimator {
  let step: Scalar

  func estimate(
    _ problem: BilevelProblem<Scalar>, dynamics: any InnerDynamics<Scalar>,
    upper x: Parameters<Scalar>, innerSteps: Int, outerIteration n: Int,
    memory: EstimatorMemory<Scalar>?
  ) -> HypergradientEstimate<Scalar> {
    func end(_ x: Parameters<Scalar>) -> (value: Scalar, lower: Parameters<Scalar>) {
      let y = dynamics.lowerVariable(
        after: innerSteps, upper: x, of: problem, outerIteration: n)
      return (problem.upper.value(upper: x, lower: y), y)
    }
    let slopes = (0..<x.count).map { index in
      let direction = x.unitVector(index)
      let ahead = end(x.adding(direction, scaledBy: step)).value
      return (ahead - end(x.adding(direction, scaledBy: -step)).value) / (2 * step)
    }
    let here = end(x)
    return HypergradientEstimate(
      upperValue: here.value, hypergradient: x.unflattening(slopes), lower: here.lower,
      diagnostics: EstimatorDiagnostics(
        innerSteps: innerSteps, differentiatedSteps: 0, storage: "none", storedBytes: 0))
  }
}

struct NamedDifferences: NamedEstimator {
  let name = "differences"
  let exactness = "gradient of F(x, y_K(x)) by central differences"
  let citation = "this snippet"
  let factors = false

  func estimator<Scalar: TensorScalar>(
    _ settings: MethodSettings, for dynamics: any NamedDynamics, as type: Scalar.Type
  ) throws(MethodError) -> any HypergradientEstimator<Scalar> {
    DifferenceHypergradient<Scalar>(step: Scalar(1e-5))
  }
}

let catalogue = MethodCatalogue.standard.adding(estimator: NamedDifferences())
let problem = BilevelProblem<Double>(
  upper: ExpressionObjective { x, y in (y[0] * y[0] * x[0]).sum() },
  lower: ExpressionObjective { x, y in (0.5 * (y[0] * y[0]) - x[0].sine() * y[0]).sum() },
  initialLower: ConstantInitialLower(Parameters(Tensor([0.3, -0.2]))))
var settings = MethodSettings()
settings.inner = .init(steps: 5, stepSize: 0.3)

for dynamics in catalogue.dynamics {
  let estimates = try ["reverse", "differences"].map { name in
    let method = catalogue.product(dynamics, try catalogue.estimator(named: name))
    let (own, x) = try method.prepare(problem, from: Parameters(Tensor([0.8, 1.4])), settings)
    return try method.hypergradientEstimator(settings, as: Double.self).estimate(
      own, dynamics: try method.innerDynamics(settings, as: Double.self), upper: x,
      innerSteps: settings.inner.steps)
  }
  let gap = estimates[0].hypergradient.adding(estimates[1].hypergradient, scaledBy: -1).norm
  print("\(dynamics.name): differs by \(gap)")
  precondition(gap < 1e-8 && estimates[0].hypergradient.norm > 0.1)
}
