import Datasets
import Foundation
import Tensors

/// How stored values become what a model computes with; learned from the training samples, the same for
/// all parts.
package struct FeatureScaling {
  /// What is done, for the user.
  package let sentence: String
  private let means: [Float]
  private let factors: [Float]

  /// Images end at 1, with the mean image subtracted unless most pixels are zero; features get mean 0
  /// and standard deviation 1 each.
  package init(_ train: LabelledSamples) {
    let array = train.features
    let width = array.width
    var sums = [Double](repeating: 0, count: width)
    var squares = sums
    var zeros = 0
    for sample in 0..<array.count {
      for (column, value) in array.row(sample).enumerated() {
        sums[column] += Double(value)
        squares[column] += Double(value) * Double(value)
        if value == 0 { zeros += 1 }
      }
    }
    let count = Double(array.count)
    if train.learnsFromPictures {
      let most = array.kind == .uint8 ? 255 : max(array.range.most, -array.range.least)
      let divisor = array.kind != .uint8 && most > 1 && most <= 255 ? 255 : most
      let factor = divisor > 0 ? Float(1 / divisor) : 1
      // The mean image bends the loss more than everything else together; without it fewer steps do.
      // Where most pixels are zero, to leave them so is worth more.
      let isSparse = 2 * zeros > array.count * width
      means = isSparse ? Array(repeating: 0, count: width) : sums.map { Float($0 / count) }
      factors = Array(repeating: factor, count: width)
      sentence =
        "pixels divided by \(String(format: "%g", divisor))"
        + (isSparse ? "" : ", the mean image subtracted")
      return
    }
    means = sums.map { Float($0 / count) }
    factors = zip(sums, squares).map { sum, square in
      let variance = square / count - (sum / count) * (sum / count)
      // Below rounding, a feature is constant and says nothing.
      return variance > 1e-10 * max(square / count, 1e-30) ? Float(1 / variance.squareRoot()) : 0
    }
    let constant = factors.count { $0 == 0 }
    sentence =
      "every feature brought to mean 0 and standard deviation 1"
      + (constant > 0 ? " (\(constant) constant ones left out)" : "")
  }

  /// The samples as rows, `[n, d]`.
  func features(_ samples: LabelledSamples) -> Tensor<Float> {
    let array = samples.features
    let width = array.width
    return Tensor(shape: [array.count, width]) { target in
      for sample in 0..<array.count {
        for (column, value) in array.row(sample).enumerated() {
          target[sample * width + column] = (value - means[column]) * factors[column]
        }
      }
    }
  }
}

extension Tensor<Float> {
  /// The largest eigenvalue of A'A / n for these rows with a column of ones, from the first 2,000 of
  /// them, by 12 steps of the power method: twice the bound on the curvature of softmax regression.
  func curvature() -> Double {
    let width = shape[1]
    let rows = Swift.min(shape[0], 2_000)
    guard rows > 0 else { return 1 }
    let values = scalars
    var direction = [Double](repeating: 1, count: width + 1)
    var eigenvalue = 1.0
    for _ in 0..<12 {
      let norm = direction.reduce(0) { $0 + $1 * $1 }.squareRoot()
      guard norm > 0 else { return 1 }
      for index in direction.indices { direction[index] /= norm }
      var next = [Double](repeating: 0, count: width + 1)
      for row in 0..<rows {
        var product = direction[width]
        for column in 0..<width where values[row * width + column] != 0 {
          product += Double(values[row * width + column]) * direction[column]
        }
        for column in 0..<width where values[row * width + column] != 0 {
          next[column] += Double(values[row * width + column]) * product
        }
        next[width] += product
      }
      eigenvalue = next.reduce(0) { $0 + $1 * $1 }.squareRoot() / Double(rows)
      direction = next
    }
    return eigenvalue
  }
}
