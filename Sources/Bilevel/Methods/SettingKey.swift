/// One key of a configuration: what it means, its unit, what values it takes.
///
/// The one place where a setting's range is stated: validation, help and the page of all keys read
/// it here. Every whole number has an upper bound, so that nothing that follows can overflow.
public struct SettingKey<Settings>: Sendable {
  /// The key, such as `inner.stepSize`.
  public let name: String
  /// What it means, as a phrase; the paper's symbol first where there is one.
  public let meaning: String
  /// The unit, or a dash.
  public let unit: String
  /// What values it takes, to follow "must be".
  public let wanted: String
  /// The names that it takes; empty where it does not take one of a few names.
  public let choices: [String]
  private let value: @Sendable (Settings) -> String
  private let accepts: @Sendable (Settings) -> Bool

  /// A key with the sentence part that says what it wants.
  public init<Value>(
    _ name: String, _ meaning: String, unit: String = "-", wanted: String, choices: [String] = [],
    _ value: @escaping @Sendable (Settings) -> Value,
    where accepts: @escaping @Sendable (Value) -> Bool = { (_: Value) in true }
  ) {
    self.name = name
    self.meaning = meaning
    self.unit = unit
    self.wanted = wanted
    self.choices = choices
    self.value = { "\(value($0))" }
    self.accepts = { accepts(value($0)) }
  }

  /// What is wrong with the key's value: "The setting K is V but must be W", or nil.
  public func violation(in settings: Settings) -> String? {
    let given = value(settings)
    return accepts(settings)
      ? nil : "The setting \(name) is \(given.isEmpty ? "\"\"" : given) but must be \(wanted)"
  }

  /// The key of a wider configuration that contains the settings.
  public func lifted<Wider>(
    from part: @escaping @Sendable (Wider) -> Settings
  ) -> SettingKey<Wider> {
    let (value, accepts) = (value, accepts)
    return SettingKey<Wider>(
      name: name, meaning: meaning, unit: unit, wanted: wanted, choices: choices,
      value: { value(part($0)) }, accepts: { accepts(part($0)) })
  }

  private init(
    name: String, meaning: String, unit: String, wanted: String, choices: [String],
    value: @escaping @Sendable (Settings) -> String,
    accepts: @escaping @Sendable (Settings) -> Bool
  ) {
    self.name = name
    self.meaning = meaning
    self.unit = unit
    self.wanted = wanted
    self.choices = choices
    self.value = value
    self.accepts = accepts
  }
}

extension SettingKey {
  /// A whole number within a range.
  public static func whole(
    _ name: String, _ meaning: String, unit: String = "count", _ range: ClosedRange<Int>,
    _ value: @escaping @Sendable (Settings) -> Int
  ) -> SettingKey {
    SettingKey(
      name, meaning, unit: unit,
      wanted: "a whole number from \(range.lowerBound) to \(range.upperBound)", value
    ) { range.contains($0) }
  }

  /// A whole number within a range, or unset.
  public static func optionalWhole(
    _ name: String, _ meaning: String, unit: String = "count", _ range: ClosedRange<Int>,
    _ value: @escaping @Sendable (Settings) -> Int?
  ) -> SettingKey {
    SettingKey(
      name, meaning, unit: unit,
      wanted: "a whole number from \(range.lowerBound) to \(range.upperBound), or null",
      { value($0).map { "\($0)" } ?? "null" }, where: { Int($0).map(range.contains) ?? true })
  }

  /// A positive finite number.
  public static func positive(
    _ name: String, _ meaning: String, unit: String = "-",
    _ value: @escaping @Sendable (Settings) -> Double
  ) -> SettingKey {
    SettingKey(name, meaning, unit: unit, wanted: "a positive finite number", value) {
      $0.isFinite && $0 > 0
    }
  }

  /// A positive finite number, or unset.
  public static func optionalPositive(
    _ name: String, _ meaning: String, unit: String = "-",
    _ value: @escaping @Sendable (Settings) -> Double?
  ) -> SettingKey {
    SettingKey(
      name, meaning, unit: unit, wanted: "a positive finite number, or null",
      { value($0).map { "\($0)" } ?? "null" },
      where: { Double($0).map { $0.isFinite && $0 > 0 } ?? true })
  }

  /// A finite number of at least 0.
  public static func notNegative(
    _ name: String, _ meaning: String, unit: String = "-",
    _ value: @escaping @Sendable (Settings) -> Double
  ) -> SettingKey {
    SettingKey(name, meaning, unit: unit, wanted: "a finite number of at least 0", value) {
      $0.isFinite && $0 >= 0
    }
  }

  /// Any finite number.
  public static func finite(
    _ name: String, _ meaning: String, unit: String = "-",
    _ value: @escaping @Sendable (Settings) -> Double
  ) -> SettingKey {
    SettingKey(name, meaning, unit: unit, wanted: "a finite number", value) { $0.isFinite }
  }

  /// A number between 0 and 1, both included.
  public static func fraction(
    _ name: String, _ meaning: String, _ value: @escaping @Sendable (Settings) -> Double
  ) -> SettingKey {
    SettingKey(name, meaning, unit: "fraction", wanted: "between 0 and 1", value) {
      (0...1).contains($0)
    }
  }

  /// A number from 0 up to, but not including, 1.
  public static func properFraction(
    _ name: String, _ meaning: String, _ value: @escaping @Sendable (Settings) -> Double
  ) -> SettingKey {
    SettingKey(name, meaning, unit: "fraction", wanted: "in [0, 1)", value) {
      (0..<1).contains($0)
    }
  }

  /// True or false.
  public static func flag(
    _ name: String, _ meaning: String, _ value: @escaping @Sendable (Settings) -> Bool
  ) -> SettingKey {
    SettingKey(name, meaning, wanted: "true or false", value)
  }

  /// One of a fixed set of names.
  public static func choice<Choice: RawRepresentable<String> & CaseIterable & Sendable>(
    _ name: String, _ meaning: String, _ value: @escaping @Sendable (Settings) -> Choice
  ) -> SettingKey {
    let names = Choice.allCases.map(\.rawValue)
    return SettingKey(
      name, meaning, wanted: "one of " + names.joined(separator: ", "), choices: names,
      { value($0).rawValue })
  }
}
