import Results

extension [RunRecord] {
  /// The records, with what else sets them apart stated in their variants: tables and figures put the
  /// seeds of a variant together, and two runs of one seed are no two seeds.
  ///
  /// Where the runs of one table were made in several scalar types, each states its own. Where runs of one
  /// seed still differ in nothing else, each states the digest of its data; elsewhere digests are not
  /// looked at, since data that is drawn differs from seed to seed. Records that state it already stay as
  /// they are.
  package var toldApart: [RunRecord] {
    var result = self
    let tables = Dictionary(grouping: indices) { ResultsTable.Setting(of: self[$0]) }
    for places in tables.values where Set(places.map { self[$0].environment.scalar }).count > 1 {
      for place in places {
        result[place].variant["scalar"] = .string(self[place].environment.scalar)
      }
    }
    let runs = Dictionary(grouping: indices) { place in
      let identity = result[place].identity
      return [
        identity.experiment, identity.method, identity.protocolName, identity.variant,
        identity.budget,
      ]
    }
    for places in runs.values where Set(places.map { self[$0].seed }).count < places.count {
      for place in places {
        result[place].variant["data"] = .string("data \(self[place].identity.dataDigest)")
      }
    }
    return result
  }
}
