/// An ordered tree of plain values: configurations, parameters, diagnostics and whole records.
///
/// What JSON and YAML have in common, with members in the order in which they were declared. Order
/// is for people: it carries no meaning, and objects of the same members are equal.
///
/// JSON has no numbers beyond the finite ones. The strings "inf", "-inf" and "nan" stand for them in
/// files and are read back as texts, which are these numbers where a number is asked for
/// (``doubleValue``) and equal them; a data set may be called "nan".
/// Numbers compare by value (`integer(1)` equals `number(1)`), and "nan" equals itself, so that
/// writing and reading a value gives an equal one, of equal ``canonicalDigest``.
public indirect enum Value: Sendable {
  /// The absent value: an optional that is not set.
  case null
  /// True or false.
  case bool(Bool)
  /// A number without fraction that fits 64 bits with a sign; seeds and counts keep all their digits.
  case integer(Int)
  /// A number without fraction above the largest `Int`; see ``init(_:)-(UInt64)``.
  case unsigned(UInt64)
  /// Any other number, non-finite ones included, with the shortest text that reads back as the same
  /// value of its own type (a `Float` of 0.1 is 0.1, not 0.10000000149).
  case number(Double)
  /// A text.
  case string(String)
  /// A list.
  case array([Value])
  /// Named values in order. Names are unique.
  case object([Member])

  /// One named value.
  public struct Member: Sendable, Equatable {
    /// The name.
    public let key: String
    /// The value.
    public var value: Value

    /// A named value.
    public init(key: String, value: Value) {
      self.key = key
      self.value = value
    }
  }

  /// A whole number: an `integer` where it fits one, else `unsigned`.
  public init(_ value: UInt64) {
    self = Int(exactly: value).map { .integer($0) } ?? .unsigned(value)
  }

  /// An object of a dictionary's members, sorted by name.
  public static func object(sorted members: [String: Value]) -> Value {
    .object(
      members.map { Member(key: $0.key, value: $0.value) }.sorted { precedes($0.key, $1.key) })
  }

  /// The order of names in texts: by code points, as other tools sort.
  static func precedes(_ first: String, _ second: String) -> Bool {
    first.utf8.lexicographicallyPrecedes(second.utf8)
  }
}

// MARK: - Reading parts

extension Value {
  /// The number as Double, nil for other kinds; the texts "inf", "-inf" and "nan" are the numbers that
  /// they stand for in files.
  public var doubleValue: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .unsigned(let value): Double(value)
    case .number(let value): value
    case .string(let text): Self.nonFinite[text]
    default: nil
    }
  }

  /// The number as Int when it has no fraction and fits, nil otherwise.
  public var integerValue: Int? {
    switch self {
    case .integer(let value): value
    case .unsigned(let value): Int(exactly: value)
    case .number(let value): Int(exactly: value)
    default: nil
    }
  }

  /// The number as UInt64 when it has no fraction and no sign and fits, nil otherwise.
  public var unsignedValue: UInt64? {
    switch self {
    case .integer(let value): UInt64(exactly: value)
    case .unsigned(let value): value
    case .number(let value): UInt64(exactly: value)
    default: nil
    }
  }

  /// The text, nil for other kinds.
  public var stringValue: String? {
    if case .string(let value) = self { value } else { nil }
  }

  /// A text as it is, any other value as its ``canonicalText``, non-finite numbers without quotes: what
  /// stands in a path or behind `key=`. It is the same for a value and for what is read back of it.
  public var plainText: String {
    switch self {
    case .string(let text): text
    case .number(let number) where !number.isFinite: Self.nonFiniteText(of: number)
    default: canonicalText
    }
  }

  /// The truth value, nil for other kinds.
  public var boolValue: Bool? {
    if case .bool(let value) = self { value } else { nil }
  }

  /// The elements, nil for other kinds.
  public var arrayValue: [Value]? {
    if case .array(let value) = self { value } else { nil }
  }

  /// The members by name, nil for other kinds.
  public var objectValue: [String: Value]? {
    guard case .object(let members) = self else { return nil }
    return Dictionary(members.map { ($0.key, $0.value) }, uniquingKeysWith: { _, last in last })
  }

  /// The names of an object's members, in order; empty for other kinds.
  public var keys: [String] {
    guard case .object(let members) = self else { return [] }
    return members.map(\.key)
  }

  /// The member of that name, nil where there is none or this is no object. O(members).
  public subscript(name: String) -> Value? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.key == name }?.value
  }

  /// The value at a path such as `upper`, `learningRate` or `stages`, `0`, `steps`; nil where there
  /// is none.
  public func value(at path: [String]) -> Value? {
    guard let key = path.first else { return self }
    let rest = Array(path.dropFirst())
    if case .array(let items) = self {
      guard let index = Int(key), items.indices.contains(index) else { return nil }
      return items[index].value(at: rest)
    }
    return self[key]?.value(at: rest)
  }

  /// The value at a dotted path such as `outer.learningRate`; nil where there is none.
  public func value(at path: String) -> Value? {
    value(at: path.split(separator: ".").map(String.init))
  }

  /// The kind in the words of JSON Schema: null, boolean, integer, number, string, array, object.
  public var kindName: String {
    switch self {
    case .null: "null"
    case .bool: "boolean"
    case .integer, .unsigned: "integer"
    case .number(let value):
      Int(exactly: value) == nil && UInt64(exactly: value) == nil ? "number" : "integer"
    case .string: "string"
    case .array: "array"
    case .object: "object"
    }
  }

  /// What kind of value a user would have to write, as a phrase.
  public var kindDescription: String {
    switch self {
    case .null: "a value"
    case .bool: "true or false"
    case .integer, .unsigned: "a whole number"
    case .number: "a number"
    case .string: "a text"
    case .array: "a list"
    case .object: "named values"
    }
  }

  /// The leaves of this tree that differ from `other`'s, by their dotted path; keys that `other`
  /// lacks count as different. Lists are compared and returned whole.
  public func differences(from other: Value?) -> [(path: String, value: Value)] {
    guard case .object(let members) = self else {
      return self == other ? [] : [("", self)]
    }
    return members.flatMap { member in
      member.value.differences(from: other?[member.key]).map { path, value in
        (path.isEmpty ? member.key : "\(member.key).\(path)", value)
      }
    }
  }

  /// This tree with the leaves at dotted paths replaced, the inverse of ``differences(from:)`` where
  /// both trees have the same names.
  public func replacing(_ leaves: [(path: String, value: Value)]) -> Value {
    leaves.reduce(self) { tree, leaf in
      tree.replacing(leaf.path.split(separator: ".").map(String.init)[...], with: leaf.value)
    }
  }

  private func replacing(_ path: ArraySlice<String>, with value: Value) -> Value {
    guard let name = path.first, case .object(var members) = self else { return value }
    if let index = members.firstIndex(where: { $0.key == name }) {
      members[index].value = members[index].value.replacing(path.dropFirst(), with: value)
    } else {
      members.append(
        Member(key: name, value: Value.object([]).replacing(path.dropFirst(), with: value)))
    }
    return .object(members)
  }
}
