import Experiments
import Foundation

/// How probable it is that each given label is right, and how labels are mixed up, from probabilities of
/// the true classes.
///
/// Given labels are modelled as drawn from the true class alone, T[i][k] = P(given k | true i). With
/// p_i(n) the probability that sample n is of class i, predicted without its given label g_n, the
/// likelihood of all given labels, sum_n log sum_i p_i(n) T[i][g_n], is concave in T; its maximum is found by
/// expectation maximisation (Dawid and Skene, Applied Statistics 28(1), 1979, with one annotator and the
/// classifier in the place of the prior):
///
///     r_i(n)  =  p_i(n) T[i][g_n] / sum_j p_j(n) T[j][g_n]
///     T[i][k] =  sum of r_i(n) over the n with g_n = k, and pseudo-counts, normalised over k
///
/// The rates of the wrong labels of a class are drawn towards each other where there are few of them.
/// The score of a label is r of the given class. It is as good as the probabilities: calibrate them.
package struct LabelPosterior: Sendable, Equatable {
  /// T, a row for each true class.
  package let transition: [[Double]]
  /// The share of each true class.
  package let prior: [Double]
  /// The probability that each label is right, from 0 to 1.
  package let rightness: [Double]
  /// The expected share of wrong labels.
  package let noiseRate: Double
  /// How wrong labels are spread.
  package let confusion: Confusion
  /// The logarithm of the probability of all given labels, each by what the others say, in nats.
  package let logLikelihood: Double

  /// How the wrong labels of a class are spread over the others.
  package enum Confusion: String, Sendable, CaseIterable {
    /// All alike: labels are wrong at random.
    case even
    /// Each at its own rate: labels are mixed up class by class.
    case byClass = "by-class"
  }

  /// The posterior of all labels. O(n c) an iteration.
  ///
  /// Each label is predicted from what all others say. Confusion by class is believed where it predicts
  /// labels better by ``leastGain`` each: a model that mixes up classes itself makes even labels that are
  /// wrong at random look a little mixed up, and the scores would then follow the model's mistakes.
  ///
  /// - Parameter iterations: at most so many; it ends before where no rate moves by 1e-5 any more.
  package init(probabilities: ClassProbabilities, labels: [Int], iterations: Int? = nil) {
    func fit(_ confusion: Confusion) -> Self {
      Self(
        probabilities: probabilities, labels: labels, confusion: confusion, iterations: iterations)
    }
    let (even, byClass) = (fit(.even), fit(.byClass))
    let gain = byClass.logLikelihood - even.logLikelihood
    self = gain > Self.leastGain * Double(labels.count) ? byClass : even
  }

  /// Nats a label. Where labels were wrong at random, confusion by class gained up to 0.006 of them;
  /// where it was real, 0.02 and more, but for a model that knew next to nothing: measured with seed 0
  /// on rows of experiments/hyper-cleaning/clean.md.
  package static let leastGain = 0.01

  /// The posterior of all labels under one kind of confusion.
  package init(
    probabilities: ClassProbabilities, labels: [Int], confusion: Confusion, iterations: Int? = nil
  ) {
    precondition(
      probabilities.count == labels.count,
      "Probabilities of \(probabilities.count) samples for \(labels.count) labels.")
    self.confusion = confusion
    let classes = probabilities.classCount
    // Of much data each iteration says more, and costs more.
    let most = iterations ?? max(20, min(200, 2_000_000_000 / max(1, classes * labels.count)))
    var transition = Self.start(classes)
    var prior = [Double](repeating: 1 / Double(max(1, classes)), count: classes)
    for _ in 0..<most {
      // By given label, so that what belongs to a sample lies together.
      let columns = Self.transposed(transition)
      var counts = Self.transposed(Self.pseudoCounts(classes))
      var sizes = [Double](repeating: 0, count: classes)
      for (sample, label) in labels.enumerated() {
        let start = sample * classes
        var total = 1e-300
        for index in 0..<classes {
          total += probabilities.values[start + index] * columns[label][index]
        }
        for index in 0..<classes {
          let share = probabilities.values[start + index] * columns[label][index] / total
          counts[label][index] += share
          sizes[index] += share
        }
      }
      let next = Self.transposed(counts).enumerated().map {
        Self.rates($1, of: $0, confusion)
      }
      let moved = zip(transition, next).reduce(0.0) { most, pair in
        max(most, zip(pair.0, pair.1).reduce(0) { max($0, abs($1.0 - $1.1)) })
      }
      transition = next
      prior = sizes.map { $0 / Double(max(1, labels.count)) }
      if moved < 1e-5 { break }
    }
    self.transition = transition
    self.prior = prior
    let rightness = labels.enumerated().map { sample, label in
      Self.rightness(probabilities[sample], transition, label)
    }
    self.rightness = rightness
    noiseRate =
      labels.isEmpty ? 0 : rightness.reduce(0) { $0 + 1 - $1 } / Double(labels.count)
    logLikelihood = Self.logLikelihood(probabilities, labels, transition, confusion)
  }

  /// The sum over samples of log P(given label), with rates counted without that sample. O(n c).
  private static func logLikelihood(
    _ probabilities: ClassProbabilities, _ labels: [Int], _ transition: [[Double]],
    _ confusion: Confusion
  ) -> Double {
    let classes = probabilities.classCount
    var share = [Double](repeating: 0, count: classes)
    // Kept for all samples at once, shares would take as much memory as the probabilities.
    func attribute(_ sample: Int) {
      let (row, label) = (probabilities[sample], labels[sample])
      let total = evidence(row, transition, label)
      for (index, probability) in row.enumerated() {
        share[index] = probability * transition[index][label] / total
      }
    }
    var counts = pseudoCounts(classes)
    for (sample, label) in labels.enumerated() {
      attribute(sample)
      for index in 0..<classes { counts[index][label] += share[index] }
    }
    let totals = counts.map { $0.reduce(0, +) }
    var sum = 0.0
    for (sample, label) in labels.enumerated() {
      attribute(sample)
      var evidence = 1e-300
      for (index, probability) in probabilities[sample].enumerated() {
        let right = counts[index][index] - (index == label ? share[index] : 0)
        let total = totals[index] - share[index]
        let rate = rate(
          of: counts[index][label] - share[index], wrong: total - right, total: total,
          classes: classes, isRight: index == label, confusion)
        evidence += probability * rate
      }
      sum += Foundation.log(evidence)
    }
    return sum
  }

  /// The row of T that counts of one true class make.
  private static func rates(
    _ counts: [Double], of label: Int, _ confusion: Confusion
  ) -> [Double] {
    let total = counts.reduce(0, +)
    return counts.enumerated().map { other, count in
      rate(
        of: count, wrong: total - counts[label], total: total, classes: counts.count,
        isRight: other == label, confusion)
    }
  }

  /// The rate of a label that was given `count` times of `total`. Which of the wrong labels are frequent
  /// is believed as far as there are more than a few: without that, the ranking of nearly clean data is
  /// one of chance.
  private static func rate(
    of count: Double, wrong: Double, total: Double, classes: Int, isRight: Bool,
    _ confusion: Confusion
  ) -> Double {
    if isRight { return count / total }
    let even = classes > 1 ? wrong / Double(classes - 1) : 0
    let belief = confusion == .even ? 0 : wrong / (wrong + fewWrongLabels)
    return (belief * count + (1 - belief) * even) / total
  }

  private static let fewWrongLabels = 10.0

  private static func transposed(_ rows: [[Double]]) -> [[Double]] {
    rows.indices.map { column in rows.map { $0[column] } }
  }

  /// The probability that a label is right which was given to a sample of these class probabilities.
  package func rightness(_ row: ArraySlice<Double>, given label: Int) -> Double {
    Self.rightness(row, transition, label)
  }

  /// The most probable class of a sample, the given one left out.
  package func likeliestOther(_ row: ArraySlice<Double>, than label: Int) -> Int {
    var best = (label == 0 ? min(1, transition.count - 1) : 0, -1.0)
    for (index, probability) in row.enumerated() where index != label {
      let value = probability * transition[index][label]
      if value > best.1 { best = (index, value) }
    }
    return best.0
  }

  private static func rightness(
    _ row: ArraySlice<Double>, _ transition: [[Double]], _ label: Int
  ) -> Double {
    row[row.startIndex + label] * transition[label][label] / evidence(row, transition, label)
  }

  /// P(given label), never 0.
  static func evidence(
    _ row: ArraySlice<Double>, _ transition: [[Double]], _ label: Int
  ) -> Double {
    row.enumerated().reduce(1e-300) { $0 + $1.element * transition[$1.offset][label] }
  }

  /// One right label a class, and one wrong one spread over all: what a class without samples is
  /// taken for, and what keeps every rate above 0.
  private static func pseudoCounts(_ classes: Int) -> [[Double]] {
    (0..<classes).map { row in
      (0..<classes).map { ($0 == row ? 1 : 0) + 1 / Double(classes) }
    }
  }

  private static func start(_ classes: Int) -> [[Double]] {
    let off = classes > 1 ? 0.2 / Double(classes - 1) : 0
    return (0..<classes).map { row in
      (0..<classes).map { $0 == row ? (classes > 1 ? 0.8 : 1) : off }
    }
  }
}
