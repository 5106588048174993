import Datasets

/// Small archives in the forms that programs write, and in forms that only an attacker does.
enum SampleArchives {
  /// One member of a tar archive.
  struct Member {
    var name: String
    var bytes: [UInt8] = []
    /// The kind of member, "0" a regular file.
    var kind: Character = "0"
    /// The 12 bytes of the field of the size, when they are not the octal number of `bytes`.
    var size: [UInt8]?
  }

  /// A ustar archive of the given members.
  static func tar(_ members: [Member], closed: Bool = true) -> [UInt8] {
    var archive: [UInt8] = []
    for member in members {
      var header = [UInt8](repeating: 0, count: 512)
      func put(_ bytes: some Sequence<UInt8>, _ offset: Int) {
        for (index, byte) in bytes.enumerated() { header[offset + index] = byte }
      }
      put(member.name.utf8.prefix(100), 0)
      put("0000644".utf8, 100)
      put(member.size ?? Array(octal(member.bytes.count, 11).utf8), 124)
      put("ustar\u{0}00".utf8, 257)
      header[156] = member.kind.asciiValue ?? 0
      for index in 148..<156 { header[index] = 32 }
      put(octal(header.reduce(0) { $0 + Int($1) }, 6).utf8, 148)
      header[154] = 0
      archive += header + member.bytes
      archive += [UInt8](repeating: 0, count: (512 - member.bytes.count % 512) % 512)
    }
    return closed ? archive + [UInt8](repeating: 0, count: 1_024) : archive
  }

  /// The number in octal, with zeros in front.
  private static func octal(_ value: Int, _ digits: Int) -> String {
    let text = String(value, radix: 8)
    return String(repeating: "0", count: max(0, digits - text.count)) + text
  }

  /// A record of an extended header of pax: its length counts itself.
  static func pax(_ key: String, _ value: String) -> [UInt8] {
    var length = key.utf8.count + value.utf8.count + 3
    length += String(length + String(length).count).count
    return Array("\(length) \(key)=\(value)\n".utf8)
  }

  /// A zip archive with one member, stored; what its directory claims may be something else.
  static func zip(
    _ name: String, _ bytes: [UInt8], packed: [UInt8]? = nil, size: Int? = nil, flags: Int = 0,
    mode: Int = 0, copies: Int = 1
  ) -> [UInt8] {
    let content = packed ?? bytes
    let common =
      little(20, 2) + little(flags, 2) + little(packed == nil ? 0 : 8, 2) + little(0, 4)
      + little(Int(SampleFiles.crc(bytes)), 4) + little(content.count, 4)
      + little(size ?? bytes.count, 4)
    let local =
      [0x50, 0x4b, 3, 4] + common + little(name.utf8.count, 2) + little(0, 2) + Array(name.utf8)
      + content
    let entry =
      [0x50, 0x4b, 1, 2] + little(20, 1) + little(3, 1) + common + little(name.utf8.count, 2)
      + little(0, 2) + little(0, 2) + little(0, 2) + little(0, 2) + little(0, 2) + little(mode, 2)
      + little(0, 4) + Array(name.utf8)
    let directory = (0..<copies).flatMap { _ in entry }
    return local + directory + [0x50, 0x4b, 5, 6] + little(0, 4) + little(copies, 2)
      + little(copies, 2) + little(directory.count, 4) + little(local.count, 4) + little(0, 2)
  }

  /// The bytes as a bare deflate stream: gzip's, without its header of 10 bytes and trailer of 8.
  static func deflated(_ bytes: [UInt8]) -> [UInt8] {
    Array(Gzip.compress(bytes, level: 9).dropFirst(10).dropLast(8))
  }

  private static func little(_ value: Int, _ length: Int) -> [UInt8] {
    (0..<length).map { UInt8(value >> (8 * $0) & 255) }
  }
}
