//! Dynamics of one's own: descent whose steps shrink as 1 / sqrt(k).
//!
//! The step is one member, its entry in a catalogue five; every estimator then differentiates it.

import Bilevel

struct ShrinkingDescent<Scalar: TensorScalar>: DescentDynamics {
  let stepSize: Scalar

  /// y - (u_k F_y + l_k f_y) with u_k = 0 and l_k = s / sqrt(k).
  func weights(ofStep index: StepIndex) -> DescentWeights<Scalar> {
    DescentWeights(upper: 0, lower: stepSize / Scalar(Double(index.inner)).squareRoot())
  }
}

struct NamedShrinkingDescent: NamedDynamics {
  let name = "shrinking-descent"
  let formula = "y - s_l f_y / sqrt(k)"
  let citation = "this snippet"

  func dynamics<Scalar: TensorScalar>(
    _ settings: MethodSettings, as type: Scalar.Type
  ) throws(MethodError) -> any InnerDynamics<Scalar> {
    ShrinkingDescent<Scalar>(stepSize: try settings.checkedLowerStepSize())
  }
}

let catalogue = MethodCatalogue.standard.adding(dynamics: NamedShrinkingDescent())
let shrinking = try catalogue.dynamics(named: "shrinking-descent")

let problem = BilevelProblem<Double>(
  upper: ExpressionObjective { x, y in (y[0] * y[0] * y[0] + x[0] * y[0]).sum() },
  lower: ExpressionObjective { x, y in
    let gap = y[0] - x[0].sine()
    return 0.5 * (gap * gap).sum()
  },
  initialLower: ConstantInitialLower(Parameters(Tensor([0.3, -0.2]))))
let x = Parameters(Tensor([0.8, 1.4]))
var settings = MethodSettings()
settings.inner = .init(steps: 10, stepSize: 0.4)

@MainActor func hypergradient(_ estimator: String) throws -> Parameters<Double> {
  let method = catalogue.product(shrinking, try catalogue.estimator(named: estimator))
  return try method.hypergradientEstimator(settings, as: Double.self).estimate(
    problem, dynamics: try method.innerDynamics(settings, as: Double.self), upper: x,
    innerSteps: settings.inner.steps
  ).hypergradient
}
let (reverse, forward) = (try hypergradient("reverse"), try hypergradient("forward"))
print("reverse \(reverse.flattened()), forward \(forward.flattened())")
precondition(reverse.adding(forward, scaledBy: -1).norm < 1e-14 && reverse.norm > 0.1)

// What makes no sense is refused with a sentence: its step is not the one that one-stage takes.
let refusal = catalogue.product(shrinking, try catalogue.estimator(named: "one-stage")).refusal
precondition(refusal?.contains("shrinking-descent") == true)
