internal import CZlib

/// Reading zip archives (PKWARE's APPNOTE): stored and deflated members, checksums verified.
public enum ZipArchive {
  /// A file inside an archive.
  public struct Entry: Sendable, Equatable {
    /// The path within the archive.
    public var name: String
    /// Its decompressed bytes.
    public var bytes: [UInt8]
  }

  /// The most bytes that all members may have together.
  static let maximumBytes = 1 << 28

  /// What the directory says of one member.
  private struct Member {
    var name: String
    var method: Int
    var checksum: Int
    var packed: Int
    var size: Int
    var header: Int
  }

  /// The files of an archive, in the order of its directory. Folders are passed over.
  ///
  /// The whole directory is checked before anything is unpacked: members that claim more bytes than
  /// `maximumBytes`, or than what is packed can hold, or that share their packed bytes, are refused.
  /// So are links and encrypted members.
  ///
  /// - Parameter path: the archive named in errors.
  public static func entries(
    of bytes: [UInt8], path: String
  ) throws(DatasetError) -> [Entry] {
    let members = try directory(of: bytes, path)
    let packed = members.reduce(0) { $0 + $1.packed }
    let total = members.reduce(0) { $0 + $1.size }
    guard total <= maximumBytes, packed <= bytes.count else {
      throw DatasetError(
        .tooLarge,
        "The zip archive \(path) of \(bytes.count) bytes claims \(total) bytes in its members, more "
          + "than the \(maximumBytes) that are unpacked or than it can hold: it is not the archive it "
          + "should be, fetch it again.")
    }
    var entries: [Entry] = []
    for member in members {
      entries.append(
        Entry(name: member.name, bytes: try content(of: member, in: bytes, path)))
    }
    return entries
  }

  private static func directory(
    of bytes: [UInt8], _ path: String
  ) throws(DatasetError) -> [Member] {
    let end = try endOfDirectory(bytes, path)
    let count = number(bytes, end + 10, 2)
    var position = number(bytes, end + 16, 4)
    guard count != 0xffff, position != 0xffff_ffff else { throw zip64(path) }
    var members: [Member] = []
    for _ in 0..<count {
      guard position + 46 <= bytes.count, number(bytes, position, 4) == 0x0201_4b50 else {
        throw damaged(path, "its directory is cut short")
      }
      let nameLength = number(bytes, position + 28, 2)
      let next =
        position + 46 + nameLength + number(bytes, position + 30, 2)
        + number(bytes, position + 32, 2)
      guard next <= bytes.count else { throw damaged(path, "its directory is cut short") }
      let name = String(decoding: bytes[position + 46..<position + 46 + nameLength], as: UTF8.self)
      let member = Member(
        name: name, method: number(bytes, position + 10, 2),
        checksum: number(bytes, position + 16, 4), packed: number(bytes, position + 20, 4),
        size: number(bytes, position + 24, 4), header: number(bytes, position + 42, 4))
      let flags = number(bytes, position + 8, 2)
      // Made on Unix (3), the upper half of the attributes is the file's mode.
      let mode = bytes[position + 5] == 3 ? number(bytes, position + 40, 2) : 0
      position = next
      if name.hasSuffix("/") { continue }
      guard member.packed != 0xffff_ffff, member.size != 0xffff_ffff else { throw zip64(path) }
      guard flags & 1 == 0 else { throw refused(path, name, "is encrypted") }
      guard mode & 0o170000 == 0 || mode & 0o170000 == 0o100000 else {
        throw refused(path, name, "is a link or another special file")
      }
      guard member.method == 0 || member.method == 8 else {
        throw refused(path, name, "is packed by method \(member.method)")
      }
      // DEFLATE gains at most a factor of 1032.
      let most = member.method == 0 ? member.packed : 1032 * member.packed + 64
      guard member.size <= most else {
        throw damaged(path, "the member \(name) claims more bytes than it can hold")
      }
      members.append(member)
      members[members.count - 1].name = try ArchivePath.checked(name, in: path)
    }
    return members
  }

  private static func endOfDirectory(_ bytes: [UInt8], _ path: String) throws(DatasetError) -> Int {
    // The record is 22 bytes, followed by a comment of at most 65,535.
    let last = bytes.count - 22
    for position in stride(from: last, through: max(0, last - 65_535), by: -1)
    where number(bytes, position, 4) == 0x0605_4b50 {
      return position
    }
    throw damaged(path, "it has no directory")
  }

  private static func content(
    of member: Member, in bytes: [UInt8], _ path: String
  ) throws(DatasetError) -> [UInt8] {
    let local = member.header
    guard local + 30 <= bytes.count, number(bytes, local, 4) == 0x0403_4b50 else {
      throw damaged(path, "the member \(member.name) is not where its directory says")
    }
    let start = local + 30 + number(bytes, local + 26, 2) + number(bytes, local + 28, 2)
    guard member.packed <= bytes.count - start else {
      throw damaged(path, "it ends inside the member \(member.name)")
    }
    let packed = bytes[start..<start + member.packed]
    let content =
      member.method == 8
      ? inflated(packed, size: member.size) : packed.count == member.size ? Array(packed) : nil
    guard let content, checksum(content) == member.checksum else {
      throw damaged(path, "the bytes of the member \(member.name) are not those that were packed")
    }
    return content
  }

  private static func inflated(_ packed: ArraySlice<UInt8>, size: Int) -> [UInt8]? {
    var stream = z_stream()
    guard bda_inflate_raw_init(&stream) == Z_OK else { return nil }
    defer { inflateEnd(&stream) }
    var output = [UInt8](repeating: 0, count: max(1, size))
    let isWhole = packed.withUnsafeBufferPointer { input in
      output.withUnsafeMutableBufferPointer { buffer in
        stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
        stream.avail_in = UInt32(input.count)
        stream.next_out = buffer.baseAddress
        stream.avail_out = UInt32(buffer.count)
        return inflate(&stream, Z_FINISH) == Z_STREAM_END && Int(stream.total_out) == size
      }
    }
    return isWhole ? Array(output[..<size]) : nil
  }

  private static func checksum(_ bytes: [UInt8]) -> Int {
    bytes.withUnsafeBufferPointer { Int(crc32(0, $0.baseAddress, UInt32($0.count))) }
  }

  /// The little-endian number at a position; 0 beyond the end.
  private static func number(_ bytes: [UInt8], _ position: Int, _ length: Int) -> Int {
    guard position >= 0, position + length <= bytes.count else { return 0 }
    return (0..<length).reduce(0) { $0 | Int(bytes[position + $1]) << (8 * $1) }
  }

  private static func zip64(_ path: String) -> DatasetError {
    DatasetError(
      .unsupported,
      "The zip archive \(path) has the form for more than 4 GB or 65,534 members (zip64), which is not "
        + "read: pack it in parts.")
  }

  private static func refused(_ path: String, _ name: String, _ what: String) -> DatasetError {
    DatasetError(
      .unsupported,
      "The member \(name) of the zip archive \(path) \(what), which is not unpacked here: pack the "
        + "regular files again with deflate.")
  }

  private static func damaged(_ path: String, _ reason: String) -> DatasetError {
    DatasetError(.malformed, "The zip archive \(path) is damaged (\(reason)): fetch it again.")
  }
}
