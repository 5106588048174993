import Datasets
import Tensors
import Testing

/// PNG files that other programs write.
@Suite("PNG files of other programs")
struct PNGFormTests {
  /// A PNG of 8-bit samples: colour type 0 grey, 2 RGB, 4 grey with opacity, 6 RGB with opacity.
  static func png(
    width: Int, colourType: UInt8, samples: [UInt8], before: [(String, [UInt8])] = []
  ) -> [UInt8] {
    let channels = [0: 1, 2: 3, 4: 2, 6: 4][colourType] ?? 1
    let row = width * channels
    var raw: [UInt8] = []
    for start in stride(from: 0, to: samples.count, by: row) {
      raw += [0] + samples[start..<start + row]
    }
    let header =
      SampleFiles.bigEndian(UInt32(width)) + SampleFiles.bigEndian(UInt32(samples.count / row))
      + [8, colourType, 0, 0, 0]
    return SampleFiles.pngSignature + SampleFiles.chunk("IHDR", header)
      + before.flatMap { SampleFiles.chunk($0.0, $0.1) }
      + SampleFiles.chunk("IDAT", SampleFiles.stored(raw)) + SampleFiles.chunk("IEND", [])
  }

  /// A PNG of any depth from 8 on, in rows or in the seven passes of Adam7.
  static func png(
    width: Int, height: Int, depth: Int, colourType: UInt8, samples: [UInt16], interlaced: Bool
  ) -> [UInt8] {
    let channels = [0: 1, 2: 3, 4: 2, 6: 4][colourType] ?? 1
    let passes =
      interlaced
      ? [
        (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
        (0, 1, 1, 2),
      ] : [(0, 0, 1, 1)]
    var raw: [UInt8] = []
    for (left, top, across, down) in passes where left < width {
      for y in stride(from: top, to: height, by: down) {
        raw.append(0)
        for x in stride(from: left, to: width, by: across) {
          for sample in samples[(y * width + x) * channels..<(y * width + x + 1) * channels] {
            if depth == 16 { raw.append(UInt8(sample >> 8)) }
            raw.append(UInt8(truncatingIfNeeded: sample))
          }
        }
      }
    }
    let header =
      SampleFiles.bigEndian(UInt32(width)) + SampleFiles.bigEndian(UInt32(height))
      + [UInt8(depth), colourType, 0, 0, interlaced ? 1 : 0]
    return SampleFiles.pngSignature + SampleFiles.chunk("IHDR", header)
      + SampleFiles.chunk("IDAT", SampleFiles.stored(raw)) + SampleFiles.chunk("IEND", [])
  }

  @Test(
    "Every depth and colour type, in rows and in passes, gives the samples that are stored",
    arguments: [0, 2, 4, 6] as [UInt8], [8, 16])
  func interlacing(colourType: UInt8, depth: Int) throws {
    let channels = [0: 1, 2: 3, 4: 2, 6: 4][colourType] ?? 1
    for (width, height) in [(1, 1), (3, 2), (9, 7), (16, 17)] {
      var stream = RandomStream(seed: UInt64(width), purpose: "samples")
      let samples = (0..<width * height * channels).map { position -> UInt16 in
        // Opaque, or what lies below would count.
        let isOpacity = colourType & 4 != 0 && position % channels == channels - 1
        let most = depth == 16 ? 65_535 : 255
        return UInt16(isOpacity ? most : stream.integer(below: most + 1))
      }
      let seen = samples.enumerated().filter {
        colourType & 4 == 0 || $0.offset % channels != channels - 1
      }
      // To eight bits by the nearest 255th.
      let expected = seen.map {
        depth == 16 ? UInt8((Int($0.element) * 255 + 32_767) / 65_535) : UInt8($0.element)
      }
      for interlaced in [false, true] {
        let image = try PNGImage.decode(
          Self.png(
            width: width, height: height, depth: depth, colourType: colourType, samples: samples,
            interlaced: interlaced), path: "a.png")
        #expect(image.width == width && image.height == height)
        let distance = zip(image.pixels, expected).map { abs(Int($0) - Int($1)) }.max()
        #expect(
          image.pixels.count == expected.count && (distance ?? 0) == 0,
          "\(width) x \(height), interlaced \(interlaced): off by \(distance ?? -1)")
      }
    }
  }

