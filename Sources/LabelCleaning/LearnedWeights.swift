import Bilevel
import Experiments
import Tensors

/// The weights of training samples learned by bi-level optimisation, as `hyper-cleaning run --method rhg`
/// does: reverse hypergradients of the loss of checked samples, Adam on the weights' logits.
struct LearnedWeights {
  /// The training samples.
  let noisy: SoftmaxRegressionSamples<Float>
  /// The checked samples that the upper level minimises the loss of.
  let used: SoftmaxRegressionSamples<Float>
  /// The checked samples that say when to stop.
  let held: ClassifierSamples<Float>

  /// K, inner steps.
  static let steps = 100
  /// Outer iterations at most.
  static let iterations = 150

  /// The weights with the smallest loss on held-out checked samples.
  ///
  /// - Parameter progress: called with the number of each outer iteration.
  func weights(stepSize: Double, progress: (Int) -> Void) -> [Double] {
    let problem = BilevelProblem<Float>(
      upper: SoftmaxRegressionObjective(samples: used, weighting: .uniform),
      lower: SoftmaxRegressionObjective(samples: noisy, weighting: .sigmoid),
      initialLower: ConstantInitialLower(noisy.zeroParameters))
    // With weights near one half, twice the step is as safe.
    let dynamics = GradientDescent<Float>(stepSize: Float(2 * stepSize))
    let estimator = ReverseHypergradient<Float>()
    var x = Parameters(Tensor<Float>.zeros([noisy.count]))
    var optimizer = Adam<Float>(learningRate: .constant(0.1))
    var best = (loss: Double.infinity, weights: [Double](repeating: 0.5, count: noisy.count))
    var worse = 0
    for iteration in 0..<Self.iterations where worse < 20 {
      progress(iteration)
      let estimate = estimator.estimate(
        problem, dynamics: dynamics, upper: x, innerSteps: Self.steps, outerIteration: iteration,
        memory: nil)
      guard estimate.isFinite else { break }
      let loss = held.losses(estimate.lower).reduce(0, +) / Double(held.count)
      worse = loss < best.loss ? 0 : worse + 1
      if loss < best.loss {
        best = (loss, x.tensors[0].scalars.map { Double(logisticSigmoid($0)) })
      }
      x = optimizer.step(from: x, along: estimate.hypergradient)
    }
    return best.weights
  }
}
