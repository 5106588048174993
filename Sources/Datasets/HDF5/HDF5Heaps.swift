import Foundation

/// A look at the heaps of an HDF5 file before the library sees them.
///
/// Texts of any length and the sources of virtual arrays lie in heaps, which have no checksums: a list
/// of objects, each with its size. Of a damaged size of 0 version 1.10 of the library never gets past the
/// object, and others lead it out of its memory. Heaps can be anywhere, so they are looked for by their
/// signature. What begins like a heap by chance would have to match in eight bytes.
enum HDF5Heaps {
  /// Larger files are not searched: what is in them is read whole only where it is asked for.
  private static let largestFile = 64 << 20

  private static let signature: [UInt8] = Array("GCOL".utf8) + [1, 0, 0, 0]

  /// What is wrong with the heaps of the file at `path`; nil where nothing was found. O(size).
  static func fault(of path: String, size: Int) -> String? {
    guard size <= largestFile, let data = FileManager.default.contents(atPath: path) else {
      return nil
    }
    return data.withUnsafeBytes { bytes -> String? in
      guard let base = bytes.baseAddress else { return nil }
      var start = 0
      while start + signature.count <= bytes.count,
        let found = memchr(base + start, Int32(signature[0]), bytes.count - start)
      {
        let heap = UnsafeRawPointer(found) - base
        start = heap + 1
        guard bytes.count - heap >= signature.count,
          memcmp(found, signature, signature.count) == 0, !isWhole(bytes, heap)
        else { continue }
        return "a heap at byte \(heap) has an object of a size that cannot be"
      }
      return nil
    }
  }

  /// Whether the objects of a heap follow each other up to its end. Lengths have 8 bytes, as is written
  /// everywhere: of other files the size of the heap is none, and nothing is said.
  private static func isWhole(_ bytes: UnsafeRawBufferPointer, _ heap: Int) -> Bool {
    let header = 16
    func number(_ position: Int) -> UInt64 {
      UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
    }
    // What leads out of the file, the library notices itself.
    guard heap + header <= bytes.count, let size = Int(exactly: number(heap + 8)),
      size >= header, size <= bytes.count - heap
    else { return true }
    var position = heap + header
    let end = heap + size
    while position + header <= end {
      let index = UInt16(
        littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt16.self))
      guard let length = Int(exactly: number(position + 8)), length <= end - position else {
        return false
      }
      // Object 0 is the free room with its header; the others are rounded up to eight bytes.
      let room = index == 0 ? length : header + (length + 7) / 8 * 8
      guard room > 0, room <= end - position else { return false }
      position += room
    }
    return true
  }
}
