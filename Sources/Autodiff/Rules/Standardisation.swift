/// Standardised columns (batch normalisation) and row-wise scale and shift, with their rules.
///
/// Column by column, x^ = (x - m) r is the gradient of psi(x) = rows / r (as a function of the column),
/// so its Jacobian B(x) is symmetric and the derivative of B(x) c along t is symmetric in c, t and the
/// cotangent. Hence every rule below serves both directions, and the family {x^, r, B(x) c} is closed:
/// derivatives of any order come from three fused passes over the data.
extension Variable {
  /// The columns of a matrix `[rows, columns]` with mean 0 and variance v / (v + epsilon), v over the
  /// rows.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func standardisedColumns(epsilon: Scalar) -> Variable {
    standardisedColumns(value.columnMoments(epsilon: epsilon))
  }

  /// The same, the moments of the value being known.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func standardisedColumns(_ moments: ColumnMoments<Scalar>) -> Variable {
    .applying(
      Standardisation(moments: moments), to: [self], value: value.standardisedColumns(moments))
  }

  /// r = 1 / sqrt(v + epsilon) of every column, `[columns]`.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func inverseDeviationOfColumns(epsilon: Scalar) -> Variable {
    inverseDeviationOfColumns(value.columnMoments(epsilon: epsilon))
  }

  private func inverseDeviationOfColumns(_ moments: ColumnMoments<Scalar>) -> Variable {
    .applying(
      InverseDeviation(moments: moments), to: [self], value: moments.inverseDeviation)
  }

  /// B(self) c: the Jacobian of ``standardisedColumns(epsilon:)`` times a matrix.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func standardisationProduct(_ c: Variable, epsilon: Scalar) -> Variable {
    standardisationProduct(c, value.columnMoments(epsilon: epsilon))
  }

  /// The same, the moments of the value being known.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func standardisationProduct(_ c: Variable, _ moments: ColumnMoments<Scalar>) -> Variable {
    .applying(
      StandardisationProduct(moments: moments), to: [self, c],
      value: value.standardisationProduct(c.value, moments))
  }

  /// Each row times a row `[columns]`.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func multiplyingRows(by factors: Variable) -> Variable {
    .applying(
      RowScaling(), to: [self, factors], value: value.multiplyingRows(by: factors.value))
  }

  /// Each row plus a row `[columns]`.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func addingToRows(_ terms: Variable) -> Variable {
    .applying(RowShift(), to: [self, terms], value: value.addingToRows(terms.value))
  }

  /// The mean of every column, `[columns]`.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  fileprivate func columnMeans() -> Variable {
    (1 / Scalar(max(1, shape[0]))) * sum(alongAxis: 0)
  }

  private struct Standardisation: DifferentiationRule {
    let moments: ColumnMoments<Scalar>
    func pullback(_ cotangent: Variable, inputs: [Variable], output: Variable) -> [Variable?] {
      [inputs[0].standardisationProduct(cotangent, moments)]
    }
    func pushforward(_ tangents: [Variable?], inputs: [Variable], output: Variable) -> Variable? {
      tangents[0].map { inputs[0].standardisationProduct($0, moments) }
    }
  }

  /// dr = -r^2 mean(x^ dx).
  private struct InverseDeviation: DifferentiationRule {
    let moments: ColumnMoments<Scalar>
    func pullback(_ cotangent: Variable, inputs: [Variable], output: Variable) -> [Variable?] {
      let factor = -1 / Scalar(max(1, inputs[0].shape[0]))
      return [
        inputs[0].standardisedColumns(moments)
          .multiplyingRows(by: factor * (cotangent * output * output))
      ]
    }
    func pushforward(_ tangents: [Variable?], inputs: [Variable], output: Variable) -> Variable? {
      tangents[0].map {
        -(output * output * (inputs[0].standardisedColumns(moments) * $0).columnMeans())
      }
    }
  }

  private struct StandardisationProduct: DifferentiationRule {
    let moments: ColumnMoments<Scalar>

    func pullback(_ cotangent: Variable, inputs: [Variable], output: Variable) -> [Variable?] {
      [
        inputs[0].isDifferentiable
          ? change(cotangent, of: inputs[0], inputs[1], product: output) : nil,
        inputs[1].isDifferentiable
          ? inputs[0].standardisationProduct(cotangent, moments) : nil,
      ]
    }

    func pullbackValues(
      _ cotangent: Tensor<Scalar>, inputs: [Variable], output: Tensor<Scalar>
    ) -> [Tensor<Scalar>?]? {
      guard inputs[0].isDifferentiable else { return nil }
      let both = inputs[0].value.standardisationProductPullback(
        cotangent, factor: inputs[1].value, moments)
      return [both.matrix, inputs[1].isDifferentiable ? both.factor : nil]
    }

    func pushforward(_ tangents: [Variable?], inputs: [Variable], output: Variable) -> Variable? {
      total(
        tangents[0].map { change($0, of: inputs[0], inputs[1], product: output) },
        tangents[1].map { inputs[0].standardisationProduct($0, moments) })
    }

    /// psi'''(c, t, .) = -r^2 x^ (mean(t c) - mean(t) mean(c) - p q) - r (q B t + p B c), with
    /// p = mean(t x^) and q = mean(c x^).
    private func change(
      _ t: Variable, of x: Variable, _ c: Variable, product: Variable
    ) -> Variable {
      let standard = x.standardisedColumns(moments)
      let r = x.inverseDeviationOfColumns(moments)
      let p = (t * standard).columnMeans()
      let q = (c * standard).columnMeans()
      let spread = (t * c).columnMeans() - t.columnMeans() * c.columnMeans() - p * q
      let along = x.standardisationProduct(t, moments)
      return standard.multiplyingRows(by: -(r * r * spread))
        - along.multiplyingRows(by: r * q) - product.multiplyingRows(by: r * p)
    }
  }

  private struct RowScaling: DifferentiationRule {
    func pullback(_ cotangent: Variable, inputs: [Variable], output: Variable) -> [Variable?] {
      [
        inputs[0].isDifferentiable ? cotangent.multiplyingRows(by: inputs[1]) : nil,
        inputs[1].isDifferentiable ? (cotangent * inputs[0]).sum(alongAxis: 0) : nil,
      ]
    }
    func pushforward(_ tangents: [Variable?], inputs: [Variable], output: Variable) -> Variable? {
      total(
        tangents[0].map { $0.multiplyingRows(by: inputs[1]) },
        tangents[1].map { inputs[0].multiplyingRows(by: $0) })
    }
  }

  private struct RowShift: DifferentiationRule {
    func pullback(_ cotangent: Variable, inputs: [Variable], output: Variable) -> [Variable?] {
      [cotangent, inputs[1].isDifferentiable ? cotangent.sum(alongAxis: 0) : nil]
    }
    func pushforward(_ tangents: [Variable?], inputs: [Variable], output: Variable) -> Variable? {
      total(
        tangents[0],
        tangents[1].map { $0.repeated(inputs[0].shape[0], alongNewAxis: 0) })
    }
  }
}
