import Bilevel
import Commands
import Foundation
import Results
import Yams

/// Resolved settings of an experiment: defaults, overridden by a YAML file, overridden by options.
///
///     struct Settings: Codable, Sendable { var innerSteps = 100; var upper = Upper() }
///     let configuration = try Configuration.resolve(
///       defaults: Settings(), file: options.configurationFile, settings: options.settings)
///
/// **Invariant:** a layer can only override what the defaults name. A key they do not have is an
/// error, and so is a value of another type: a setting is never silently ignored. (Members of
/// dictionaries are free; elements of lists are replaced as a whole list.)
package struct Configuration<Settings: Codable & Sendable>: Sendable {
  /// The typed settings.
  package let settings: Settings
  /// The same as a tree, unset optionals included.
  package let tree: Value

  /// The settings as they are, without overrides.
  package init(_ settings: Settings) {
    // Settings are declared by this package: that they can be encoded is a property of their type.
    guard let tree = try? ConfigurationEncoder.encode(settings) else {
      preconditionFailure("Settings of type \(Settings.self) cannot be encoded: \(settings)")
    }
    self.init(settings, tree: tree)
  }

  private init(_ settings: Settings, tree: Value) {
    self.settings = settings
    self.tree = tree
  }

  /// The defaults overridden by the file, then by typed options, then by each `key.path=value` in
  /// order: the last one wins.
  package static func resolve(
    defaults: Settings, file: URL? = nil, options: [SettingOverride] = [],
    settings: [String] = [], scalar: ScalarChoice? = nil
  ) throws(ConfigurationError) -> Configuration {
    var configuration = Configuration(defaults)
    var layers: [ConfigurationLayer] = []
    if let file { layers.append(try ConfigurationLayer(file: file)) }
    for option in options { layers.append(ConfigurationLayer(option)) }
    for setting in settings { layers.append(try ConfigurationLayer(setting: setting)) }
    var conflictOfFile: String?
    for layer in layers {
      configuration = try configuration.overridden(by: layer)
      if case .file = layer.origin {
        conflictOfFile = (configuration.settings as? any DescribedSettings)?.conflict
      }
    }
    try configuration.requireSense(of: layers, conflictOfFile: conflictOfFile, in: scalar)
    return configuration
  }

  /// Throws what makes no sense and is the file's: a value that no option has the last word on, or what
  /// does not go together in the file alone. What options say is judged by whoever knows the command.
  private func requireSense(
    of layers: [ConfigurationLayer], conflictOfFile: String?, in scalar: ScalarChoice?
  ) throws(ConfigurationError) {
    guard let described = settings as? any DescribedSettings else { return }
    func refuse(_ key: String, _ problem: String) throws(ConfigurationError) {
      let path = key.split(separator: ".").map(String.init)
      guard let layer = layers.last(where: { $0.node(at: path) != nil }),
        case .file = layer.origin
      else { return }
      throw ConfigurationError(
        layer.errorKind, "\(layer.subject(at: path)) cannot be used: \(problem)")
    }
    if let violation = described.violation {
      try refuse(violation.key, "\(violation.problem); correct it there.")
    } else if let scalar, let lost = described.unrepresentable(in: scalar) {
      try refuse(lost.key, lost.problem)
    } else if let conflictOfFile, let layer = layers.first, conflictOfFile == described.conflict {
      // The sentence names the keys; the first of them that the file has is where a reader looks.
      let keys = conflictOfFile.split { !$0.isLetter && $0 != "." }
        .map { $0.split(separator: ".").map(String.init) }
      let path = keys.first { $0.count > 1 && layer.node(at: $0) != nil } ?? []
      throw ConfigurationError(
        layer.errorKind,
        "\(layer.subject(at: path)) cannot be used: \(conflictOfFile); correct it there.")
    }
  }

  /// The defaults overridden by a text that some file holds.
  package static func resolve(
    defaults: Settings, text: String, named name: String
  ) throws(ConfigurationError) -> Configuration {
    try Configuration(defaults).overridden(by: ConfigurationLayer(text: text, named: name))
  }

  /// The resolved settings as YAML, which `--config` reads back to the same settings.
  package var yaml: String { tree.yaml }

  /// The digest of the tree's canonical text. Equal settings have equal digests, whichever files and
  /// options they came from, and whether they are still here or were read from a record.
  package var digest: String { tree.canonicalDigest }

  // MARK: - One layer

  private func overridden(
    by layer: ConfigurationLayer
  ) throws(ConfigurationError) -> Configuration {
    guard let overrides = layer.node else { return self }
    try Self.refuseTimes(overrides, against: tree, path: [], in: layer)
    let merged = Self.merge(tree.node, overrides)
    let resolved: Configuration
    do {
      let settings = try YAMLDecoder().decode(Settings.self, from: merged)
      resolved = Configuration(settings, tree: try ConfigurationEncoder.encode(settings))
    } catch let error as DecodingError {
      throw failure(error, in: layer)
    } catch EncodingError.invalidValue(_, let context) {
      throw ConfigurationError(
        layer.errorKind, "\(layer.subject(at: [])) cannot be used: \(context.debugDescription).")
    } catch {
      throw ConfigurationError(
        layer.errorKind, "\(layer.subject(at: [])) cannot be used: \(error).")
    }
    // What was read but does not show in the result has been ignored by the decoder: unknown keys.
    try Self.check(overrides, against: resolved.tree, before: tree, path: [], in: layer)
    return resolved
  }

  private static func merge(_ base: Node, _ overrides: Node) -> Node {
    guard let current = base.mapping, current.count > 0 else { return overrides }
    if isEmpty(overrides) { return base }
    guard let changes = overrides.mapping else { return overrides }
    var pairs = current.map { ($0.key, $0.value) }
    var places: [String?: Int] = [:]
    for (index, pair) in pairs.enumerated() where places[pair.0.string] == nil {
      places[pair.0.string] = index
    }
    for change in changes {
      if let index = places[change.key.string] {
        pairs[index].1 = merge(pairs[index].1, change.value)
      } else {
        places[change.key.string] = pairs.count
        pairs.append((change.key, change.value))
      }
    }
    return Node(pairs)
  }

  /// Whether nothing follows a key: a section whose lines are all commented out overrides nothing.
  private static func isEmpty(_ node: Node) -> Bool {
    node.scalar.map { $0.string.isEmpty && $0.style == .plain } ?? false
  }

  /// Refuses `1:30` where a number may be wanted: YAML 1.1 makes minutes and seconds of it, and the decoder's
  /// arithmetic traps where there are many of them, so this comes before it. Looks only where the decoder
  /// does: what aliases make of a file can be far larger than the file.
  private static func refuseTimes(
    _ node: Node, against tree: Value?, path: [String], in layer: ConfigurationLayer
  ) throws(ConfigurationError) {
    switch node {
    case .mapping(let mapping):
      for (key, value) in mapping {
        guard let name = key.string, let child = tree?[name] else { continue }
        try refuseTimes(value, against: child, path: path + [name], in: layer)
      }
    case .sequence(let nodes):
      guard case .array(let items) = tree else { return }
      for (index, node) in nodes.enumerated() {
        try refuseTimes(node, against: items.first, path: path + ["\(index)"], in: layer)
      }
    case .scalar(let scalar):
      if case .string = tree { return }
      let first = scalar.string.first { !"+-_".contains($0) }
      guard scalar.style == .plain, scalar.string.contains(":"), first?.isNumber == true else {
        return
      }
      throw ConfigurationError(
        layer.errorKind,
        "\(layer.subject(at: path)) gives \"\(scalar.string)\" for the key "
          + "\"\(path.joined(separator: "."))\", which YAML reads as minutes and seconds; write the number "
          + "itself.")
    case .alias:
      break
    }
  }

  private static func check(
    _ node: Node, against tree: Value, before: Value?, path: [String],
    in layer: ConfigurationLayer
  ) throws(ConfigurationError) {
    switch (node, tree) {
    case (.mapping(let mapping), .object):
      for (key, value) in mapping {
        let name = key.string ?? "?"
        guard let child = tree[name] else {
          throw unknownKey(name, path: path, valid: tree, in: layer)
        }
        try check(value, against: child, before: before?[name], path: path + [name], in: layer)
      }
    case (.sequence(let nodes), .array(let items)):
      for (index, (node, item)) in zip(nodes, items).enumerated() {
        try check(node, against: item, before: nil, path: path + ["\(index)"], in: layer)
      }
    case (.scalar, .object):
      break
    case (.scalar(let scalar), _):
      // Decoders take `null` for the text "null" where a text is wanted.
      let isNull = node.null != nil && scalar.style == .plain
      guard !isNull || tree == .null else {
        throw wrongValue(node, path: path, wanted: before ?? tree, in: layer)
      }
      if let trap = numberTrap(scalar, read: tree) {
        throw ConfigurationError(
          layer.errorKind,
          "\(layer.subject(at: path)) gives \"\(scalar.string)\" for the key "
            + "\"\(path.joined(separator: "."))\", \(trap).")
      }
    default:
      break
    }
  }

  /// What YAML 1.1 makes of a number that people mean otherwise, and what to write: zeros in front make
  /// it octal. Nil for numbers that mean what they look like.
  private static func numberTrap(_ scalar: Node.Scalar, read: Value) -> String? {
    guard scalar.style == .plain, let number = read.doubleValue else { return nil }
    let digits = scalar.string.drop { "+-".contains($0) }
    guard read.integerValue != nil, digits.hasPrefix("0"), digits.allSatisfy(\.isNumber),
      let plain = Int(digits), Double(plain) != abs(number)
    else { return nil }
    return "which YAML reads as \(read.canonicalText), an octal number; write \(plain), or "
      + "0o\(digits.drop { $0 == "0" }) if octal is meant"
  }

  // MARK: - Sentences

  private static func unknownKey(
    _ name: String, path: [String], valid tree: Value, in layer: ConfigurationLayer
  ) -> ConfigurationError {
    let place = path.isEmpty ? "" : " under \"\(path.joined(separator: "."))\""
    let parts = name.split(separator: ".").map(String.init)
    if parts.count > 1, tree.value(at: parts) != nil {
      return ConfigurationError(
        layer.errorKind,
        "\(layer.subject(at: path + [name])) has the key \"\(name)\"\(place) on one line, where a file "
          + "nests its keys; write \"\(parts.dropLast().joined(separator: ": ")):\" and, indented below "
          + "it, \"\(parts[parts.count - 1]): ...\".")
    }
    return ConfigurationError(
      layer.errorKind,
      "\(layer.subject(at: path + [name])) has the unknown key \"\(name)\"\(place); "
        + Spelling.advice(for: name, among: tree.keys))
  }

  private static func wrongValue(
    _ node: Node?, path: [String], wanted: Value, in layer: ConfigurationLayer
  ) -> ConfigurationError {
    let found: String
    switch node {
    case .scalar(let scalar): found = scalar.string.isEmpty ? "nothing" : "\"\(scalar.string)\""
    case .mapping: found = "named values"
    case .sequence: found = "a list"
    case .alias, nil: found = "something else"
    }
    return ConfigurationError(
      layer.errorKind,
      "\(layer.subject(at: path)) gives \(found) for the key \"\(path.joined(separator: "."))\", which "
        + "wants \(wanted == .null ? "a single value" : wanted.kindDescription)\(example(of: wanted))."
    )
  }

  private static func example(of value: Value) -> String {
    switch value {
    case .bool, .integer, .unsigned, .number, .string:
      ", such as " + value.yaml.trimmingCharacters(in: .whitespacesAndNewlines)
    case .null, .array, .object: ""
    }
  }

  /// A value as a type that the decoder asks for has it, for a setting that is unset in the defaults.
  private static func example(of type: Any.Type) -> Value {
    switch type {
    case is any BinaryInteger.Type: .integer(64)
    case is any BinaryFloatingPoint.Type: .number(0.5)
    case is Bool.Type: .bool(true)
    case is String.Type: .string("name")
    default: .null
    }
  }

  private func failure(
    _ error: DecodingError, in layer: ConfigurationLayer
  ) -> ConfigurationError {
    switch error {
    case .keyNotFound(let key, let context):
      let path = Self.names(context.codingPath)
      // A misspelt key of a list's element leaves the right one missing: name what is there.
      let present = layer.node(at: path)?.mapping?.keys.compactMap(\.string) ?? []
      let advice =
        Spelling.nearest(to: key.stringValue, among: present)
        .map { "; did you mean it by \"\($0)\"?" } ?? "; add it."
      return ConfigurationError(
        layer.errorKind,
        "\(layer.subject(at: path)) lacks the key \"\(key.stringValue)\" under "
          + "\"\(path.joined(separator: "."))\"\(advice)")
    case .typeMismatch(let type, let context), .valueNotFound(let type, let context):
      let path = Self.names(context.codingPath)
      let current = tree.value(at: path) ?? .null
      let wanted = current == .null ? Self.example(of: type) : current
      return Self.wrongValue(layer.node(at: path), path: path, wanted: wanted, in: layer)
    case .dataCorrupted(let context):
      let path = Self.names(context.codingPath)
      if let unknown = context.underlyingError as? UnknownName ?? unknownName(in: layer, at: path) {
        return ConfigurationError(
          layer.errorKind,
          "\(layer.subject(at: path)) names \"\(unknown.name)\" for the key "
            + "\"\(path.joined(separator: "."))\", which does not exist; "
            + Spelling.advice(for: unknown.name, among: unknown.names, plural: "the names are"))
      }
      let end = context.debugDescription.last.map { ".?!".contains($0) } == true ? "" : "."
      return ConfigurationError(
        layer.errorKind,
        "\(layer.subject(at: path)) has a wrong value for the key "
          + "\"\(path.joined(separator: "."))\": \(context.debugDescription)\(end)")
    @unknown default:
      return ConfigurationError(
        layer.errorKind, "\(layer.subject(at: [])) cannot be used: \(error).")
    }
  }

  /// The name that is none of those which a key takes, where its type says no more than that it is wrong.
  private func unknownName(in layer: ConfigurationLayer, at path: [String]) -> UnknownName? {
    let choices =
      (Settings.self as? any DescribedSettings.Type)?.choices(of: path.joined(separator: ".")) ?? []
    guard !choices.isEmpty, let name = layer.node(at: path)?.scalar?.string else { return nil }
    return UnknownName(name, "name", among: choices)
  }

  private static func names(_ path: [any CodingKey]) -> [String] {
    path.map { $0.intValue.map(String.init) ?? $0.stringValue }
  }
}

extension ConfigurationLayer {
  /// The node at a path, where the layer has one.
  func node(at path: [String]) -> Node? {
    var current = node
    for name in path {
      if let index = Int(name), case .sequence(let items) = current {
        current = items.indices.contains(index) ? items[index] : nil
      } else {
        current = current?.mapping?.first { $0.key.string == name }?.value
      }
    }
    return current
  }
}
