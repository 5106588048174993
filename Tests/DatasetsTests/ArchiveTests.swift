import Datasets
import Testing

@Suite("Tar and zip archives")
struct ArchiveTests {
  /// A ustar archive of the given files.
  private func tar(_ files: [(name: String, bytes: [UInt8])], closed: Bool = true) -> [UInt8] {
    var archive: [UInt8] = []
    for (name, bytes) in files {
      var header = [UInt8](repeating: 0, count: 512)
      func put(_ text: String, _ offset: Int) {
        for (index, byte) in text.utf8.enumerated() { header[offset + index] = byte }
      }
      put(name, 0)
      put("0000644", 100)
      let octal = String(bytes.count, radix: 8)
      put(String(repeating: "0", count: 11 - octal.count) + octal, 124)
      put("ustar", 257)
      header[156] = UInt8(ascii: "0")
      for index in 148..<156 { header[index] = 32 }
      let sum = String(header.reduce(0) { $0 + Int($1) }, radix: 8)
      put(String(repeating: "0", count: 6 - sum.count) + sum, 148)
      header[154] = 0
      archive += header + bytes
      archive += [UInt8](repeating: 0, count: (512 - bytes.count % 512) % 512)
    }
    return closed ? archive + [UInt8](repeating: 0, count: 1_024) : archive
  }

  @Test func tarFilesAreFound() throws {
    let bytes = tar([("a/1.png", [1, 2, 3]), ("./b/2.png", Array(repeating: 7, count: 600))])
    let entries = try TarArchive.entries(of: bytes, path: "a.tar")
    #expect(entries.map(\.name) == ["a/1.png", "b/2.png"])
    #expect(Array(bytes[entries[0].range]) == [1, 2, 3] && entries[1].range.count == 600)
  }

  @Test func damagedTarsAreRefused() throws {
    let good = tar([("a/1.png", [1, 2, 3])])
    var flipped = good
    flipped[3] ^= 1
    for bytes in [flipped, Array(good.prefix(514)), tar([("a", [1])], closed: false)] {
      #expect(throws: DatasetError.self) { try TarArchive.entries(of: bytes, path: "a.tar") }
    }
    for name in ["../outside", "/etc/passwd", "a/../../b"] {
      #expect(throws: DatasetError.self) {
        try TarArchive.entries(of: tar([(name, [1])]), path: "a.tar")
      }
    }
  }

  /// A zip archive with one stored member.
  private func zip(_ name: String, _ bytes: [UInt8]) -> [UInt8] {
    func little(_ value: Int, _ length: Int) -> [UInt8] {
      (0..<length).map { UInt8(value >> (8 * $0) & 255) }
    }
    let crc = little(Int(SampleFiles.crc(bytes)), 4)
    let sizes = little(bytes.count, 4) + little(bytes.count, 4)
    let common = little(20, 2) + little(0, 2) + little(0, 2) + little(0, 4) + crc + sizes
    let local =
      [0x50, 0x4b, 3, 4] + common + little(name.utf8.count, 2) + little(0, 2) + Array(name.utf8)
      + bytes
    let entry =
      [0x50, 0x4b, 1, 2] + little(20, 2) + common + little(name.utf8.count, 2) + little(0, 2)
      + little(0, 2) + little(0, 2) + little(0, 2) + little(0, 4) + little(0, 4) + Array(name.utf8)
    return local + entry + [0x50, 0x4b, 5, 6] + little(0, 4) + little(1, 2) + little(1, 2)
      + little(entry.count, 4) + little(local.count, 4) + little(0, 2)
  }

  @Test func zipFilesAreFoundAndChecked() throws {
    let bytes = zip("set/a/1.png", [9, 8, 7])
    let entries = try ZipArchive.entries(of: bytes, path: "a.zip")
    #expect(entries.map(\.name) == ["set/a/1.png"] && entries.map(\.bytes) == [[9, 8, 7]])
    var flipped = bytes
    flipped[30 + 11] ^= 1
    for damaged in [flipped, Array(bytes.dropLast(5)), [UInt8](), Array(bytes.prefix(20))] {
      #expect(throws: DatasetError.self) { try ZipArchive.entries(of: damaged, path: "a.zip") }
    }
    #expect(throws: DatasetError.self) {
      try ZipArchive.entries(of: zip("../a", [1]), path: "a.zip")
    }
  }
}
