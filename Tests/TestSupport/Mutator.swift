import Tensors

/// Changes bytes as damage and attackers do: single bits, numbers at the ends of their ranges, pieces
/// cut, doubled and exchanged. The same seed makes the same changes.
public struct Mutator {
  private var random: RandomStream

  /// The mutator of one input of a purpose.
  public init(seed: UInt64, purpose: String, _ index: Int) {
    random = RandomStream(seed: seed, purpose: "mutations of \(purpose)").split("input", index)
  }

  private static let values: [UInt64] = [
    0, 1, 2, 3, 7, 8, 16, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x1_0000, 0x7fff_ffff,
    0x8000_0000, 0xffff_fffe, 0xffff_ffff, 0x1_0000_0000, 0x7fff_ffff_ffff_ffff,
    0x8000_0000_0000_0000, 0xffff_ffff_ffff_ffff,
  ]

  /// The bytes after a few changes.
  public mutating func mutated(_ original: [UInt8]) -> [UInt8] {
    var bytes = original
    for _ in 0...random.integer(below: 4) { change(&bytes) }
    return bytes
  }

  /// One of the given values.
  public mutating func pick<Element>(_ choices: [Element]) -> Element {
    choices[random.integer(below: choices.count)]
  }

  private mutating func position(_ bytes: [UInt8]) -> Int {
    // Headers decide most, and they lie in front.
    let span = random.integer(below: 2) == 0 ? bytes.count : min(bytes.count, 128)
    return random.integer(below: span)
  }

  private mutating func change(_ bytes: inout [UInt8]) {
    guard !bytes.isEmpty else {
      bytes = [UInt8(random.integer(below: 256))]
      return
    }
    let at = position(bytes)
    switch random.integer(below: 9) {
    case 0, 1: bytes[at] ^= 1 << UInt8(random.integer(below: 8))
    case 2: bytes[at] = UInt8(random.integer(below: 256))
    case 3, 4:
      // A number of 1, 2, 4 or 8 bytes, of either byte order.
      let width = pick([1, 2, 4, 8])
      let value = pick(Self.values)
      let isBig = random.integer(below: 2) == 0
      for index in 0..<width where at + index < bytes.count {
        let shift = UInt64(8 * (isBig ? width - 1 - index : index))
        bytes[at + index] = UInt8(truncatingIfNeeded: value >> shift)
      }
    case 5: bytes.removeLast(min(bytes.count, 1 + random.integer(below: bytes.count)))
    case 6: bytes.removeSubrange(at..<min(bytes.count, at + 1 + random.integer(below: 16)))
    case 7:
      let piece = Array(bytes[at..<min(bytes.count, at + 1 + random.integer(below: 64))])
      bytes.insert(contentsOf: piece, at: random.integer(below: bytes.count + 1))
    default:
      let other = random.integer(below: bytes.count)
      bytes.swapAt(at, other)
    }
  }

  // MARK: - Texts

  private static let words = [
    "0", "-1", "1e999", "0.5", "9223372036854775807", "9223372036854775808",
    "99999999999999999999999999", "null", "true", "\"\"", "\"x\"", "[]", "{}", "nan", "010", "1:30",
    "*a", "&a", "~", "\u{0}", "\u{FEFF}", "\u{202E}",
  ]

  /// The bytes after a few changes to what makes a text: numbers, words, lines, brackets.
  public mutating func mutatedText(_ original: [UInt8]) -> [UInt8] {
    var bytes = original
    for _ in 0...random.integer(below: 3) { changeText(&bytes) }
    return bytes
  }

  private mutating func changeText(_ bytes: inout [UInt8]) {
    guard !bytes.isEmpty else { return }
    let word = Array(pick(Self.words).utf8)
    let at = random.integer(below: bytes.count)
    func run(_ belongs: (UInt8) -> Bool) -> Range<Int>? {
      guard let first = bytes[at...].firstIndex(where: belongs) else { return nil }
      return first..<(bytes[first...].firstIndex { !belongs($0) } ?? bytes.endIndex)
    }
    let isDigit = { (byte: UInt8) in (48...57).contains(byte) || byte == 46 || byte == 45 }
    let isLetter = { (byte: UInt8) in (65...90).contains(byte) || (97...122).contains(byte) }
    switch random.integer(below: 7) {
    case 0, 1: if let place = run(isDigit) { bytes.replaceSubrange(place, with: word) }
    case 2: if let place = run(isLetter) { bytes.replaceSubrange(place, with: word) }
    case 3: if let place = run({ $0 != 10 }) { bytes.removeSubrange(place) }
    case 4:
      if let place = run({ $0 != 10 }) {
        bytes.insert(contentsOf: [10] + bytes[place], at: place.upperBound)
      }
    case 5: if let place = run({ "[]{}:,\"".utf8.contains($0) }) { bytes.removeSubrange(place) }
    default: bytes.insert(contentsOf: word, at: at)
    }
  }
}
