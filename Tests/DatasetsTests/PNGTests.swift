import Datasets
import Testing

@Suite("PNG images")
struct PNGTests {
  static let picture = PNGImage(
    width: 3, height: 2, channels: 1, pixels: [0, 255, 255, 255, 0, 0])

  @Test func writesOneBitAndReadsItBack() throws {
    let bytes = try Self.picture.encoded(bilevel: true)
    // Bit depth and colour type, at their places in the header chunk.
    #expect(bytes[24] == 1 && bytes[25] == 0)
    #expect(try PNGImage.decode(bytes, path: "a.png") == Self.picture)
  }

  @Test func writesGreyAndColourAndReadsThemBack() throws {
    let grey = PNGImage(width: 2, height: 2, channels: 1, pixels: [0, 17, 128, 255])
    #expect(try PNGImage.decode(try grey.encoded(), path: "a.png") == grey)
    let colour = PNGImage(width: 2, height: 1, channels: 3, pixels: [1, 2, 3, 250, 100, 0])
    #expect(try PNGImage.decode(try colour.encoded(), path: "a.png") == colour)
  }

  @Test func sixteenBitsKeepTheirUpperByte() throws {
    let bytes = SampleFiles.greySixteenBits([0, 0x8080, 0xffff])
    let image = try PNGImage.decode(bytes, path: "a.png")
    #expect(image.pixels == [0, 128, 255] && image.channels == 1)
  }

  @Test(arguments: [0, 1, 8, 20, 33, 40, 50, 60])
  func aTruncatedFileIsRefusedByName(length: Int) throws {
    let bytes = Array(try Self.picture.encoded(bilevel: true).prefix(length))
    #expect {
      try PNGImage.decode(bytes, path: "broken.png")
    } throws: { error in
      let error = error as? DatasetError
      return error?.exitCode == 65 && error?.message.contains("broken.png") == true
    }
  }

  @Test func whatFollowsTheEndDoesNotMatter() throws {
    let bytes = try Self.picture.encoded(bilevel: true)
    let image = try PNGImage.decode(bytes + Array("left over".utf8), path: "a.png")
    #expect(image == Self.picture)
  }

  @Test func aFlippedBitIsFound() throws {
    var bytes = try Self.picture.encoded(bilevel: true)
    bytes[45] ^= 0x10
    #expect(throws: DatasetError.self) { try PNGImage.decode(bytes, path: "a.png") }
  }

  @Test func resamplingKeepsTheMean() {
    let image = PNGImage(
      width: 4, height: 4, channels: 1, pixels: (0..<16).map { UInt8($0 * 16) })
    let half = image.resized(width: 2, height: 2)
    #expect(half.pixels == [40, 72, 168, 200])
    let odd = image.resized(width: 3, height: 3)
    let mean = odd.pixels.reduce(0.0) { $0 + Double($1) } / 9
    #expect(abs(mean - 120) < 0.5)
    #expect(image.inverted.pixels[0] == 255)
    #expect(image.converted(channels: 3).converted(channels: 1) == image)
  }
}

/// Files in forms that the package does not write.
enum SampleFiles {
  /// A grey PNG of one row with 16-bit samples, its image data stored without compression.
  static func greySixteenBits(_ samples: [UInt16]) -> [UInt8] {
    var raw: [UInt8] = [0]
    for sample in samples { raw += [UInt8(sample >> 8), UInt8(sample & 255)] }
    let header = bigEndian(UInt32(samples.count)) + bigEndian(1) + [16, 0, 0, 0, 0]
    return pngSignature
      + chunk("IHDR", header) + chunk("IDAT", stored(raw)) + chunk("IEND", [])
  }

  static let pngSignature: [UInt8] = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]

  /// A zlib stream that holds the bytes, fewer than 65,536, without compression.
  static func stored(_ raw: [UInt8]) -> [UInt8] {
    let length = UInt16(raw.count)
    return [
      0x78, 0x01, 0x01, UInt8(length & 255), UInt8(length >> 8), UInt8(~length & 255),
      UInt8(~length >> 8),
    ] + raw + bigEndian(adler(raw))
  }

  static func bigEndian(_ value: UInt32) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(value >> $0 & 255) }
  }

  static func chunk(_ name: String, _ data: [UInt8]) -> [UInt8] {
    bigEndian(UInt32(data.count)) + Array(name.utf8) + data
      + bigEndian(crc(Array(name.utf8) + data))
  }

  static func crc(_ bytes: [UInt8]) -> UInt32 {
    var crc: UInt32 = 0xffff_ffff
    for byte in bytes {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xedb8_8320 : crc >> 1 }
    }
    return ~crc
  }

  private static func adler(_ bytes: [UInt8]) -> UInt32 {
    var (a, b): (UInt32, UInt32) = (1, 0)
    for byte in bytes {
      a = (a + UInt32(byte)) % 65_521
      b = (b + a) % 65_521
    }
    return b << 16 | a
  }
}
