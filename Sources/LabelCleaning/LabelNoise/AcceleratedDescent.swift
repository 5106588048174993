import Bilevel
import Experiments
import Tensors

/// Training on weighted samples by accelerated gradient descent, which can be gone on with.
///
///     z_k     = y_k + (k - 1) / (k + 2) (y_k - y_{k-1})
///     y_{k+1} = z_k - s grad(z_k)                                         (Nesterov, 1983)
///
/// The objective is the weighted mean of all cross-entropies, as of ``TrainingSet``.
struct AcceleratedDescent<Scalar: TensorScalar> {
  /// y_k.
  private(set) var parameters: Parameters<Scalar>
  /// k.
  private(set) var steps = 0
  private var previous: Parameters<Scalar>
  private let stepSize: Scalar
  private let samples: TrainingSet<Scalar>
  private let terms: [(objective: any Objective<Scalar>, weights: Parameters<Scalar>)]

  /// A descent that has not begun.
  init(_ set: TrainingSet<Scalar>, from start: Parameters<Scalar>, stepSize: Double) {
    parameters = start
    previous = start
    self.stepSize = Scalar(stepSize)
    samples = set
    terms = set.terms
  }

  /// The objective where the descent is.
  var loss: Double { samples.loss(parameters) }

  /// Goes on until so many steps are made; parameters that are not finite stay as they are.
  mutating func run(until count: Int) {
    while steps < count {
      steps += 1
      guard parameters.isFinite else { continue }
      let momentum = Scalar(steps - 1) / Scalar(steps + 2)
      var point = parameters
      point.add(parameters, scaledBy: momentum, previous, scaledBy: -momentum)
      var next = point
      for term in terms {
        next.add(
          term.objective.lowerGradient(upper: term.weights, lower: point), scaledBy: -stepSize)
      }
      previous = parameters
      parameters = next
    }
  }
}
