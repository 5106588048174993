import Foundation

/// A look at the heaps of an HDF5 file before the library sees them.
///
/// Texts of any length and the sources of virtual arrays lie in heaps, which have no checksums: a list
/// of objects, each with its size. Of a damaged size of 0 version 1.10 of the library never gets past the
/// object, and others lead it out of its memory. Heaps can be anywhere, so they are looked for by their
/// signature. Something that looks like a heap may be a value of somebody's array, or the remains of one
/// that was given up: only a heap whose address occurs in the file is the library's business.
enum HDF5Heaps {
  /// Larger files are not searched: what is in them is read whole only where it is asked for.
  private static let largestFile = 64 << 20

  private static let signature: [UInt8] = Array("GCOL".utf8) + [1, 0, 0, 0]

  /// What is wrong with the heaps of the file that `reader` has open, whose addresses count from
  /// `superblock`; nil where nothing was found. O(size).
  static func fault(
    in reader: DataReader, size: Int, superblock: Int
  ) throws(DatasetError) -> String? {
    guard size <= largestFile else { return nil }
    return try reader.bytes(at: 0, upTo: size).withUnsafeBytes { bytes -> String? in
      let damaged = damagedHeaps(bytes).filter { $0 >= superblock }
      guard !damaged.isEmpty else { return nil }
      let addresses = Set(damaged.map { UInt64($0 - superblock) })
      guard let address = firstOccurrence(of: addresses, in: bytes) else { return nil }
      return "a heap at byte \(Int(address) + superblock) has an object whose sizes cannot be"
    }
  }

  /// The sizes of the objects of the heap at an address, by their numbers; empty where there is no
  /// heap, or one that is damaged. O(size of the heap).
  ///
  /// - Parameter base: what addresses count from.
  static func objects(
    in reader: DataReader, address: UInt64, base: Int
  ) throws(DatasetError) -> [UInt32: Int] {
    guard let offset = Int(exactly: address), offset < Int.max / 2 - base,
      let head = try reader.whole(at: base + offset, count: header),
      Array(head[..<signature.count]) == signature
    else { return [:] }
    let size = head.withUnsafeBytes { number($0, 8) }
    guard let size = Int(exactly: size), size >= header, size <= largestFile,
      let heap = try reader.whole(at: base + offset, count: size)
    else { return [:] }
    return heap.withUnsafeBytes { bytes -> [UInt32: Int] in
      guard isWhole(bytes, 0) else { return [:] }
      var objects: [UInt32: Int] = [:]
      var position = header
      while position + header <= size {
        let index = index(bytes, position)
        let length = Int(clamping: number(bytes, position + 8))
        // Free room ends a heap.
        guard index != 0 else { break }
        objects[UInt32(index)] = length
        position += header + (length + 7) / 8 * 8
      }
      return objects
    }
  }

  /// The bytes of the header of a heap, and of one of its objects.
  private static let header = 16

  private static func number(_ bytes: UnsafeRawBufferPointer, _ position: Int) -> UInt64 {
    UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
  }

  private static func index(_ bytes: UnsafeRawBufferPointer, _ position: Int) -> UInt16 {
    UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt16.self))
  }

  /// Where something begins that looks like a heap whose objects do not fit into it.
  private static func damagedHeaps(_ bytes: UnsafeRawBufferPointer) -> [Int] {
    guard let base = bytes.baseAddress else { return [] }
    var damaged: [Int] = []
    var start = 0
    while start + signature.count <= bytes.count,
      let found = memchr(base + start, Int32(signature[0]), bytes.count - start)
    {
      let heap = UnsafeRawPointer(found) - base
      start = heap + 1
      guard bytes.count - heap >= signature.count else { break }
      if memcmp(found, signature, signature.count) == 0, !isWhole(bytes, heap) {
        damaged.append(heap)
      }
    }
    return damaged
  }

  /// The first of the addresses of which the eight bytes are anywhere in the file, as they are in
  /// whatever lies in the heap of that address.
  private static func firstOccurrence(
    of addresses: Set<UInt64>, in bytes: UnsafeRawBufferPointer
  ) -> UInt64? {
    guard bytes.count >= 8 else { return nil }
    for offset in 0...bytes.count - 8 {
      let value = UInt64(
        littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
      if value < UInt64(bytes.count), addresses.contains(value) { return value }
    }
    return nil
  }

  /// Whether the objects of a heap follow each other up to its end. Lengths have 8 bytes, as is written
  /// everywhere: of other files the size of the heap is none, and nothing is said.
  private static func isWhole(_ bytes: UnsafeRawBufferPointer, _ heap: Int) -> Bool {
    // What leads out of the file, the library notices itself.
    guard heap + header <= bytes.count, let size = Int(exactly: number(bytes, heap + 8)),
      size >= header, size <= bytes.count - heap
    else { return true }
    var position = heap + header
    let end = heap + size
    while position + header <= end {
      let index = index(bytes, position)
      guard let length = Int(exactly: number(bytes, position + 8)), length <= end - position else {
        return false
      }
      // Object 0 is the free room with its header; the others are rounded up to eight bytes.
      let room = index == 0 ? length : header + (length + 7) / 8 * 8
      guard room > 0, room <= end - position else { return false }
      if index != 0 {
        let object = UnsafeRawBufferPointer(
          rebasing: bytes[position + header..<position + header + min(length, room - header)])
        if HDF5SourceMapping.isDamaged(object) { return false }
      }
      position += room
    }
    return true
  }
}
