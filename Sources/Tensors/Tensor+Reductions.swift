/// Reductions, in a fixed order, and their dual, broadcasting.
///
/// Both see a tensor as `[outer, axis, inner]`; several axes are reduced one after another.
extension Tensor {
  /// The sum of all scalars, in storage order, in eight interleaved partial sums. O(count).
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func sum() -> Scalar {
    var partial = SIMD8<Scalar>()
    return scalars.withUnsafeBufferPointer { source in
      let blocks = source.count / 8
      for block in 0..<blocks {
        for lane in 0..<8 { partial[lane] += source[8 * block + lane] }
      }
      var total = Scalar(0)
      for lane in 0..<8 { total += partial[lane] }
      for index in (8 * blocks)..<source.count { total += source[index] }
      return total
    }
  }

  /// The inner product with a tensor of equal shape, in storage order. O(count).
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func dot(_ other: Tensor) -> Scalar {
    precondition(shape == other.shape, "Shapes \(shape) and \(other.shape) differ.")
    var partial = SIMD8<Scalar>()
    return scalars.withUnsafeBufferPointer { left in
      other.scalars.withUnsafeBufferPointer { right in
        let blocks = left.count / 8
        for block in 0..<blocks {
          for lane in 0..<8 { partial[lane] += left[8 * block + lane] * right[8 * block + lane] }
        }
        var total = Scalar(0)
        for lane in 0..<8 { total += partial[lane] }
        for index in (8 * blocks)..<left.count { total += left[index] * right[index] }
        return total
      }
    }
  }

  /// The sum over one axis, which disappears from the shape. O(count).
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func sum(alongAxis axis: Int) -> Tensor {
    let (outer, extent, inner) = split(at: axis)
    var reduced = shape
    reduced.remove(at: axis)
    return Tensor(shape: reduced) { result in
      result.update(repeating: 0)
      scalars.withUnsafeBufferPointer { source in
        for o in 0..<outer {
          for a in 0..<extent {
            let base = (o * extent + a) * inner
            for i in 0..<inner { result[o * inner + i] += source[base + i] }
          }
        }
      }
    }
  }

  /// Copies of this tensor along a new axis of the given extent: the dual of the sum along it.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func repeated(_ extent: Int, alongNewAxis axis: Int) -> Tensor {
    precondition((0...rank).contains(axis), "No new axis \(axis) in shape \(shape).")
    var expanded = shape
    expanded.insert(extent, at: axis)
    let outer = shape[..<axis].reduce(1, *)
    let inner = shape[axis...].reduce(1, *)
    return Tensor(shape: expanded) { result in
      scalars.withUnsafeBufferPointer { source in
        for o in 0..<outer {
          for a in 0..<extent {
            let base = (o * extent + a) * inner
            for i in 0..<inner { result[base + i] = source[o * inner + i] }
          }
        }
      }
    }
  }

  /// The largest scalar along the last axis, for each of the other indices. O(count).
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func maximumAlongLastAxis() -> Tensor {
    precondition(rank > 0 && shape[rank - 1] > 0, "No maximum along the last axis of \(shape).")
    let extent = shape[rank - 1]
    return Tensor(shape: Array(shape.dropLast())) { result in
      scalars.withUnsafeBufferPointer { source in
        for row in result.indices {
          var largest = source[row * extent]
          for index in stride(from: 1, to: extent, by: 1)
          where !(source[row * extent + index] <= largest) {
            largest = source[row * extent + index]
          }
          result[row] = largest
        }
      }
    }
  }

  /// The position of the largest scalar in each row of a tensor of shape `[rows, columns]`.
  public func argumentsOfRowMaxima() -> [Int] {
    precondition(rank == 2 && shape[1] > 0, "No row maxima in shape \(shape).")
    let columns = shape[1]
    return scalars.withUnsafeBufferPointer { source in
      (0..<shape[0]).map { row in
        var best = 0
        for column in stride(from: 1, to: columns, by: 1)
        where source[row * columns + column] > source[row * columns + best] {
          best = column
        }
        return best
      }
    }
  }

  private func split(at axis: Int) -> (outer: Int, extent: Int, inner: Int) {
    precondition((0..<rank).contains(axis), "No axis \(axis) in shape \(shape).")
    return (shape[..<axis].reduce(1, *), shape[axis], shape[(axis + 1)...].reduce(1, *))
  }
}
