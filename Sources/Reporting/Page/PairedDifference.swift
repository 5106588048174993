import Foundation
import Results

/// The difference of two methods in one final value, paired by seed, with Student's 95 % interval.
struct PairedDifference: Equatable {
  /// One difference a seed that both have, first less second, in the order of the seeds.
  let statistics: Statistics
  /// The mean of the first, over these seeds.
  let first: Double
  /// The mean of the second, over these seeds.
  let second: Double

  /// The difference of the completed runs of two methods; nil where they share no seed.
  init?(_ metric: String, of first: [RunRecord], less second: [RunRecord]) {
    func values(_ runs: [RunRecord]) -> [UInt64: Double] {
      let pairs = runs.compactMap { run -> (UInt64, Double)? in
        guard run.status.kind == .completed else { return nil }
        return run.measure(named: metric).map { (run.seed, $0) }
      }
      return Dictionary(pairs, uniquingKeysWith: { first, _ in first })
    }
    let (ours, theirs) = (values(first), values(second))
    let seeds = ours.keys.filter { theirs[$0] != nil }.sorted()
    guard !seeds.isEmpty else { return nil }
    let pairs = seeds.compactMap { seed -> (Double, Double)? in
      guard let one = ours[seed], let other = theirs[seed] else { return nil }
      return (one, other)
    }
    statistics = Statistics(pairs.map { $0.0 - $0.1 })
    self.first = Statistics(pairs.map(\.0)).mean
    self.second = Statistics(pairs.map(\.1)).mean
  }

  /// The interval; nil with one seed and where a value is not finite.
  var interval: ClosedRange<Double>? { statistics.studentInterval() }

  /// +1 where the whole interval is above 0, -1 where it is below, 0 where it crosses, nil
  /// where there is none.
  var sign: Int? {
    guard let interval else { return nil }
    return interval.lowerBound > 0 ? 1 : interval.upperBound < 0 ? -1 : 0
  }

  /// "+0.94 (95 % interval +0.60 to +1.28, 3 seeds)", in a unit.
  func words(unit: String, scale: Double, decimals: Int) -> String {
    func text(_ value: Double) -> String {
      let text = Table.fixed(value * scale, decimals)
      return text.hasPrefix("-") || text == "nan" ? text : "+" + text
    }
    let unit = unit.isEmpty ? "" : " \(unit)"
    guard let interval else {
      return "\(text(statistics.mean))\(unit) (\(statistics.reasonWithoutInterval))"
    }
    return "\(text(statistics.mean))\(unit) (95 % interval \(text(interval.lowerBound)) to "
      + "\(text(interval.upperBound)), \(statistics.count) seeds)"
  }
}
