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
  public static let maximumBytes = 1 << 30

  /// The files of an archive, in the order of its directory. Folders are passed over.
  ///
  /// - Parameter path: the archive named in errors.
  public static func entries(
    of bytes: [UInt8], path: String
  ) throws(DatasetError) -> [Entry] {
    let end = try endOfDirectory(bytes, path)
    let count = number(bytes, end + 10, 2)
    var position = number(bytes, end + 16, 4)
    var entries: [Entry] = []
    var total = 0
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
      defer { position = next }
      if name.hasSuffix("/") { continue }
      total += number(bytes, position + 24, 4)
      guard total <= maximumBytes else {
        throw DatasetError(
          .tooLarge,
          "The zip archive \(path) claims more than \(maximumBytes) bytes: it is not the archive it "
            + "should be, fetch it again.")
      }
      entries.append(
        Entry(
          name: try ArchivePath.checked(name, in: path),
          bytes: try member(bytes, directoryEntry: position, name, path)))
    }
    return entries
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

  private static func member(
    _ bytes: [UInt8], directoryEntry entry: Int, _ name: String, _ path: String
  ) throws(DatasetError) -> [UInt8] {
    let method = number(bytes, entry + 10, 2)
    let packed = number(bytes, entry + 20, 4)
    let size = number(bytes, entry + 24, 4)
    let local = number(bytes, entry + 42, 4)
    guard local + 30 <= bytes.count, number(bytes, local, 4) == 0x0403_4b50 else {
      throw damaged(path, "the member \(name) is not where its directory says")
    }
    let start = local + 30 + number(bytes, local + 26, 2) + number(bytes, local + 28, 2)
    guard packed <= bytes.count - start else {
      throw damaged(path, "it ends inside the member \(name)")
    }
    let content: [UInt8]?
    switch method {
    case 0: content = packed == size ? Array(bytes[start..<start + packed]) : nil
    case 8: content = inflated(bytes[start..<start + packed], size: size)
    default:
      throw DatasetError(
        .unsupported,
        "The member \(name) of \(path) is packed by method \(method), which is not read: pack the "
          + "archive again with deflate.")
    }
    guard let content, checksum(content) == number(bytes, entry + 16, 4) else {
      throw damaged(path, "the bytes of the member \(name) are not those that were packed")
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

  private static func damaged(_ path: String, _ reason: String) -> DatasetError {
    DatasetError(.malformed, "The zip archive \(path) is damaged (\(reason)): fetch it again.")
  }
}
