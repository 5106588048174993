import Foundation

extension ReferenceFile {
  /// The file's text.
  ///
  /// - Throws: ``ResultsError`` of kind `malformed` where two runs describe one metric in two ways,
  ///   or call two configurations by one digest.
  public func text() throws(ResultsError) -> String {
    var shared = SharedLines()
    var runs: [[Member]] = []
    for reference in references {
      let configuration = try shared.add(
        "configuration", named: Self.shortened(reference.configurationDigest),
        reference.configuration, of: reference)
      let datasets = try shared.add(
        "datasets", Value(encoding: reference.datasets), of: reference)
      let environment = try shared.add(
        "environment", Value(encoding: reference.environment), of: reference)
      for metric in reference.metrics {
        let description: Value = [
          "name": .string(metric.name), "unit": .string(metric.unit),
          "betterWhen": .string(metric.betterWhen.rawValue),
        ]
        _ = try shared.add("metric", named: metric.name, description, of: reference)
      }
      let names = reference.final.keys.sorted()
      let columns = try shared.add("columns", .array(names.map(Value.string)), of: reference)
      runs.append([
        ("method", .string(reference.method)), ("protocol", .string(reference.protocolName)),
        ("variant", .object(sorted: reference.variant)), ("seed", Value(reference.seed)),
        ("status", .string(reference.status.kind.rawValue)),
        ("reason", reference.status.reason.map(Value.string)),
        ("final", .array(names.compactMap { reference.final[$0].map(Value.number) })),
        ("columns", .string(columns)), ("configuration", .string(configuration)),
        ("datasets", .string(datasets)), ("environment", .string(environment)),
      ])
    }
    let defaults = Self.defaults(of: runs)
    let header = Self.line([
      ("references", .string(experiment)), ("budget", .string(budget)),
      ("schemaVersion", .integer(FileFormat.references.version)),
    ])
    let metrics = shared.values("metric").map { Self.line([("metric", $0.value)]) }
    let others = ["columns", "environment", "datasets"].flatMap { kind in
      shared.values(kind).map { Self.line([(kind, .string($0.name)), ("value", $0.value)]) }
    }
    var lines = [header] + metrics + others + Self.lines(shared.values("configuration"))
    if !defaults.isEmpty { lines.append(Self.line([("defaults", .object(sorted: defaults))])) }
    lines += runs.map { run in Self.line(run.filter { defaults[$0.name] != $0.value }) }
    return lines.joined(separator: "\n") + "\n"
  }

  private typealias Member = (name: String, value: Value?)

  /// What a run's line leaves to the file's defaults.
  private static let inherited = ["status", "columns", "datasets", "environment"]

  /// What more than half of the runs have in common: one run that differs says so in its own line and
  /// changes no other.
  private static func defaults(of runs: [[Member]]) -> [String: Value] {
    var result: [String: Value] = [:]
    for key in inherited {
      let values = runs.compactMap { run in run.first { $0.name == key }?.value }
      let counts = Dictionary(values.map { ($0.canonicalText, 1) }, uniquingKeysWith: +)
      result[key] = values.first { 2 * (counts[$0.canonicalText] ?? 0) > runs.count }
    }
    return result
  }

  /// The digits of a digest that tell configurations of one file apart.
  private static func shortened(_ digest: String) -> String { String(digest.prefix(12)) }

  /// Configurations, the first one whole and the others by what differs from it: most runs of an
  /// experiment share nearly all settings. One of other names is whole, too.
  private static func lines(_ configurations: [(name: String, value: Value)]) -> [String] {
    guard let base = configurations.first else { return [] }
    return configurations.enumerated().map { index, configuration in
      let changes = configuration.value.differences(from: base.value)
      let isSimilar = base.value.replacing(changes) == configuration.value
      guard index > 0, isSimilar else {
        return line([
          ("configuration", .string(configuration.name)), ("value", configuration.value),
        ])
      }
      return line([
        ("configuration", .string(configuration.name)), ("differsFrom", .string(base.name)),
        (
          "value",
          .object(
            sorted: Dictionary(changes.map { ($0.path, $0.value) }, uniquingKeysWith: { $1 }))
        ),
      ])
    }
  }

