/// A configuration as a tree: what YAML and JSON have in common, with keys in declaration order.
public indirect enum ConfigurationValue: Sendable, Equatable {
  /// No value: an optional that is not set.
  case null
  /// A truth value.
  case boolean(Bool)
  /// A whole number.
  case integer(Int64)
  /// Any other number, with the shortest text that reads back as the same value of its own type
  /// (a `Float` of 0.1 is `0.1`, not `0.10000000149`).
  case number(Double)
  /// A text.
  case string(String)
  /// A list.
  case array([ConfigurationValue])
  /// Named values in order. Names are unique.
  case object([Member])

  /// One named value.
  public struct Member: Sendable, Equatable {
    /// The name.
    public let key: String
    /// The value.
    public var value: ConfigurationValue

    /// A named value.
    public init(key: String, value: ConfigurationValue) {
      self.key = key
      self.value = value
    }
  }

  /// The member of an object; nil where there is none.
  public subscript(key: String) -> ConfigurationValue? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.key == key }?.value
  }

  /// The value at a path such as `upper.learningRate` or `stages.0.steps`; nil where there is none.
  package func value(at path: [String]) -> ConfigurationValue? {
    guard let key = path.first else { return self }
    let rest = Array(path.dropFirst())
    if case .array(let items) = self {
      guard let index = Int(key), items.indices.contains(index) else { return nil }
      return items[index].value(at: rest)
    }
    return self[key]?.value(at: rest)
  }

  /// The names of an object's members, in order.
  package var keys: [String] {
    guard case .object(let members) = self else { return [] }
    return members.map(\.key)
  }

  /// What kind of value a user would have to write, as a phrase.
  package var kindDescription: String {
    switch self {
    case .null: "a value"
    case .boolean: "true or false"
    case .integer: "a whole number"
    case .number: "a number"
    case .string: "a text"
    case .array: "a list"
    case .object: "named values"
    }
  }
}
