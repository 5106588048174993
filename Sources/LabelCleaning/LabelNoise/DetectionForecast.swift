import Experiments
import Tensors

/// What finding wrong labels by a score will give, foretold from checked samples.
///
/// Every checked sample, out of fold, is scored with its right label and with the wrong ones that it might
/// have been given, weighted as labels are mixed up in the samples to clean: what share of either kind
/// would lie below a threshold. That holds where the checked samples were drawn like the others and
/// labels are mixed up by class; hard samples that are mislabelled for being hard are found less often.
///
/// Intervals hold what is not known: which samples were checked (resampling, of equal samples together), how
/// frequent wrong labels are (``LabelPosterior/frequencies(_:_:stride:)``), and which labels chance has made
/// wrong. They do not hold that method, number of steps and sharpness are chosen on the same checked samples,
/// which makes them too narrow where these are few: `experiments/hyper-cleaning/coverage.py` measures it.
package struct DetectionForecast: Sendable {
  /// One score of one checked sample with one label.
  private struct Entry {
    var score: Double
    var sample: Int
    /// The sample's right label.
    var label: Int
    var weight: Double
    var isWrong: Bool
  }

  /// What might have been checked, and found, in the place of what was.
  private struct Resampling {
    /// How often each checked sample occurs; single precision, since there may be many.
    var weights: [Float]
    /// How much its right label and how much wrong ones count then, by class.
    var shares: [(right: Double, wrong: Double)]
    /// How many of the labels to clean are wrong.
    var wrongCount: Double
    /// How chance deals with a share among the suspects and one among the wrong labels, in standard
    /// deviations.
    var luck = (suspects: 0.0, wrong: 0.0)

    func weight(_ entry: Entry) -> Double {
      let share = shares[entry.label]
      return entry.weight * Double(weights[entry.sample])
        * (entry.isWrong ? share.wrong : share.right)
    }
  }

  /// Of many classes so many wrong labels a sample, drawn, stand for all.
  private static let mostWrong = 24
  package static let usualResamplings = 200

  /// Bytes that a forecast takes for each checked sample, the entries twice while they are sorted.
  static func bytesOfSample(classes: Int) -> Int {
    2 * MemoryLayout<Entry>.stride * min(1 + mostWrong, classes)
      + MemoryLayout<Float>.stride * usualResamplings
  }

  private let entries: [Entry]
  /// The checked samples that differ.
  private let groupCount: Int
  /// Every checked sample once, and as many wrong labels as are expected.
  private let whole: Resampling
  private let resamplings: [Resampling]

  /// The forecast of a score.
  ///
  /// How many of the labels to clean are wrong is not known either: each is, independently of the others,
  /// with the probability 1 - r that the posterior gives it, so that their number has the mean
  /// sum (1 - r) and the variance sum r (1 - r), both under one of the frequencies.
  ///
  /// - Parameters:
  ///   - labels: the right labels of the checked samples.
  ///   - groups: which of them are equal, and so one observation: a number for each.
  ///   - posterior: how labels are mixed up, and how probably each of those to clean is right.
  ///   - frequencies: what the labels say of how frequent wrong ones are; the posterior's alone where
  ///     there are none.
  ///   - score: of a checked sample with some label, small where suspicious.
  package init(
    labels: [Int], groups: [Int]? = nil, posterior: LabelPosterior,
    frequencies: [LabelPosterior.Frequency] = [],
    resamplings: Int = DetectionForecast.usualResamplings, seed: UInt64,
    score: (_ sample: Int, _ label: Int) -> Double
  ) {
    let classes = posterior.transition.count
    var sizes = [Double](repeating: 0, count: classes)
    for label in labels { sizes[label] += 1 }
    var stream = RandomStream(seed: seed, purpose: "detection forecast")
    var entries: [Entry] = []
    for (sample, label) in labels.enumerated() {
      let share = posterior.prior[label] / sizes[label]
      let row = posterior.transition[label]
      entries.append(
        Entry(
          score: score(sample, label), sample: sample, label: label, weight: share * row[label],
          isWrong: false))
      let others = (0..<classes).filter { $0 != label }
      let chosen =
        others.count <= Self.mostWrong
        ? others : stream.permutation(others.count).prefix(Self.mostWrong).map { others[$0] }
      let scale = Double(others.count) / Double(max(1, chosen.count))
      for other in chosen {
        entries.append(
          Entry(
            score: score(sample, other), sample: sample, label: label,
            weight: share * row[other] * scale,
            isWrong: true))
      }
    }
    self.entries = entries.sorted { $0.score < $1.score }
    let members = Dictionary(grouping: labels.indices) { groups?[$0] ?? $0 }.values
      .sorted { $0[0] < $1[0] }
    groupCount = members.count
    let rightness = posterior.rightness
    let expectedWrong = rightness.reduce(0) { $0 + 1 - $1 }
    let spread = rightness.reduce(0) { $0 + $1 * (1 - $1) }.squareRoot()
    whole = Resampling(
      weights: [Float](repeating: 1, count: labels.count),
      shares: Array(repeating: (right: 1, wrong: 1), count: classes), wrongCount: expectedWrong)
    let counts = (0..<resamplings).map { _ in
      var counts = [Float](repeating: 0, count: labels.count)
      for _ in members {
        for sample in members[stream.integer(below: members.count)] { counts[sample] += 1 }
      }
      return counts
    }
    var chance = RandomStream(seed: seed, purpose: "detection chance")
    self.resamplings = counts.map { weights in
      let frequency = LabelPosterior.Frequency.drawn(from: frequencies, using: &chance)
      let wrong =
        (frequency?.wrongCount ?? expectedWrong)
        + (frequency?.wrongSpread ?? spread) * stream.normal()
      let shares = (0..<classes).map { label in
        frequency?.shares(ofWrong: 1 - posterior.transition[label][label])
          ?? (right: 1, wrong: 1)
      }
      return Resampling(
        weights: weights, shares: shares,
        wrongCount: min(max(0, wrong), Double(rightness.count)),
        luck: (chance.normal(), chance.normal()))
    }
  }

  /// A value with its 95 % interval.
  package struct Interval: Sendable, Equatable {
    /// On all checked samples, without chance.
    package var value: Double
    /// The 2.5 % quantile.
    package var low: Double
    /// The 97.5 % quantile.
    package var high: Double

    /// What cannot be told.
    static var unknown: Interval { Interval(value: .nan, low: .nan, high: .nan) }

    /// The interval that has a further value, too.
    func including(_ other: Double) -> Interval {
      other.isNaN ? self : Interval(value: value, low: min(low, other), high: max(high, other))
    }
  }

  /// The probability that a wrong label scores below a right one.
  package var area: Interval { interval { area($0) } }

  /// The share of wrong labels among the scores below a threshold, with doubt as of
  /// ``precision(below:scores:)``.
  ///
  /// No more than there are such scores for each wrong label: so many suspects hold no more wrong labels
  /// than they are.
  package func recall(below threshold: Double, scores: [Double]) -> Interval {
    let suspects = Double(scores.count { $0 < threshold })
    return doubted { drawn, doubt in
      let wrong = mass(drawn, isWrong: true, below: threshold)
      let expected = wrong.all > 0 ? wrong.below / (wrong.all * (1 + doubt)) : 0
      let share = Self.dealt(expected, among: drawn.wrongCount, drawn.luck.wrong)
      return min(share, drawn.wrongCount > 0 ? suspects / drawn.wrongCount : 1)
    }
  }

  /// The share of wrong labels among all those with scores below a threshold; NaN where none of the checked
  /// lies there.
  ///
  /// That none of n checked samples lies on the wrong side does not say that none ever will: half a
  /// sample more is taken to lie there, and at the lower end of the interval three (the "rule of three":
  /// what was not seen once among n has a probability below 3 / n, with 95 % confidence).
  package func precision(below threshold: Double, scores: [Double]) -> Interval {
    let suspects = Double(scores.count { $0 < threshold })
    return doubted { drawn, doubt in
      let wrong = mass(drawn, isWrong: true, below: threshold)
      let right = mass(drawn, isWrong: false, below: threshold)
      guard wrong.below + right.below > 0 else { return .nan }
      let expected = wrong.below / (wrong.below + right.below + doubt * right.all)
      return Self.dealt(expected, among: suspects, drawn.luck.suspects)
    }
  }

  /// The share that chance makes of an expected one among so many: p with the standard deviation
  /// sqrt(p (1 - p) / n) of a binomial draw, rounded to a whole number of them.
  private static func dealt(_ expected: Double, among count: Double, _ luck: Double) -> Double {
    guard luck != 0, count >= 1 else { return expected }
    let deviation = (expected * (1 - expected) / count).squareRoot()
    let number = ((expected + luck * deviation) * count).rounded()
    return min(1, max(0, number / count))
  }

  /// How many samples with the given scores must be looked at, the most suspicious first, until a share
  /// of all wrong labels is among them.
  ///
  /// No fewer than this share of them: where the scores of checked samples alone would say so, the scores
  /// at hand lie between theirs.
  package func toCheck(recall wanted: Double, scores: [Double]) -> Interval {
    let sorted = scores.sorted()
    return interval { drawn in
      let least = min(
        Double(sorted.count), (wanted * drawn.wrongCount - 1e-9).rounded(.up))
      var all = 0.0
      for entry in entries where entry.isWrong { all += drawn.weight(entry) }
      // The share below which the wanted part of the wrong labels lies differs from draw to draw.
      let share = Self.dealt(wanted, among: drawn.wrongCount, drawn.luck.wrong)
      var found = 0.0
      for entry in entries where entry.isWrong {
        found += drawn.weight(entry)
        if found >= share * all { return max(least, Double(sorted.countNotAbove(entry.score))) }
      }
      return Double(sorted.count)
    }
  }

  /// The weight of the wrong or of the right labels, in all and below a threshold.
  private func mass(
    _ drawn: Resampling, isWrong: Bool, below threshold: Double
  ) -> (all: Double, below: Double) {
    var (all, below) = (0.0, 0.0)
    for entry in entries where entry.isWrong == isWrong {
      let weight = drawn.weight(entry)
      all += weight
      if entry.score < threshold { below += weight }
    }
    return (all, below)
  }

  /// The interval of a share that is doubted by some checked samples more, told as a part of all.
  private func doubted(_ value: (_ drawn: Resampling, _ doubt: Double) -> Double) -> Interval {
    let count = Double(max(1, groupCount))
    var result = interval { value($0, 0.5 / count) }
    let least = value(whole, 3 / count)
    if least < result.low { result.low = least }
    return result
  }

  private func interval(_ value: (Resampling) -> Double) -> Interval {
    let whole = value(whole)
    let values = resamplings.map { value($0) }.filter { !$0.isNaN }.sorted()
    guard let first = values.first else { return Interval(value: whole, low: whole, high: whole) }
    func quantile(_ share: Double) -> Double {
      let index = Int((share * Double(values.count - 1)).rounded())
      return values.indices.contains(index) ? values[index] : first
    }
    return Interval(value: whole, low: quantile(0.025), high: quantile(0.975))
  }

  private func area(_ drawn: Resampling) -> Double {
    var (below, total, rights) = (0.0, 0.0, 0.0)
    var index = 0
    // Entries of equal score count half.
    while index < entries.count {
      var (wrong, right) = (0.0, 0.0)
      let score = entries[index].score
      while index < entries.count, entries[index].score == score {
        let weight = drawn.weight(entries[index])
        if entries[index].isWrong { wrong += weight } else { right += weight }
        index += 1
      }
      below += right * (total + wrong / 2)
      total += wrong
      rights += right
    }
    return total > 0 && rights > 0 ? below / (total * rights) : .nan
  }
}

extension [Double] {
  /// How many elements of this ascending list are not above a value.
  fileprivate func countNotAbove(_ value: Double) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if self[middle] <= value { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
