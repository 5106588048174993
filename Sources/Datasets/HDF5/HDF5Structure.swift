import Foundation

/// A look at the object headers of an HDF5 file before the library sees them.
///
/// The library checks most of what it reads; of the headers of the older form, which carry no
/// checksums, version 1.10 follows a continuation wherever it leads, and a damaged one ends the process.
/// So the headers that can be reached from the root are walked here first. What this does not know
/// (newer forms, unusual sizes of addresses) is left to the library.
struct HDF5Structure {
  private let reader: DataReader
  private let fileSize: Int
  private let base: Int
  private var seen: Set<Int> = []
  /// What is wrong, nil as long as nothing is.
  private(set) var fault: String?

  private static let undefined = -1
  private static let mostObjects = 100_000

  /// What is wrong with the file that `reader` has open, of which `superblock` is the offset of the
  /// first block; nil when nothing was found.
  static func fault(
    in reader: DataReader, size: Int, superblock: Int
  ) throws(DatasetError) -> String? {
    guard let block = try reader.whole(at: superblock, count: 112) else { return nil }
    let version = block[8]
    // Addresses and lengths of 8 bytes, which is what is written everywhere.
    guard version <= 1, block[13] == 8, block[14] == 8 else { return nil }
    let fields = version == 0 ? 24 : 28
    var structure = HDF5Structure(
      reader: reader, fileSize: size, base: number(block, fields, 8))
    guard structure.base >= 0, structure.base <= size else { return "its base lies outside of it" }
    try structure.walk(header: number(block, fields + 40, 8))
    return structure.fault
  }

  private init(reader: DataReader, fileSize: Int, base: Int) {
    self.reader = reader
    self.fileSize = fileSize
    self.base = base
  }

  /// The little-endian number at a position; ``undefined`` where it exceeds `Int`.
  private static func number(_ bytes: [UInt8], _ position: Int, _ length: Int) -> Int {
    var value: UInt64 = 0
    for index in (0..<length).reversed() { value = value << 8 | UInt64(bytes[position + index]) }
    return Int(exactly: value) ?? undefined
  }

  /// The bytes at an address, or nil with the fault recorded.
  private mutating func block(
    _ address: Int, _ count: Int, _ what: String
  ) throws(DatasetError) -> [UInt8]? {
    guard fault == nil else { return nil }
    let room = fileSize - base
    guard address >= 0, count >= 0, address <= room, count <= room - address,
      let bytes = try reader.whole(at: base + address, count: count)
    else {
      fault = "\(what) leads outside of it"
      return nil
    }
    return bytes
  }

  /// Walks the header of an object and whatever it leads to, once.
  private mutating func walk(header address: Int) throws(DatasetError) {
    var pending = [address]
    while let next = pending.popLast(), fault == nil {
      guard seen.insert(next).inserted else { continue }
      guard seen.count <= Self.mostObjects else { return }
      pending += try objects(below: next)
    }
  }

  /// The addresses of the headers of a group's members, whose own header lies at `address`.
  private mutating func objects(below address: Int) throws(DatasetError) -> [Int] {
    guard let prefix = try block(address, 16, "the address of a header") else { return [] }
    // The newer form begins with letters and has checksums.
    guard prefix[0] == 1 else { return [] }
    var blocks = [(address + 16, Self.number(prefix, 8, 4))]
    var found: [Int] = []
    var visited: Set<Int> = []
    while let (start, length) = blocks.popLast() {
      guard visited.insert(start).inserted else {
        fault = "a header continues in itself"
        return []
      }
      guard let bytes = try block(start, length, "the continuation of a header") else {
        return []
      }
      var position = 0
      while position + 8 <= length {
        let kind = Self.number(bytes, position, 2)
        let size = Self.number(bytes, position + 2, 2)
        let data = position + 8
        position = data + size
        guard position <= length else {
          fault = "a message of a header is longer than the header"
          return []
        }
        if kind == 0x10, size >= 16 {
          blocks.append((Self.number(bytes, data, 8), Self.number(bytes, data + 8, 8)))
        } else if kind == 0x11, size >= 16 {
          found += try members(Self.number(bytes, data, 8))
        } else if kind == 0x08, size >= 14, bytes[data] == 4, bytes[data + 1] == 3 {
          // An array without parts has no address.
          if !bytes[data + 2..<data + 10].allSatisfy({ $0 == 0xff }) {
            try requireMapping(
              Self.number(bytes, data + 2, 8), object: Self.number(bytes, data + 10, 4))
          }
        } else if kind == 0x02 || kind == 0x15 {
          requireInside(bytes[data..<data + size], ofIndex: kind == 0x02 ? 8 : 2)
        }
      }
    }
    return found
  }

  /// Records a fault where the heap at an address has not the object that says where the parts of a virtual
  /// array lie: the library takes its number for a place in a list.
  private mutating func requireMapping(_ address: Int, object: Int) throws(DatasetError) {
    let what = "the mapping of a virtual array"
    guard let head = try block(address, 16, what) else { return }
    guard let heap = try block(address, Self.number(head, 8, 8), what) else { return }
    var position = 16
    while position + 16 <= heap.count {
      let index = Self.number(heap, position, 2)
      let size = Self.number(heap, position + 8, 8)
      if index == object { return }
      // Free space, which ends the list, or a size that is none.
      guard index != 0, size >= 0, size <= heap.count - position - 16 else { break }
      position += 16 + (size + 7) / 8 * 8
    }
    fault = "\(what) is not where it should be"
  }

  /// Records a fault where a message on how links or attributes are indexed leads outside of the file: the
  /// library reads there.
  ///
  /// - Parameter width: the bytes of the largest index, which is there where the first flag says so.
  private mutating func requireInside(_ message: ArraySlice<UInt8>, ofIndex width: Int) {
    let bytes = Array(message)
    guard bytes.count >= 2 else { return }
    let first = 2 + (bytes[1] & 1 != 0 ? width : 0)
    for position in [first, first + 8] + (bytes[1] & 2 != 0 ? [first + 16] : [])
    where position + 8 <= bytes.count {
      let isUnset = bytes[position..<position + 8].allSatisfy { $0 == 0xff }
      let address = Self.number(bytes, position, 8)
      guard isUnset || (address >= 0 && address < fileSize - base) else {
        fault = "an index of names leads outside of it"
        return
      }
    }
  }

  /// The addresses of the headers in the symbol table whose tree has its root at `address`.
  private mutating func members(_ address: Int) throws(DatasetError) -> [Int] {
    var nodes = [address]
    var found: [Int] = []
    var visited: Set<Int> = []
    while let node = nodes.popLast(), fault == nil {
      guard visited.insert(node).inserted, visited.count <= Self.mostObjects else {
        fault = "a tree of names comes back to itself"
        return []
      }
      guard let head = try block(node, 8, "a tree of names") else { return [] }
      let count = Self.number(head, 6, 2)
      if head[..<4].elementsEqual("TREE".utf8) {
        // Head of 24 bytes, then keys and children in turn, 8 bytes each.
        guard let entries = try block(node + 24, 16 * count, "a tree of names") else { return [] }
        nodes += (0..<count).map { Self.number(entries, 16 * $0 + 8, 8) }
      } else if head[..<4].elementsEqual("SNOD".utf8) {
        guard let entries = try block(node + 8, 40 * count, "a table of names") else { return [] }
        for index in 0..<count where Self.number(entries, 40 * index + 16, 4) != 2 {
          found.append(Self.number(entries, 40 * index + 8, 8))
        }
      } else {
        fault = "a tree of names is none"
      }
    }
    return found
  }
}
