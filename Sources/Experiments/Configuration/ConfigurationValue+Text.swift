import Yams

extension ConfigurationValue {
  /// The tree as YAML, in order, ending with a line break; reads back as the same configuration.
  public var yaml: String {
    // The emitter refuses only what has no representation, which a tree of this type cannot hold.
    guard let text = try? Yams.serialize(node: node, width: -1, allowUnicode: true) else {
      preconditionFailure("The configuration tree could not be written as YAML: \(self)")
    }
    return text
  }

  /// The tree as JSON in one canonical form: keys sorted, no spaces, numbers in their shortest form,
  /// non-finite numbers as the texts "inf", "-inf" and "nan". Equal settings give equal texts.
  public var canonicalJSON: String {
    switch self {
    case .null: "null"
    case .boolean(let value): value ? "true" : "false"
    case .integer(let value): "\(value)"
    case .number(let value): value.isFinite ? "\(value)" : Self.quoted("\(value)")
    case .string(let value): Self.quoted(value)
    case .array(let items): "[" + items.map(\.canonicalJSON).joined(separator: ",") + "]"
    case .object(let members):
      "{"
        + members.sorted { $0.key < $1.key }
        .map { Self.quoted($0.key) + ":" + $0.value.canonicalJSON }.joined(separator: ",") + "}"
    }
  }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      case "\r": result += "\\r"
      case "\u{0}"..."\u{1F}":
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }

  /// The tree in the form that Yams writes and decodes.
  var node: Node {
    switch self {
    // Only in plain style does Yams decode it as no value.
    case .null: Node("null", Tag(.null), .plain)
    case .boolean(let value): Node(value ? "true" : "false", Tag(.bool))
    case .integer(let value): Node("\(value)", Tag(.int))
    case .number(let value): Node(Self.yamlText(of: value), Tag(.float))
    case .string(let value): Self.node(of: value)
    case .array(let items): Node(items.map(\.node))
    case .object(let members): Node(members.map { (Self.node(of: $0.key), $0.value.node) })
    }
  }

  /// A point before the exponent: without it other YAML readers take `1e-05` for a text.
  private static func yamlText(of value: Double) -> String {
    if value.isNaN { return ".nan" }
    if value.isInfinite { return value < 0 ? "-.inf" : ".inf" }
    let text = "\(value)"
    guard let exponent = text.firstIndex(of: "e"), !text.contains(".") else { return text }
    return text[..<exponent] + ".0" + text[exponent...]
  }

  /// Quoted where the plain text would read back as something else than a text.
  private static func node(of text: String) -> Node {
    let plain = Node(text, Tag(.implicit))
    let isAmbiguous = Resolver.default.resolveTag(of: plain) != .str
    return Node(text, Tag(.str), isAmbiguous ? .doubleQuoted : .any)
  }
}

extension ConfigurationValue: Encodable {
  /// Writes the tree into any encoder, non-finite numbers as the texts "inf", "-inf" and "nan".
  public func encode(to encoder: any Encoder) throws {
    switch self {
    case .object(let members):
      var container = encoder.container(keyedBy: Key.self)
      for member in members {
        try container.encode(member.value, forKey: Key(stringValue: member.key))
      }
    case .array(let items):
      var container = encoder.unkeyedContainer()
      for item in items { try container.encode(item) }
    default:
      var container = encoder.singleValueContainer()
      switch self {
      case .boolean(let value): try container.encode(value)
      case .integer(let value): try container.encode(value)
      case .number(let value) where value.isFinite: try container.encode(value)
      case .number(let value): try container.encode("\(value)")
      case .string(let value): try container.encode(value)
      case .null, .array, .object: try container.encodeNil()
      }
    }
  }

  private struct Key: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }
}
