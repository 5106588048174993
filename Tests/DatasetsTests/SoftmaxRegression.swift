import Tensors

/// A plain linear classifier, the yardstick for how hard a data set is.
struct SoftmaxRegression {
  private var weights: Tensor<Float>
  private var bias: Tensor<Float>

  /// A classifier fitted by full-batch descent with momentum 0.9 on the mean cross entropy.
  ///
  /// - Parameter features: `[n, d]`.
  init(features: Tensor<Float>, labels: [Int], classes: Int, steps: Int, stepSize: Float) {
    let (count, width) = (features.shape[0], features.shape[1])
    weights = .zeros([width, classes])
    bias = .zeros([classes])
    var velocity = weights
    var biasVelocity = bias
    let targets = Tensor<Float>.oneHot(labels, classes: classes)
    for _ in 0..<steps {
      let residual = probabilities(features).subtracting(targets).scaled(by: 1 / Float(count))
      velocity.scale(by: 0.9)
      velocity.add(features.multiplied(by: residual, transposingSelf: true))
      biasVelocity.scale(by: 0.9)
      biasVelocity.add(residual.sum(alongAxis: 0))
      weights.add(velocity, scaledBy: -stepSize)
      bias.add(biasVelocity, scaledBy: -stepSize)
    }
  }

  private func scores(_ features: Tensor<Float>) -> Tensor<Float> {
    features.multiplied(by: weights).adding(
      bias.repeated(features.shape[0], alongNewAxis: 0))
  }

  private func probabilities(_ features: Tensor<Float>) -> Tensor<Float> {
    let scores = scores(features)
    let classes = scores.shape[1]
    let exponentials = scores.subtracting(
      scores.maximumAlongLastAxis().repeated(classes, alongNewAxis: 1)
    ).exponential()
    return exponentials.dividing(
      exponentials.sum(alongAxis: 1).repeated(classes, alongNewAxis: 1))
  }

  /// The share of rows whose largest score is the label's, from 0 to 1.
  func accuracy(features: Tensor<Float>, labels: [Int]) -> Double {
    let predictions = scores(features).argumentsOfRowMaxima()
    return Double(zip(predictions, labels).count(where: { $0 == $1 })) / Double(labels.count)
  }
}
