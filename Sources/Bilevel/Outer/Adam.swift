import Foundation

/// Adam (Kingma and Ba 2015, algorithm 1), with bias correction.
public struct Adam<Scalar: TensorScalar>: OuterOptimizer {
  /// The learning rate by iteration.
  public let learningRate: LearningRate
  /// The decay of the first moment.
  let firstDecay: Double
  /// The decay of the second moment.
  let secondDecay: Double
  /// Added to the root of the second moment.
  public let epsilon: Double
  /// Iterations done, and the two moments.
  public private(set) var memory = OuterOptimizerMemory<Scalar>()

  /// Adam with the article's default constants.
  public init(
    learningRate: LearningRate, firstDecay: Double = 0.9, secondDecay: Double = 0.999,
    epsilon: Double = 1e-8
  ) {
    self.learningRate = learningRate
    self.firstDecay = firstDecay
    self.secondDecay = secondDecay
    self.epsilon = epsilon
  }

  /// x - rate m / (sqrt(v) + epsilon), with m and v corrected for their start at zero.
  public mutating func step(
    from x: Parameters<Scalar>, along hypergradient: Parameters<Scalar>
  ) -> Parameters<Scalar> {
    let rate = learningRate.rate(at: memory.iteration)
    memory.iteration += 1
    var first = memory.moments.first ?? .zeros(like: x)
    var second = memory.moments.last ?? .zeros(like: x)
    first.scale(by: Scalar(firstDecay))
    first.add(hypergradient, scaledBy: Scalar(1 - firstDecay))
    second.scale(by: Scalar(secondDecay))
    let squares = Parameters(hypergradient.tensors.map { $0.multiplying($0) })
    second.add(squares, scaledBy: Scalar(1 - secondDecay))
    memory.moments = [first, second]
    let time = Double(memory.iteration)
    let scale = Scalar(rate / (1 - pow(firstDecay, time)))
    let correction = Scalar(1 / (1 - pow(secondDecay, time)))
    let offset = Scalar(epsilon)
    var next = x
    for index in next.tensors.indices {
      let denominator = second.tensors[index].scaled(by: correction).squareRoot()
        .shifted(by: offset)
      next.tensors[index].add(first.tensors[index].dividing(denominator), scaledBy: -scale)
    }
    return next
  }

  /// Continues from a checkpoint.
  public mutating func restore(_ memory: OuterOptimizerMemory<Scalar>) { self.memory = memory }
}
