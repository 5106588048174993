/// Rearrangements that copy.
extension Tensor {
  /// The transpose of a tensor of rank 2.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func transposed() -> Tensor {
    precondition(rank == 2, "Only a matrix has a transpose, not shape \(shape).")
    let (rows, columns) = (shape[0], shape[1])
    return Tensor(shape: [columns, rows]) { result in
      scalars.withUnsafeBufferPointer { source in
        // Squares of sixteen: a cache line of either side is used up before it is left.
        for top in stride(from: 0, to: rows, by: 16) {
          for left in stride(from: 0, to: columns, by: 16) {
            for column in left..<min(columns, left + 16) {
              for row in top..<min(rows, top + 16) {
                result[column * rows + row] = source[row * columns + column]
              }
            }
          }
        }
      }
    }
  }

  /// The slices at the given positions of the first axis, in that order; shape `[positions, ...]`.
  public func gatheringRows(_ positions: [Int]) -> Tensor {
    precondition(rank > 0, "A scalar has no rows.")
    let width = shape[1...].reduce(1, *)
    for position in positions {
      precondition((0..<shape[0]).contains(position), "No row \(position) in shape \(shape).")
    }
    return Tensor(shape: [positions.count] + shape[1...]) { result in
      scalars.withUnsafeBufferPointer { source in
        guard width > 0, let source = source.baseAddress, let result = result.baseAddress else {
          return
        }
        for (target, position) in positions.enumerated() {
          (result + target * width).update(from: source + position * width, count: width)
        }
      }
    }
  }

  /// The rows of this tensor followed by those of `other`, whose rows have the same shape.
  public func appendingRows(_ other: Tensor) -> Tensor {
    precondition(
      rank > 0 && other.rank == rank && shape[1...] == other.shape[1...],
      "Rows of shapes \(shape) and \(other.shape) cannot follow one another.")
    if shape[0] == 0 { return other }
    if other.shape[0] == 0 { return self }
    return Tensor(
      shape: [shape[0] + other.shape[0]] + shape[1...], scalars: scalars + other.scalars)
  }

  /// One-hot rows: shape `[labels.count, classes]`, 1 at each label.
  public static func oneHot(_ labels: [Int], classes: Int) -> Tensor {
    Tensor(shape: [labels.count, classes]) { result in
      result.update(repeating: 0)
      for (row, label) in labels.enumerated() {
        precondition((0..<classes).contains(label), "Label \(label) is not below \(classes).")
        result[row * classes + label] = 1
      }
    }
  }
}
