/// A look at how a virtual array says which part of it lies in which file, before the library sees it.
///
/// The list is an object of a heap (HDF5 file format, "Disk Format: Level 1E - Global Heap Block for Virtual
/// Datasets"): a version, the number of entries, and for each the names of file and array and two selections.
/// The library takes the number of blocks of a selection at its word and joins them one by one, which for a
/// damaged number takes minutes, or leads out of its memory.
enum HDF5SourceMapping {
  /// Whether the bytes are such a list with a selection that is longer or shorter than it says.
  ///
  /// What is not such a list, and what the library notices itself, is not looked at further. O(size).
  static func isDamaged(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var reader = Reader(bytes: bytes)
    guard reader.byte() == 0, let entries = reader.number(8), entries > 0 else { return false }
    var entry = 0
    while entry < entries {
      guard reader.skipText(), reader.skipText() else { return false }
      for _ in 0..<2 {
        switch reader.selection() {
        case .sound: break
        case .damaged: return true
        case .unknown: return false
        }
      }
      entry += 1
    }
    return false
  }

  private enum Finding {
    case sound, damaged, unknown
  }

  /// Reads little-endian numbers one after the other; nil at the end.
  private struct Reader {
    let bytes: UnsafeRawBufferPointer
    var position = 0

    mutating func byte() -> Int? { number(1) }

    mutating func number(_ size: Int) -> Int? {
      guard size <= bytes.count - position else { return nil }
      var value: UInt64 = 0
      for index in 0..<size { value |= UInt64(bytes[position + index]) << UInt64(8 * index) }
      position += size
      return Int(exactly: value)
    }

    /// Whether a text ends before the bytes do.
    mutating func skipText() -> Bool {
      while let byte = byte() { if byte == 0 { return true } }
      return false
    }

    /// Type, version, and the length of what follows, which a number of blocks or points must fit.
    mutating func selection() -> Finding {
      guard let type = number(4), let version = number(4) else { return .unknown }
      let head = version == 2 ? number(1) : number(4)
      guard head != nil, (0...3).contains(type), (1...2).contains(version), let length = number(4),
        length <= bytes.count - position
      else { return .unknown }
      let end = position + length
      defer { position = end }
      // No selection and the whole array have nothing to say.
      guard type == 1 || type == 2 else { return .sound }
      guard let rank = number(4), (1...32).contains(rank) else { return .damaged }
      if version == 2 { return length == 4 + 32 * rank ? .sound : .damaged }
      guard let count = number(4) else { return .damaged }
      // A point is one corner of 32-bit coordinates, a block has two.
      return length == 8 + 4 * rank * type * count ? .sound : .damaged
    }
  }
}
