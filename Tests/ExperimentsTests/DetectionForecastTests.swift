import Experiments
import Foundation
import Tensors
import Testing

@testable import LabelCleaning

/// Intervals of what is foretold, on many small data sets whose truth is known and that are as supposed:
/// probabilities are right, labels wrong at random, checked samples drawn like the others.
@Suite("Intervals of the detection forecast")
struct DetectionForecastTests {
  /// Samples of two classes round -1 and 1, with the probabilities that Bayes' rule gives.
  private struct Drawn {
    var truth: [Int] = []
    var given: [Int] = []
    var rows: [[Double]] = []

    init(_ count: Int, wrong: Double, _ stream: inout RandomStream) {
      for _ in 0..<count {
        let label = stream.integer(below: 2)
        let place = 1.5 * Double(2 * label - 1) + stream.normal()
        let second = 1 / (1 + exp(-3 * place))
        truth.append(label)
        rows.append([1 - second, second])
        given.append(stream.uniform() < wrong ? 1 - label : label)
      }
    }

    var probabilities: ClassProbabilities { ClassProbabilities(rows: rows, classCount: 2) }
  }

  @Test("They hold the truth about as often as they say", arguments: [0.05, 0.2])
  func coverage(wrong: Double) {
    var stream = RandomStream(seed: 3, purpose: "coverage")
    let sets = 100
    var (precisions, recalls, samples) = (0, 0, 0)
    for set in 0..<sets {
      let train = Drawn(500, wrong: wrong, &stream)
      let checked = Drawn(150, wrong: 0, &stream)
      let posterior = LabelPosterior(probabilities: train.probabilities, labels: train.given)
      let forecast = DetectionForecast(
        labels: checked.truth, posterior: posterior,
        frequencies: posterior.frequencies(train.probabilities, train.given), seed: UInt64(set)
      ) { posterior.rightness(checked.probabilities[$0], given: $1) }
      let scores = posterior.rightness
      let isWrong = zip(train.truth, train.given).map { $0 != $1 }
      let suspects = scores.indices.filter { scores[$0] < 0.5 }
      let found = Double(suspects.count { isWrong[$0] })
      let all = Double(isWrong.count { $0 })
      func holds(_ interval: DetectionForecast.Interval, _ value: Double) -> Bool {
        interval.low <= value + 1e-9 && value <= interval.high + 1e-9
      }
      let precision = forecast.precision(below: 0.5, scores: scores)
      if suspects.isEmpty || holds(precision, found / Double(suspects.count)) { precisions += 1 }
      if holds(forecast.recall(below: 0.5, scores: scores), found / all) { recalls += 1 }
      let order = scores.indices.sorted { scores[$0] < scores[$1] }
      var seen = 0.0
      let needed = order.firstIndex { sample in
        seen += isWrong[sample] ? 1 : 0
        return seen >= 0.9 * all
      }
      if let needed, holds(forecast.toCheck(recall: 0.9, scores: scores), Double(needed + 1)) {
        samples += 1
      }
    }
    // 95 expected, with a standard deviation of 2: three of them below.
    #expect(precisions >= 88, "\(precisions) of \(sets)")
    #expect(recalls >= 88, "\(recalls) of \(sets)")
    #expect(samples >= 88, "\(samples) of \(sets)")
  }

  @Test("Copies of checked samples are one observation: they change no interval")
  func copies() {
    var stream = RandomStream(seed: 9, purpose: "copies")
    let train = Drawn(300, wrong: 0.2, &stream)
    let checked = Drawn(30, wrong: 0, &stream)
    let posterior = LabelPosterior(probabilities: train.probabilities, labels: train.given)
    func forecast(copies: Int, areGrouped: Bool) -> DetectionForecast {
      let indices = (0..<30 * copies).map { $0 % 30 }
      return DetectionForecast(
        labels: indices.map { checked.truth[$0] }, groups: areGrouped ? indices : nil,
        posterior: posterior, seed: 1
      ) { posterior.rightness(checked.probabilities[indices[$0]], given: $1) }
    }
    let scores = posterior.rightness
    let single = forecast(copies: 1, areGrouped: false).precision(below: 0.5, scores: scores)
    let copied = forecast(copies: 20, areGrouped: true).precision(below: 0.5, scores: scores)
    for (one, other) in [
      (single.value, copied.value), (single.low, copied.low), (single.high, copied.high),
    ] {
      #expect(abs(one - other) < 1e-9, "\(single), \(copied)")
    }
    let independent = forecast(copies: 20, areGrouped: false).precision(below: 0.5, scores: scores)
    #expect(independent.high - independent.low < 0.6 * (copied.high - copied.low))
  }

  @Test("How frequent wrong labels are is known the better the more labels there are")
  func frequencies() {
    var stream = RandomStream(seed: 4, purpose: "frequencies")
    var deviations: [Double] = []
    for count in [200, 5_000] {
      let train = Drawn(count, wrong: 0.1, &stream)
      let posterior = LabelPosterior(probabilities: train.probabilities, labels: train.given)
      let found = posterior.frequencies(train.probabilities, train.given)
      #expect(found.max { $0.weight < $1.weight }?.factor == 1)
      let total = found.reduce(0) { $0 + $1.weight }
      let mean = found.reduce(0) { $0 + $1.weight * log2($1.factor) } / total
      let square = found.reduce(0) { $0 + $1.weight * log2($1.factor) * log2($1.factor) } / total
      deviations.append((square - mean * mean).squareRoot())
      // A part of many samples stands for all: of 125 wrong labels at each frequency's own rate a tenth is
      // chance, and this is four times that.
      let part = posterior.frequencies(train.probabilities, train.given, stride: 4)
      for (one, other) in zip(found, part) where count > 1_000 {
        #expect(abs(one.wrongCount / other.wrongCount - 1) < 0.4)
      }
    }
    #expect(deviations[0] > 2 * deviations[1], "\(deviations)")
    // Rates never leave fewer than one label in twenty right.
    let most = LabelPosterior.Frequency(factor: 4, weight: 1, wrongCount: 0, wrongSpread: 0)
    #expect(most.shares(ofWrong: 0.5) == (right: (1 - 0.95) / 0.5, wrong: 1.9))
    #expect(most.shares(ofWrong: 0) == (right: 1, wrong: 4))
  }
}
