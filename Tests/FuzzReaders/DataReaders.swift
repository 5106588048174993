import Datasets
import Foundation

extension FuzzReader {
  /// Readers of images and archives.
  static let dataReaders: [FuzzReader] = [
    FuzzReader("idx") { bytes, scratch in _ = try IDXFile.parse(bytes, path: scratch) },
    FuzzReader("idx-gzip", repair: { Gzip.compress($0) }) { bytes, scratch in
      try write(bytes, scratch)
      _ = try IDXFile.read(scratch)
    },
    FuzzReader("gzip") { bytes, scratch in
      _ = try Gzip.decompress(bytes, limit: 1 << 20, path: scratch)
    },
    FuzzReader("tar", repair: FuzzRepair.tar) { bytes, scratch in
      for entry in try TarArchive.entries(of: bytes, path: scratch) {
        try require(
          entry.range.upperBound <= bytes.count && isInside(entry.name),
          "the entry \(entry.name) leaves the folder or the archive")
      }
    },
    FuzzReader("zip") { bytes, scratch in
      for entry in try ZipArchive.entries(of: bytes, path: scratch) {
        try require(isInside(entry.name), "the entry \(entry.name) leaves the folder")
      }
    },
    FuzzReader("cifar") { bytes, scratch in
      _ = try CIFARFewShotImages.records(of: bytes, path: scratch)
    },
    FuzzReader("png", repair: FuzzRepair.png) { bytes, scratch in
      let image = try PNGImage.decode(bytes, path: scratch)
      try require(
        image.pixels.count == image.width * image.height * image.channels, "pixels are missing")
    },
    FuzzReader("split") { bytes, scratch in
      try write(bytes, scratch)
      _ = try ClassSplit.read(scratch, names: ["a", "b", "c"])
    },
    FuzzReader("hdf5") { bytes, scratch in
      try write(bytes, scratch)
      try readHDF5(scratch)
    },
  ]

  /// Everything that the wrapper can ask of an HDF5 file.
  package static func readHDF5(_ path: String) throws {
    let file = try HDF5File.open(path, maximumArrayBytes: 1 << 26)
    for name in try file.members().prefix(20) {
      _ = try? file.shape(of: name)
      _ = try? file.readIntegers(name)
      _ = try? file.texts(name)
      _ = try? file.attributeNames(of: name)
    }
    for name in (try? file.attributeNames()) ?? [] { _ = try? file.attribute(name) }
    _ = try ImageDataset.load(path)
  }

  /// Whether a name of an archive's entry stays below the folder that it is unpacked into.
  private static func isInside(_ name: String) -> Bool {
    !name.hasPrefix("/") && !name.split(separator: "/").contains("..")
  }

  static func require(_ condition: Bool, _ problem: String) throws {
    if !condition { throw Violation(description: problem) }
  }

  static func write(_ bytes: [UInt8], _ path: String) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: path))
  }
}

/// What a reader must never return.
struct Violation: Error, CustomStringConvertible {
  let description: String
}

/// Checksums made right after a change, so that what they guard is reached.
package enum FuzzRepair {
  /// Every header's checksum of a tar archive, as long as headers follow each other.
  @Sendable package static func tar(_ original: [UInt8]) -> [UInt8] {
    var bytes = original
    for start in stride(from: 0, to: bytes.count - 511, by: 512)
    where bytes[start + 257..<start + 262].elementsEqual("ustar".utf8) {
      for index in 148..<156 { bytes[start + index] = 32 }
      let sum = String(bytes[start..<start + 512].reduce(0) { $0 + Int($1) }, radix: 8)
      let field = String(repeating: "0", count: max(0, 6 - sum.count)) + sum
      for (index, digit) in field.utf8.prefix(6).enumerated() {
        bytes[start + 148 + index] = digit
      }
      bytes[start + 154] = 0
    }
    return bytes
  }

  /// Every chunk's checksum of a PNG file, as far as lengths lead from chunk to chunk.
  @Sendable package static func png(_ original: [UInt8]) -> [UInt8] {
    var bytes = original
    var position = 8
    while position + 12 <= bytes.count {
      let length = bytes[position..<position + 4].reduce(0) { $0 << 8 | Int($1) }
      guard length <= bytes.count - position - 12 else { break }
      let end = position + 8 + length
      let sum = crc(bytes[position + 4..<end])
      for index in 0..<4 { bytes[end + index] = UInt8(truncatingIfNeeded: sum >> (24 - 8 * index)) }
      position = end + 4
    }
    return bytes
  }

  private static func crc(_ bytes: ArraySlice<UInt8>) -> UInt32 {
    var crc: UInt32 = 0xffff_ffff
    for byte in bytes {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 1 ? 0xedb8_8320 ^ (crc >> 1) : crc >> 1 }
    }
    return ~crc
  }
}
