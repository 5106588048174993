import Results

/// One key that a typed option of the command line sets.
package struct SettingOverride: Sendable {
  /// The option, for messages: `--alpha`.
  package let option: String
  /// The key, such as `aggregation.alpha`.
  package let key: String
  /// The value, as it was typed.
  package let value: Value

  /// An override by an option.
  package init(_ option: String, _ key: String, _ value: Value) {
    self.option = option
    self.key = key
    self.value = value
  }
}

extension [SettingOverride] {
  /// Adds a text, where given.
  package mutating func add(_ option: String, _ key: String, _ value: String?) {
    if let value { append(SettingOverride(option, key, .string(value))) }
  }

  /// Adds a whole number, where given.
  package mutating func add(_ option: String, _ key: String, _ value: Int?) {
    if let value { append(SettingOverride(option, key, .integer(value))) }
  }

  /// Adds a number, where given.
  package mutating func add(_ option: String, _ key: String, _ value: Double?) {
    if let value { append(SettingOverride(option, key, .number(value))) }
  }
}
