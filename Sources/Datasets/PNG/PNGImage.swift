internal import CPNG
import Foundation

/// An image of 8-bit samples, grey or RGB.
///
/// The invariant: `pixels.count` is height x width x channels, row-major, channels fastest; samples
/// are those that are stored (0 = black, 255 = white), brought to 8 bits from whatever depth the file
/// had, and never changed by a gamma or a colour profile that it carries.
public struct PNGImage: Sendable, Equatable {
  /// Columns.
  public let width: Int
  /// Rows.
  public let height: Int
  /// 1 for grey, 3 for RGB.
  public let channels: Int
  /// The samples, `[height, width, channels]`.
  public let pixels: [UInt8]

  /// The most pixels that are read: what claims more is damaged or meant to exhaust memory.
  static let maximumPixels = 1 << 26

  /// An image of the given samples.
  public init(width: Int, height: Int, channels: Int, pixels: [UInt8]) {
    precondition(
      width > 0 && height > 0 && (channels == 1 || channels == 3)
        && pixels.count == width * height * channels,
      "\(pixels.count) samples for an image of \(height) x \(width) x \(channels).")
    self.width = width
    self.height = height
    self.channels = channels
    self.pixels = pixels
  }

  /// The image in the bytes of a PNG file, of any bit depth (1 to 16) and colour type.
  ///
  /// Palettes and colours become RGB, everything else grey. Transparency is laid on white paper; where
  /// nothing would be seen of a drawing there, because its ink is white too, its opacity is drawn as
  /// black ink. What claims more pixels than are read, or than its bytes can hold, is refused before
  /// memory is made for it.
  ///
  /// - Parameter path: the file named in errors.
  public static func decode(_ bytes: [UInt8], path: String) throws(DatasetError) -> PNGImage {
    try decodeRemarking(bytes, path: path).image
  }

  /// The image as ``decode(_:path:)`` reads it, and what was noticed in doing so.
  static func decodeRemarking(
    _ bytes: [UInt8], path: String
  ) throws(DatasetError) -> (image: PNGImage, remarks: PNGRemarks) {
    let chunks = try PNGChunks(bytes, path: path)
    let (claimed, overflow) = chunks.width.multipliedReportingOverflow(by: chunks.height)
    guard !overflow, claimed <= maximumPixels else {
      throw DatasetError(
        .tooLarge,
        "The PNG file \(path) claims \(chunks.width) x \(chunks.height) pixels, more than the "
          + "\(maximumPixels) that are read: replace it with a smaller image.")
    }
    // DEFLATE gains at most a factor of 1032.
    guard chunks.unpackedBytes <= 1032 * Double(chunks.packedBytes) + 64 else {
      throw DatasetError(
        .malformed,
        "The PNG file \(path) claims \(chunks.width) x \(chunks.height) pixels, more than its "
          + "\(chunks.packedBytes) bytes of them can hold: convert the data set again or replace the "
          + "file.")
    }
    var image = png_image()
    var result: PNGImage?
    var remarks = PNGRemarks()
    remarks.hasOddGamma = chunks.hasOddGamma
    var failure: DatasetError?
    chunks.bytes.withUnsafeBytes { buffer in
      guard bda_png_begin(&image, buffer.baseAddress, buffer.count) != 0 else {
        failure = damaged(&image, path)
        return
      }
      let (width, height) = (Int(image.width), Int(image.height))
      let channels = bda_png_has_color(&image) != 0 ? 3 : 1
      let stored = channels + (chunks.hasAlpha ? 1 : 0)
      var succeeded = false
      let pixels = [UInt8](unsafeUninitializedCapacity: width * height * stored) { out, count in
        succeeded =
          (chunks.isInterlacedWide
            ? bda_png_read_interlaced(
              buffer.baseAddress, buffer.count, chunks.hasAlpha ? 1 : 0, width * stored,
              out.baseAddress)
            : bda_png_finish(
              &image, channels == 3 ? 1 : 0, chunks.hasAlpha ? 1 : 0, out.baseAddress)) != 0
        count = succeeded ? width * height * stored : 0
      }
      guard succeeded else {
        failure = damaged(&image, path)
        return
      }
      png_image_free(&image)
      if let colours = chunks.shortPalette {
        let index = Int(bda_png_largest_index(buffer.baseAddress, buffer.count))
        guard index < colours else {
          failure = damaged(
            "a pixel has the index \(index) in a palette of \(colours) "
              + (colours == 1 ? "colour" : "colours"), path)
          return
        }
      }
      result = PNGImage(
        width: width, height: height, channels: channels,
        pixels: chunks.hasAlpha
          ? onPaper(pixels, channels: channels, remarks: &remarks) : pixels)
    }
    guard let result else {
      throw failure ?? DatasetError(.malformed, "The PNG file \(path) is empty: replace it.")
    }
    return (result, remarks)
  }

