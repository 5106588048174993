import Foundation

/// Reading tar archives: POSIX ustar, and GNU's long names.
public enum TarArchive {
  /// A regular file inside an archive.
  public struct Entry: Sendable, Equatable {
    /// The path within the archive, without a leading "./".
    public var name: String
    /// The position of its bytes within the archive.
    public var range: Range<Int>
  }

  /// The regular files of an archive, in its order. Folders and links are passed over.
  ///
  /// - Parameter path: the archive named in errors.
  public static func entries(
    of bytes: [UInt8], path: String
  ) throws(DatasetError) -> [Entry] {
    var entries: [Entry] = []
    var position = 0
    var longName: String?
    while position + 512 <= bytes.count {
      let header = bytes[position..<position + 512]
      if header.allSatisfy({ $0 == 0 }) { return entries }
      guard checksumIsRight(header), let size = octal(header, at: 124, length: 12) else {
        throw damaged(path, "its header at byte \(position) is not one")
      }
      let start = position + 512
      guard size <= bytes.count - start else {
        throw damaged(path, "it ends inside a member of \(size) bytes")
      }
      let kind = header[header.startIndex + 156]
      switch kind {
      case UInt8(ascii: "L"):
        longName = text(bytes[start..<start + size])
      case 0, UInt8(ascii: "0"):
        let prefix = text(header.dropFirst(345).prefix(155))
        let short = text(header.prefix(100))
        let name = longName ?? (prefix.isEmpty ? short : "\(prefix)/\(short)")
        longName = nil
        entries.append(
          Entry(name: try ArchivePath.checked(name, in: path), range: start..<start + size))
      default:
        longName = nil
      }
      position = start + (size + 511) / 512 * 512
    }
    throw damaged(path, "it ends without the blocks that close an archive")
  }

  private static func damaged(_ path: String, _ reason: String) -> DatasetError {
    DatasetError(
      .malformed, "The tar archive \(path) is damaged (\(reason)): fetch it again.")
  }

  private static func text(_ bytes: some Sequence<UInt8>) -> String {
    String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
  }

  private static func octal(_ header: ArraySlice<UInt8>, at offset: Int, length: Int) -> Int? {
    let field = text(header.dropFirst(offset).prefix(length))
      .trimmingCharacters(in: .whitespaces)
    return field.isEmpty ? 0 : Int(field, radix: 8)
  }

  /// The sum of the header's bytes, the checksum's own field counted as spaces.
  private static func checksumIsRight(_ header: ArraySlice<UInt8>) -> Bool {
    var sum = 0
    for (offset, byte) in header.enumerated() {
      sum += (148..<156).contains(offset) ? 32 : Int(byte)
    }
    return octal(header, at: 148, length: 8) == sum
  }
}

/// Names inside archives, which must stay below the folder that they are written to.
enum ArchivePath {
  /// The name without "./", refused when it would leave the folder.
  static func checked(_ name: String, in archive: String) throws(DatasetError) -> String {
    let parts = name.split(separator: "/").filter { $0 != "." }
    guard !name.hasPrefix("/"), !parts.isEmpty, !parts.contains("..") else {
      throw DatasetError(
        .malformed,
        "The archive \(archive) has a member named \"\(name)\", which lies outside of it: it is not "
          + "the archive it should be, fetch it again.")
    }
    return parts.joined(separator: "/")
  }
}
