import Foundation

/// What a file is by its first bytes, for sentences about files that carry another's name.
enum FileKind {
  /// The number of bytes that the kind is found by.
  static let headBytes = 512

  /// The kind with its article, such as "a JPEG image"; nil where the bytes are of no kind known here.
  static func name(of bytes: some Collection<UInt8>) -> String? {
    let head = Array(bytes.prefix(headBytes))
    for (signature, name) in signatures where head.starts(with: signature) { return name }
    if head.count >= 12, head.starts(with: Array("RIFF".utf8)),
      head[8..<12].elementsEqual("WEBP".utf8)
    {
      return "a WebP image"
    }
    if head.count >= 12, head[4..<8].elementsEqual("ftyp".utf8) { return "a HEIF or AVIF image" }
    if head.count >= 262, head[257..<262].elementsEqual("ustar".utf8) { return "a tar archive" }
    let text = String(decoding: head, as: UTF8.self).lowercased()
      .drop { $0.isWhitespace || $0 == "\u{feff}" }
    if text.hasPrefix("<svg") { return "an SVG drawing" }
    if text.hasPrefix("<!doctype html") || text.hasPrefix("<html") {
      return "a web page, as a failed download leaves"
    }
    if text.hasPrefix("version https://git-lfs") {
      return "a Git LFS pointer in place of the file, which `git lfs pull` fetches"
    }
    return nil
  }

  private static let signatures: [([UInt8], String)] = [
    ([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a], "a PNG image"),
    ([0xff, 0xd8, 0xff], "a JPEG image"), (Array("GIF8".utf8), "a GIF image"),
    (Array("BM".utf8), "a BMP image"), ([0x49, 0x49, 0x2a, 0], "a TIFF image"),
    ([0x4d, 0x4d, 0, 0x2a], "a TIFF image"), ([0x1f, 0x8b], "gzip data"),
    ([0x50, 0x4b, 3, 4], "a zip archive"), (Array("%PDF".utf8), "a PDF document"),
    ([0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a], "an HDF5 file"),
    ([0x93] + Array("NUMPY".utf8), "a NumPy array"), (Array("CDF".utf8), "a netCDF file"),
    (Array("MATLAB 5".utf8), "a MATLAB file of version 5"), ([0, 0, 8], "an IDX file"),
    ([0xff, 0x0a], "a JPEG XL image"),
  ]
}
