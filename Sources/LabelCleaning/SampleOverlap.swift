import Datasets

/// Samples that occur in two parts of the data, found by content.
enum SampleOverlap {
  /// Throws where a checked sample is a training sample, too: it would be trained on with the label
  /// that is doubted, and tested with the one that was checked.
  static func requireNone(
    _ checked: LabelledSamples, _ train: LabelledSamples
  ) throws(DatasetError) {
    let common = common(checked, train)
    guard !common.isEmpty else { return }
    let shown = examples(of: common).map { "\($0.0) = \($0.1)" }.joined(separator: ", ")
    let pairs = common.reduce(0) { $0 + $1.first.count * $1.second.count }
    let more = pairs > shownPairs ? " and \(pairs - shownPairs) more" : ""
    let count = common.reduce(0) { $0 + $1.first.count }
    // All of them, since whoever leaves them out wants to do it once.
    let doubted = common.flatMap(\.second).sorted()
    throw DatasetError(
      .unexpectedContents,
      "\(count) \(count == 1 ? "sample" : "samples") of \(checked.place) "
        + "\(count == 1 ? "is" : "are") also in \(train.place) (index in the checked = index in "
        + "the training data, from 0: \(shown)\(more)): leave \(ranges(doubted)) out of the training "
        + "data, or the checked ones out of the checked data.")
  }

  /// A sentence on checked samples that are equal to training samples where equal values are usual; nil where
  /// there are none.
  static func noteOfEqualValues(_ checked: LabelledSamples, _ train: LabelledSamples) -> String? {
    let count = common(checked, train).reduce(0) { $0 + $1.first.count }
    guard count > 0 else { return nil }
    return
      "\(count) of the \(checked.count) checked samples have the values of training samples, as many of the "
      + "training samples have among themselves: they are taken for different samples; leave out what is in "
      + "both parts."
  }

  /// A sentence on test samples that are samples of another part, too; nil where there are none.
  static func note(
    _ test: LabelledSamples, _ part: LabelledSamples, kind: String
  ) -> String? {
    let count = common(test, part).reduce(0) { $0 + $1.first.count }
    guard count > 0 else { return nil }
    return
      "\(count) of \(test.labels.count) test samples are also among the \(kind) samples of "
      + "\(part.place): the accuracy on them says nothing of new samples; leave them out."
  }

  /// The samples that two parts have in common: equal features, or else equal pictures, of which features may
  /// have been computed twice.
  private static func common(
    _ first: LabelledSamples, _ second: LabelledSamples
  ) -> [SampleArray.CommonRow] {
    let features = first.features.rowsInCommon(with: second.features)
    guard features.isEmpty, !first.learnsFromPictures, let pictures = first.pictures,
      let others = second.pictures
    else { return features }
    return pictures.rowsInCommon(with: others)
  }

  /// "sample 3" or "samples 0 to 4, 9 and 12", the training samples that are meant.
  private static func ranges(_ positions: [Int]) -> String {
    var ranges: [ClosedRange<Int>] = []
    for position in positions {
      if let last = ranges.last, last.upperBound + 1 == position {
        ranges[ranges.count - 1] = last.lowerBound...position
      } else {
        ranges.append(position...position)
      }
    }
    let words = ranges.map {
      $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound) to \($0.upperBound)"
    }
    let most = 200
    guard words.count <= most else {
      return "training samples \(words.prefix(most).joined(separator: ", ")) and "
        + "\(ranges[most...].reduce(0) { $0 + $1.count }) more"
    }
    let list =
      words.count == 1
      ? words[0] : words.dropLast().joined(separator: ", ") + " and " + (words.last ?? "")
    return "training sample\(positions.count == 1 ? "" : "s") \(list)"
  }

  private static let shownPairs = 5

  /// The first few pairs of equal rows, in the order of the first and then of the second.
  private static func examples(of common: [SampleArray.CommonRow]) -> [(Int, Int)] {
    let pairs = common.flatMap { row in
      row.first.prefix(shownPairs).flatMap { first in
        row.second.prefix(shownPairs).map { (first, $0) }
      }
    }
    return Array(pairs.sorted { $0 < $1 }.prefix(shownPairs))
  }
}
