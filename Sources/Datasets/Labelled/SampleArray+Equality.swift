/// Samples that are equal, found by content.
extension SampleArray {
  /// Where one row is that two arrays have in common, in each of them, ascending.
  public struct CommonRow: Sendable, Equatable {
    /// Its places in the first array.
    public var first: [Int]
    /// Its places in the second array.
    public var second: [Int]
  }

  /// The rows that this array and another one have in common; with itself, all rows, each once. O(n + m)
  /// rows are read, however often one occurs.
  ///
  /// In single precision, unless both hold more digits: numbers that are large beside their differences
  /// (times, coordinates) would all be equal.
  public func rowsInCommon(with other: SampleArray) -> [CommonRow] {
    guard isDouble, other.isDouble else {
      return common(other, row: { $0.row($1) }, bits: { UInt64($0.bitPattern) })
    }
    return common(other, row: { $0.values(of: $1) }, bits: { $0.bitPattern })
  }

  private func common<Value: FloatingPoint>(
    _ other: SampleArray, row: (SampleArray, Int) -> [Value], bits: (Value) -> UInt64
  ) -> [CommonRow] {
    guard width == other.width else { return [] }
    // 64 bits of the values of a row (FNV-1a over words).
    func hash(_ row: [Value]) -> UInt64 {
      row.reduce(0xcbf2_9ce4_8422_2325) { hash, value in
        // 0 and -0 are one value.
        (hash ^ bits(value + 0)) &* 0x0000_0100_0000_01b3
      }
    }
    // Rows by their hash, and the few different ones of the same hash; of each the first stands for all.
    var rows: [CommonRow] = []
    var known: [UInt64: [Int]] = [:]
    func position(of values: [Value], _ hash: UInt64) -> Int? {
      known[hash]?.first { row(self, rows[$0].first[0]) == values }
    }
    for sample in 0..<count {
      let values = row(self, sample)
      let hash = hash(values)
      if let position = position(of: values, hash) {
        rows[position].first.append(sample)
      } else {
        known[hash, default: []].append(rows.count)
        rows.append(CommonRow(first: [sample], second: []))
      }
    }
    for sample in 0..<other.count {
      let values = row(other, sample)
      if let position = position(of: values, hash(values)) {
        rows[position].second.append(sample)
      }
    }
    return rows.filter { !$0.second.isEmpty }
  }
}

extension LabelledSamples {
  /// The positions without those of samples that are equal to an earlier one among them.
  public func withoutTwins(_ positions: [Int]) -> [Int] {
    var group = [Int](repeating: 0, count: count)
    for (number, row) in features.rowsInCommon(with: features).enumerated() {
      for sample in row.first { group[sample] = number }
    }
    var seen: Set<Int> = []
    return positions.filter { seen.insert(group[$0]).inserted }
  }
}