  private let ramp = (0...255).map { UInt8($0) }

  @Test(arguments: [100_000, 45_455, 20_000, 1] as [UInt32])
  func samplesAreThoseThatAreStoredWhateverTheGamma(gamma: UInt32) throws {
    let before = [("gAMA", SampleFiles.bigEndian(gamma)), ("tEXt", Array("Comment\0x".utf8))]
    let grey = Self.png(width: 16, colourType: 0, samples: ramp, before: before)
    #expect(try PNGImage.decode(grey, path: "a.png").pixels == ramp)
    let colour = Self.png(width: 16, colourType: 2, samples: ramp + ramp + ramp, before: before)
    #expect(try PNGImage.decode(colour, path: "a.png").pixels == ramp + ramp + ramp)
    let opaque = Self.png(
      width: 16, colourType: 4, samples: ramp.flatMap { [$0, 255] }, before: before)
    #expect(try PNGImage.decode(opaque, path: "a.png").pixels == ramp)
  }

  @Test func transparencyIsLaidOnWhitePaper() throws {
    let samples: [UInt8] = [0, 255, 0, 128, 0, 0, 200, 255]
    let image = try PNGImage.decode(
      Self.png(width: 4, colourType: 4, samples: samples), path: "a.png")
    #expect(image.pixels == [0, 127, 255, 200] && image.channels == 1)
  }

  @Test(arguments: [4, 6] as [UInt8])
  func whiteInkOnTransparentIsInk(colourType: UInt8) throws {
    let opacities: [UInt8] = [0, 255, 128, 0]
    func picture(_ ink: UInt8) throws -> PNGImage {
      let samples = opacities.flatMap {
        [UInt8](repeating: ink, count: Int(colourType) / 2 - 1 + (colourType == 6 ? 1 : 0)) + [$0]
      }
      return try PNGImage.decode(
        Self.png(width: 2, colourType: colourType, samples: samples), path: "a.png")
    }
    let white = try picture(255)
    #expect(white == (try picture(0)))
    #expect(white.converted(channels: 1).pixels == [255, 0, 127, 255])
    // Ink that is seen on paper keeps its shade.
    #expect(try picture(100).converted(channels: 1).pixels == [255, 100, 177, 255])
  }

  @Test func aTransparentGreyIsTransparent() throws {
    let bytes = Self.png(
      width: 3, colourType: 0, samples: [7, 50, 0], before: [("tRNS", [0, 7])])
    #expect(try PNGImage.decode(bytes, path: "a.png").pixels == [255, 50, 0])
  }

