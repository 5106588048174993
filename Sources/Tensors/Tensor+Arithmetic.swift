/// Elementwise functions given by the caller: one pass over the data on the calling thread.
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
/// Each operation is one ``VectorPass``, specialised for both scalars, so that generic callers run
/// vectorised code, on several threads where there is enough to do.
extension Tensor {
  /// The elementwise sum.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func adding(_ other: Tensor) -> Tensor {
    pass(with: other) { range, left, right, result in
      for index in range { result[index] = left[index] + right[index] }
    }
  }

  /// The elementwise difference.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func subtracting(_ other: Tensor) -> Tensor {
    pass(with: other) { range, left, right, result in
      for index in range { result[index] = left[index] - right[index] }
    }
  }

  /// The elementwise product.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func multiplying(_ other: Tensor) -> Tensor {
    pass(with: other) { range, left, right, result in
      for index in range { result[index] = left[index] * right[index] }
    }
  }

  /// The elementwise quotient.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func dividing(_ other: Tensor) -> Tensor {
    pass(with: other) { range, left, right, result in
      for index in range { result[index] = left[index] / right[index] }
    }
  }

  /// Each scalar times `factor`.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func scaled(by factor: Scalar) -> Tensor {
    pass { range, source, result in
      for index in range { result[index] = factor * source[index] }
    }
  }

  /// Each scalar plus `term`.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func shifted(by term: Scalar) -> Tensor {
    pass { range, source, result in
      for index in range { result[index] = source[index] + term }
    }
  }

  /// self + factor other, in place and without allocating when the storage is not shared.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public mutating func add(_ other: Tensor, scaledBy factor: Scalar = 1) {
    precondition(shape == other.shape, "Shapes \(shape) and \(other.shape) differ.")
    withUnsafeMutableScalars { target in
      other.scalars.withUnsafeBufferPointer { source in
        guard let target = target.baseAddress, let source = source.baseAddress else { return }
        let (sum, term) = (SharedMutablePointer(target), SharedPointer(source))
        VectorPass.forEachBlock(of: other.count) { range in
          let (sum, term) = (sum.pointer, term.pointer)
          for index in range { sum[index] += factor * term[index] }
        }
      }
    }
  }

  /// self + factor other + secondFactor second, in place and in one pass: what a step along two
  /// directions costs in memory traffic is four reads and writes instead of six.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public mutating func add(
    _ other: Tensor, scaledBy factor: Scalar, _ second: Tensor, scaledBy secondFactor: Scalar
  ) {
    precondition(
      shape == other.shape && shape == second.shape,
      "Shapes \(shape), \(other.shape) and \(second.shape) differ.")
    withUnsafeMutableScalars { target in
      other.scalars.withUnsafeBufferPointer { a in
        second.scalars.withUnsafeBufferPointer { b in
          guard let target = target.baseAddress, let a = a.baseAddress, let b = b.baseAddress
          else { return }
          let (sum, first, last) = (
            SharedMutablePointer(target), SharedPointer(a), SharedPointer(b)
          )
          VectorPass.forEachBlock(of: other.count) { range in
            let (sum, a, b) = (sum.pointer, first.pointer, last.pointer)
            for index in range {
              sum[index] = (sum[index] + factor * a[index]) + secondFactor * b[index]
            }
          }
        }
      }
    }
  }

  /// self + factor other as a new tensor, in one pass.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func adding(_ other: Tensor, scaledBy factor: Scalar) -> Tensor {
    pass(with: other) { range, left, right, result in
      for index in range { result[index] = left[index] + factor * right[index] }
    }
  }

  /// factor self, in place and without allocating when the storage is not shared.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public mutating func scale(by factor: Scalar) {
    let count = count
    withUnsafeMutableScalars { target in
      guard let target = target.baseAddress else { return }
      let product = SharedMutablePointer(target)
      VectorPass.forEachBlock(of: count) { range in
        let product = product.pointer
        for index in range { product[index] *= factor }
      }
    }
  }

  /// e raised to each scalar, within ``vectorExponentialUlps``.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func exponential() -> Tensor {
    pass { range, source, result in
      mapLanes(range, source, into: result) { Scalar.exponential($0) }
    }
  }

  /// The natural logarithm of each scalar, within ``vectorLogarithmUlps``.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func logarithm() -> Tensor {
    pass { range, source, result in
      mapLanes(range, source, into: result) { Scalar.logarithm($0) }
    }
  }

  /// The hyperbolic tangent of each scalar, within ``vectorHyperbolicTangentUlps``.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func hyperbolicTangent() -> Tensor {
    pass { range, source, result in
      mapLanes(range, source, into: result) { Scalar.hyperbolicTangent($0) }
    }
  }

  /// The square root of each scalar.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func squareRoot() -> Tensor {
    pass { range, source, result in
      for index in range { result[index] = source[index].squareRoot() }
    }
  }

  /// max(0, y) of each scalar y; 0 for a NaN is not produced: a NaN stays one.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func rectified() -> Tensor {
    pass { range, source, result in
      mapLanes(range, source, into: result) { Scalar.rectified($0) }
    }
  }

  /// 1 where a scalar is positive, else 0: the derivative of ``rectified()`` (0 at 0).
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func positiveIndicator() -> Tensor {
    pass { range, source, result in
      mapLanes(range, source, into: result) { Scalar.positiveIndicator($0) }
    }
  }

  /// 1 / (1 + exp(-y)) of each scalar y, without overflow for either sign, within
  /// ``vectorSigmoidUlps``.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func sigmoid() -> Tensor {
    pass { range, source, result in
      mapLanes(range, source, into: result) { Scalar.sigmoid($0) }
    }
  }

  /// The sine of each scalar.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func sine() -> Tensor {
    pass { range, source, result in
      for index in range { result[index] = Scalar.sine(source[index]) }
    }
  }

  /// The cosine of each scalar.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func cosine() -> Tensor {
    pass { range, source, result in
      for index in range { result[index] = Scalar.cosine(source[index]) }
    }
  }

  /// A tensor of this shape, written range by range by `body` from these scalars.
  @inline(__always)
  private func pass(
    _ body: @Sendable (Range<Int>, UnsafePointer<Scalar>, UnsafeMutablePointer<Scalar>) -> Void
  ) -> Tensor {
    Tensor(shape: shape) { result in
      scalars.withUnsafeBufferPointer { source in
        guard let source = source.baseAddress, let result = result.baseAddress else { return }
        let (from, to) = (SharedPointer(source), SharedMutablePointer(result))
        VectorPass.forEachBlock(of: count) { body($0, from.pointer, to.pointer) }
      }
    }
  }

  /// The same from two tensors of equal shape.
  @inline(__always)
  private func pass(
    with other: Tensor,
    _ body:
      @Sendable (
        Range<Int>, UnsafePointer<Scalar>, UnsafePointer<Scalar>, UnsafeMutablePointer<Scalar>
      ) -> Void
  ) -> Tensor {
    precondition(shape == other.shape, "Shapes \(shape) and \(other.shape) differ.")
    return Tensor(shape: shape) { result in
      scalars.withUnsafeBufferPointer { left in
        other.scalars.withUnsafeBufferPointer { right in
          guard let left = left.baseAddress, let right = right.baseAddress,
            let result = result.baseAddress
          else { return }
          let (first, second) = (SharedPointer(left), SharedPointer(right))
          let to = SharedMutablePointer(result)
          VectorPass.forEachBlock(of: count) {
            body($0, first.pointer, second.pointer, to.pointer)
          }
        }
      }
    }
  }
}

/// 1 / (1 + exp(-x)), computed from exp of a non-positive number.
@inlinable
public func logisticSigmoid<Scalar: TensorScalar>(_ x: Scalar) -> Scalar {
  let decay = Scalar.exponential(x < 0 ? x : -x)
  return (x < 0 ? decay : 1) / (1 + decay)
}
