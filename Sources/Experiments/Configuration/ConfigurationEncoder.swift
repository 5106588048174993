import Results

/// Turns any `Encodable` configuration into a ``Value``.
///
/// Unlike the encoders of Foundation and Yams it keeps the order of declaration, tells whole numbers
/// from others, and shows optionals that are nil as ``Value/null`` (so that their keys
/// are known to exist, and appear when the resolved configuration is printed).
package enum ConfigurationEncoder {
  /// The tree of a configuration.
  package static func encode(_ value: some Encodable) throws -> Value {
    let slot = Slot()
    try slot.fill(value, path: [])
    return slot.value
  }

  /// A place in the tree under construction.
  fileprivate final class Slot {
    private enum Content {
      case value(Value)
      case list([Slot])
      case members([(key: String, slot: Slot)])
    }

    private var content = Content.value(.null)

    var value: Value {
      switch content {
      case .value(let value): value
      case .list(let slots): .array(slots.map(\.value))
      case .members(let members):
        .object(members.map { .init(key: $0.key, value: $0.slot.value) })
      }
    }

    func set(_ value: Value) { content = .value(value) }

    func becomeObject() {
      if case .members = content { return }
      content = .members([])
    }

    func becomeList() {
      if case .list = content { return }
      content = .list([])
    }

    var count: Int {
      if case .list(let slots) = content { return slots.count }
      return 0
    }

    func member(_ key: String) -> Slot {
      var members: [(key: String, slot: Slot)] = []
      if case .members(let present) = content { members = present }
      if let present = members.first(where: { $0.key == key }) { return present.slot }
      let slot = Slot()
      // Held here alone, or every member would cost a copy of those before it.
      content = .value(.null)
      members.append((key, slot))
      content = .members(members)
      return slot
    }

    func append() -> Slot {
      let slot = Slot()
      guard case .list(var slots) = content else { return slot }
      // Held here alone, or every element would cost a copy of those before it.
      content = .value(.null)
      slots.append(slot)
      content = .list(slots)
      return slot
    }

    func fill(_ value: some Encodable, path: [any CodingKey]) throws {
      switch value {
      case let value as Bool: set(.bool(value))
      case let value as String: set(.string(value))
      case let value as Double: set(.number(value))
      // Through the shortest decimal text, which is what a user would have written.
      case let value as Float: set(.number(Double("\(value)") ?? Double(value)))
      case let value as any BinaryInteger:
        if let whole = Int(exactly: value) {
          set(.integer(whole))
        } else if let whole = UInt64(exactly: value) {
          set(.unsigned(whole))
        } else {
          throw EncodingError.invalidValue(
            value, .init(codingPath: path, debugDescription: "\(value) does not fit into 64 bits"))
        }
      default:
        try value.encode(to: SlotEncoder(slot: self, codingPath: path))
        if value is any Unordered { sortMembers() }
      }
    }

    /// Dictionaries come in an order that changes from process to process.
    private func sortMembers() {
      if case .members(let members) = content {
        content = .members(members.sorted { $0.key < $1.key })
      }
    }
  }

  private struct SlotEncoder: Encoder {
    let slot: Slot
    let codingPath: [any CodingKey]
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
      slot.becomeObject()
      return KeyedEncodingContainer(Keyed<Key>(slot: slot, codingPath: codingPath))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
      slot.becomeList()
      return Unkeyed(slot: slot, codingPath: codingPath)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer {
      Single(slot: slot, codingPath: codingPath)
    }
  }

  private struct Keyed<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let slot: Slot
    let codingPath: [any CodingKey]

    func encodeNil(forKey key: Key) { slot.member(key.stringValue).set(.null) }

    func encode<Encoded: Encodable>(_ value: Encoded, forKey key: Key) throws {
      try slot.member(key.stringValue).fill(value, path: codingPath + [key])
    }

    // One for each type that the standard library's default would skip when it is nil.
    func encodeIfPresent(_ value: Bool?, forKey key: Key) throws { try show(value, key) }
    func encodeIfPresent(_ value: String?, forKey key: Key) throws { try show(value, key) }
    func encodeIfPresent(_ value: Double?, forKey key: Key) throws { try show(value, key) }
    func encodeIfPresent(_ value: Float?, forKey key: Key) throws { try show(value, key) }
    func encodeIfPresent(_ value: Int?, forKey key: Key) throws { try show(value, key) }
    func encodeIfPresent(_ value: Int8?, forKey key: Key) throws { try show(value, key) }
    func encodeIfPresent(_ value: Int16?, forKey key: Key) throws { try show(value, key) }
    func encodeIfPresent(_ value: Int32?, forKey key: Key) throws { try show(value, key) }
    func encodeIfPresent(_ value: Int64?, forKey key: Key) throws { try show(value, key) }
    func encodeIfPresent(_ value: UInt?, forKey key: Key) throws { try show(value, key) }
    func encodeIfPresent(_ value: UInt8?, forKey key: Key) throws { try show(value, key) }
    func encodeIfPresent(_ value: UInt16?, forKey key: Key) throws { try show(value, key) }
    func encodeIfPresent(_ value: UInt32?, forKey key: Key) throws { try show(value, key) }
    func encodeIfPresent(_ value: UInt64?, forKey key: Key) throws { try show(value, key) }
    func encodeIfPresent<Encoded: Encodable>(_ value: Encoded?, forKey key: Key) throws {
      try show(value, key)
    }

    private func show(_ value: (some Encodable)?, _ key: Key) throws {
      if let value { try encode(value, forKey: key) } else { encodeNil(forKey: key) }
    }

    func nestedContainer<NestedKey: CodingKey>(
      keyedBy type: NestedKey.Type, forKey key: Key
    ) -> KeyedEncodingContainer<NestedKey> {
      nested(key).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
      nested(key).unkeyedContainer()
    }

    func superEncoder() -> any Encoder {
      SlotEncoder(slot: slot.member("super"), codingPath: codingPath)
    }

    func superEncoder(forKey key: Key) -> any Encoder { nested(key) }

    private func nested(_ key: Key) -> SlotEncoder {
      SlotEncoder(slot: slot.member(key.stringValue), codingPath: codingPath + [key])
    }
  }

  private struct Unkeyed: UnkeyedEncodingContainer {
    let slot: Slot
    let codingPath: [any CodingKey]
    var count: Int { slot.count }

    func encodeNil() { slot.append().set(.null) }

    func encode<Encoded: Encodable>(_ value: Encoded) throws {
      try slot.append().fill(value, path: codingPath)
    }

    func nestedContainer<NestedKey: CodingKey>(
      keyedBy type: NestedKey.Type
    ) -> KeyedEncodingContainer<NestedKey> {
      SlotEncoder(slot: slot.append(), codingPath: codingPath).container(keyedBy: type)
    }

    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
      SlotEncoder(slot: slot.append(), codingPath: codingPath).unkeyedContainer()
    }

    func superEncoder() -> any Encoder {
      SlotEncoder(slot: slot.append(), codingPath: codingPath)
    }
  }

  private struct Single: SingleValueEncodingContainer {
    let slot: Slot
    let codingPath: [any CodingKey]

    func encodeNil() { slot.set(.null) }

    func encode<Encoded: Encodable>(_ value: Encoded) throws {
      try slot.fill(value, path: codingPath)
    }
  }
}

/// Marks dictionaries, whose members have no order of declaration.
private protocol Unordered {}

extension Dictionary: Unordered {}
