import Foundation

/// A schema for JSON values: the part of JSON Schema (draft 2020-12) that our files need.
///
/// Understood: `type`, `required`, `properties`, `additionalProperties`, `items`, `enum`, `const`,
/// `minimum`, `minLength`, `minItems`, `anyOf`, `oneOf`, `$ref` into `$defs`, and the annotations
/// `$schema`, `$id`, `$defs`, `title`, `description`. Any other keyword is refused when the schema
/// is read, so that no rule is silently not applied. The non-finite numbers of ``Value`` count
/// as numbers; in a schema for other tools they are `{"enum": ["inf", "-inf", "nan"]}` beside it.
public struct JSONSchema: Sendable {
  /// One place where a value breaks the schema.
  public struct Violation: Equatable, Sendable {
    /// The keys that lead there, joined by points; empty at the top level.
    public let path: String
    /// What is wrong there, as the end of a sentence.
    public let problem: String
    /// The key, where the problem is that the schema does not know it.
    public let unknownKey: String?
  }

  private let root: Value

  /// The schema a JSON tree describes.
  ///
  /// - Throws: ``ResultsError`` of kind `malformed` for a keyword outside the part understood.
  public init(_ root: Value) throws(ResultsError) {
    try Self.check(root, at: "#")
    self.root = root
  }

  /// Every place where the value breaks the schema, in the order of sorted keys; empty when valid.
  public func violations(of value: Value) -> [Violation] {
    violations(of: value, against: root, path: [])
  }

  private static let keywords: Set<String> = [
    "type", "required", "properties", "additionalProperties", "items", "enum", "const", "minimum",
    "minLength", "minItems", "anyOf", "oneOf", "$ref", "$defs", "$schema", "$id", "title",
    "description",
  ]

  private static func check(_ schema: Value, at place: String) throws(ResultsError) {
    if schema.boolValue != nil { return }
    guard let members = schema.objectValue else {
      throw ResultsError(
        .malformed, "The schema at '\(place)' is neither an object nor a boolean; correct it.")
    }
    for (keyword, value) in members.sorted(by: { $0.key < $1.key }) {
      guard keywords.contains(keyword) else {
        throw ResultsError(
          .malformed,
          "The schema at '\(place)' uses the keyword '\(keyword)', which this validator "
            + "does not implement; express the rule otherwise or implement it.")
      }
      let inner = "\(place)/\(keyword)"
      switch keyword {
      case "properties", "$defs":
        for (name, part) in value.objectValue ?? [:] { try check(part, at: "\(inner)/\(name)") }
      case "items", "additionalProperties":
        try check(value, at: inner)
      case "anyOf", "oneOf":
        for part in value.arrayValue ?? [] { try check(part, at: inner) }
      default:
        break
      }
    }
  }

  private func violations(
    of value: Value, against schema: Value, path: [String]
  ) -> [Violation] {
    func violation(_ problem: String) -> Violation {
      Violation(path: path.joined(separator: "."), problem: problem, unknownKey: nil)
    }
    if let truth = schema.boolValue { return truth ? [] : [violation("is not allowed")] }
    var found: [Violation] = []
    if let reference = schema["$ref"]?.stringValue {
      guard let target = resolve(reference) else {
        return [violation("is described by '\(reference)', which the schema does not define")]
      }
      found += violations(of: value, against: target, path: path)
    }
    if let problem = typeProblem(value, schema) { return found + [violation(problem)] }
    if let allowed = schema["enum"]?.arrayValue, !allowed.contains(value) {
      let list = allowed.map(\.canonicalText).joined(separator: ", ")
      found.append(violation("is \(value.canonicalText) and must be one of \(list)"))
    }
    if let constant = schema["const"], constant != value {
      found.append(
        violation("is \(value.canonicalText) and must be \(constant.canonicalText)"))
    }
    if let minimum = schema["minimum"]?.doubleValue, let number = value.doubleValue,
      number < minimum
    {
      found.append(violation("is \(value.canonicalText) and must be at least \(minimum)"))
    }
    if let minimum = schema["minLength"]?.integerValue, let text = value.stringValue,
      text.count < minimum
    {
      found.append(violation("has \(text.count) characters and must have at least \(minimum)"))
    }
    found += alternativeViolations(value, schema, path)
    found += memberViolations(value, schema, path)
    found += elementViolations(value, schema, path)
    return found
  }

