import Foundation
import Tensors

/// A rule by which labels are made wrong on purpose, to see whether they are found.
public enum LabelNoise: String, Sendable, CaseIterable {
  /// Any of the other classes, with equal probability.
  case uniform
  /// One class for each class, drawn once: 3 always becomes 8, say.
  case classDependent = "class-dependent"
  /// The class whose mean is nearest after the own one's, and samples that lie between more often than
  /// others: hard samples are mislabelled as what they resemble.
  case instanceDependent = "instance-dependent"

  /// Labels of which exactly the given fraction, rounded down to whole labels, differ from the given ones.
  ///
  /// - Parameter features: the samples, for the rule that looks at them.
  public func corrupted(
    _ labels: [Int], classes: Int, features: SampleArray, fraction: Double, seed: UInt64
  ) -> [Int] {
    precondition(classes >= 2 && (0...1).contains(fraction), "\(classes) classes, \(fraction).")
    var stream = RandomStream(seed: seed, purpose: "label noise \(rawValue)")
    let count = labels.count.share(fraction)
    var result = labels
    switch self {
    case .uniform:
      for index in stream.permutation(labels.count).prefix(count) {
        result[index] = (labels[index] + 1 + stream.integer(below: classes - 1)) % classes
      }
    case .classDependent:
      // A cycle through all classes in random order leaves none in its place.
      let cycle = stream.permutation(classes)
      var partner = [Int](repeating: 0, count: classes)
      for (place, label) in cycle.enumerated() { partner[label] = cycle[(place + 1) % classes] }
      for index in stream.permutation(labels.count).prefix(count) {
        result[index] = partner[labels[index]]
      }
    case .instanceDependent:
      let nearest = Self.nearestOthers(features, labels, classes)
      let deviation = max(1e-12, Self.deviation(nearest.map(\.margin)))
      // Drawn without replacement with probabilities in proportion to the weights (Efraimidis and
      // Spirakis, Information Processing Letters 97(5), 2006).
      let keys = nearest.map { entry -> Double in
        let weight = exp(-2 * entry.margin / deviation)
        return -log(1 - stream.uniform()) / weight
      }
      for index in keys.indices.sorted(by: { keys[$0] < keys[$1] }).prefix(count) {
        result[index] = nearest[index].label
      }
    }
    return result
  }

  /// For each sample the other class with the nearest mean, and how much farther that is than the own
  /// class's.
  private static func nearestOthers(
    _ features: SampleArray, _ labels: [Int], _ classes: Int
  ) -> [(label: Int, margin: Double)] {
    let width = features.width
    var means = [Double](repeating: 0, count: classes * width)
    var sizes = [Double](repeating: 0, count: classes)
    for (sample, label) in labels.enumerated() {
      sizes[label] += 1
      for (column, value) in features.row(sample).enumerated() {
        means[label * width + column] += Double(value)
      }
    }
    for label in 0..<classes where sizes[label] > 0 {
      for column in 0..<width { means[label * width + column] /= sizes[label] }
    }
    return labels.enumerated().map { sample, own in
      let row = features.row(sample)
      func distance(_ label: Int) -> Double {
        var sum = 0.0
        for (column, value) in row.enumerated() {
          let difference = Double(value) - means[label * width + column]
          sum += difference * difference
        }
        return sum.squareRoot()
      }
      let others = (0..<classes).filter { $0 != own && sizes[$0] > 0 }
        .map { (label: $0, distance: distance($0)) }
      guard let nearest = others.min(by: { $0.distance < $1.distance }) else {
        return ((own + 1) % classes, 0)
      }
      return (nearest.label, nearest.distance - distance(own))
    }
  }

  private static func deviation(_ values: [Double]) -> Double {
    let count = Double(max(1, values.count))
    let mean = values.reduce(0, +) / count
    return (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count).squareRoot()
  }
}

extension LabelledSamples {
  /// Positions of samples drawn without replacement, as many lists as there are counts.
  public func drawn(_ counts: [Int], seed: UInt64) -> [[Int]] {
    precondition(counts.reduce(0, +) <= count, "\(counts) samples of \(count).")
    var stream = RandomStream(seed: seed, purpose: "drawn samples")
    var order = stream.permutation(count)[...]
    return counts.map { wanted in
      defer { order = order.dropFirst(wanted) }
      return Array(order.prefix(wanted))
    }
  }
}
