import Bilevel
import Experiments

/// A head that a task's labelled features determine at once, without an inner loop.
package enum ClosedFormHead: Sendable, Equatable {
  /// The class means, each class scored by the negative squared Euclidean distance to its mean (Snell,
  /// Swersky and Zemel, NeurIPS 2017).
  case prototypes
  /// Ridge regression on one-hot targets without intercept, its outputs scaled; coefficient and scale
  /// are learned with x from the given starts, as logarithms (Bertinetto et al., ICLR 2019).
  case ridge(coefficient: Double, scale: Double)

  /// The names of what the head adds to x.
  package var parameterNames: [String] {
    switch self {
    case .prototypes: []
    case .ridge: ["ridge/logCoefficient", "ridge/logScale"]
    }
  }

  /// What the head adds to x at the start.
  package func start<Scalar: TensorScalar>() -> [Tensor<Scalar>] {
    switch self {
    case .prototypes: []
    case .ridge(let coefficient, let scale):
      [coefficient, scale].map { Tensor(Scalar(Double.logarithm($0))) }
    }
  }

  /// The logits of query features, as the cotangents of them can be pulled back.
  package func evaluated<Scalar: TensorScalar>(
    support: Tensor<Scalar>, labels: [Int], query: Tensor<Scalar>, ways: Int,
    own: [Tensor<Scalar>]
  ) -> any EvaluatedHead<Scalar> {
    switch self {
    case .prototypes:
      EvaluatedPrototypes(support: support, labels: labels, query: query, ways: ways)
    case .ridge:
      EvaluatedRidge(
        support: support, labels: labels, query: query, ways: ways,
        coefficient: Scalar.exponential(own[0].scalars[0]),
        scale: Scalar.exponential(own[1].scalars[0]))
    }
  }
}

/// The logits of a closed-form head at one point, and their transposed derivative.
package protocol EvaluatedHead<Scalar>: Sendable {
  associatedtype Scalar: TensorScalar

  /// The logits `[queries, ways]`.
  var logits: Tensor<Scalar> { get }

  /// The cotangents of support features, query features, and of what the head adds to x.
  func pullback(_ cotangent: Tensor<Scalar>) -> (
    support: Tensor<Scalar>, query: Tensor<Scalar>, own: [Tensor<Scalar>]
  )
}

/// Logits -|q - c_k|^2 + |q|^2 with c_k the mean of class k.
struct EvaluatedPrototypes<Scalar: TensorScalar>: EvaluatedHead {
  let logits: Tensor<Scalar>
  private let query: Tensor<Scalar>
  /// [ways, support]: row k averages the features of class k.
  private let average: Tensor<Scalar>
  private let means: Tensor<Scalar>

  init(support: Tensor<Scalar>, labels: [Int], query: Tensor<Scalar>, ways: Int) {
    let counts = (0..<ways).map { label in labels.count { $0 == label } }
    let rows = labels.count
    average = Tensor(shape: [ways, rows]) { weights in
      for index in 0..<ways * rows { weights[index] = 0 }
      for (row, label) in labels.enumerated() {
        weights[label * rows + row] = 1 / Scalar(counts[label])
      }
    }
    let means = average.multiplied(by: support)
    self.means = means
    self.query = query
    // -|q|^2 is common to all classes, so the softmax does not see it: 2 <q, c> - |c|^2 remains.
    let products = query.multiplied(by: means, transposingOther: true).scaled(by: 2)
    let width = means.shape[1]
    let squares = (0..<ways).map { k in
      (0..<width).reduce(Scalar(0)) {
        let value = means.scalars[k * width + $1]
        return $0 + value * value
      }
    }
    var scalars = products.scalars
    for index in scalars.indices { scalars[index] -= squares[index % ways] }
    logits = Tensor(shape: products.shape, scalars: scalars)
  }

  func pullback(_ g: Tensor<Scalar>) -> (
    support: Tensor<Scalar>, query: Tensor<Scalar>, own: [Tensor<Scalar>]
  ) {
    let (ways, width) = (means.shape[0], means.shape[1])
    let dQuery = g.multiplied(by: means).scaled(by: 2)
    var dMeans = g.multiplied(by: query, transposingSelf: true).scaled(by: 2).scalars
    let rows = g.shape[0]
    for k in 0..<ways {
      var total = Scalar(0)
      for row in 0..<rows { total += g.scalars[row * ways + k] }
      for column in 0..<width {
        dMeans[k * width + column] -= 2 * total * means.scalars[k * width + column]
      }
    }
    let dSupport = average.multiplied(
      by: Tensor(shape: means.shape, scalars: dMeans), transposingSelf: true)
    return (dSupport, dQuery, [])
  }
}

/// Logits a Q S' (S S' + c I)^-1 Y for support features S, query features Q and one-hot labels Y: the
/// ridge solution through the small system of one row per labelled image, solved in Double.
struct EvaluatedRidge<Scalar: TensorScalar>: EvaluatedHead {
  let logits: Tensor<Scalar>
  private let support: Tensor<Scalar>
  private let query: Tensor<Scalar>
  private let scale: Scalar
  private let coefficient: Scalar
  private let system: Tensor<Double>
  /// (S S' + c I)^-1 Y.
  private let weights: Tensor<Scalar>
  /// Q S'.
  private let products: Tensor<Scalar>

  init(
    support: Tensor<Scalar>, labels: [Int], query: Tensor<Scalar>, ways: Int, coefficient: Scalar,
    scale: Scalar
  ) {
    self.support = support
    self.query = query
    self.coefficient = coefficient
    self.scale = scale
    let rows = support.shape[0]
    let wide: Tensor<Double> = support.converted()
    var matrix = wide.multiplied(by: wide, transposingOther: true)
    matrix.withUnsafeMutableScalars {
      for index in 0..<rows { $0[index * rows + index] += Double(coefficient) }
    }
    system = matrix
    weights = solvePositiveDefinite(matrix, .oneHot(labels, classes: ways)).converted()
    products = query.multiplied(by: support, transposingOther: true)
    logits = products.multiplied(by: weights).scaled(by: scale)
  }

  func pullback(_ g: Tensor<Scalar>) -> (
    support: Tensor<Scalar>, query: Tensor<Scalar>, own: [Tensor<Scalar>]
  ) {
    let rows = support.shape[0]
    // By the logarithm of the scale: the logits themselves.
    let dLogScale = zip(g.scalars, logits.scalars).reduce(Scalar(0)) { $0 + $1.0 * $1.1 }
    let dProducts = g.multiplied(by: weights, transposingOther: true).scaled(by: scale)
    let dWeights = products.multiplied(by: g, transposingSelf: true).scaled(by: scale)
    let adjoint: Tensor<Scalar> =
      solvePositiveDefinite(system, dWeights.converted(to: Double.self)).converted()
    // The cotangent of S S' + c I, which is symmetric.
    let dSystem = adjoint.multiplied(by: weights, transposingOther: true).scaled(by: -1)
    var dCoefficient = Scalar(0)
    for index in 0..<rows { dCoefficient += dSystem.scalars[index * rows + index] }
    var dSupport = dSystem.adding(dSystem.transposed()).multiplied(by: support)
    dSupport.add(dProducts.multiplied(by: query, transposingSelf: true))
    return (
      dSupport, dProducts.multiplied(by: support),
      [Tensor(dCoefficient * coefficient), Tensor(dLogScale)]
    )
  }
}
