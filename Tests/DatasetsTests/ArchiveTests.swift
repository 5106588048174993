import Datasets
import TestSupport
import Testing

@Suite("Tar and zip archives")
struct ArchiveTests {
  private typealias Member = SampleArchives.Member

  private func tarError(_ members: [Member], closed: Bool = true) -> DatasetError? {
    let bytes = SampleArchives.tar(members, closed: closed)
    let error = datasetError { _ = try TarArchive.entries(of: bytes, path: "a.tar") }
    #expect(error.map { isSentence($0.message) && $0.message.contains("a.tar") } == true)
    #expect(error?.exitCode == 65)
    return error
  }

  @Test func tarFilesAreFound() throws {
    let bytes = SampleArchives.tar([
      Member(name: "a/1.png", bytes: [1, 2, 3]),
      Member(name: "./b/2.png", bytes: Array(repeating: 7, count: 600)),
    ])
    let entries = try TarArchive.entries(of: bytes, path: "a.tar")
    #expect(entries.map(\.name) == ["a/1.png", "b/2.png"])
    #expect(Array(bytes[entries[0].range]) == [1, 2, 3] && entries[1].range.count == 600)
  }

  @Test func damagedTarsAreRefused() throws {
    let good = SampleArchives.tar([Member(name: "a/1.png", bytes: [1, 2, 3])])
    var flipped = good
    flipped[3] ^= 1
    for bytes in [flipped, Array(good.prefix(514))] {
      #expect(throws: DatasetError.self) { try TarArchive.entries(of: bytes, path: "a.tar") }
    }
    _ = tarError([Member(name: "a", bytes: [1])], closed: false)
    for name in ["../outside", "/etc/passwd", "a/../../b"] {
      let error = tarError([Member(name: name, bytes: [1])])
      #expect(error?.message.contains("lies outside of it") == true)
    }
  }

  /// Sizes with a sign, of no number, of more than 63 bits, and of more bytes than there are.
  @Test(arguments: [
    Array("-0000000001\0".utf8), Array("-7777777777\0".utf8), Array("+0000000001\0".utf8),
    Array("00000000008\0".utf8), Array("0x000000001\0".utf8), Array("777777777777".utf8),
    Array("77777777777\0".utf8), [UInt8](repeating: 0xff, count: 12),
    [0x80, 0, 0, 0, 0x7f] + [UInt8](repeating: 0xff, count: 7),
    [0x80, 0, 0, 0, 0xff] + [UInt8](repeating: 0xff, count: 7),
    [0xbf] + [UInt8](repeating: 0xff, count: 11), [0xc0] + [UInt8](repeating: 0, count: 11),
  ])
  func sizesThatAreNoneAreRefused(size: [UInt8]) {
    _ = tarError([Member(name: "a", bytes: [1, 2, 3], size: size)])
    _ = tarError([Member(name: "folder/", kind: "5", size: size), Member(name: "a", bytes: [1])])
  }

  @Test func sizesInBinaryAreRead() throws {
    let size: [UInt8] = [0x80] + [UInt8](repeating: 0, count: 10) + [3]
    let bytes = SampleArchives.tar([Member(name: "a", bytes: [1, 2, 3], size: size)])
    #expect(try TarArchive.entries(of: bytes, path: "a.tar").map(\.range) == [512..<515])
  }

  @Test func longNamesAreReadAndMustStayInside() throws {
    let long = String(repeating: "folder/", count: 30) + "1.png"
    for (kind, content) in [
      ("L", Array(long.utf8) + [0]), ("x", SampleArchives.pax("path", long)),
    ] as [(Character, [UInt8])] {
      let bytes = SampleArchives.tar([
        Member(name: "header", bytes: content, kind: kind), Member(name: "short", bytes: [1]),
        Member(name: "next", bytes: [2]),
      ])
      #expect(try TarArchive.entries(of: bytes, path: "a.tar").map(\.name) == [long, "next"])
    }
    let outside = tarError([
      Member(name: "x", bytes: SampleArchives.pax("path", "../../x"), kind: "x"),
      Member(name: "short", bytes: [1]),
    ])
    #expect(outside?.message.contains("lies outside of it") == true)
    for header in ["size=-1", "size=99999999999999999999", "9223372036854775807 path=a\n", "-3 a"] {
      let content =
        header.hasPrefix("size")
        ? SampleArchives.pax("size", String(header.dropFirst(5))) : Array(header.utf8)
      _ = tarError([
        Member(name: "x", bytes: content, kind: "x"), Member(name: "short", bytes: [1]),
      ])
    }
  }

