/// The passes between two layers in closed form, on rows that end in a one.
///
/// Rows are `stride` scalars apart, a multiple of 16; the first `width` of them are units, then comes
/// a one, by which the next layer's bias is a row of its weights like any other, then zeros. Products
/// of derivatives have zeros from `width` on. Each is one pass on the calling thread, in place, with
/// derivatives taken from the activation h = s(z) alone:
///
///     s' = 1 - h^2 and s'' = -2 h s' (tanh);  s' = h - h^2 and s'' = (1 - 2 h) s' (sigmoid);
///     s' = [h > 0] and s'' = 0 (rectifier);  s' = 1 and s'' = 0 (identity).
extension Activation {
  /// Replaces z by s(z) in rows that follow one another, and writes the ones.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func activateRows<Scalar: TensorScalar>(
    _ rows: UnsafeMutablePointer<Scalar>, count: Int, width: Int, stride: Int
  ) {
    let all = 0..<count * stride
    switch self {
    case .rectifier: mapLanes(all, rows, into: rows) { Scalar.rectified($0) }
    case .sigmoid: mapLanes(all, rows, into: rows) { Scalar.sigmoid($0) }
    case .hyperbolicTangent: mapLanes(all, rows, into: rows) { Scalar.hyperbolicTangent($0) }
    case .identity: break
    }
    fillPadding(rows, count: count, width: width, stride: stride, first: 1)
  }

  /// Replaces c by s'(z) c: a cotangent or a tangent on its way through the activation.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func multiplyRowsByDerivative<Scalar: TensorScalar>(
    _ rows: UnsafeMutablePointer<Scalar>, activations h: UnsafePointer<Scalar>, count: Int,
    width: Int, stride: Int
  ) {
    let all = 0..<count * stride
    switch self {
    case .rectifier:
      combineLanes(all, rows, h) { $0 * Scalar.positiveIndicator($1) }
    case .sigmoid:
      combineLanes(all, rows, h) { $0 * ($1 - $1 * $1) }
    case .hyperbolicTangent:
      combineLanes(all, rows, h) { $0 * (1 - $1 * $1) }
    case .identity: break
    }
    fillPadding(rows, count: count, width: width, stride: stride, first: 0)
  }

  /// Replaces r, a cotangent's derivative, by s'(z) r + s''(z) t c, with c the cotangent and
  /// `tangents` s'(z) t.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func multiplyRowsByDerivative<Scalar: TensorScalar>(
    _ rows: UnsafeMutablePointer<Scalar>, activations h: UnsafePointer<Scalar>,
    tangents: UnsafePointer<Scalar>, cotangents: UnsafePointer<Scalar>, count: Int, width: Int,
    stride: Int
  ) {
    let all = 0..<count * stride
    switch self {
    case .rectifier, .identity:
      multiplyRowsByDerivative(rows, activations: h, count: count, width: width, stride: stride)
      return
    case .sigmoid:
      combineLanes(all, rows, h, tangents, cotangents) { r, h, t, c in
        r * (h - h * h) + c * (t - (h + h) * t)
      }
    case .hyperbolicTangent:
      combineLanes(all, rows, h, tangents, cotangents) { r, h, t, c in
        r * (1 - h * h) - c * ((h + h) * t)
      }
    }
    fillPadding(rows, count: count, width: width, stride: stride, first: 0)
  }

  @inline(__always)
  private func fillPadding<Scalar: TensorScalar>(
    _ rows: UnsafeMutablePointer<Scalar>, count: Int, width: Int, stride: Int, first: Scalar
  ) {
    for row in 0..<count {
      let padding = rows + row &* stride + width
      for index in 0..<(stride &- width) { padding[index] = index == 0 ? first : 0 }
    }
  }
}

/// Replaces each scalar of `target` by `body` of it and of the one at its place, sixteen at a time;
/// the range is a multiple of sixteen long.
@inline(__always)
private func combineLanes<Scalar: TensorScalar>(
  _ range: Range<Int>, _ target: UnsafeMutablePointer<Scalar>, _ other: UnsafePointer<Scalar>,
  _ body: (SIMD16<Scalar>, SIMD16<Scalar>) -> SIMD16<Scalar>
) {
  for index in stride(from: range.lowerBound, to: range.upperBound, by: 16) {
    let out = UnsafeMutableRawPointer(target + index)
    out.storeBytes(
      of: body(out.loadUnaligned(as: SIMD16<Scalar>.self), register(other, index)),
      as: SIMD16<Scalar>.self)
  }
}

@inline(__always)
private func combineLanes<Scalar: TensorScalar>(
  _ range: Range<Int>, _ target: UnsafeMutablePointer<Scalar>, _ first: UnsafePointer<Scalar>,
  _ second: UnsafePointer<Scalar>, _ third: UnsafePointer<Scalar>,
  _ body: (SIMD16<Scalar>, SIMD16<Scalar>, SIMD16<Scalar>, SIMD16<Scalar>) -> SIMD16<Scalar>
) {
  for index in stride(from: range.lowerBound, to: range.upperBound, by: 16) {
    let out = UnsafeMutableRawPointer(target + index)
    out.storeBytes(
      of: body(
        out.loadUnaligned(as: SIMD16<Scalar>.self), register(first, index),
        register(second, index), register(third, index)),
      as: SIMD16<Scalar>.self)
  }
}

@inline(__always)
private func register<Scalar: TensorScalar>(
  _ source: UnsafePointer<Scalar>, _ index: Int
) -> SIMD16<Scalar> {
  UnsafeRawPointer(source + index).loadUnaligned(as: SIMD16<Scalar>.self)
}
