import Bilevel
import Experiments

/// The linear representation problem (Sow, Ji and Liang, NeurIPS 2022, section 5.1):
///
///     F(H, w) = |X_v H w - t_v|^2 / (2m),    f(H, w) = |X H w - t|^2 / (2n) + ridge/2 |w|^2,
///
/// with H `[p, d]` the upper variable and w `[d, 1]` the lower one.
package struct LinearRepresentationProblem<Scalar: TensorScalar>: Sendable {
  /// The problem in both forms.
  package let factored: FactoredProblem<Scalar>
  /// F on features.
  package let upper: LinearHeadObjective<Scalar>
  /// f on features.
  package let lower: LinearHeadObjective<Scalar>

  /// The problem of the given samples: inputs `[n, p]` with targets `[n, 1]`, started at H and w.
  package init(
    train: (inputs: Tensor<Scalar>, targets: Tensor<Scalar>),
    validation: (inputs: Tensor<Scalar>, targets: Tensor<Scalar>),
    representation: Tensor<Scalar>, head: Tensor<Scalar>, ridge: Scalar
  ) {
    let (trainInputs, validationInputs) = (train.inputs, validation.inputs)
    upper = LinearHeadObjective(
      component: 1, targets: validation.targets, loss: .leastSquares)
    lower = LinearHeadObjective(
      component: 0, targets: train.targets, loss: .leastSquares, ridge: ridge)
    factored = FactoredProblem(
      map: ExpressionFeatureMap { x in
        [
          Variable.constant(trainInputs).multiplied(by: x[0]),
          Variable.constant(validationInputs).multiplied(by: x[0]),
        ]
      },
      headProblem: BilevelProblem(
        upper: upper, lower: lower, initialLower: ConstantInitialLower(Parameters(head))),
      start: Parameters(representation))
  }
}

extension LinearRepresentationProblem where Scalar == Double {
  /// The lower solution and the exact hypergradient at the start H; the ridge must be positive.
  package var solution: RidgeSolution {
    RidgeSolution(map: factored.map, upper: upper, lower: lower, at: factored.start)
  }
}