  @Test(arguments: ["1", "2", "3", "4", "6", "S"] as [Character])
  func linksAndDevicesInTarsAreRefused(kind: Character) {
    let error = tarError([Member(name: "innocent.png", kind: kind)])
    #expect(error?.message.contains("innocent.png") == true && error?.kind == .unsupported)
  }

  @Test func zipFilesAreFoundAndChecked() throws {
    let bytes = SampleArchives.zip("set/a/1.png", [9, 8, 7])
    let entries = try ZipArchive.entries(of: bytes, path: "a.zip")
    #expect(entries.map(\.name) == ["set/a/1.png"] && entries.map(\.bytes) == [[9, 8, 7]])
    var flipped = bytes
    flipped[30 + 11] ^= 1
    for damaged in [flipped, Array(bytes.dropLast(5)), [UInt8](), Array(bytes.prefix(20))] {
      #expect(throws: DatasetError.self) { try ZipArchive.entries(of: damaged, path: "a.zip") }
    }
    let content = (0..<5_000).map { UInt8($0 / 100) }
    let packed = SampleArchives.zip("a", content, packed: SampleArchives.deflated(content))
    #expect(try ZipArchive.entries(of: packed, path: "a.zip").map(\.bytes) == [content])
  }

  /// What the directory claims is checked before anything is unpacked.
  @Test func bombsLinksAndStrangersInZipsAreRefused() {
    let zeros = [UInt8](repeating: 0, count: 1 << 20)
    let bomb = SampleArchives.deflated(zeros)
    for (bytes, words) in [
      (SampleArchives.zip("a", [1], size: 1 << 31), "claims more bytes than it can hold"),
      (SampleArchives.zip("a", [1], packed: [1, 2], size: 1 << 31), "claims more bytes"),
      // One packed megabyte that 300 members share.
      (SampleArchives.zip("a", zeros, packed: bomb, copies: 300), "can hold"),
      (SampleArchives.zip("a", [1], size: 0xffff_ffff), "zip64"),
      (SampleArchives.zip("a", [1], flags: 1), "is encrypted"),
      (SampleArchives.zip("a", [1], mode: 0o120777), "is a link"),
      (SampleArchives.zip("../a", [1]), "lies outside of it"),
    ] {
      let error = datasetError { _ = try ZipArchive.entries(of: bytes, path: "a.zip") }
      #expect(error?.message.contains(words) == true, "\(error?.message ?? words)")
      #expect(error.map { isSentence($0.message) } == true && error?.exitCode == 65)
    }
  }

  /// A compressed IDX file whose header declares gigabytes: its header alone is unpacked.
  @Test func compressedFilesDeclareNoMoreThanTheyHold() throws {
    let folder = try TemporaryFolder()
    let small = IDXFile(shape: [2, 3], values: [1, 2, 3, 4, 5, 6]).bytes
    var huge = small
    huge[4..<8] = [0x10, 0, 0, 0]
    let zeros = [UInt8](repeating: 0, count: 1 << 22)
    for (bytes, words) in [
      (huge, "compressed bytes can hold"), (small + zeros, "decompresses to more than the 18"),
      (Array("<html>".utf8), "it is a web page"),
    ] {
      let path = try folder.write(Gzip.compress(bytes), to: "a.gz")
      let error = datasetError { _ = try IDXFile.read(path) }
      #expect(error?.message.contains(words) == true, "\(error?.message ?? words)")
      #expect(error.map { isSentence($0.message) } == true && error?.exitCode == 65)
    }
  }
}