  /// One object on one line, its members in the order given: who a run is comes before its numbers.
  private static func line(_ members: [Member]) -> String {
    let texts = members.compactMap { member in
      member.value.map { "\(Value.string(member.name).canonicalText):\($0.canonicalText)" }
    }
    return "{" + texts.joined(separator: ",") + "}"
  }

  /// Values that runs share, each under one name.
  private struct SharedLines {
    private var values: [String: [String: Value]] = [:]

    /// Keeps the value and returns its name: the one given, or one made from its text.
    mutating func add(
      _ kind: String, named name: String? = nil, _ value: Value, of reference: Reference
    ) throws(ResultsError) -> String {
      let name = name ?? ReferenceFile.shortName(of: value.canonicalText)
      if let other = values[kind, default: [:]].updateValue(value, forKey: name), other != value {
        throw ResultsError(
          .malformed,
          "The run \(reference.identity) and another of the same experiment have two different "
            + "values of the \(kind) '\(name)'; run both with one version of the program.")
      }
      return name
    }

    /// The values of a kind, sorted by name.
    func values(_ kind: String) -> [(name: String, value: Value)] {
      values[kind, default: [:]].sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }
  }

  /// Twelve hexadecimal digits that name a text within one file: FNV-1a, 48 bits of it.
  private static func shortName(of text: String) -> String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    let digits = String(hash >> 16, radix: 16)
    return String(repeating: "0", count: 12 - digits.count) + digits
  }

  // MARK: - Reading

  /// The references a file holds.
  ///
  /// - Throws: ``ResultsError``: `missing` without the file, `schemaVersion` for another version,
  ///   `malformed` or `unknownKey` for the first damaged line, named by its number.
  public init(readingFrom path: String) throws(ResultsError) {
    try self.init(parsing: FileFormat.references.contents(of: path), source: path)
  }

  /// The references a text holds; `source` names it in messages.
  public init(parsing data: Data, source: String) throws(ResultsError) {
    let schema = try FileFormat.references.schema()
    var header: Value?
    var shared: [String: [String: Value]] = [:]
    var runs: [(place: String, value: Value)] = []
    var defaults: [String: Value] = [:]
    // A line end of Windows is one character.
    let lines = String(decoding: data, as: UTF8.self).split(omittingEmptySubsequences: false) {
      $0 == "\n" || $0 == "\r\n"
    }
    for (index, line) in lines.enumerated() where !line.isEmpty {
      let place = "\(source)' line '\(index + 1)"
      let value = try Value(parsing: Data(line.utf8), source: place)
      try FileFormat.references.validate(value, schema: schema, source: place)
      if value["references"] != nil {
        header = header ?? value
      } else if value["method"] != nil {
        runs.append((place, value))
      } else if let usual = value["defaults"]?.objectValue {
        defaults = usual
      } else if let metric = value["metric"], let name = metric["name"]?.stringValue {
        shared["metric", default: [:]][name] = metric
      } else if let part = value["value"] {
        for kind in ["columns", "environment", "datasets"] {
          if let name = value[kind]?.stringValue { shared[kind, default: [:]][name] = part }
        }
        if let name = value["configuration"]?.stringValue {
          let whole = try Self.whole(part, value["differsFrom"], shared, source: place)
          guard whole.canonicalDigest.hasPrefix(name) else {
            throw ResultsError(
              .malformed,
              "The configuration at '\(place)' has the digest \(whole.canonicalDigest) and not the "
                + "one that it is stored under; restore the file from version control or store it "
                + "again with 'report accept'.")
          }
          shared["configuration", default: [:]][Self.shortened(name)] = whole
        }
      }
    }
    guard let experiment = header?["references"]?.stringValue,
      let budget = header?["budget"]?.stringValue
    else {
      throw ResultsError(
        .malformed,
        "The file of references '\(source)' has no line that names its experiment and budget; "
          + "restore it from version control or store it again with 'report accept'.")
    }
    var references: [Reference] = []
    for (place, value) in runs {
      references.append(
        try Self.reference(
          Self.completed(value, by: defaults, source: place), experiment: experiment,
          budget: budget, shared: shared, source: place))
    }
    if let twice = Self.repeated(references) {
      throw ResultsError(
        .malformed,
        "The file of references '\(source)' has two lines of the run \(twice); remove the one that "
          + "is out of date.")
    }
    self.init(experiment: experiment, budget: budget, references: references)
  }

  /// A configuration from its line: as it stands, or the one that it differs from with its changes.
  private static func whole(
    _ value: Value, _ base: Value?, _ shared: [String: [String: Value]], source: String
  ) throws(ResultsError) -> Value {
    guard let name = base?.stringValue else { return value }
    guard let base = shared["configuration"]?[shortened(name)] else {
      throw ResultsError(
        .malformed,
        "The configuration at '\(source)' differs from '\(name)', which no line above holds; restore "
          + "the file from version control or store it again with 'report accept'.")
    }
    return base.replacing((value.objectValue ?? [:]).map { ($0.key, $0.value) })
  }

  /// A run's line with the file's defaults for what it does not say.
  private static func completed(
    _ run: Value, by defaults: [String: Value], source: String
  ) throws(ResultsError) -> Value {
    let members = (run.objectValue ?? [:]).merging(defaults) { own, _ in own }
    // Files before version 3 give each number its name, and no columns.
    let needed = inherited.filter { $0 != "columns" || members["final"]?.arrayValue != nil }
    if let key = needed.first(where: { members[$0] == nil }) {
      throw ResultsError(
        .malformed,
        "The run at '\(source)' does not say its '\(key)', and neither does a line 'defaults'; restore "
          + "the file from version control or store it again with 'report accept'.")
    }
    return .object(sorted: members)
  }

  /// A run's value with its numbers by name, which a line gives in the order of its columns.
  private static func named(
    _ run: Value, source: String, columns: (String) throws(ResultsError) -> Value
  ) throws(ResultsError) -> Value {
    guard var members = run.objectValue else { return run }
    let name = members.removeValue(forKey: "columns")?.stringValue
    guard let name, let numbers = members["final"]?.arrayValue else {
      return .object(sorted: members)
    }
    let names = try columns(name).arrayValue?.compactMap(\.stringValue) ?? []
    guard names.count == numbers.count, Set(names).count == names.count else {
      throw ResultsError(
        .malformed,
        "The run at '\(source)' has \(numbers.count) numbers for the \(names.count) columns "
          + "'\(names.joined(separator: "', '"))', which must be as many and different; restore the file "
          + "from version control or store it again with 'report accept'.")
    }
    members["final"] = .object(sorted: Dictionary(uniqueKeysWithValues: zip(names, numbers)))
    return .object(sorted: members)
  }

  private static func repeated(_ references: [Reference]) -> RunIdentity? {
    var known: Set<RunIdentity> = []
    return references.map(\.identity).first { !known.insert($0).inserted }
  }

  private static func reference(
    _ value: Value, experiment: String, budget: String,
    shared: [String: [String: Value]], source: String
  ) throws(ResultsError) -> Reference {
    func part(_ kind: String, _ name: String) throws(ResultsError) -> Value {
      if let value = shared[kind]?[name] { return value }
      throw ResultsError(
        .malformed,
        "The file '\(source)' names the \(kind) '\(name)', which no line of the file holds; "
          + "restore it from version control or store it again with 'report accept'.")
    }
    let run = try Self.named(value, source: source) { name throws(ResultsError) in
      try part("columns", name)
    }.decoded(as: Run.self, source: source)
    var metrics: [RunRecord.Metric] = []
    for name in run.final.keys.sorted() {
      let described = try part("metric", name)
      guard let unit = described["unit"]?.stringValue,
        let better = described["betterWhen"]?.stringValue.flatMap(BetterWhen.init(rawValue:))
      else { continue }
      metrics.append(RunRecord.Metric(name: name, unit: unit, betterWhen: better))
    }
    return Reference(
      experiment: experiment, budget: budget, run: run,
      configuration: try part("configuration", shortened(run.configuration)),
      datasets: try part("datasets", run.datasets)
        .decoded(as: [RunRecord.DatasetUse].self, source: source),
      environment: try part("environment", run.environment)
        .decoded(as: RunRecord.Environment.self, source: source), metrics: metrics)
  }
}
