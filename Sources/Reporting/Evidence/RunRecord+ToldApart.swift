import Results

extension [RunRecord] {
  /// The records, with what else sets them apart stated in their variants: tables and figures put the
  /// seeds of a variant together, and two runs of one seed are no two seeds.
  ///
  /// Where the runs of one table were made in several scalar types, each states its own. The digest of
  /// its data is stated by each run of a row of which two runs of one seed differ in nothing else. Data
  /// that several seeds of a table share is a file (data that differs from seed to seed was drawn):
  /// where a table has several, the rows state it that are not made from the one that most of its runs
  /// have. Records that state it already stay as they are.
  package var toldApart: [RunRecord] {
    var result = self
    let tables = Dictionary(grouping: indices) { ResultsTable.Setting(of: self[$0]) }
    for places in tables.values where Set(places.map { self[$0].environment.scalar }).count > 1 {
      for place in places {
        result[place].variant["scalar"] = .string(self[place].environment.scalar)
      }
    }
    func rows(_ places: [Int]) -> [[Int]] {
      Dictionary(grouping: places) { place in
        let identity = result[place].identity
        return [
          identity.experiment, identity.method, identity.protocolName, identity.variant,
          identity.budget,
        ]
      }.values.map { $0 }
    }
    for table in tables.values {
      let digests = Dictionary(grouping: table) { self[$0].identity.dataDigest }
      let hasFile = digests.values.contains { Set($0.map { self[$0].seed }).count > 1 }
      let usual = digests.max { ($0.value.count, $1.key) < ($1.value.count, $0.key) }?.key
      for row in rows(table) {
        let isOther = row.contains { self[$0].identity.dataDigest != usual }
        let repeatsSeed = Set(row.map { self[$0].seed }).count < row.count
        guard repeatsSeed || (hasFile && isOther) else { continue }
        for place in row {
          result[place].variant["data"] = .string("data \(self[place].identity.dataDigest)")
        }
      }
    }
    return result
  }
}
