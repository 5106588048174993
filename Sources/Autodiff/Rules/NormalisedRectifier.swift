/// Batch normalisation followed by max(0, .), and by 2 x 2 maximum pooling or not, with their rule.
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
      NormalisedRectifier(moments: moments, halving: nil),
      to: [self, shift] + (scale.map { [$0] } ?? []),
      value: value.normalisedRectified(moments, scale: scale?.value, shift: shift.value))
  }

  /// The largest of max(0, gamma x^ + beta) over windows of two by two pixels, side by side:
  /// `[placements, channels]` of images `[images height width, channels]`.
  ///
  /// The same as ``normalisedRectified(scale:shift:epsilon:)`` followed by ``maximumPooled(window:)``,
  /// without the normalised images, and with what has no derivative left out as early as possible:
  /// three of four pixels. The positions of the maxima are constants of the derivative; a sweep that
  /// keeps a graph differentiates the composition.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func normalisedRectifiedMaxima(
    _ geometry: WindowGeometry, scale: Variable?, shift: Variable, epsilon: Scalar
  ) -> Variable {
    let moments = value.columnMoments(epsilon: epsilon)
    let found = value.normalisedRectifiedMaxima(
      geometry, moments, scale: scale?.value, shift: shift.value)
    return .applying(
      NormalisedRectifier(moments: moments, halving: (geometry, found)),
      to: [self, shift] + (scale.map { [$0] } ?? []), value: found.maxima)
  }

  /// Inputs: x, beta, and gamma where there is one.
  private struct NormalisedRectifier: DifferentiationRule {
    /// Those of x.
    let moments: ColumnMoments<Scalar>
    /// The maxima that make the result, where images are halved.
    let halving: (geometry: WindowGeometry, found: NormalisedMaxima<Scalar>)?

    func pullback(_ cotangent: Variable, inputs: [Variable], output: Variable) -> [Variable?] {
      let passed = cotangent * .constant(output.value.positiveIndicator())
      let x = inputs[0]
      var pulled: [Variable?] = [nil, inputs[1].isDifferentiable ? passed.sum(alongAxis: 0) : nil]
      var scaled = passed
      if inputs.count > 2 {
        scaled = passed.multiplyingRows(by: inputs[2])
        pulled.append(
          inputs[2].isDifferentiable
            ? (passed * kept(x.standardisedColumns(moments))).sum(alongAxis: 0) : nil)
      }
      if x.isDifferentiable {
        let overAll = halving.map { scaled.scattering($0.found.positions, shape: x.shape) }
        pulled[0] = x.standardisationProduct(overAll ?? scaled, moments)
      }
      return pulled
    }

    func pullbackValues(
      _ cotangent: Tensor<Scalar>, inputs: [Variable], output: Tensor<Scalar>
    ) -> [Tensor<Scalar>?]? {
      let (x, scale) = (inputs[0].value, inputs.count > 2 ? inputs[2].value : nil)
      let pulled =
        if let (geometry, found) = halving {
          x.normalisedRectifiedMaximaPullback(
            cotangent, of: found, geometry, moments, scale: scale)
        } else {
          x.normalisedRectifiedPullback(cotangent, output: output, moments, scale: scale)
        }
      return [pulled.matrix, pulled.shift] + (scale == nil ? [] : [pulled.scale])
    }

    func pushforward(_ tangents: [Variable?], inputs: [Variable], output: Variable) -> Variable? {
      let x = inputs[0]
      var change = tangents[0].map { kept(x.standardisationProduct($0, moments)) }
      if inputs.count > 2 {
        change = total(
          change.map { $0.multiplyingRows(by: inputs[2]) },
          tangents[2].map { kept(x.standardisedColumns(moments)).multiplyingRows(by: $0) })
      }
      let shifted = total(
        change, tangents[1].map { $0.repeated(output.shape[0], alongNewAxis: 0) })
      return shifted.map { $0 * .constant(output.value.positiveIndicator()) }
    }

    /// A matrix over all pixels, or of it what stands at the maxima, channel by channel.
    private func kept(_ matrix: Variable) -> Variable {
      guard let (geometry, found) = halving else { return matrix }
      return matrix.gathering(
        found.positions, shape: [geometry.placements, geometry.channels])
    }
  }
}
