extension JSONSchema {
  /// What a schema says of one place, read once, so that many values can be held against it.
  final class Rule: Sendable {
    /// False for the schema `false`, which no value fits.
    let allowsAnything: Bool
    /// The name among the definitions that `$ref` leads to, nil without one.
    let reference: String?
    /// The parts of an object by name.
    let members: [String: Rule]
    /// What the members not among ``members`` must be, nil where nothing is said.
    let otherMembers: Rule?
    /// The names of members that must be there.
    let required: [String]
    /// What every element of a list must be, nil where nothing is said.
    let elements: Rule?
    /// The smallest number of elements, nil where nothing is said.
    let leastElements: Int?
    /// Whether no element may be there twice.
    let elementsAreUnique: Bool
    /// The rules of `anyOf` and `oneOf`.
    let alternatives: [Alternatives]

    private let kinds: [String]?
    private let values: [Value]?
    private let constant: Value?
    private let minimum: Double?
    private let leastCharacters: Int?

    /// Rules of which one must fit.
    struct Alternatives: Sendable {
      /// The rules.
      let rules: [Rule]
      /// Whether only one may fit (`oneOf`).
      let excludesOthers: Bool
      /// What the rules ask for, in words.
      var wanted: String {
        var seen: Set<String> = []
        return rules.map(\.wanted).filter { seen.insert($0).inserted }.joined(separator: ", or ")
      }
    }

    /// The rules directly inside this one.
    var parts: [Rule] {
      [otherMembers, elements].compactMap { $0 } + Array(members.values)
        + alternatives.flatMap(\.rules)
    }

    private static let keywords: Set<String> = [
      "type", "required", "properties", "additionalProperties", "items", "enum", "const",
      "minimum", "minLength", "minItems", "uniqueItems", "anyOf", "oneOf", "$ref", "$schema", "$id",
      "title", "description",
    ]

    /// The rules of a schema; `place` names it in messages.
    ///
    /// - Throws: ``ResultsError`` of kind `malformed` for a keyword that would not be applied.
    init(_ schema: Value, at place: String) throws(ResultsError) {
      guard schema.boolValue != nil || schema.objectValue != nil else {
        throw ResultsError(
          .malformed, "The schema at '\(place)' is neither an object nor a boolean; correct it.")
      }
      for keyword in schema.keys.sorted()
      where !Self.keywords.contains(keyword) && !(keyword == "$defs" && place == "#") {
        throw ResultsError(
          .malformed,
          "The schema at '\(place)' uses the keyword '\(keyword)', which this validator "
            + "does not implement; express the rule otherwise or implement it.")
      }
      allowsAnything = schema.boolValue ?? true
      reference = try Self.definition(schema["$ref"]?.stringValue, at: place)
      kinds = schema["type"].map {
        $0.arrayValue?.compactMap(\.stringValue) ?? [$0.stringValue ?? ""]
      }
      values = schema["enum"]?.arrayValue
      constant = schema["const"]
      minimum = schema["minimum"]?.doubleValue
      leastCharacters = schema["minLength"]?.integerValue
      leastElements = schema["minItems"]?.integerValue
      elementsAreUnique = schema["uniqueItems"]?.boolValue ?? false
      required = schema["required"]?.arrayValue?.compactMap(\.stringValue) ?? []
      var members: [String: Rule] = [:]
      for (name, part) in schema["properties"]?.objectValue ?? [:] {
        members[name] = try Rule(part, at: "\(place)/properties/\(name)")
      }
      self.members = members
      otherMembers = try Self.rule(schema, "additionalProperties", at: place)
      elements = try Self.rule(schema, "items", at: place)
      var alternatives: [Alternatives] = []
      for keyword in ["anyOf", "oneOf"] {
        guard let parts = schema[keyword]?.arrayValue else { continue }
        var rules: [Rule] = []
        for part in parts { rules.append(try Rule(part, at: "\(place)/\(keyword)")) }
        alternatives.append(Alternatives(rules: rules, excludesOthers: keyword == "oneOf"))
      }
      self.alternatives = alternatives
    }

    private static func rule(
      _ schema: Value, _ keyword: String, at place: String
    ) throws(ResultsError) -> Rule? {
      guard let part = schema[keyword] else { return nil }
      return try Rule(part, at: "\(place)/\(keyword)")
    }

    private static func definition(
      _ reference: String?, at place: String
    ) throws(ResultsError) -> String? {
      guard let reference else { return nil }
      let start = "#/$defs/"
      guard reference.hasPrefix(start) else {
        throw ResultsError(
          .malformed,
          "The schema at '\(place)' refers to '\(reference)', and this validator follows "
            + "references into '\(start)' only; move what is meant there.")
      }
      return String(reference.dropFirst(start.count))
    }

    /// What is wrong with the value itself, as the end of a sentence; its parts and the alternatives
    /// are looked at elsewhere.
    func problem(with value: Value) -> String? {
      if let kinds, !kinds.contains(where: { value.isOfKind($0) }) {
        return "is of type \(value.kindName) and must be of type \(kinds.joined(separator: " or "))"
      }
      if let values, !values.contains(value) {
        let list = values.map(\.canonicalText).joined(separator: ", ")
        return "is \(value.canonicalText) and must be one of \(list)"
      }
      if let constant, constant != value {
        return "is \(value.canonicalText) and must be \(constant.canonicalText)"
      }
      // Not `number < minimum`, which is false for what is not a number.
      if let minimum, let number = value.doubleValue, !(number >= minimum) {
        return "is \(value.canonicalText) and must be at least \(minimum)"
      }
      if let least = leastCharacters, let text = value.stringValue, text.count < least {
        return "has \(text.count) characters and must have at least \(least)"
      }
      return nil
    }

    /// What the rule asks for, in words.
    private var wanted: String {
      if let values { return "one of " + values.map(\.canonicalText).joined(separator: ", ") }
      if let constant { return constant.canonicalText }
      if let kind = kinds?.first { return "of type \(kind)" }
      return "as the schema describes it"
    }
  }
}

extension Value {
  /// Whether the value is of a kind in the words of JSON Schema, where whole numbers are numbers.
  fileprivate func isOfKind(_ name: String) -> Bool {
    kindName == name || (name == "number" && doubleValue != nil)
  }
}
