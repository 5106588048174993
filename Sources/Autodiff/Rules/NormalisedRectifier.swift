/// Batch normalisation followed by max(0, .), with its rule.
extension Variable {
  /// max(0, gamma x^ + beta) of a matrix `[rows, columns]`, x^ its standardised columns, gamma (1 where
  /// there is none) and beta rows `[columns]`.
  ///
  /// The same as composing ``standardisedColumns(epsilon:)``, ``multiplyingRows(by:)``,
  /// ``addingToRows(_:)`` and ``rectified()``, in fewer passes over memory; the derivative at 0 is
  /// taken as 0. A sweep that keeps a graph differentiates the composition.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func normalisedRectified(
    scale: Variable?, shift: Variable, epsilon: Scalar
  ) -> Variable {
    let moments = value.columnMoments(epsilon: epsilon)
    return .applying(
      NormalisedRectifier(moments: moments), to: [self, shift] + (scale.map { [$0] } ?? []),
      value: value.normalisedRectified(moments, scale: scale?.value, shift: shift.value))
  }

  /// Inputs: x, beta, and gamma where there is one.
  private struct NormalisedRectifier: DifferentiationRule {
    /// Those of x.
    let moments: ColumnMoments<Scalar>

    func pullback(_ cotangent: Variable, inputs: [Variable], output: Variable) -> [Variable?] {
      let passed = cotangent * .constant(output.value.positiveIndicator())
      let x = inputs[0]
      var pulled: [Variable?] = [nil, inputs[1].isDifferentiable ? passed.sum(alongAxis: 0) : nil]
      var scaled = passed
      if inputs.count > 2 {
        scaled = passed.multiplyingRows(by: inputs[2])
        pulled.append(
          inputs[2].isDifferentiable
            ? (passed * x.standardisedColumns(moments)).sum(alongAxis: 0) : nil)
      }
      if x.isDifferentiable {
        pulled[0] = x.standardisationProduct(scaled, moments)
      }
      return pulled
    }

    func pullbackValues(
      _ cotangent: Tensor<Scalar>, inputs: [Variable], output: Tensor<Scalar>
    ) -> [Tensor<Scalar>?]? {
      let pulled = inputs[0].value.normalisedRectifiedPullback(
        cotangent, output: output, moments, scale: inputs.count > 2 ? inputs[2].value : nil)
      return [pulled.matrix, pulled.shift] + (inputs.count > 2 ? [pulled.scale] : [])
    }

    func pushforward(_ tangents: [Variable?], inputs: [Variable], output: Variable) -> Variable? {
      let x = inputs[0]
      var change = tangents[0].map { x.standardisationProduct($0, moments) }
      if inputs.count > 2 {
        change = total(
          change.map { $0.multiplyingRows(by: inputs[2]) },
          tangents[2].map { x.standardisedColumns(moments).multiplyingRows(by: $0) })
      }
      let shifted = total(
        change, tangents[1].map { $0.repeated(x.shape[0], alongNewAxis: 0) })
      return shifted.map { $0 * .constant(output.value.positiveIndicator()) }
    }
  }
}
