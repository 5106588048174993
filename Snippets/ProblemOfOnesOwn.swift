//! A problem of one's own: how strongly to regularise a regression, judged by other data.
//!
//! A problem is two objectives and a start; the methods of the catalogue then run on it, each on the
//! problem and the start that it prepares from them.

import Bilevel

// Six features of which two matter, and fewer rows to learn from than to judge by.
func rows(
  _ count: Int, using stream: inout RandomStream
) -> (features: Tensor<Double>, targets: Tensor<Double>) {
  let features: Tensor<Double> = stream.uniform([count, 6], in: -1..<1)
  var targets: Tensor<Double> = stream.uniform([count, 1], in: -2..<2)
  for row in 0..<count { targets[row, 0] += features[row, 0] - features[row, 1] }
  return (features, targets)
}
var stream = RandomStream(seed: 1, purpose: "problem of one's own")
let (training, validation) = (rows(8, using: &stream), rows(20, using: &stream))

/// Half the mean square of features y - targets.
@Sendable func error(
  _ data: (features: Tensor<Double>, targets: Tensor<Double>), _ y: Variable<Double>
) -> Variable<Double> {
  let gap = Variable.constant(data.features).multiplied(by: y) - .constant(data.targets)
  return 0.5 * (gap * gap).mean()
}

// F(x, y): the error on validation rows. f(x, y): that on training rows, and exp(x) |y|^2.
let problem = BilevelProblem<Double>(
  upper: ExpressionObjective { [validation] _, y in error(validation, y[0]) },
  lower: ExpressionObjective { [training] x, y in
    error(training, y[0]) + x[0].exponential() * (y[0] * y[0]).sum()
  },
  initialLower: ConstantInitialLower(Parameters(Tensor.zeros([6, 1]))))

var settings = MethodSettings()
settings.inner = .init(steps: 30, stepSize: 1)
for name in ["rhg", "bda"] {
  let method = try MethodCatalogue.standard.method(named: name)
  // Some methods append weights or a lower variable of their own to x.
  let prepared = try method.prepare(problem, from: Parameters(Tensor(-5)), settings)
  let estimate = BilevelEstimate(
    problem: prepared.problem, dynamics: try method.innerDynamics(settings, as: Double.self),
    estimator: try method.hypergradientEstimator(settings, as: Double.self),
    innerSteps: settings.inner.steps)
  var loop = estimate.loop(
    optimizer: Adam(learningRate: .constant(0.3)), from: prepared.start, iterations: 20)
  var values: [Double] = []
  while let event = loop.next() { values.append(event.estimate.upperValue) }
  print(
    "\(method.displayName): F from \(values[0]) to \(values[19]), x = \(loop.upper.flattened())")
  // From a weight that is too small, every method finds a larger one and a smaller error.
  precondition(values[19] < values[0] && loop.upper.flattened()[0] > -5)
}
