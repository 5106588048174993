/// Batch normalisation, max(0, .) and 2 x 2 maximum pooling, with their rule.
extension Variable {
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
      HalvingRectifier(geometry: geometry, moments: moments, found: found),
      to: [self, shift] + (scale.map { [$0] } ?? []), value: found.maxima)
  }

  /// Inputs: x, beta, and gamma where there is one.
  private struct HalvingRectifier: DifferentiationRule {
    let geometry: WindowGeometry
    /// Those of x.
    let moments: ColumnMoments<Scalar>
    let found: NormalisedMaxima<Scalar>

    func pullback(_ cotangent: Variable, inputs: [Variable], output: Variable) -> [Variable?] {
      let passed = cotangent * .constant(output.value.positiveIndicator())
      let x = inputs[0]
      var pulled: [Variable?] = [nil, inputs[1].isDifferentiable ? passed.sum(alongAxis: 0) : nil]
      var scaled = passed
      if inputs.count > 2 {
        scaled = passed.multiplyingRows(by: inputs[2])
        pulled.append(
          inputs[2].isDifferentiable
            ? (passed * atMaxima(x.standardisedColumns(moments))).sum(alongAxis: 0) : nil)
      }
      if x.isDifferentiable {
        pulled[0] = x.standardisationProduct(
          scaled.scattering(found.positions, shape: x.shape), moments)
      }
      return pulled
    }

    func pullbackValues(
      _ cotangent: Tensor<Scalar>, inputs: [Variable], output: Tensor<Scalar>
    ) -> [Tensor<Scalar>?]? {
      let pulled = inputs[0].value.normalisedRectifiedMaximaPullback(
        cotangent, of: found, geometry, moments, scale: inputs.count > 2 ? inputs[2].value : nil)
      return [pulled.matrix, pulled.shift] + (inputs.count > 2 ? [pulled.scale] : [])
    }

    func pushforward(_ tangents: [Variable?], inputs: [Variable], output: Variable) -> Variable? {
      let x = inputs[0]
      var change = tangents[0].map { atMaxima(x.standardisationProduct($0, moments)) }
      if inputs.count > 2 {
        change = total(
          change.map { $0.multiplyingRows(by: inputs[2]) },
          tangents[2].map {
            atMaxima(x.standardisedColumns(moments)).multiplyingRows(by: $0)
          })
      }
      let shifted = total(
        change, tangents[1].map { $0.repeated(geometry.placements, alongNewAxis: 0) })
      return shifted.map { $0 * .constant(output.value.positiveIndicator()) }
    }

    /// The rows of a matrix over all pixels at the maxima, channel by channel.
    private func atMaxima(_ matrix: Variable) -> Variable {
      matrix.gathering(found.positions, shape: [geometry.placements, geometry.channels])
    }
  }
}
