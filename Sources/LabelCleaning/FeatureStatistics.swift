import Datasets

/// The mean of every feature of some samples and, on demand, how far their values are from it.
struct FeatureStatistics {
  /// The mean of every feature.
  let means: [Double]
  /// The share of all values that is zero.
  let zeroShare: Double
  private let array: SampleArray
  private let samples: [Int]

  /// The statistics of samples of an array, all of them unless some are named; at least one.
  /// O(samples width).
  init(_ array: SampleArray, of samples: [Int]? = nil) {
    let samples = samples ?? Array(0..<array.count)
    precondition(!samples.isEmpty, "Statistics of 0 samples out of \(array.count).")
    var sums = [Double](repeating: 0, count: array.width)
    var zeros = 0
    for sample in samples {
      for (column, value) in array.values(of: sample).enumerated() {
        sums[column] += value
        if value == 0 { zeros += 1 }
      }
    }
    means = sums.map { $0 / Double(samples.count) }
    zeroShare = Double(zeros) / Double(max(1, samples.count * array.width))
    self.array = array
    self.samples = samples
  }

  /// The standard deviation of every feature, sqrt(mean (x - m)^2); 0 exactly where all values are equal.
  /// Of values so small that their squares vanish it is the largest distance. O(samples width).
  ///
  /// From the deviations: the difference of two large sums would say nothing of a feature that varies
  /// little beside its mean, such as a time.
  func deviations() -> [Double] {
    var squares = [Double](repeating: 0, count: means.count)
    var largest = squares
    var varies = [Bool](repeating: false, count: means.count)
    let first = array.values(of: samples[0])
    for sample in samples {
      for (column, value) in array.values(of: sample).enumerated() {
        let distance = abs(value - means[column])
        squares[column] += distance * distance
        largest[column] = max(largest[column], distance)
        if value != first[column] { varies[column] = true }
      }
    }
    return squares.indices.map { column in
      guard varies[column] else { return 0 }
      let isTiny = squares[column] < .leastNormalMagnitude
      return isTiny ? largest[column] : (squares[column] / Double(samples.count)).squareRoot()
    }
  }
}
