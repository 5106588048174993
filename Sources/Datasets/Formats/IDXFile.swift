import Files

/// The contents of an IDX file of bytes, the format of MNIST and its successors.
///
/// Two zero bytes, a type code (8 is `uint8`), the number of dimensions, each dimension as 32 bits
/// big-endian, then the values, last dimension fastest (yann.lecun.com/exdb/mnist). The invariant:
/// `values.count` is the product of `shape`.
public struct IDXFile: Sendable, Equatable {
  /// The extent of each dimension.
  public let shape: [Int]
  /// The values, last dimension fastest.
  public let values: [UInt8]

  /// The largest number of values that is accepted.
  static let maximumCount = 1 << 31

  /// A file of the given shape.
  public init(shape: [Int], values: [UInt8]) {
    precondition(
      shape.reduce(1, *) == values.count,
      "Shape \(shape) needs \(shape.reduce(1, *)) values, got \(values.count).")
    self.shape = shape
    self.values = values
  }

  /// The contents of the file at `path`, decompressed first when it is gzip.
  ///
  /// Of gzip data the header is unpacked first, and no more than the values that it declares.
  public static func read(_ path: String) throws(DatasetError) -> IDXFile {
    var bytes = try DataFile.read(
      path, limit: maximumCount + largestHeader, remedy: "fetch it, or give another path")
    if Gzip.isCompressed(bytes) {
      let header = Gzip.prefix(of: bytes, count: largestHeader)
      let limit: Int
      if header.isEmpty {
        limit = largestHeader
      } else {
        let shape = try shape(of: header, path: path)
        limit = 4 + 4 * shape.count + shape.reduce(1, *)
      }
      // DEFLATE gains at most a factor of 1032.
      guard limit <= 1032 * bytes.count + largestHeader else {
        throw DatasetError(
          .malformed,
          "The IDX file \(path) declares \(limit) bytes, more than its \(bytes.count) compressed bytes "
            + "can hold: fetch it again.")
      }
      bytes = try Gzip.decompress(bytes, limit: limit, path: path)
    }
    return try parse(bytes, path: path)
  }

  /// Bytes of the header of four dimensions.
  private static let largestHeader = 20

  /// The contents of the decompressed bytes of an IDX file.
  ///
  /// - Parameter path: the file named in errors.
  public static func parse(_ bytes: [UInt8], path: String) throws(DatasetError) -> IDXFile {
    let shape = try shape(of: bytes, path: path)
    let headerSize = 4 + 4 * shape.count
    let count = shape.reduce(1, *)
    let present = bytes.count - headerSize
    guard present >= count else {
      throw DatasetError(
        .malformed,
        "The IDX file \(path) is cut short: its shape \(shape) needs \(count) values and "
          + "\(present) are there; fetch it again.")
    }
    guard present == count else {
      throw DatasetError(
        .malformed,
        "The IDX file \(path) has \(present - count) bytes more than its shape \(shape) needs: it "
          + "is not what it should be, fetch it again.")
    }
    return IDXFile(shape: shape, values: Array(bytes[headerSize...]))
  }

  /// The shape that the header declares, all of it checked; its product is at most
  /// `maximumCount`. `bytes` may end after the header.
  private static func shape(of bytes: [UInt8], path: String) throws(DatasetError) -> [Int] {
    guard !bytes.isEmpty else {
      throw DatasetError(.malformed, "The IDX file \(path) is empty (0 bytes): fetch it again.")
    }
    guard bytes.count >= 4 else {
      throw DatasetError(
        .malformed,
        "The IDX file \(path) ends inside its 4-byte magic number, after \(bytes.count): fetch it "
          + "again.")
    }
    guard bytes[0] == 0, bytes[1] == 0 else {
      let found = bytes[..<4].map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
      let kind = FileKind.name(of: bytes).map { ", it is \($0)" } ?? ""
      throw DatasetError(
        .malformed,
        "The file \(path) is not an IDX file (its magic number is \(found.joined(separator: " ")), "
          + "not 00 00 08 0n\(kind)): give an IDX file, or fetch it again.")
    }
    guard bytes[2] == 8 else {
      throw DatasetError(
        .unsupported,
        "The IDX file \(path) holds values of type code \(bytes[2]); only code 8, unsigned bytes, "
          + "is read: convert it to bytes first.")
    }
    let rank = Int(bytes[3])
    guard (1...4).contains(rank) else {
      throw DatasetError(
        .malformed,
        "The IDX file \(path) declares \(rank) dimensions, and from 1 to 4 are read: check that it "
          + "is an image or label file.")
    }
    let headerSize = 4 + 4 * rank
    guard bytes.count >= headerSize else {
      throw DatasetError(
        .malformed,
        "The IDX file \(path) ends inside its header of \(headerSize) bytes, after "
          + "\(bytes.count): fetch it again.")
    }
    let shape = (0..<rank).map { dimension in
      bytes[4 + 4 * dimension..<8 + 4 * dimension].reduce(0) { $0 << 8 | Int($1) }
    }
    var count = 1
    for extent in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: extent)
      guard !overflow, product <= maximumCount else {
        throw DatasetError(
          .tooLarge,
          "The IDX file \(path) declares the shape \(shape), more than the \(maximumCount) values "
            + "that are read at most: its header is damaged, fetch it again.")
      }
      count = product
    }
    return shape
  }

  /// The header's bytes: magic number and dimensions.
  public var header: [UInt8] {
    [0, 0, 8, UInt8(shape.count)]
      + shape.flatMap { extent in
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: extent >> $0) }
      }
  }

  /// The bytes of the file; `parse` of them gives this value back.
  public var bytes: [UInt8] { header + values }

  /// The SHA-256 of ``bytes``, without building them.
  public var digest: String {
    var digest = SHA256()
    digest.update(header)
    digest.update(values)
    return digest.finalize()
  }
}