  private func typeProblem(_ value: Value, _ schema: Value) -> String? {
    guard let type = schema["type"] else { return nil }
    let allowed = type.arrayValue?.compactMap(\.stringValue) ?? [type.stringValue ?? ""]
    let kind = value.kindName
    if allowed.contains(kind) || (kind == "integer" && allowed.contains("number")) { return nil }
    return "is of type \(kind) and must be of type \(allowed.joined(separator: " or "))"
  }

  /// What an alternative wants, in words.
  private static func wanted(_ schema: Value) -> String {
    if let values = schema["enum"]?.arrayValue {
      return "one of " + values.map(\.canonicalText).joined(separator: ", ")
    }
    if let value = schema["const"] { return value.canonicalText }
    if let type = schema["type"]?.stringValue { return "of type \(type)" }
    return "as the schema describes it"
  }

  private func alternativeViolations(
    _ value: Value, _ schema: Value, _ path: [String]
  ) -> [Violation] {
    var found: [Violation] = []
    for keyword in ["anyOf", "oneOf"] {
      guard let alternatives = schema[keyword]?.arrayValue else { continue }
      let matches = alternatives.filter {
        violations(of: value, against: $0, path: path).isEmpty
      }.count
      if matches == 0 || (keyword == "oneOf" && matches > 1) {
        let problem =
          matches == 0
          ? "must be \(alternatives.map(Self.wanted).joined(separator: ", or "))"
          : "matches \(matches) of the \(alternatives.count) alternatives of \(keyword)"
        found.append(
          Violation(path: path.joined(separator: "."), problem: problem, unknownKey: nil))
      }
    }
    return found
  }

  private func memberViolations(
    _ value: Value, _ schema: Value, _ path: [String]
  ) -> [Violation] {
    guard let members = value.objectValue else { return [] }
    let place = path.joined(separator: ".")
    var found: [Violation] = []
    for name in schema["required"]?.arrayValue?.compactMap(\.stringValue) ?? []
    where members[name] == nil {
      found.append(Violation(path: place, problem: "lacks the key '\(name)'", unknownKey: nil))
    }
    let known = schema["properties"]?.objectValue ?? [:]
    let rest = schema["additionalProperties"]
    for (name, member) in members.sorted(by: { $0.key < $1.key }) {
      if let part = known[name] {
        found += violations(of: member, against: part, path: path + [name])
      } else if rest?.boolValue == false {
        let problem = "has the unknown key '\(name)'"
        found.append(Violation(path: place, problem: problem, unknownKey: name))
      } else if let rest {
        found += violations(of: member, against: rest, path: path + [name])
      }
    }
    return found
  }

  private func elementViolations(
    _ value: Value, _ schema: Value, _ path: [String]
  ) -> [Violation] {
    guard let elements = value.arrayValue else { return [] }
    var found: [Violation] = []
    if let minimum = schema["minItems"]?.integerValue, elements.count < minimum {
      let problem = "has \(elements.count) elements and must have at least \(minimum)"
      found.append(Violation(path: path.joined(separator: "."), problem: problem, unknownKey: nil))
    }
    if let part = schema["items"] {
      for (index, element) in elements.enumerated() {
        found += violations(of: element, against: part, path: path + [String(index)])
      }
    }
    return found
  }

  private func resolve(_ reference: String) -> Value? {
    guard reference.hasPrefix("#/") else { return nil }
    return reference.dropFirst(2).split(separator: "/").reduce(Optional(root)) { node, name in
      node?[String(name)]
    }
  }
}