  @Test(
    arguments: [
      ([0xff, 0xd8, 0xff, 0xe0], "is a JPEG image"), (Array("GIF89a".utf8), "is a GIF image"),
      (Array("<!DOCTYPE html>".utf8), "is a web page"), ([], "is empty (0 bytes)"),
      (Array("RIFF\0\0\0\0WEBPVP8 ".utf8), "is a WebP image"),
      (Array("version https://git-lfs.github.com/spec/v1".utf8), "a Git LFS pointer"),
      ([1, 2, 3], "is not a PNG image"),
    ] as [([UInt8], String)])
  func otherFilesAreCalledWhatTheyAre(bytes: [UInt8], words: String) {
    let error = datasetError { _ = try PNGImage.decode(bytes, path: "some/1.png") }
    #expect(
      error?.message.contains("some/1.png \(words)") == true
        || error?.message.contains(words) == true)
    #expect(error.map { isSentence($0.message) } == true && error?.exitCode == 65)
  }

  /// A PNG of one row with a palette of two colours, indices of 8, 4, 2 or 1 bits.
  private static func indexed(
    _ indices: [UInt8], depth: Int, interlaced: Bool = false,
    colours: [UInt8] = [9, 8, 7, 30, 20, 10], transparency: [UInt8]? = nil
  ) -> [UInt8] {
    // In a single row the passes of Adam7 that begin in it are the first, second, fourth and sixth.
    let passes = interlaced ? [(0, 8), (4, 8), (2, 4), (1, 2)] : [(0, 1)]
    var raw: [UInt8] = []
    for (left, across) in passes where left < indices.count {
      raw.append(0)
      var (byte, used) = (UInt8(0), 0)
      for column in stride(from: left, to: indices.count, by: across) {
        byte |= indices[column] << UInt8(8 - depth - used)
        used += depth
        if used == 8 {
          raw.append(byte)
          (byte, used) = (0, 0)
        }
      }
      if used > 0 { raw.append(byte) }
    }
    let header =
      SampleFiles.bigEndian(UInt32(indices.count)) + SampleFiles.bigEndian(1)
      + [UInt8(depth), 3, 0, 0, interlaced ? 1 : 0]
    return SampleFiles.pngSignature + SampleFiles.chunk("IHDR", header)
      + SampleFiles.chunk("PLTE", colours)
      + (transparency.map { SampleFiles.chunk("tRNS", $0) } ?? [])
      + SampleFiles.chunk("IDAT", SampleFiles.stored(raw)) + SampleFiles.chunk("IEND", [])
  }

  @Test(arguments: [2, 4, 8], [false, true])
  func indicesBeyondThePaletteAreDamage(depth: Int, interlaced: Bool) throws {
    let right: [UInt8] = [0, 1, 1, 0, 1, 0, 0]
    let image = try PNGImage.decode(
      Self.indexed(right, depth: depth, interlaced: interlaced), path: "a.png")
    let colours: [UInt8] = right.flatMap { index -> [UInt8] in
      index == 0 ? [9, 8, 7] : [30, 20, 10]
    }
    #expect(image.pixels == colours)
    for position in right.indices {
      var wrong = right
      wrong[position] = 2
      let error = datasetError {
        _ = try PNGImage.decode(
          Self.indexed(wrong, depth: depth, interlaced: interlaced), path: "a.png")
      }
      #expect(error?.kind == .malformed && error?.exitCode == 65)
      #expect(
        error?.message.contains("a pixel has the index 2 in a palette of 2 colours") == true,
        "\(error?.message ?? "none")")
      #expect(error.map { isSentence($0.message) } == true)
    }
  }

  @Test func shortPalettesAndTheirTransparencyAreRead() throws {
    #expect(try PNGImage.decode(Self.indexed([1, 0], depth: 1), path: "a.png").width == 2)
    let single = Self.indexed([0, 0], depth: 1, colours: [5, 5, 5])
    #expect(try PNGImage.decode(single, path: "a.png").pixels == [5, 5, 5, 5, 5, 5])
    let clear = Self.indexed([0, 1], depth: 8, transparency: [0])
    #expect(try PNGImage.decode(clear, path: "a.png").pixels == [255, 255, 255, 30, 20, 10])
  }

  /// Claims that would take gigabytes are refused from a file of some bytes, before any is taken.
  @Test(arguments: [
    (0x7fff_ffff, 0x7fff_ffff), (1 << 20, 1 << 20), (1 << 13, 1 << 13), (0, 5), (5, 0),
    (0xffff_ffff, 1),
  ])
  func absurdDimensionsAreRefused(width: Int, height: Int) {
    var bytes = Self.png(width: 1, colourType: 0, samples: [9])
    let header =
      SampleFiles.bigEndian(UInt32(width)) + SampleFiles.bigEndian(UInt32(height))
      + [8, 0, 0, 0, 0]
    bytes.replaceSubrange(8..<33, with: SampleFiles.chunk("IHDR", header))
    let error = datasetError { _ = try PNGImage.decode(bytes, path: "a.png") }
    #expect(error.map { isSentence($0.message) } == true && error?.exitCode == 65)
  }
}
