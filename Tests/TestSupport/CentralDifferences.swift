import Tensors

/// The gradient of a scalar function by central differences, in the shapes of `point`.
///
/// Error about step^2 f'''/6 + 1e-16 |f| / step; with the default step, near 1e-9 for functions of
/// order one. For tests, in Double only.
public func centralDifferenceGradient(
  at point: [Tensor<Double>], step: Double = 1e-5, of function: ([Tensor<Double>]) -> Double
) -> [Tensor<Double>] {
  point.indices.map { component in
    var slope = point[component].scalars
    for index in slope.indices {
      func value(_ offset: Double) -> Double {
        var moved = point
        moved[component].withUnsafeMutableScalars { $0[index] += offset }
        return function(moved)
      }
      slope[index] = (value(step) - value(-step)) / (2 * step)
    }
    return Tensor(shape: point[component].shape, scalars: slope)
  }
}

/// The largest difference between corresponding scalars, relative to 1 + the larger magnitude:
/// absolute for small values, relative for large ones. Infinite when shapes differ or a NaN shows.
public func largestDeviation(_ left: [Tensor<Double>], _ right: [Tensor<Double>]) -> Double {
  guard left.map(\.shape) == right.map(\.shape) else { return .infinity }
  var worst = 0.0
  for (a, b) in zip(left, right) {
    for (x, y) in zip(a.scalars, b.scalars) {
      let deviation = abs(x - y) / (1 + max(abs(x), abs(y)))
      guard !deviation.isNaN else { return .infinity }
      worst = max(worst, deviation)
    }
  }
  return worst
}
