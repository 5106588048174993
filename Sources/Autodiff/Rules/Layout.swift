/// Linear rearrangements: each one's derivative is its transpose, written with the others.
extension Variable {
  /// The same elements under another shape.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func reshaped(_ shape: [Int]) -> Variable {
    shape == self.shape
      ? self : .applying(Reshape(shape: shape), to: [self], value: value.reshaped(shape))
  }

  /// The transpose of a matrix.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func transposed() -> Variable {
    .applying(Transpose(), to: [self], value: value.transposed())
  }

  /// The sum over one axis, which disappears from the shape.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func sum(alongAxis axis: Int) -> Variable {
    .applying(SumAlongAxis(axis: axis), to: [self], value: value.sum(alongAxis: axis))
  }

  /// Copies along a new axis of the given extent.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func repeated(_ extent: Int, alongNewAxis axis: Int) -> Variable {
    .applying(
      RepeatAlongAxis(extent: extent, axis: axis), to: [self],
      value: value.repeated(extent, alongNewAxis: axis))
  }

  /// The sum of all elements, of shape `[]`.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func sum() -> Variable { reshaped([value.count]).sum(alongAxis: 0) }

  /// The mean of all elements, of shape `[]`.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func mean() -> Variable { (1 / Scalar(max(1, value.count))) * sum() }

  private struct Reshape: LinearRule {
    let shape: [Int]
    func apply(_ input: Variable) -> Variable { input.reshaped(shape) }
    func applyTransposed(_ cotangent: Variable, inputShape: [Int]) -> Variable {
      cotangent.reshaped(inputShape)
    }
  }

  private struct Transpose: LinearRule {
    func apply(_ input: Variable) -> Variable { input.transposed() }
    func applyTransposed(_ cotangent: Variable, inputShape: [Int]) -> Variable {
      cotangent.transposed()
    }
  }

  private struct SumAlongAxis: LinearRule {
    let axis: Int
    func apply(_ input: Variable) -> Variable { input.sum(alongAxis: axis) }
    func applyTransposed(_ cotangent: Variable, inputShape: [Int]) -> Variable {
      cotangent.repeated(inputShape[axis], alongNewAxis: axis)
    }
  }

  private struct RepeatAlongAxis: LinearRule {
    let extent: Int
    let axis: Int
    func apply(_ input: Variable) -> Variable { input.repeated(extent, alongNewAxis: axis) }
    func applyTransposed(_ cotangent: Variable, inputShape: [Int]) -> Variable {
      cotangent.sum(alongAxis: axis)
    }
  }
}
