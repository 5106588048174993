import Results
import Yams

extension Value {
  /// The tree as YAML, in order, ending with a line break; reads back as the same configuration.
  package var yaml: String {
    // The emitter refuses only what has no representation, which a tree of this type cannot hold.
    guard let text = try? Yams.serialize(node: node, width: -1, allowUnicode: true) else {
      preconditionFailure("The configuration tree could not be written as YAML: \(self)")
    }
    return text
  }

  /// The tree in the form that Yams writes and decodes.
  var node: Node {
    switch self {
    // Only in plain style does Yams decode it as no value.
    case .null: Node("null", Tag(.null), .plain)
    case .bool(let value): Node(value ? "true" : "false", Tag(.bool))
    case .integer(let value): Node("\(value)", Tag(.int))
    case .unsigned(let value): Node("\(value)", Tag(.int))
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
