import Bilevel

/// Everything that defines a run: an experiment's own sections, the methods' sections, and the outer
/// loop, in one flat configuration.
///
/// Keys read `data.name`, `inner.steps`, `outer.learningRate`: nothing tells them apart but who
/// declares them, so that one setting has one name in all experiments. In code the experiment's own
/// sections and the methods' are members alike: `settings.data.name`, `settings.inner.steps`.
@dynamicMemberLookup
package struct RunSettings<Own: OwnSettings>: Codable, Sendable, Equatable {
  /// The experiment's own sections.
  package var own: Own
  /// The methods' sections.
  package var method: MethodSettings
  /// The section `outer`.
  package var outer: OuterSettings

  /// Settings of the three parts.
  package init(
    _ own: Own, method: MethodSettings = MethodSettings(), outer: OuterSettings = OuterSettings()
  ) {
    self.own = own
    self.method = method
    self.outer = outer
  }

  private enum CodingKeys: String, CodingKey { case outer }

  /// The settings that a flat configuration holds.
  package init(from decoder: any Decoder) throws {
    own = try Own(from: decoder)
    method = try MethodSettings(from: decoder)
    outer = try decoder.container(keyedBy: CodingKeys.self).decode(
      OuterSettings.self, forKey: .outer)
  }

  /// Writes all sections side by side.
  package func encode(to encoder: any Encoder) throws {
    try own.encode(to: encoder)
    try method.encode(to: encoder)
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(outer, forKey: .outer)
  }

  /// A section of the experiment's own.
  package subscript<Section>(dynamicMember path: WritableKeyPath<Own, Section>) -> Section {
    get { own[keyPath: path] }
    set { own[keyPath: path] = newValue }
  }

  /// A section of the methods'.
  package subscript<Section>(
    dynamicMember path: WritableKeyPath<MethodSettings, Section>
  ) -> Section {
    get { method[keyPath: path] }
    set { method[keyPath: path] = newValue }
  }
}

/// Settings that know what each of their keys takes.
package protocol DescribedSettings {
  /// The names that a key takes; empty where it does not take one of a few names, or is none.
  static func choices(of key: String) -> [String]
  /// The first key whose value makes no sense by itself, and what it must be; nil where all do.
  var violation: (key: String, problem: String)? { get }
  /// What does not go together, with the keys that it is about; nil where all does.
  var conflict: String? { get }
  /// The first key with a number that the scalar type of the computation cannot hold, and what it is; nil
  /// where it holds all.
  func unrepresentable(in scalar: ScalarChoice) -> (key: String, problem: String)?
}

extension RunSettings: DescribedSettings {
  /// The names that a key takes; empty where it does not take one of a few names, or is none.
  package static func choices(of key: String) -> [String] {
    keys.first { $0.name == key }?.choices ?? []
  }
}

/// The sections that one experiment adds to those of the methods.
package protocol OwnSettings: Codable, Sendable, Equatable {
  /// Every key of the sections, in their order.
  static var keys: [SettingKey<Self>] { get }

  /// Whether one of these keys has an effect on anything, given the values of the others.
  func hasEffect(_ key: String) -> Bool

  /// What does not go together, as "The setting K is V but must be W", beyond what single keys say;
  /// nil where all does.
  static func conflict(in settings: RunSettings<Self>) -> String?
}

extension OwnSettings {
  /// Every key has one.
  package func hasEffect(_ key: String) -> Bool { true }

  /// Nothing conflicts.
  package static func conflict(in settings: RunSettings<Self>) -> String? { nil }
}

extension RunSettings {
  /// The first key whose value makes no sense by itself, and what it must be.
  package var violation: (key: String, problem: String)? {
    for key in Self.keys {
      if let problem = key.violation(in: self) { return (key.name, problem) }
    }
    return nil
  }

  /// The first key with a number that would be computed with as infinity, such as 1e39 in float, or as 0.
  package func unrepresentable(in scalar: ScalarChoice) -> (key: String, problem: String)? {
    for (key, value) in Configuration(self).tree.differences(from: nil) {
      // A text that is spelt like a number is a name.
      let numbers = (value.arrayValue ?? [value]).filter { $0.stringValue == nil }
      for number in numbers.compactMap(\.doubleValue) where !scalar.holds(number) {
        return (
          key,
          "The setting \(key) is \(number), which as a float is \(Float(number)): choose a number "
            + "that can be represented, or --scalar double."
        )
      }
    }
    return nil
  }

  /// What does not go together, as a sentence without its end.
  package var conflict: String? { outer.clippingConflict ?? Own.conflict(in: self) }

  /// Every key of the configuration, in its order.
  package static var keys: [SettingKey<RunSettings>] {
    Own.keys.map { $0.lifted { $0.own } } + MethodSettings.keys.map { $0.lifted { $0.method } }
      + OuterSettings.keys.map { $0.lifted { $0.outer } }
  }

  /// Whether a key has an effect on anything, given the values of the others: the size of a set that
  /// nothing is projected onto, for one, has none.
  package func hasEffect(_ key: String) -> Bool {
    outer.hasEffect(key) && own.hasEffect(key) && method.hasEffect(key)
  }

  /// Throws the first setting that makes no sense, with what it must be, or that the scalar type of
  /// the computation cannot hold: 1e39 would be computed with as infinity, 1e-50 as 0.
  package func validate(in scalar: ScalarChoice) throws(ConfigurationError) {
    if let violation {
      throw ConfigurationError(
        .invalidOption,
        "\(violation.problem); correct it with --set \(violation.key)=... or in the configuration "
          + "file.")
    }
    if let problem = unrepresentable(in: scalar)?.problem {
      throw ConfigurationError(.invalidOption, problem)
    }
    if let conflict {
      throw ConfigurationError(
        .invalidOption, "\(conflict); correct it with --set or in the configuration file.")
    }
  }
}
