/// A JSON value of any kind: configurations, parameters and diagnostics are trees of these.
///
/// JSON has no numbers beyond the finite ones. The strings "inf", "-inf" and "nan" stand for them
/// in files and are read back as numbers, so a text parameter must not be spelt like one of them.
/// Numbers compare by value (`integer(1)` equals `number(1)`), and "nan" equals itself, so that
/// writing and reading a value gives an equal one.
public enum JSONValue: Sendable {
  /// The absent value.
  case null
  /// True or false.
  case bool(Bool)
  /// A number without fraction that fits 64 bits; seeds and counts keep all their digits.
  case integer(Int)
  /// Any other number, non-finite ones included.
  case number(Double)
  /// A text.
  case string(String)
  /// An ordered list.
  case array([JSONValue])
  /// Named members; order carries no meaning.
  case object([String: JSONValue])
}

// MARK: - Reading parts

extension JSONValue {
  /// The number as Double, nil for other kinds.
  public var doubleValue: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }

  /// The number as Int when it has no fraction and fits, nil otherwise.
  public var integerValue: Int? {
    switch self {
    case .integer(let value): value
    case .number(let value): Int(exactly: value)
    default: nil
    }
  }

  /// The text, nil for other kinds.
  public var stringValue: String? {
    if case .string(let value) = self { value } else { nil }
  }

  /// The truth value, nil for other kinds.
  public var boolValue: Bool? {
    if case .bool(let value) = self { value } else { nil }
  }

  /// The elements, nil for other kinds.
  public var arrayValue: [JSONValue]? {
    if case .array(let value) = self { value } else { nil }
  }

  /// The members, nil for other kinds.
  public var objectValue: [String: JSONValue]? {
    if case .object(let value) = self { value } else { nil }
  }

  /// The member of that name, nil where there is none or this is no object.
  public subscript(name: String) -> JSONValue? { objectValue?[name] }

  /// The kind in the words of JSON Schema: null, boolean, integer, number, string, array, object.
  public var kindName: String {
    switch self {
    case .null: "null"
    case .bool: "boolean"
    case .integer: "integer"
    case .number(let value): Int(exactly: value) == nil ? "number" : "integer"
    case .string: "string"
    case .array: "array"
    case .object: "object"
    }
  }
}

// MARK: - Equality, literals

extension JSONValue: Equatable {
  /// Whether two values say the same; see the type for numbers.
  public static func == (left: JSONValue, right: JSONValue) -> Bool {
    switch (left, right) {
    case (.null, .null): return true
    case (.bool(let first), .bool(let second)): return first == second
    case (.integer(let first), .integer(let second)): return first == second
    case (.string(let first), .string(let second)): return first == second
    case (.array(let first), .array(let second)): return first == second
    case (.object(let first), .object(let second)): return first == second
    default:
      guard let first = left.doubleValue, let second = right.doubleValue else { return false }
      return first == second || (first.isNaN && second.isNaN)
    }
  }
}

extension JSONValue: ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByFloatLiteral, ExpressibleByStringLiteral, ExpressibleByArrayLiteral,
  ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
  /// The truth value written.
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  /// The whole number written.
  public init(integerLiteral value: Int) { self = .integer(value) }
  /// The number written.
  public init(floatLiteral value: Double) { self = .number(value) }
  /// The text written.
  public init(stringLiteral value: String) { self = .string(value) }
  /// The list written.
  public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
  /// The object written; the last of two equal names wins.
  public init(dictionaryLiteral elements: (String, JSONValue)...) {
    self = .object(Dictionary(elements, uniquingKeysWith: { _, last in last }))
  }
  /// The absent value.
  public init(nilLiteral: ()) { self = .null }
}

// MARK: - Codable

extension JSONValue: Codable {
  /// The value a decoder stands at.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    // Numbers first: curves are long, and a failed attempt costs far more than a successful one.
    if let number = try? container.decode(Double.self) {
      if number.isFinite, number == number.rounded(), let whole = try? container.decode(Int.self) {
        self = .integer(whole)
      } else {
        self = .number(number)
      }
    } else if let text = try? container.decode(String.self) {
      self = .string(text)
    } else if let truth = try? container.decode(Bool.self) {
      self = .bool(truth)
    } else if container.decodeNil() {
      self = .null
    } else if let elements = try? container.decode([JSONValue].self) {
      self = .array(elements)
    } else {
      self = .object(try container.decode([String: JSONValue].self))
    }
  }

  /// Writes the value to an encoder.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .null: try container.encodeNil()
    case .bool(let value): try container.encode(value)
    case .integer(let value): try container.encode(value)
    case .number(let value): try container.encode(value)
    case .string(let value): try container.encode(value)
    case .array(let value): try container.encode(value)
    case .object(let value): try container.encode(value)
    }
  }
}
