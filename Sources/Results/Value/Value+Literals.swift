extension Value: Equatable {
  /// Whether two values say the same; see the type for numbers and for order.
  public static func == (left: Value, right: Value) -> Bool {
    switch (left, right) {
    case (.null, .null): return true
    case (.bool(let first), .bool(let second)): return first == second
    case (.string(let first), .string(let second)): return first == second
    case (.array(let first), .array(let second)): return first == second
    case (.object(let first), .object(let second)):
      if first == second { return true }
      guard first.count == second.count, let others = right.objectValue else { return false }
      return first.allSatisfy { others[$0.key] == $0.value }
    case (.number(let first), .number(let second)):
      return first == second || (first.isNaN && second.isNaN)
    case (.number(let number), .string(let text)), (.string(let text), .number(let number)):
      // One is written, the other what is read back of it.
      return !number.isFinite && nonFiniteText(of: number) == text
    default:
      // Whole numbers, exactly: as Double two large neighbours would be one.
      if let first = left.integerValue, let second = right.integerValue { return first == second }
      if let first = left.unsignedValue, let second = right.unsignedValue { return first == second }
      return false
    }
  }
}

extension Value: ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
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
  public init(arrayLiteral elements: Value...) { self = .array(elements) }
  /// The object written, in its order; the last of two equal names wins.
  public init(dictionaryLiteral elements: (String, Value)...) {
    let last = Dictionary(elements, uniquingKeysWith: { _, last in last })
    var seen: Set<String> = []
    self = .object(
      elements.compactMap { key, value in
        seen.insert(key).inserted ? Member(key: key, value: last[key] ?? value) : nil
      })
  }
  /// The absent value.
  public init(nilLiteral: ()) { self = .null }
}
