import Experiments

/// What is said of every training label, and how far to believe it.
package struct CleanResult {
  /// The method whose scores these are.
  package let method: CleanMethod
  /// All methods that were tried, in the order of trying.
  package let candidates: [Candidate]
  /// The probability that each label is right, from 0 (suspicious) to 1.
  package let scores: [Double]
  /// The most probable class of each sample given everything, its label included: the given one, but of a
  /// suspect another.
  package let predicted: [Int]
  /// The weight of each sample for training.
  package let weights: [Double]
  /// Whether each label is more probably wrong than right.
  package let isSuspect: [Bool]
  /// The place of each sample, 1 for the most suspicious.
  package let ranks: [Int]
  /// The expected share of wrong labels.
  package let noiseRate: Double
  /// How wrong labels appear to be spread over the classes.
  package let confusion: LabelPosterior.Confusion
  /// What the suspects are expected to be worth.
  package let precision: DetectionForecast.Interval
  package let recall: DetectionForecast.Interval
  /// How many samples to look at for a wanted share of all wrong labels.
  package let toCheck: [(recall: Double, samples: DetectionForecast.Interval)]
  /// The accuracy on test samples of models trained on the labels as they are and with the learned
  /// weights; nil without test samples.
  package let test: (asGiven: Double, cleaned: Double)?

  /// One method as it was tried.
  package struct Candidate {
    package let method: CleanMethod
    package let choice: CrossFitting<Float>.Choice
    /// The expected probability that a wrong label ranks before a right one.
    package let area: DetectionForecast.Interval
    package let noiseRate: Double
    package let seconds: Double
  }

  /// The chosen method's entry.
  package var chosen: Candidate? { candidates.first { $0.method == method } }

  /// Sample indices, the most suspicious first.
  var order: [Int] { Self.order(of: scores) }

  /// The order of ascending scores; equals in their own order.
  static func order(of scores: [Double]) -> [Int] {
    scores.indices.sorted { scores[$0] == scores[$1] ? $0 < $1 : scores[$0] < scores[$1] }
  }

  /// The rank of each sample, 1 for the lowest score.
  static func ranks(of scores: [Double]) -> [Int] {
    var ranks = [Int](repeating: 0, count: scores.count)
    for (place, sample) in order(of: scores).enumerated() { ranks[sample] = place + 1 }
    return ranks
  }
}
