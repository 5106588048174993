/// A setting with a fixed set of names.
///
///     enum Corruption: String, NamedChoice { case alwaysWrong, uniform }
public protocol NamedChoice: RawRepresentable, CaseIterable, Codable, Sendable
where RawValue == String {}

extension NamedChoice {
  /// The choice of a name.
  ///
  /// - Throws: `DecodingError.dataCorrupted` whose underlying error is an ``UnknownName``.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let name = try container.decode(String.self)
    guard let choice = Self(rawValue: name) else {
      let unknown = UnknownName(name, "name", among: Self.allCases.map(\.rawValue))
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: container.codingPath, debugDescription: "\(unknown)",
          underlyingError: unknown))
    }
    self = choice
  }
}

/// A name that does not exist, and those that do.
public struct UnknownName: Error, Sendable, Equatable, CustomStringConvertible {
  /// What was named.
  public let name: String
  /// What kind of thing it should have been, such as "schedule".
  public let kind: String
  /// The names that exist.
  public let names: [String]

  /// An error about a name.
  public init(_ name: String, _ kind: String, among names: [String]) {
    self.name = name
    self.kind = kind
    self.names = names
  }

  /// The sentence, without suggestions.
  public var description: String {
    "There is no \(kind) \"\(name)\"; choose among \(names.joined(separator: ", "))."
  }
}
