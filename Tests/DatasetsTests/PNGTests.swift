import Datasets
import Tensors
import TestSupport
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

  /// Resampling by the whole image made narrow first, whose bits stored results hold.
  private func resampledAtOnce(_ image: PNGImage, width: Int, height: Int) -> [UInt8] {
    func coverage(from old: Int, to new: Int) -> [[(source: Int, weight: Double)]] {
      (0..<new).map { index in
        let low = Double(index) * Double(old) / Double(new)
        let high = Double(index + 1) * Double(old) / Double(new)
        return (Int(low)..<min(old, Int(high.rounded(.up)))).compactMap { source in
          let overlap = min(high, Double(source + 1)) - max(low, Double(source))
          return overlap > 1e-12 ? (source, overlap / (high - low)) : nil
        }
      }
    }
    let stride = width * image.channels
    var narrow = [Double](repeating: 0, count: image.height * stride)
    for row in 0..<image.height {
      for (column, parts) in coverage(from: image.width, to: width).enumerated() {
        for (source, weight) in parts {
          for channel in 0..<image.channels {
            let pixel = image.pixels[(row * image.width + source) * image.channels + channel]
            narrow[row * stride + column * image.channels + channel] += weight * Double(pixel)
          }
        }
      }
    }
    return coverage(from: image.height, to: height).flatMap { parts in
      (0..<stride).map { offset in
        let value = parts.reduce(0.0) { $0 + $1.weight * narrow[$1.source * stride + offset] }
        return UInt8(min(255, max(0, value.rounded())))
      }
    }
  }

  @Test(arguments: [
    (105, 105, 28, 28), (7, 5, 3, 9), (32, 32, 84, 84), (1, 9, 4, 2), (13, 1, 5, 6), (6, 6, 6, 4),
  ])
  func resamplingRowByRowGivesTheSameBits(
    width: Int, height: Int, newWidth: Int, newHeight: Int
  ) {
    for channels in [1, 3] {
      var stream = RandomStream(seed: UInt64(width), purpose: "pixels")
      let image = PNGImage(
        width: width, height: height, channels: channels,
        pixels: (0..<width * height * channels).map { _ in UInt8(stream.integer(below: 256)) })
      let resized = image.resized(width: newWidth, height: newHeight)
      #expect(resized.pixels == resampledAtOnce(image, width: newWidth, height: newHeight))
    }
  }

  /// In a process of its own, whose peak of memory is that of this image.
  @Test(.enabled(if: peakResidentBytes() != nil, "The system does not tell the peak of memory."))
  func aTallImageTakesNoMoreMemoryThanItsPixels() async {
    await #expect(processExitsWith: .success) {
      // A file of a few hundred bytes may hold it; made 128 wide as a whole, it would take 256 MB.
      let image = PNGImage(
        width: 1, height: 1 << 18, channels: 1, pixels: [UInt8](repeating: 200, count: 1 << 18))
      let before = try #require(peakResidentBytes())
      let small = image.resized(width: 128, height: 64)
      let after = try #require(peakResidentBytes())
      #expect(small.pixels == [UInt8](repeating: 200, count: 128 * 64))
      #expect(after - before < 64 << 20)
    }
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
