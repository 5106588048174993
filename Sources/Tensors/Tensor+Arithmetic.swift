/// Elementwise arithmetic on tensors of equal shape. Each is one pass over the data.
extension Tensor {
  /// The tensor of `transform` applied to each scalar.
  @inlinable
  public func map(_ transform: (Scalar) -> Scalar) -> Tensor {
    Tensor(shape: shape) { result in
      scalars.withUnsafeBufferPointer { source in
        for index in source.indices { result[index] = transform(source[index]) }
      }
    }
  }

  /// The tensor of `combine` applied to corresponding scalars of two tensors of equal shape.
  @inlinable
  public func combined(with other: Tensor, _ combine: (Scalar, Scalar) -> Scalar) -> Tensor {
    precondition(shape == other.shape, "Shapes \(shape) and \(other.shape) differ.")
    return Tensor(shape: shape) { result in
      scalars.withUnsafeBufferPointer { left in
        other.scalars.withUnsafeBufferPointer { right in
          for index in left.indices { result[index] = combine(left[index], right[index]) }
        }
      }
    }
  }
}

/// Elementwise arithmetic on tensors of equal shape.
///
/// Each operation is one pass over the data, specialised for both scalars, so that generic callers
/// run vectorised code.
extension Tensor {
  /// The elementwise sum.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func adding(_ other: Tensor) -> Tensor { combined(with: other) { $0 + $1 } }

  /// The elementwise difference.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func subtracting(_ other: Tensor) -> Tensor { combined(with: other) { $0 - $1 } }

  /// The elementwise product.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func multiplying(_ other: Tensor) -> Tensor { combined(with: other) { $0 * $1 } }

  /// The elementwise quotient.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func dividing(_ other: Tensor) -> Tensor { combined(with: other) { $0 / $1 } }

  /// Each scalar times `factor`.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func scaled(by factor: Scalar) -> Tensor { map { factor * $0 } }

  /// Each scalar plus `term`.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func shifted(by term: Scalar) -> Tensor { map { $0 + term } }

  /// self + factor other, in place and without allocating when the storage is not shared.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public mutating func add(_ other: Tensor, scaledBy factor: Scalar = 1) {
    precondition(shape == other.shape, "Shapes \(shape) and \(other.shape) differ.")
    withUnsafeMutableScalars { target in
      other.scalars.withUnsafeBufferPointer { source in
        for index in source.indices { target[index] += factor * source[index] }
      }
    }
  }

  /// factor self, in place and without allocating when the storage is not shared.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public mutating func scale(by factor: Scalar) {
    withUnsafeMutableScalars { target in
      for index in target.indices { target[index] *= factor }
    }
  }

  /// e raised to each scalar.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func exponential() -> Tensor { map { Scalar.exponential($0) } }

  /// The natural logarithm of each scalar.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func logarithm() -> Tensor { map { Scalar.logarithm($0) } }

  /// The hyperbolic tangent of each scalar.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func hyperbolicTangent() -> Tensor { map { Scalar.hyperbolicTangent($0) } }

  /// The square root of each scalar.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func squareRoot() -> Tensor { map { $0.squareRoot() } }

  /// max(0, y) of each scalar y; 0 for a NaN is not produced: a NaN stays one.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func rectified() -> Tensor { map { $0 < 0 ? 0 : $0 } }

  /// 1 where a scalar is positive, else 0: the derivative of ``rectified()`` (0 at 0).
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func positiveIndicator() -> Tensor { map { $0 > 0 ? 1 : 0 } }

  /// 1 / (1 + exp(-y)) of each scalar y, without overflow for either sign.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func sigmoid() -> Tensor { map { logisticSigmoid($0) } }

  /// The sine of each scalar.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func sine() -> Tensor { map { Scalar.sine($0) } }

  /// The cosine of each scalar.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func cosine() -> Tensor { map { Scalar.cosine($0) } }
}

/// 1 / (1 + exp(-x)), computed from exp of a non-positive number.
@inlinable
public func logisticSigmoid<Scalar: TensorScalar>(_ x: Scalar) -> Scalar {
  let decay = Scalar.exponential(x < 0 ? x : -x)
  return (x < 0 ? decay : 1) / (1 + decay)
}
