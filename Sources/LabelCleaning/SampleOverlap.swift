import Datasets

/// Samples that occur in two parts of the data, found by content.
enum SampleOverlap {
  /// Throws where a checked sample is a training sample, too: it would be trained on with the label
  /// that is doubted, and tested with the one that was checked.
  static func requireNone(
    _ checked: LabelledSamples, _ train: LabelledSamples
  ) throws(DatasetError) {
    let common = common(checked.features, train.features)
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

  /// A sentence on test samples that are samples of another part, too; nil where there are none.
  static func note(
    _ test: LabelledSamples, _ part: LabelledSamples, kind: String
  ) -> String? {
    let count = common(test.features, part.features).reduce(0) { $0 + $1.first.count }
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

  private static let shownPairs = 5

  /// The first few pairs of equal rows, in the order of the first and then of the second.
  private static func examples(of common: [Common]) -> [(Int, Int)] {
    let pairs = common.flatMap { row in
      row.first.prefix(shownPairs).flatMap { first in
        row.second.prefix(shownPairs).map { (first, $0) }
      }
    }
    return Array(pairs.sorted { $0 < $1 }.prefix(shownPairs))
  }

  /// Where one row is that two parts have in common, in each of them, ascending.
  struct Common {
    var first: [Int]
    var second: [Int]
  }

  /// The rows that two parts have in common. O(n + m) rows are read, however often one occurs.
  ///
  /// In single precision, unless both hold more digits: numbers that are large beside their differences
  /// (times, coordinates) would all be equal.
  static func common(_ first: SampleArray, _ second: SampleArray) -> [Common] {
    guard first.isDouble, second.isDouble else {
      return common(first, second, row: { $0.row($1) }, bits: { UInt64($0.bitPattern) })
    }
    return common(first, second, row: { $0.values(of: $1) }, bits: { $0.bitPattern })
  }

  private static func common<Value: FloatingPoint>(
    _ first: SampleArray, _ second: SampleArray, row: (SampleArray, Int) -> [Value],
    bits: (Value) -> UInt64
  ) -> [Common] {
    guard first.width == second.width else { return [] }
    // 64 bits of the values of a row (FNV-1a over words).
    func hash(_ row: [Value]) -> UInt64 {
      row.reduce(0xcbf2_9ce4_8422_2325) { hash, value in
        // 0 and -0 are one value.
        (hash ^ bits(value + 0)) &* 0x0000_0100_0000_01b3
      }
    }
    // Rows by their hash, and the few different ones of the same hash; of each the first stands for all.
    var rows: [Common] = []
    var known: [UInt64: [Int]] = [:]
    func position(of values: [Value], _ hash: UInt64) -> Int? {
      known[hash]?.first { row(first, rows[$0].first[0]) == values }
    }
    for sample in 0..<first.count {
      let values = row(first, sample)
      let hash = hash(values)
      if let position = position(of: values, hash) {
        rows[position].first.append(sample)
      } else {
        known[hash, default: []].append(rows.count)
        rows.append(Common(first: [sample], second: []))
      }
    }
    for sample in 0..<second.count {
      let values = row(second, sample)
      if let position = position(of: values, hash(values)) {
        rows[position].second.append(sample)
      }
    }
    return rows.filter { !$0.second.isEmpty }
  }
}
