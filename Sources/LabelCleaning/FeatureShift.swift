import Datasets
import Foundation
import Results

/// How the features of the checked samples differ from those to clean, where they do so plainly: other units,
/// inverted images, another scaling. What is learned from the ones then says nothing of the others.
struct FeatureShift {
  /// One full sentence on it.
  let sentence: String

  /// Means apart by so many standard deviations are plain.
  private static let farApart = 1.0
  /// Standard deviations of so many times each other are plain.
  private static let manyTimes = 3.0
  /// The samples that are looked at, at even distances.
  private static let looked = 1_000
  /// Of fewer samples means and spreads say little.
  private static let fewest = 10

  /// The shift between two parts of the same shape; nil where they are alike. O(1,000 width).
  init?(of part: LabelledSamples, from train: LabelledSamples) {
    let (own, other) = (Self.columns(of: part.features), Self.columns(of: train.features))
    guard let own, let other else { return nil }
    let varying = other.indices.filter { other[$0].deviation > 0 }
    guard !varying.isEmpty else { return nil }
    let moved = varying.filter {
      abs(own[$0].mean - other[$0].mean) > Self.farApart * other[$0].deviation
    }
    let ratios = varying.filter { own[$0].deviation > 0 }
      .map { own[$0].deviation / other[$0].deviation }
    let ratio = ratios.isEmpty ? 1 : Statistics(ratios).median
    let what: String
    if ratio > Self.manyTimes || ratio < 1 / Self.manyTimes {
      what =
        "their standard deviation is \(String(format: "%.3g", ratio)) times as large (the median over "
        + "\(ratios.count) of them)"
    } else if 2 * moved.count >= varying.count, let first = moved.first {
      what =
        "the means of \(moved.count) of \(varying.count) differ by more than a standard deviation "
        + "(\(String(format: "%.3g", own[first].mean)) against "
        + "\(String(format: "%.3g", other[first].mean)) at position \(first))"
    } else {
      return nil
    }
    sentence =
      "The features of \(part.place) are unlike those of \(train.place): \(what). If they were made "
      + "otherwise (other units, inverted images, another scaling), nothing here holds: store both alike."
  }

  /// Mean and standard deviation of every feature; nil of too few samples.
  private static func columns(of array: SampleArray) -> [(mean: Double, deviation: Double)]? {
    let count = min(array.count, looked)
    guard count >= fewest else { return nil }
    let statistics = FeatureStatistics(array, of: (0..<count).map { $0 * array.count / count })
    return zip(statistics.means, statistics.deviations()).map { ($0, $1) }
  }
}
