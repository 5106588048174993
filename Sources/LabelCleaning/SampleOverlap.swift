import Datasets

/// Samples that occur in two parts of the data, found by content.
enum SampleOverlap {
  /// Throws where a checked sample is a training sample, too: it would be trained on with the label
  /// that is doubted, and tested with the one that was checked.
  static func requireNone(
    _ checked: LabelledSamples, _ train: LabelledSamples
  ) throws(DatasetError) {
    let pairs = pairs(checked.features, train.features)
    guard !pairs.isEmpty else { return }
    let shown = pairs.prefix(5).map { "\($0.0) = \($0.1)" }.joined(separator: ", ")
    let more = pairs.count > 5 ? " and \(pairs.count - 5) more" : ""
    let count = Set(pairs.map(\.0)).count
    // All of them, since whoever leaves them out wants to do it once.
    let doubted = Set(pairs.map(\.1)).sorted()
    throw DatasetError(
      .unexpectedContents,
      "\(count) \(count == 1 ? "sample" : "samples") of \(checked.place) "
        + "\(count == 1 ? "is" : "are") also in \(train.place) (index in the checked = index in "
        + "the training data, from 0: \(shown)\(more)): leave \(ranges(doubted)) out of the training "
        + "data, or the checked ones out of the checked data.")
  }

  /// A sentence on test samples that are samples of another part, too; nil where there are none.
  static func note(
    _ test: LabelledSamples, _ part: LabelledSamples, kind: String
  ) -> String? {
    let count = Set(pairs(test.features, part.features).map(\.0)).count
    guard count > 0 else { return nil }
    return
      "\(count) of \(test.labels.count) test samples are also among the \(kind) samples of "
      + "\(part.place): the accuracy on them says nothing of new samples; leave them out."
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

  /// The positions of all pairs of equal rows, in the order of the first and then of the second.
  ///
  /// In single precision, unless both hold more digits: numbers that are large beside their differences
  /// (times, coordinates) would all be equal.
  static func pairs(_ first: SampleArray, _ second: SampleArray) -> [(Int, Int)] {
    guard first.isDouble, second.isDouble else {
      return pairs(first, second, row: { $0.row($1) }, bits: { UInt64($0.bitPattern) })
    }
    return pairs(first, second, row: { $0.values(of: $1) }, bits: { $0.bitPattern })
  }

  private static func pairs<Value: FloatingPoint>(
    _ first: SampleArray, _ second: SampleArray, row: (SampleArray, Int) -> [Value],
    bits: (Value) -> UInt64
  ) -> [(Int, Int)] {
    guard first.width == second.width else { return [] }
    // 64 bits of the values of a row (FNV-1a over words).
    func hash(_ row: [Value]) -> UInt64 {
      row.reduce(0xcbf2_9ce4_8422_2325) { hash, value in
        // 0 and -0 are one value.
        (hash ^ bits(value + 0)) &* 0x0000_0100_0000_01b3
      }
    }
    var known: [UInt64: [Int]] = [:]
    for sample in 0..<first.count { known[hash(row(first, sample)), default: []].append(sample) }
    var pairs: [(Int, Int)] = []
    for sample in 0..<second.count {
      let values = row(second, sample)
      guard let candidates = known[hash(values)] else { continue }
      // Of rows that occur again and again a few are enough for a sentence.
      for candidate in candidates.prefix(8) where row(first, candidate) == values {
        pairs.append((candidate, sample))
      }
    }
    return pairs.sorted { $0 < $1 }
  }
}
