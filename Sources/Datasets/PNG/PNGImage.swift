internal import CPNG
import Foundation

/// An image of 8-bit samples, grey or RGB.
///
/// The invariant: `pixels.count` is height x width x channels, row-major, channels fastest; samples
/// are as the eye sees them (0 = black, 255 = white), whatever bit depth the file had.
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
  public static let maximumPixels = 1 << 26

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
  /// Palettes and colours become RGB, everything else grey; transparency is laid on white.
  ///
  /// - Parameter path: the file named in errors.
  public static func decode(_ bytes: [UInt8], path: String) throws(DatasetError) -> PNGImage {
    guard bytes.suffix(endMark.count).elementsEqual(endMark) else {
      throw DatasetError(
        .malformed,
        "The file \(path) is not a whole PNG image (its \(bytes.count) bytes do not end with the end "
          + "mark): convert the data set again or replace the file.")
    }
    var image = png_image()
    var result: PNGImage?
    var failure: DatasetError?
    bytes.withUnsafeBytes { buffer in
      guard bda_png_begin(&image, buffer.baseAddress, buffer.count) != 0 else {
        failure = damaged(&image, path)
        return
      }
      let (width, height) = (Int(image.width), Int(image.height))
      guard width > 0, height > 0, width * height <= maximumPixels else {
        png_image_free(&image)
        failure = DatasetError(
          .tooLarge,
          "The PNG file \(path) claims \(width) x \(height) pixels, more than the "
            + "\(maximumPixels) that are read: replace it with a smaller image.")
        return
      }
      let channels = bda_png_has_color(&image) != 0 ? 3 : 1
      var succeeded = false
      let pixels = [UInt8](unsafeUninitializedCapacity: width * height * channels) { out, count in
        succeeded = bda_png_finish(&image, channels == 3 ? 1 : 0, out.baseAddress) != 0
        count = succeeded ? width * height * channels : 0
      }
      guard succeeded else {
        failure = damaged(&image, path)
        return
      }
      result = PNGImage(width: width, height: height, channels: channels, pixels: pixels)
    }
    guard let result else {
      throw failure ?? DatasetError(.malformed, "The PNG file \(path) is empty: replace it.")
    }
    return result
  }

  /// The last chunk's name and checksum, with which a file ends: libpng is content once it has all
  /// pixels, and would pass over a cut end or what a copy gone wrong has appended.
  private static let endMark: [UInt8] = [0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82]

  private static func damaged(_ image: inout png_image, _ path: String) -> DatasetError {
    let reason = String(cString: bda_png_message(&image))
    png_image_free(&image)
    return DatasetError(
      .malformed,
      "The file \(path) is not a readable PNG image (\(reason)): convert the data set again or "
        + "replace the file.")
  }

  /// The image in a PNG file.
  public static func read(_ path: String) throws(DatasetError) -> PNGImage {
    try decode(try FileBytes.read(path, remedy: "convert the data set again"), path: path)
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
