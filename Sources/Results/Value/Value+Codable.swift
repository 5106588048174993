extension Value: Codable {
  /// The value a decoder stands at; members are sorted by name. A text is a text, also where it is spelt
  /// like a number that JSON does not have: which of the two is meant, whoever asks for it knows.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    // Numbers first: curves are long, and a failed attempt costs far more than a successful one.
    // Ours reads the texts of non-finite numbers as numbers, too.
    if let number = try? container.decode(Double.self), number.isFinite {
      self = Self.whole(number, in: container) ?? .number(number)
    } else if let text = try? container.decode(String.self) {
      self = .string(text)
    } else if let number = try? container.decode(Double.self) {
      self = .number(number)
    } else if let truth = try? container.decode(Bool.self) {
      self = .bool(truth)
    } else if container.decodeNil() {
      self = .null
    } else if let elements = try? container.decode([Value].self) {
      self = .array(elements)
    } else {
      self = .object(sorted: try container.decode([String: Value].self))
    }
  }

  /// The number with all its digits, where it is whole and fits 64 bits; "-0.0" keeps its sign.
  private static func whole(
    _ number: Double, in container: any SingleValueDecodingContainer
  ) -> Value? {
    guard number == number.rounded() else { return nil }
    if number == 0 && number.sign == .minus { return nil }
    if let whole = try? container.decode(Int.self) { return .integer(whole) }
    guard number > 0, let whole = try? container.decode(UInt64.self) else { return nil }
    return Value(whole)
  }

  /// The texts of the numbers that JSON does not have.
  static let nonFinite: [String: Double] = [
    "inf": .infinity, "-inf": -.infinity, "nan": .nan,
  ]

  /// The text of a number that JSON does not have.
  static func nonFiniteText(of number: Double) -> String {
    number.isNaN ? "nan" : number < 0 ? "-inf" : "inf"
  }

  /// Writes the value to any encoder, members in order, non-finite numbers as texts.
  public func encode(to encoder: any Encoder) throws {
    switch self {
    case .object(let members):
      var container = encoder.container(keyedBy: MemberKey.self)
      for member in members {
        try container.encode(member.value, forKey: MemberKey(stringValue: member.key))
      }
    case .array(let items):
      var container = encoder.unkeyedContainer()
      for item in items { try container.encode(item) }
    default:
      var container = encoder.singleValueContainer()
      switch self {
      case .bool(let value): try container.encode(value)
      case .integer(let value): try container.encode(value)
      case .unsigned(let value): try container.encode(value)
      case .number(let value) where value.isFinite: try container.encode(value)
      case .number(let value):
        try container.encode(Self.nonFiniteText(of: value))
      case .string(let value): try container.encode(value)
      case .null, .array, .object: try container.encodeNil()
      }
    }
  }

  private struct MemberKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }
}