  /// The samples `[pixels, channels + 1]`, the last of them opacity, laid on white paper.
  private static func onPaper(
    _ samples: [UInt8], channels: Int, remarks: inout PNGRemarks
  ) -> [UInt8] {
    let stride = channels + 1
    var result: [UInt8] = []
    result.reserveCapacity(samples.count / stride * channels)
    var (leastOpaque, mostOpaque, darkest) = (UInt8.max, UInt8.min, UInt8.max)
    for pixel in Swift.stride(from: 0, to: samples.count, by: stride) {
      let opacity = samples[pixel + channels]
      leastOpaque = min(leastOpaque, opacity)
      mostOpaque = max(mostOpaque, opacity)
      for channel in 0..<channels {
        let (ink, alpha) = (Int(samples[pixel + channel]), Int(opacity))
        let seen = UInt8((ink * alpha + 255 * (255 - alpha) + 127) / 255)
        darkest = min(darkest, seen)
        result.append(seen)
      }
    }
    remarks.isTransparent = leastOpaque < 255
    // Ink that differs from the paper by less than an eighth of the scale is not seen on it.
    guard darkest >= 224, mostOpaque >= 128, mostOpaque - leastOpaque >= 128 else { return result }
    remarks.isInkByOpacity = true
    return Swift.stride(from: channels, to: samples.count, by: stride).flatMap {
      [UInt8](repeating: 255 - samples[$0], count: channels)
    }
  }

  private static func damaged(_ image: inout png_image, _ path: String) -> DatasetError {
    let message = String(cString: bda_png_message(&image))
    png_image_free(&image)
    return damaged(message.isEmpty ? "its rows cannot be unpacked" : message, path)
  }

  private static func damaged(_ reason: String, _ path: String) -> DatasetError {
    DatasetError(
      .malformed,
      "The file \(path) is not a readable PNG image (\(reason)): convert the data set again or "
        + "replace the file.")
  }

  /// The image in a PNG file.
  public static func read(_ path: String) throws(DatasetError) -> PNGImage {
    try readRemarking(path).image
  }

  /// The image in a PNG file, and what was noticed in reading it.
  static func readRemarking(
    _ path: String
  ) throws(DatasetError) -> (image: PNGImage, remarks: PNGRemarks) {
    let bytes = try DataFile.read(path, remedy: "convert the data set again")
    return try decodeRemarking(bytes, path: path)
  }

  /// The bytes of a PNG file with this image: 8 bits a sample, or 1 bit where `bilevel` is set.
  ///
  /// With `bilevel` every sample of at least 128 becomes white, others black; grey images only.
  public func encoded(bilevel: Bool = false) throws(DatasetError) -> [UInt8] {
    precondition(!bilevel || channels == 1, "An image of \(channels) channels has no 1-bit form.")
    let samples = bilevel ? pixels.map { $0 >= 128 ? 1 : 0 } : pixels
    var buffer = bda_png_buffer()
    defer { free(buffer.bytes) }
    let done = bda_png_write(
      samples, UInt32(width), UInt32(height), Int32(channels), bilevel ? 1 : 8, &buffer)
    guard done != 0 else {
      throw DatasetError(
        .unwritable, "libpng could not encode an image of \(height) x \(width): free some memory.")
    }
    return Array(UnsafeBufferPointer(start: buffer.bytes, count: buffer.count))
  }
}

/// The version of libpng, for records.
public func libpngVersion() -> String { String(cString: bda_png_version()) }
