import Tensors

/// How the upper variable weighs the samples of an objective.
package enum SampleWeighting: String, Sendable, CaseIterable, Codable {
  /// w_i = 1 / (1 + exp(-x_i)): the parametrisation of most hyper-cleaning codes.
  case sigmoid
  /// w_i = x_i, kept in a feasible set by projection (Franceschi et al. 2017).
  case identity
  /// w_i = 1: the objective does not depend on x.
  case uniform

  /// w_i for the given x, in Double.
  package func weights<Scalar: TensorScalar>(_ x: Tensor<Scalar>) -> [Double] {
    switch self {
    case .sigmoid: x.sigmoid().scalars.map { Double($0) }
    case .identity: x.scalars.map { Double($0) }
    case .uniform: Array(repeating: 1, count: x.count)
    }
  }

  /// w_i / n and (dw_i/dx_i) / n, for n samples with the given x.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func factors<Scalar: TensorScalar>(
    _ x: Tensor<Scalar>?, count: Int
  ) -> (values: [Scalar], derivatives: [Scalar]) {
    let scale = 1 / Scalar(count)
    guard self != .uniform, let x else {
      return (Array(repeating: scale, count: count), Array(repeating: 0, count: count))
    }
    precondition(x.count == count, "\(x.count) sample weights for \(count) samples.")
    if self == .identity {
      return (x.scaled(by: scale).scalars, Array(repeating: scale, count: count))
    }
    let sigmoid = x.sigmoid()
    let slope = sigmoid.subtracting(sigmoid.multiplying(sigmoid))
    return (sigmoid.scaled(by: scale).scalars, slope.scaled(by: scale).scalars)
  }
}
