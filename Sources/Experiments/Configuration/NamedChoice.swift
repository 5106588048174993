import Commands

/// A setting with a fixed set of names, whose decoding error lists them and suggests the nearest.
///
///     enum Corruption: String, NamedChoice { case alwaysWrong, uniform }
public protocol NamedChoice: RawRepresentable, CaseIterable, Codable, Sendable
where RawValue == String {}

extension NamedChoice {
  /// The choice of a name.
  /// - Throws: `DecodingError.dataCorrupted` that lists the names.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let name = try container.decode(String.self)
    guard let choice = Self(rawValue: name) else {
      let names = Self.allCases.map(\.rawValue)
      throw DecodingError.dataCorruptedError(
        in: container,
        debugDescription: "\"\(name)\" is not one of its names; "
          + Spelling.advice(for: name, among: names, plural: "the names are"))
    }
    self = choice
  }
}
