import Experiments

/// What is said of every training label, and how far to believe it.
struct CleanResult {
  /// The method whose scores these are.
  let method: CleanMethod
  /// All methods that were tried, in the order of trying.
  let candidates: [Candidate]
  /// The probability that each label is right, from 0 (suspicious) to 1.
  let scores: [Double]
  /// The most probable class of each sample given everything; of a suspect, another than the given one.
  let predicted: [Int]
  /// The weight of each sample for training.
  let weights: [Double]
  /// Whether each label is more probably wrong than right.
  let isSuspect: [Bool]
  /// The place of each sample, 1 for the most suspicious.
  let ranks: [Int]
  /// The expected share of wrong labels.
  let noiseRate: Double
  /// What the suspects are expected to be worth.
  let precision: DetectionForecast.Interval
  let recall: DetectionForecast.Interval
  /// How many samples to look at for a wanted share of all wrong labels.
  let toCheck: [(recall: Double, samples: DetectionForecast.Interval)]
  /// The accuracy on test samples of models trained on the labels as they are and with the learned
  /// weights; nil without test samples.
  let test: (asGiven: Double, cleaned: Double)?

  /// One method as it was tried.
  struct Candidate {
    let method: CleanMethod
    let choice: CrossFitting<Float>.Choice
    /// The expected probability that a wrong label ranks before a right one.
    let area: DetectionForecast.Interval
    let noiseRate: Double
    let seconds: Double
  }

  /// The chosen method's entry.
  var chosen: Candidate? { candidates.first { $0.method == method } }

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
