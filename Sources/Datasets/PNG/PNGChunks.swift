import Foundation

/// The chunks of a PNG file that say what its pixels are.
///
/// What else a file holds is left out before it is decoded: text and profiles, which could unpack to
/// any size; gamma and colour space, which would make other numbers of the samples that are stored;
/// and whatever lies behind the end, which no viewer minds.
struct PNGChunks {
  /// The file with nothing but its critical chunks and its transparency.
  let bytes: [UInt8]
  /// Columns, as claimed.
  let width: Int
  /// Rows, as claimed.
  let height: Int
  /// Bits of a pixel, from 1 to 64.
  let bitsPerPixel: Int
  /// Bytes of packed samples.
  let packedBytes: Int
  /// Whether pixels may be transparent.
  let hasAlpha: Bool
  /// Whether samples have sixteen bits and rows come in seven passes.
  let isInterlacedWide: Bool
  /// The number of colours in the palette where pixels may have indices beyond it; nil for others.
  let shortPalette: Int?
  /// Whether it asks for another gamma than the 1/2.2 of screens.
  let hasOddGamma: Bool

  private static let signature: [UInt8] = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]

  /// - Parameter path: the file named in errors.
  init(_ file: [UInt8], path: String) throws(DatasetError) {
    guard !file.isEmpty else {
      throw DatasetError(
        .malformed,
        "The file \(path) is empty (0 bytes), where a PNG image is expected: convert the data set "
          + "again or replace the file.")
    }
    guard file.starts(with: Self.signature) else {
      guard let kind = FileKind.name(of: file) else {
        throw DatasetError(
          .malformed,
          "The file \(path) is not a PNG image (it does not begin as one): convert the data set again "
            + "or replace the file.")
      }
      throw DatasetError(
        .unsupported,
        "The file \(path) is \(kind) under the name of a PNG image: convert it to PNG, a new name is "
          + "not enough.")
    }
    var kept = Self.signature
    var packed = 0
    var colours = 0
    var header: ArraySlice<UInt8>?
    var alpha = false
    var oddGamma = false
    var position = Self.signature.count
    while true {
      // Length, name, data, checksum.
      guard position + 12 <= file.count else { throw Self.cut(path, file.count) }
      let length = file[position..<position + 4].reduce(0) { $0 << 8 | Int($1) }
      guard length <= file.count - position - 12 else { throw Self.cut(path, file.count) }
      let end = position + 12 + length
      let name = String(decoding: file[position + 4..<position + 8], as: UTF8.self)
      let isCritical = file[position + 4] & 0x20 == 0
      if isCritical || name == "tRNS" { kept += file[position..<end] }
      switch name {
      case "IHDR": header = header ?? file[position + 8..<end - 4]
      case "IDAT": packed += length
      case "PLTE": colours = length / 3
      case "tRNS": alpha = true
      case "gAMA": oddGamma = length == 4 && Self.isOddGamma(file[position + 8..<end - 4])
      default: break
      }
      position = end
      if name == "IEND" { break }
    }
    guard let header, header.count == 13 else {
      throw DatasetError(
        .malformed,
        "The file \(path) is not a readable PNG image (it has no header): convert the data set again "
          + "or replace the file.")
    }
    let fields = Array(header)
    width = fields[0..<4].reduce(0) { $0 << 8 | Int($1) }
    height = fields[4..<8].reduce(0) { $0 << 8 | Int($1) }
    let samples = [0: 1, 2: 3, 3: 1, 4: 2, 6: 4][fields[9]] ?? 1
    bitsPerPixel = samples * Int(max(1, min(16, fields[8])))
    isInterlacedWide = fields[8] == 16 && fields[12] != 0
    let isShort = fields[9] == 3 && colours < 1 << min(8, Int(fields[8]))
    shortPalette = isShort ? colours : nil
    hasAlpha = alpha || fields[9] & 4 != 0
    hasOddGamma = oddGamma
    packedBytes = packed
    bytes = kept
  }

  /// Whether the header of a file says that its pixels have colour; false for what is no PNG image, which
  /// whoever reads it says.
  static func hasColour(fileAt path: String) -> Bool {
    guard let handle = FileHandle(forReadingAtPath: path) else { return false }
    defer { try? handle.close() }
    // Signature, length, name, and a header of 13 bytes, of which the tenth is the type of colour.
    guard let start = try? handle.read(upToCount: 26), start.count == 26,
      start.starts(with: signature)
    else { return false }
    return start[25] & 2 != 0
  }

  /// The bytes of all rows when unpacked, as a floating-point number, since an integer may not hold them.
  var unpackedBytes: Double {
    Double(height) * (1 + (Double(width) * Double(bitsPerPixel) / 8).rounded(.up))
  }

  /// Whether a gamma in units of 1/100,000 is neither unknown (0) nor within a tenth of 1/2.2.
  private static func isOddGamma(_ bytes: ArraySlice<UInt8>) -> Bool {
    let gamma = bytes.reduce(0) { $0 << 8 | Int($1) }
    return gamma != 0 && !(40_909...50_000).contains(gamma)
  }

  private static func cut(_ path: String, _ count: Int) -> DatasetError {
    DatasetError(
      .malformed,
      "The file \(path) is not a whole PNG image (its \(count) bytes end before the end mark): convert "
        + "the data set again or replace the file.")
  }
}
