import Bilevel
import Foundation
import Testing

/// A tree of settings as a dictionary of keys, so that one key can be changed by its name.
struct SettingsTree<Settings: Codable & Sendable> {
  /// Every leaf of the settings by its key, those that are nil included.
  static func leaves(of settings: Settings, under prefix: String = "") -> [String: Any] {
    var result: [String: Any] = [:]
    func visit(_ value: Any, _ path: String) {
      let mirror = Mirror(reflecting: value)
      guard mirror.displayStyle == .struct else {
        result[path] = value
        return
      }
      for child in mirror.children {
        visit(child.value, path.isEmpty ? child.label ?? "" : path + "." + (child.label ?? ""))
      }
    }
    visit(settings, prefix)
    return result
  }

  /// The keys that are written when the settings are encoded.
  static func encodedKeys(of settings: Settings, under prefix: String = "") throws -> Set<String> {
    var result: Set<String> = []
    func visit(_ value: Any, _ path: String) {
      guard let members = value as? [String: Any] else {
        result.insert(path)
        return
      }
      for (key, member) in members { visit(member, path.isEmpty ? key : path + "." + key) }
    }
    visit(try JSONSerialization.jsonObject(with: JSONEncoder().encode(settings)), prefix)
    return result
  }

  /// The settings with one key set, decoded as a configuration file is.
  static func changing(
    _ settings: Settings, _ key: String, to value: Any, under prefix: String = ""
  ) throws -> Settings {
    let parts = key.split(separator: ".").map(String.init).drop { $0 == prefix }
    func changed(_ tree: Any, _ parts: ArraySlice<String>) -> Any {
      guard let first = parts.first else { return value }
      var members = tree as? [String: Any] ?? [:]
      members[first] = changed(members[first] ?? [:], parts.dropFirst())
      return members
    }
    let tree = try JSONSerialization.jsonObject(with: JSONEncoder().encode(settings))
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return try decoder.decode(
      Settings.self, from: JSONSerialization.data(withJSONObject: changed(tree, parts)))
  }
}

@Suite("Keys of settings")
struct SettingKeyTests {
  func check<Settings: Codable & Sendable>(
    _ keys: [SettingKey<Settings>], of settings: Settings, under prefix: String = ""
  ) throws {
    typealias Tree = SettingsTree<Settings>
    let leaves = Tree.leaves(of: settings, under: prefix)
    #expect(keys.map(\.name).sorted() == leaves.keys.sorted())
    // Stored names are the members' own; unset ones are not written.
    let absent = leaves.filter { "\($0.value)" == "nil" }.keys
    #expect(
      try Tree.encodedKeys(of: settings, under: prefix).union(absent) == Set(leaves.keys))
    for key in keys {
      #expect(!key.meaning.isEmpty && !key.wanted.isEmpty && !key.unit.isEmpty, "\(key.name)")
      #expect(key.violation(in: settings) == nil, "\(key.name)")
      let leaf = try #require(leaves[key.name])
      switch "\(type(of: leaf))" {
      case "Bool":
        #expect(throws: DecodingError.self) {
          try Tree.changing(settings, key.name, to: 2, under: prefix)
        }
      case let type where type.contains("Int"):
        // Without an upper bound, sums and shifts of what was given could overflow.
        for bad: Any in [-1, Int.max] { try checkBad(bad, key) }
      case let type where type.contains("Double"):
        for bad: Any in [-1, "inf", "nan"] { try checkBad(bad, key) }
      default:
        #expect(throws: DecodingError.self, "\(key.name)") {
          try Tree.changing(settings, key.name, to: "no-such-name", under: prefix)
        }
        #expect(key.wanted.contains("\(Tree.name(of: leaf))"), "\(key.name): \(key.wanted)")
      }
    }

    func checkBad(_ value: Any, _ key: SettingKey<Settings>) throws {
      let bad: Settings = try Tree.changing(settings, key.name, to: value, under: prefix)
      guard let violation = key.violation(in: bad) else {
        Issue.record("\(key.name) took \(value).")
        return
      }
      #expect(violation.hasPrefix("The setting \(key.name) is \(value)"), "\(violation)")
      #expect(violation.hasSuffix("but must be \(key.wanted)"), "\(violation)")
      #expect(keys.filter { $0.violation(in: bad) != nil }.map(\.name) == [key.name])
    }
  }

  @Test("Every member of MethodSettings is one key, and refuses what is out of its range")
  func methodKeys() throws { try check(MethodSettings.keys, of: MethodSettings()) }

  @Test("Every member of OuterSettings is one key, and refuses what is out of its range")
  func outerKeys() throws { try check(OuterSettings.keys, of: OuterSettings(), under: "outer") }

  @Test("A key of a part is the same key of the whole")
  func lifted() {
    struct Configuration: Sendable { var methods = MethodSettings() }
    var whole = Configuration()
    whole.methods.inner.momentum = 1
    for key in MethodSettings.keys {
      let lifted = key.lifted { (whole: Configuration) in whole.methods }
      #expect(lifted.name == key.name && lifted.wanted == key.wanted)
      #expect(lifted.violation(in: whole) == key.violation(in: whole.methods))
      #expect((lifted.violation(in: whole) != nil) == (key.name == "inner.momentum"))
    }
  }

  @Test("The methods' sections and the outer section have no key in common")
  func disjoint() {
    let names = MethodSettings.keys.map(\.name) + OuterSettings.keys.map(\.name)
    #expect(Set(names).count == names.count)
  }
}

extension SettingsTree {
  /// The stored name of a choice.
  static func name(of choice: Any) -> String {
    (choice as? any RawRepresentable).map { "\($0.rawValue)" } ?? "\(choice)"
  }
}
