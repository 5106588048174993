import Results

extension [RunRecord] {
  /// The records, with what else sets them apart stated in their variants: tables and figures put the
  /// seeds of a variant together, and two runs of one seed are no two seeds.
  ///
  /// Where the runs of one table were made in several scalar types, each states its own. So it does the
  /// digest of its data, where runs of one seed differ in nothing else, and where those of one table were
  /// made from several files: data that two seeds have in common was not drawn, as data is that differs from
  /// seed to seed. Records that state it already stay as they are.
  package var toldApart: [RunRecord] {
    var result = self
    let tables = Dictionary(grouping: indices) { ResultsTable.Setting(of: self[$0]) }
    for places in tables.values where Set(places.map { self[$0].environment.scalar }).count > 1 {
      for place in places {
        result[place].variant["scalar"] = .string(self[place].environment.scalar)
      }
    }
    for places in tables.values {
      let digests = Dictionary(grouping: places) { self[$0].identity.dataDigest }
      let isFile = digests.values.contains { Set($0.map { self[$0].seed }).count > 1 }
      guard digests.count > 1, isFile else { continue }
      for place in places { result.stateData(of: self[place], at: place) }
    }
    let runs = Dictionary(grouping: indices) { place in
      let identity = result[place].identity
      return [
        identity.experiment, identity.method, identity.protocolName, identity.variant,
        identity.budget,
      ]
    }
    for places in runs.values where Set(places.map { self[$0].seed }).count < places.count {
      for place in places { result.stateData(of: self[place], at: place) }
    }
    return result
  }

  private mutating func stateData(of record: RunRecord, at place: Int) {
    self[place].variant["data"] = .string("data \(record.identity.dataDigest)")
  }
}
