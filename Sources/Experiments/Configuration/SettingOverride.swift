import Results

/// One key that a typed option of the command line sets.
public struct SettingOverride: Sendable {
  /// The option, for messages: `--alpha`.
  public let option: String
  /// The key, such as `aggregation.alpha`.
  public let key: String
  /// The value, as it was typed.
  public let value: Value

  /// An override by an option.
  public init(_ option: String, _ key: String, _ value: Value) {
    self.option = option
    self.key = key
    self.value = value
  }
}

extension [SettingOverride] {
  /// Adds a text, where given.
  public mutating func add(_ option: String, _ key: String, _ value: String?) {
    if let value { append(SettingOverride(option, key, .string(value))) }
  }

  /// Adds a whole number, where given.
  public mutating func add(_ option: String, _ key: String, _ value: Int?) {
    if let value { append(SettingOverride(option, key, .integer(value))) }
  }

  /// Adds a number, where given.
  public mutating func add(_ option: String, _ key: String, _ value: Double?) {
    if let value { append(SettingOverride(option, key, .number(value))) }
  }
}
