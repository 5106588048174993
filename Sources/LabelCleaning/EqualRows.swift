import Datasets

/// Which samples of one part of the data are equal.
///
/// Twins must not be divided between what a model is trained on and what it judges: it would know the
/// label of the one from the other, and believe wrong labels that both of them have.
struct EqualRows {
  /// The group of each sample: the position of the first one that is equal to it.
  let groups: [Int]
  /// The samples that have twins, in groups of at least two.
  let twins: [[Int]]

  /// The groups of the samples' values. O(n) rows are read.
  init(_ samples: SampleArray) {
    twins = samples.rowsInCommon(with: samples).map(\.first).filter { $0.count > 1 }
    var groups = Array(0..<samples.count)
    for group in twins { for sample in group { groups[sample] = group[0] } }
    self.groups = groups
  }

  /// Whether so many samples repeat an earlier one, a quarter of them, that equal values do not say that two
  /// samples are one: features with few values, such as counts and answers to questions.
  var areUsual: Bool { 4 * twins.reduce(0) { $0 + $1.count - 1 } >= groups.count }

  /// A sentence on equal samples; nil where there are none.
  func note(_ samples: LabelledSamples, _ labels: [Int]) -> String? {
    guard let first = twins.first else { return nil }
    let count = twins.reduce(0) { $0 + $1.count }
    let contradicting = twins.filter { group in
      group.contains { labels[$0] != labels[group[0]] }
    }
    let contradiction = contradicting.first.map { group in
      let other = group.first { labels[$0] != labels[group[0]] } ?? group[0]
      return
        "; of these, \(contradicting.reduce(0) { $0 + $1.count }) are labelled differently (such as "
        + "samples \(group[0]) and \(other))"
    }
    return
      "\(count) of the \(samples.count) samples of \(samples.place) occur more than once (such as samples "
      + "\(first[0]) and \(first[1]))\(contradiction ?? ""): equal samples are judged together, by models "
      + "that have seen none of them; to keep one of each is better."
  }
}
