import Tensors

extension ImageDataset {
  /// The images at the given positions as rows of numbers in [0, 1], `[positions, features]`.
  ///
  /// Each pixel p becomes p / 255, rounded once to `Scalar`. All images when `positions` is nil.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func features<Scalar: TensorScalar>(
    at positions: [Int]? = nil, as type: Scalar.Type = Scalar.self
  ) -> Tensor<Scalar> {
    let values = (0...255).map { Scalar($0) / 255 }
    let width = featureCount
    let rows = positions?.count ?? count
    return Tensor(shape: [rows, width]) { destination in
      images.withUnsafeBufferPointer { pixels in
        for row in 0..<rows {
          let position = positions?[row] ?? row
          precondition(
            (0..<count).contains(position), "Image \(position) is outside 0..<\(count).")
          for column in 0..<width {
            destination[row * width + column] = values[Int(pixels[position * width + column])]
          }
        }
      }
    }
  }

  /// The labels at the given positions; all of them when `positions` is nil.
  public func labels(at positions: [Int]? = nil) -> [Int] {
    guard let positions else { return labels.map { Int($0) } }
    return positions.map { position in
      precondition(
        (0..<count).contains(position), "Label \(position) is outside 0..<\(count).")
      return Int(labels[position])
    }
  }
}
