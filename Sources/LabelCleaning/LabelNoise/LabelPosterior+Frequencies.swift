import Foundation
import Tensors

extension LabelPosterior {
  /// A way in which wrong labels might be frequent, and how well it explains the given labels.
  package struct Frequency: Sendable, Equatable {
    /// All rates of wrong labels are so many times those of ``LabelPosterior/transition``.
    package let factor: Double
    /// Its likelihood; a prior that is flat in the logarithm of the factor changes nothing of it.
    package let weight: Double
    /// The number of wrong labels that it expects.
    package let wrongCount: Double
    /// The standard deviation of that number.
    package let wrongSpread: Double

    /// How the weights of a right and of a wrong label change where `rate` of them are wrong.
    func shares(ofWrong rate: Double) -> (right: Double, wrong: Double) {
      let factor = LabelPosterior.applied(factor, to: rate)
      return rate < 1 ? ((1 - factor * rate) / (1 - rate), factor) : (1, 1)
    }

    /// One of them, by their weights; nil of none.
    static func drawn(from all: [Frequency], using stream: inout RandomStream) -> Frequency? {
      let total = all.reduce(0) { $0 + $1.weight }
      guard total > 0 else { return nil }
      var target = stream.uniform() * total
      return all.first {
        target -= $0.weight
        return target < 0
      } ?? all.last
    }
  }

  /// What the given labels say of how frequent wrong ones are: the likelihood of all rates of wrong labels
  /// together, from a quarter to four times those of ``transition``. O(17 n c).
  ///
  /// - Parameter stride: only every so many samples are looked at, and stand for all.
  package func frequencies(
    _ probabilities: ClassProbabilities, _ labels: [Int], stride: Int = 1
  ) -> [Frequency] {
    let samples = Array(Swift.stride(from: 0, to: labels.count, by: max(1, stride)))
    let share = Double(labels.count) / Double(max(1, samples.count))
    let found = (-8...8).map { step -> (logarithm: Double, frequency: Frequency) in
      let factor = pow(2, Double(step) / 4)
      let scaled = transition.indices.map { row in
        let rate = 1 - transition[row][row]
        let factor = Self.applied(factor, to: rate)
        return transition[row].indices.map { column in
          column == row ? 1 - factor * rate : factor * transition[row][column]
        }
      }
      var (logarithm, wrong, variance) = (0.0, 0.0, 0.0)
      for sample in samples {
        let (row, label) = (probabilities[sample], labels[sample])
        let evidence = Self.evidence(row, scaled, label)
        let right = row[row.startIndex + label] * scaled[label][label] / evidence
        logarithm += share * Foundation.log(evidence)
        wrong += share * (1 - right)
        variance += share * right * (1 - right)
      }
      return (
        logarithm,
        Frequency(
          factor: factor, weight: 0, wrongCount: wrong, wrongSpread: variance.squareRoot())
      )
    }
    let largest = found.map(\.logarithm).max() ?? 0
    return found.map { logarithm, frequency in
      Frequency(
        factor: frequency.factor, weight: exp(logarithm - largest),
        wrongCount: frequency.wrongCount, wrongSpread: frequency.wrongSpread)
    }
  }

  /// The factor, or what leaves one label in twenty right.
  private static func applied(_ factor: Double, to rate: Double) -> Double {
    rate > 0 ? min(factor, max(1, 0.95 / rate)) : factor
  }
}
