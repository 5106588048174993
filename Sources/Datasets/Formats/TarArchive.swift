import Foundation

/// Reading tar archives: POSIX ustar, the long names of GNU, and the extended headers of pax.
///
/// Every number of a header is checked before it is used. What could reach outside of the archive is
/// refused: names that leave it, links, devices and pipes.
public enum TarArchive {
  /// A regular file inside an archive.
  public struct Entry: Sendable, Equatable {
    /// The path within the archive, without a leading "./".
    public var name: String
    /// The position of its bytes within the archive.
    public var range: Range<Int>
  }

  /// The longest extended header that is read; it holds a name and a few numbers.
  private static let longestExtension = 1 << 20

  /// The regular files of an archive, in its order. Folders are passed over.
  ///
  /// - Parameter path: the archive named in errors.
  public static func entries(
    of bytes: [UInt8], path: String
  ) throws(DatasetError) -> [Entry] {
    var entries: [Entry] = []
    var position = 0
    var extended = Extension()
    while position + 512 <= bytes.count {
      let header = bytes[position..<position + 512]
      if header.allSatisfy({ $0 == 0 }) { return entries }
      guard checksumIsRight(header) else {
        throw damaged(path, "its header at byte \(position) is not one")
      }
      guard let size = extended.size ?? number(header, at: 124, length: 12) else {
        throw damaged(path, "the member at byte \(position) has no size")
      }
      let start = position + 512
      guard size <= bytes.count - start else {
        throw damaged(path, "it ends inside a member of \(size) bytes")
      }
      let prefix = text(header.dropFirst(345).prefix(155))
      let short = text(header.prefix(100))
      // GNU's archives ("ustar " with a space) keep times where others keep the prefix.
      let isGNU = header[header.startIndex + 262] == 32
      let name = extended.name ?? (prefix.isEmpty || isGNU ? short : "\(prefix)/\(short)")
      let kind = header[header.startIndex + 156]
      switch kind {
      case UInt8(ascii: "L"), UInt8(ascii: "x"):
        guard size <= longestExtension else {
          throw damaged(path, "a header of \(size) bytes is not one")
        }
        try extended.read(kind, bytes[start..<start + size], path)
      case UInt8(ascii: "1"), UInt8(ascii: "2"):
        throw refused(path, name, "is a link")
      case UInt8(ascii: "3"), UInt8(ascii: "4"), UInt8(ascii: "6"):
        throw refused(path, name, "is a device or a pipe")
      case UInt8(ascii: "S"), UInt8(ascii: "M"):
        throw refused(path, name, "is stored in pieces")
      case 0, UInt8(ascii: "0"), UInt8(ascii: "7"):
        extended = Extension()
        // Old archives mark a folder by its name only.
        if !name.hasSuffix("/") {
          entries.append(
            Entry(name: try ArchivePath.checked(name, in: path), range: start..<start + size))
        }
      default:
        // Folders, global headers, and what only one program knows.
        if kind != UInt8(ascii: "g") && kind != UInt8(ascii: "K") { extended = Extension() }
      }
      position = start + (size + 511) / 512 * 512
    }
    throw damaged(path, "it ends without the blocks that close an archive")
  }

  /// What a member's extended headers say of the one that follows.
  private struct Extension {
    var name: String?
    var size: Int?

    mutating func read(
      _ kind: UInt8, _ content: ArraySlice<UInt8>, _ path: String
    ) throws(DatasetError) {
      if kind == UInt8(ascii: "L") {
        name = TarArchive.text(content)
        return
      }
      // Records "<length> <key>=<value>\n", the length that of the whole record in decimal digits.
      var rest = content
      while !rest.isEmpty {
        guard let space = rest.prefix(8).firstIndex(of: 32),
          let length = Int(String(decoding: rest[..<space], as: UTF8.self)), length > 0,
          length <= rest.count, rest.startIndex + length > space + 1
        else { throw TarArchive.damaged(path, "an extended header is not one") }
        let record = rest[(space + 1)..<(rest.startIndex + length)]
        rest = rest.dropFirst(length)
        guard let equals = record.firstIndex(of: UInt8(ascii: "=")) else { continue }
        let value = String(decoding: record[(equals + 1)...].dropLast(), as: UTF8.self)
        switch String(decoding: record[..<equals], as: UTF8.self) {
        case "path": name = value
        case "size":
          guard let number = Int(value), number >= 0 else {
            throw TarArchive.damaged(path, "a member has the size \(value.prefix(20))")
          }
          size = number
        default: break
        }
      }
    }
  }

  private static func damaged(_ path: String, _ reason: String) -> DatasetError {
    DatasetError(
      .malformed, "The tar archive \(path) is damaged (\(reason)): fetch it again.")
  }

  private static func refused(_ path: String, _ name: String, _ what: String) -> DatasetError {
    DatasetError(
      .unsupported,
      "The member \(name) of the tar archive \(path) \(what), which is not unpacked here: pack an "
        + "archive of regular files only.")
  }

  private static func text(_ bytes: some Sequence<UInt8>) -> String {
    String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
  }

  /// The number in a field: octal digits between spaces or zeros, or, with the first bit set, a
  /// big-endian integer (GNU). Nil for what is neither, is negative, or is too large for `Int`.
  private static func number(_ header: ArraySlice<UInt8>, at offset: Int, length: Int) -> Int? {
    let field = header.dropFirst(offset).prefix(length)
    guard let first = field.first else { return nil }
    var result = 0
    if first & 0x80 != 0 {
      // The second bit is the sign.
      guard first & 0x40 == 0 else { return nil }
      for (index, byte) in field.enumerated() {
        guard result < 1 << 54 else { return nil }
        result = result << 8 | Int(index == 0 ? byte & 0x3f : byte)
      }
      return result
    }
    let digits = field.drop { $0 == 32 }.prefix { $0 != 0 && $0 != 32 }
    for digit in digits {
      guard (UInt8(ascii: "0")...UInt8(ascii: "7")).contains(digit) else { return nil }
      result = result << 3 | Int(digit - UInt8(ascii: "0"))
    }
    return result
  }

  /// The sum of the header's bytes, the checksum's own field counted as spaces.
  private static func checksumIsRight(_ header: ArraySlice<UInt8>) -> Bool {
    var sum = 0
    for (offset, byte) in header.enumerated() {
      sum += (148..<156).contains(offset) ? 32 : Int(byte)
    }
    return number(header, at: 148, length: 8) == sum
  }
}

/// Names inside archives, which must stay below the folder that they are written to.
enum ArchivePath {
  /// The name without "./", refused when it would leave the folder.
  static func checked(_ name: String, in archive: String) throws(DatasetError) -> String {
    let parts = name.split(separator: "/").filter { $0 != "." }
    guard !name.hasPrefix("/"), !parts.isEmpty, !parts.contains(".."),
      !name.utf8.contains(0)
    else {
      throw DatasetError(
        .malformed,
        "The archive \(archive) has a member named \"\(name.prefix(200))\", which lies outside of it: it "
          + "is not the archive it should be, fetch it again.")
    }
    return parts.joined(separator: "/")
  }
}
