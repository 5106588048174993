import Datasets

/// Samples that occur in two parts of the data, found by content.
enum SampleOverlap {
  /// Throws where a checked sample is a training sample, too: it would be trained on with the label
  /// that is doubted, and tested with the one that was checked.
  static func requireNone(
    _ checked: LabelledSamples, _ train: LabelledSamples
  ) throws(DatasetError) {
    let pairs = pairs(checked.features, train.features)
    guard let first = pairs.first else { return }
    let shown = pairs.prefix(5).map { "\($0.0) = \($0.1)" }.joined(separator: ", ")
    let more = pairs.count > 5 ? " and \(pairs.count - 5) more" : ""
    throw DatasetError(
      .unexpectedContents,
      "\(pairs.count) \(pairs.count == 1 ? "sample" : "samples") of \(checked.place) "
        + "\(pairs.count == 1 ? "is" : "are") also in \(train.place) (index in the checked = index in "
        + "the training data, from 0: \(shown)\(more)): leave them out of the training data, for "
        + "example training sample \(first.1).")
  }

  /// The positions of equal rows, each of the first with the earliest of the second.
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
    var partner: [Int: Int] = [:]
    for sample in 0..<second.count {
      let values = row(second, sample)
      guard let candidates = known[hash(values)] else { continue }
      for candidate in candidates
      where partner[candidate] == nil && row(first, candidate) == values {
        partner[candidate] = sample
      }
    }
    return partner.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }
}
