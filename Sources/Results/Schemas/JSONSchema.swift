/// A schema for JSON values: the part of JSON Schema (draft 2020-12) that our files need.
///
/// Understood: `type`, `required`, `properties`, `additionalProperties`, `items`, `enum`, `const`,
/// `minimum`, `minLength`, `minItems`, `uniqueItems`, `anyOf`, `oneOf`, `$ref` into the `$defs` of the
/// top level, and the annotations `$schema`, `$id`, `title`, `description`. Any other keyword is
/// refused when the schema is read, so that no rule is silently not applied. The texts of non-finite
/// numbers (see ``Value``) count as numbers where one is wanted, and as texts where one is wanted; in a
/// schema for other tools they are `{"enum": ["inf", "-inf", "nan"]}` beside it.
public struct JSONSchema: Sendable {
  /// One place where a value breaks the schema.
  public struct Violation: Equatable, Sendable {
    /// The keys that lead there, from the outside inwards; empty at the top level.
    var keys: [String] = []
    /// What is wrong there, as the end of a sentence.
    public let problem: String
    /// The key, where the problem is that the schema does not know it.
    public let unknownKey: String?

    /// The keys that lead there, joined by points; empty at the top level.
    public var path: String { keys.joined(separator: ".") }

    init(_ problem: String, unknownKey: String? = nil) {
      self.problem = problem
      self.unknownKey = unknownKey
    }

    /// The violation as it is seen from the value that has this one's value under `key`.
    func inside(_ key: String) -> Violation {
      var outer = self
      outer.keys.insert(key, at: 0)
      return outer
    }
  }

  private let root: Rule
  private let definitions: [String: Rule]

  /// The schema a JSON tree describes.
  ///
  /// - Throws: ``ResultsError`` of kind `malformed` for a keyword outside the part understood, or a
  ///   reference to a definition that is not there.
  public init(_ root: Value) throws(ResultsError) {
    var definitions: [String: Rule] = [:]
    for (name, part) in root["$defs"]?.objectValue ?? [:] {
      definitions[name] = try Rule(part, at: "#/$defs/\(name)")
    }
    self.root = try Rule(root, at: "#")
    self.definitions = definitions
    for rule in [self.root] + definitions.values { try requireDefinitions(of: rule) }
  }

  private func requireDefinitions(of rule: Rule) throws(ResultsError) {
    if let name = rule.reference, definitions[name] == nil {
      throw ResultsError(
        .malformed,
        "The schema refers to '#/$defs/\(name)', which it does not define; define it, or correct "
          + "the reference.")
    }
    for part in rule.parts { try requireDefinitions(of: part) }
  }

  /// Every place where the value breaks the schema, in the order of sorted keys; empty when valid.
  public func violations(of value: Value) -> [Violation] { violations(of: value, against: root) }

  // MARK: - Applying the rules

  private func violations(of value: Value, against rule: Rule) -> [Violation] {
    guard rule.allowsAnything else { return [Violation("is not allowed")] }
    var found: [Violation] = []
    if let target = rule.reference.flatMap({ definitions[$0] }) {
      found += violations(of: value, against: target)
    }
    if let problem = rule.problem(with: value) { return found + [Violation(problem)] }
    for alternatives in rule.alternatives {
      let matches = alternatives.rules.filter { violations(of: value, against: $0).isEmpty }.count
      if matches == 0 {
        found.append(Violation("must be \(alternatives.wanted)"))
      } else if matches > 1 && alternatives.excludesOthers {
        let count = alternatives.rules.count
        found.append(Violation("matches \(matches) of the \(count) alternatives of oneOf"))
      }
    }
    switch value {
    case .object(let members): found += violations(of: members, against: rule)
    case .array(let elements): found += violations(of: elements, against: rule)
    default: break
    }
    return found
  }

  private func violations(of members: [Value.Member], against rule: Rule) -> [Violation] {
    let absent = rule.required.filter { name in !members.contains { $0.key == name } }
    var inside: [(key: String, found: [Violation])] = []
    for member in members {
      guard let part = rule.members[member.key] ?? rule.otherMembers else { continue }
      if part.allowsAnything {
        let found = violations(of: member.value, against: part)
        if !found.isEmpty { inside.append((member.key, found.map { $0.inside(member.key) })) }
      } else if rule.members[member.key] == nil {
        let problem = "has the unknown key '\(member.key)'"
        inside.append((member.key, [Violation(problem, unknownKey: member.key)]))
      } else {
        inside.append((member.key, [Violation("is not allowed").inside(member.key)]))
      }
    }
    return absent.map { Violation("lacks the key '\($0)'") }
      + inside.sorted { $0.key < $1.key }.flatMap(\.found)
  }

  private func violations(of elements: [Value], against rule: Rule) -> [Violation] {
    var found: [Violation] = []
    if let minimum = rule.leastElements, elements.count < minimum {
      found.append(
        Violation("has \(elements.count) elements and must have at least \(minimum)"))
    }
    if rule.elementsAreUnique {
      var seen: Set<String> = []
      if let twice = elements.first(where: { !seen.insert($0.canonicalText).inserted }) {
        found.append(Violation("has the element \(twice.canonicalText) twice"))
      }
    }
    guard let part = rule.elements else { return found }
    for (index, element) in elements.enumerated() {
      for violation in violations(of: element, against: part) {
        found.append(violation.inside(String(index)))
      }
    }
    return found
  }
}
