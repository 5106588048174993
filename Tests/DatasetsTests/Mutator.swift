import Tensors

/// Changes bytes as damage and attackers do: single bits, numbers at the ends of their ranges, pieces
/// cut, doubled and exchanged. The same seed makes the same changes.
struct Mutator {
  private var random: RandomStream

  init(seed: UInt64, purpose: String, _ index: Int) {
    random = RandomStream(seed: seed, purpose: "mutations of \(purpose)").split("input", index)
  }

  private static let values: [UInt64] = [
    0, 1, 2, 3, 7, 8, 16, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x1_0000, 0x7fff_ffff,
    0x8000_0000, 0xffff_fffe, 0xffff_ffff, 0x1_0000_0000, 0x7fff_ffff_ffff_ffff,
    0x8000_0000_0000_0000, 0xffff_ffff_ffff_ffff,
  ]

  /// The bytes after a few changes.
  mutating func mutated(_ original: [UInt8]) -> [UInt8] {
    var bytes = original
    for _ in 0...random.integer(below: 4) { change(&bytes) }
    return bytes
  }

  /// One of the given values.
  mutating func pick<Element>(_ choices: [Element]) -> Element {
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
}
