import Datasets
import Foundation
import Tensors

/// How stored values become what a model computes with; learned from the training samples, the same for
/// all parts.
package struct FeatureScaling {
  /// What is done, for the user.
  package let sentence: String
  private let means: [Double]
  private let factors: [Double]

  /// Images end at 1, with the mean image subtracted unless most pixels are zero; features get mean 0
  /// and standard deviation 1 each, and those of which all values are equal are left out.
  package init(_ train: LabelledSamples) {
    let array = train.features
    let statistics = FeatureStatistics(array)
    if train.learnsFromPictures {
      // Whatever the scale of the file, and whichever type it is stored in.
      let divisor = max(array.range.most, -array.range.least)
      // The mean image bends the loss more than everything else together; without it fewer steps do.
      // Where most pixels are zero, to leave them so is worth more.
      let isSparse = statistics.zeroShare > 0.5
      means = isSparse ? Array(repeating: 0, count: array.width) : statistics.means
      factors = Array(repeating: divisor > 0 ? 1 / divisor : 1, count: array.width)
      sentence =
        "pixels divided by \(String(format: "%g", divisor))"
        + (isSparse ? "" : ", the mean image subtracted")
      return
    }
    means = statistics.means
    // The inverse of a deviation can be infinite where the deviation is next to nothing.
    factors = statistics.deviations().map { (1 / $0).isFinite ? 1 / $0 : 0 }
    let constant = factors.count { $0 == 0 }
    sentence =
      "every feature brought to mean 0 and standard deviation 1"
      + (constant > 0
        ? " (\(constant == 1 ? "1 constant one" : "\(constant) constant ones") left out)" : "")
  }

  /// The samples as rows, `[n, d]`.
  func features(_ samples: LabelledSamples) -> Tensor<Float> {
    let array = samples.features
    let width = array.width
    return Tensor(shape: [array.count, width]) { target in
      for sample in 0..<array.count {
        for (column, value) in array.values(of: sample).enumerated() {
          target[sample * width + column] = Float((value - means[column]) * factors[column])
        }
      }
    }
  }
}

extension Tensor<Float> {
  /// An estimate from below of the largest eigenvalue of A'A / n for these rows with a column of ones,
  /// by 12 steps of the power method on 2,000 of them at even distances: twice the bound on the curvature
  /// of softmax regression.
  func curvature() -> Double {
    let width = shape[1]
    let rows = Swift.min(shape[0], 2_000)
    guard rows > 0 else { return 1 }
    let values = scalars
    // All of a file that is sorted by class, not its first classes.
    let starts = (0..<rows).map { $0 * shape[0] / rows * width }
    var direction = [Double](repeating: 1, count: width + 1)
    var eigenvalue = 1.0
    for _ in 0..<12 {
      let norm = direction.reduce(0) { $0 + $1 * $1 }.squareRoot()
      guard norm > 0 else { return 1 }
      for index in direction.indices { direction[index] /= norm }
      var next = [Double](repeating: 0, count: width + 1)
      for start in starts {
        var product = direction[width]
        for column in 0..<width where values[start + column] != 0 {
          product += Double(values[start + column]) * direction[column]
        }
        for column in 0..<width where values[start + column] != 0 {
          next[column] += Double(values[start + column]) * product
        }
        next[width] += product
      }
      eigenvalue = next.reduce(0) { $0 + $1 * $1 }.squareRoot() / Double(rows)
      direction = next
    }
    return eigenvalue
  }
}
