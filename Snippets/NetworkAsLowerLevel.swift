//! A network as the lower level: which training samples to believe, learned from a few trusted ones.
//!
//! x holds one logit per training sample, y the network's parameters; a third of the labels is wrong.

import Bilevel
import Networks

/// Points of a square, `[count, 2]`, and one-hot labels, `[count, 2]`: above the diagonal or below.
func samples(
  _ count: Int, wrong: Int, using stream: inout RandomStream
) -> (inputs: Tensor<Double>, targets: Tensor<Double>) {
  let inputs: Tensor<Double> = stream.uniform([count, 2], in: -1..<1)
  var targets = Tensor<Double>.zeros([count, 2])
  for row in 0..<count {
    let label = inputs[row, 0] > inputs[row, 1] ? 1 : 0
    targets[row, row < wrong ? 1 - label : label] = 1
  }
  return (inputs, targets)
}
var stream = RandomStream(seed: 3, purpose: "network as lower level")
let training = samples(30, wrong: 10, using: &stream)
let trusted = samples(20, wrong: 0, using: &stream)
let network = FullyConnectedNetwork(widths: [2, 6, 2], activation: .hyperbolicTangent)

@Sendable func losses(
  _ network: FullyConnectedNetwork,
  _ data: (inputs: Tensor<Double>, targets: Tensor<Double>), _ y: [Variable<Double>]
) -> Variable<Double> {
  crossEntropies(
    logits: network(.constant(data.inputs), parameters: y), targets: .constant(data.targets))
}

let problem = BilevelProblem<Double>(
  upper: ExpressionObjective { [network, trusted] _, y in losses(network, trusted, y).mean() },
  lower: ExpressionObjective { [network, training] x, y in
    (x[0].sigmoid() * losses(network, training, y)).mean()
  },
  initialLower: ConstantInitialLower(
    Parameters(network.glorotParameters(using: &stream, as: Double.self))))

var loop = BilevelEstimate(
  problem: problem, dynamics: GradientDescent(stepSize: 1),
  estimator: ReverseHypergradient(history: .last(20)), innerSteps: 30
).loop(
  optimizer: Adam(learningRate: .constant(0.3)), from: Parameters(Tensor.zeros([30])),
  iterations: 25)
var values: [Double] = []
while let event = loop.next() { values.append(event.estimate.upperValue) }

let logits = loop.upper.flattened()
let wrong = logits.prefix(10).reduce(0, +) / 10
let right = logits.dropFirst(10).reduce(0, +) / 20
print("F from \(values[0]) to \(values[24]); logits of wrong labels \(wrong), of right \(right)")
precondition(values[24] < values[0] && wrong < right - 1)
