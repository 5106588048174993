import Results

/// What sets some runs apart, in words of a legend or a table: "K100", "harmonic", "alpha=0.5".
///
/// A key is named by its last part and a text stands without its key where that is clear among these
/// runs. Where it is not, the words say more: `inner.momentum=0.5` beside `outer.momentum=0.5`. So two
/// runs of different settings never have the same words.
struct SettingWords {
  /// What all of the runs share, which a title says once.
  private(set) var shared: [String] = []
  private var leftOut: Set<String>
  /// The keys that each short word could stand for.
  private var keys: [String: Set<String>] = [:]

  /// The words of runs, without those of one setting, which an axis names.
  init(_ records: [RunRecord], without setting: String? = nil) {
    leftOut = Set(["sweep"] + (setting.map { [$0] } ?? []))
    // Titles name the data.
    let named = Set(records.map { $0.variant["data.name"]?.stringValue })
    if named.count == 1, let name = named.first ?? nil,
      records.allSatisfy({ $0.datasetNames == [name] })
    {
      leftOut.insert("data.name")
    }
    for record in records {
      for (key, value) in record.variant where !leftOut.contains(key) {
        keys[Self.short(key, value), default: []].insert(key)
      }
    }
    let all = records.map { words(of: $0) }
    shared = (all.first ?? []).filter { word in all.allSatisfy { $0.contains(word) } }
  }

  /// All that sets a run apart, in the order of the keys.
  func words(of record: RunRecord) -> [String] {
    record.variant.filter { !leftOut.contains($0.key) }.sorted { $0.key < $1.key }.map {
      key, value in
      if key == "innerSteps", let steps = value.integerValue { return "K\(steps)" }
      let short = Self.short(key, value)
      let isClear = keys[short, default: []].subtracting([key]).isEmpty
      if let text = value.stringValue { return isClear ? text : "\(key)=\(text)" }
      return "\(isClear ? short : key)=\(value.canonicalText)"
    }
  }

  /// What sets a run apart from those of the others that share something.
  func own(of record: RunRecord) -> [String] {
    words(of: record).filter { !shared.contains($0) }
  }

  /// A text, or the last part of a key.
  private static func short(_ key: String, _ value: Value) -> String {
    value.stringValue ?? key.split(separator: ".").last.map(String.init) ?? key
  }
}
