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
  static func pairs(_ first: SampleArray, _ second: SampleArray) -> [(Int, Int)] {
    guard first.width == second.width else { return [] }
    var known: [UInt64: [Int]] = [:]
    for sample in 0..<first.count { known[hash(first.row(sample)), default: []].append(sample) }
    var partner: [Int: Int] = [:]
    for sample in 0..<second.count {
      let row = second.row(sample)
      guard let candidates = known[hash(row)] else { continue }
      for candidate in candidates where partner[candidate] == nil && first.row(candidate) == row {
        partner[candidate] = sample
      }
    }
    return partner.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  /// 64 bits of the values of a row (FNV-1a over words).
  private static func hash(_ row: [Float]) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for value in row {
      // 0 and -0 are one value.
      hash = (hash ^ UInt64((value + 0).bitPattern)) &* 0x0000_0100_0000_01b3
    }
    return hash
  }
}
