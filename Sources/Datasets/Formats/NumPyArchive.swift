internal import CZlib

/// Arrays in the form of NumPy's `savez`: a zip archive of stored `.npy` members (NEP 1, version 1.0).
///
/// `numpy.load(path)` gives the arrays by their names, which may have slashes. Nothing is compressed
/// and no time is stored, so the same arrays give the same bytes.
public struct NumPyArchive: Sendable {
  private var body: [UInt8] = []
  private var directory: [UInt8] = []
  private var count = 0

  /// The most bytes of an archive: what lengths of 32 bits can say.
  public static let maximumBytes = 0xffff_fff0

  /// An archive without arrays.
  public init() {}

  /// Adds an array of little-endian numbers, row-major.
  ///
  /// - Throws: where the archive would be larger than ``maximumBytes``, or has too many members.
  public mutating func add<Element: HDF5Element>(
    _ array: HDF5Array<Element>, named name: String
  ) throws(DatasetError) {
    let bytes = array.values.withUnsafeBytes { Array($0) }
    try add(Element.hdf5Kind.numPyName, shape: array.shape, bytes, named: name)
  }

  /// Adds one text, which NumPy reads as an array without dimensions.
  public mutating func add(text: String, named name: String) throws(DatasetError) {
    let scalars = Array(text.unicodeScalars)
    var bytes: [UInt8] = []
    for scalar in scalars {
      bytes += Self.littleEndian(Int(scalar.value), 4)
    }
    // A text of no characters still has the width of one.
    if bytes.isEmpty { bytes = [0, 0, 0, 0] }
    try add("<U\(max(1, scalars.count))", shape: [], bytes, named: name)
  }

  /// The bytes of the archive.
  public var bytes: [UInt8] {
    var result = body + directory
    result += [0x50, 0x4b, 5, 6, 0, 0, 0, 0]
    result += Self.littleEndian(count, 2) + Self.littleEndian(count, 2)
    result += Self.littleEndian(directory.count, 4) + Self.littleEndian(body.count, 4) + [0, 0]
    return result
  }

  // MARK: - Members

  private mutating func add(
    _ type: String, shape: [Int], _ values: [UInt8], named name: String
  ) throws(DatasetError) {
    let extents = shape.map { "\($0)" }.joined(separator: ", ") + (shape.count == 1 ? "," : "")
    var header = "{'descr': '\(type)', 'fortran_order': False, 'shape': (\(extents)), }"
    // Values begin at a multiple of 64 bytes.
    let prefix = 10
    let padding = (64 - (prefix + header.utf8.count + 1) % 64) % 64
    header += String(repeating: " ", count: padding) + "\n"
    var content: [UInt8] = [0x93] + Array("NUMPY".utf8) + [1, 0]
    content += Self.littleEndian(header.utf8.count, 2) + Array(header.utf8)
    content += values
    let path = Array("\(name).npy".utf8)
    let total = body.count + directory.count + content.count + 2 * path.count + 200
    guard total <= Self.maximumBytes, count < 0xffff, path.count <= 0xffff,
      header.utf8.count <= 0xffff
    else {
      throw DatasetError(
        .tooLarge,
        "The array \(name) makes the archive larger than the \(Self.maximumBytes) bytes that .npz "
          + "files of this suite can have: write an .h5 file instead.")
    }
    let checksum = content.withUnsafeBufferPointer {
      Int(crc32(0, $0.baseAddress, UInt32($0.count)))
    }
    // Version 2.0, names in UTF-8, stored, the first day that the format knows.
    var fields: [UInt8] = Self.littleEndian(20, 2) + Self.littleEndian(0x800, 2)
    fields += Self.littleEndian(0, 2) + Self.littleEndian(0, 2) + Self.littleEndian(0x21, 2)
    fields += Self.littleEndian(checksum, 4)
    fields += Self.littleEndian(content.count, 4) + Self.littleEndian(content.count, 4)
    fields += Self.littleEndian(path.count, 2) + [0, 0]
    let offset = body.count
    body += [0x50, 0x4b, 3, 4] + fields + path + content
    directory += [0x50, 0x4b, 1, 2] + Self.littleEndian(20, 2) + fields
    directory += [UInt8](repeating: 0, count: 10) + Self.littleEndian(offset, 4) + path
    count += 1
  }

  private static func littleEndian(_ number: Int, _ width: Int) -> [UInt8] {
    (0..<width).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
  }
}

extension HDF5ElementKind {
  /// NumPy's name of the number, little-endian.
  var numPyName: String {
    switch self {
    case .float: "<f4"
    case .double: "<f8"
    case .uint8: "|u1"
    case .int8: "|i1"
    case .uint16: "<u2"
    case .int16: "<i2"
    case .uint32: "<u4"
    case .int32: "<i4"
    case .uint64: "<u8"
    case .int64: "<i8"
    }
  }
}
