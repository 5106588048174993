internal import CZlib

/// Reading and writing gzip (RFC 1952).
public enum Gzip {
  /// Whether the bytes begin as a gzip file does.
  static func isCompressed(_ bytes: [UInt8]) -> Bool {
    bytes.count >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b
  }

  /// The decompressed bytes of one or more gzip members, their checksums verified.
  ///
  /// At most `limit` bytes are produced, whatever the file claims; memory is proportional to what is
  /// produced.
  ///
  /// - Parameter path: the file named in errors.
  public static func decompress(
    _ bytes: [UInt8], limit: Int, path: String
  ) throws(DatasetError) -> [UInt8] {
    guard isCompressed(bytes) else {
      throw DatasetError(
        .malformed,
        "The file \(path) is not gzip data (it does not begin with 1f 8b"
          + "\(FileKind.name(of: bytes).map { ", it is \($0)" } ?? "")): fetch it again.")
    }
    var output: [UInt8] = []
    output.reserveCapacity(max(0, min(limit, 4 * bytes.count)))
    let outcome = bytes.withUnsafeBufferPointer { inflateAll($0, limit: limit, into: &output) }
    switch outcome {
    case .complete:
      return output
    case .truncated:
      throw DatasetError(
        .malformed,
        "The gzip file \(path) ends too early, after \(output.count) decompressed bytes: the "
          + "download was cut short, fetch it again.")
    case .damaged(let reason):
      throw DatasetError(
        .malformed, "The gzip file \(path) is damaged (\(reason)): fetch it again.")
    case .tooLong:
      throw DatasetError(
        .tooLarge,
        "The gzip file \(path) decompresses to more than the \(limit) bytes that are expected of "
          + "it: it is not the file it should be, fetch it again.")
    }
  }

  /// The first `count` decompressed bytes, fewer where there are fewer or where the data is damaged;
  /// enough to read a header before memory is made for what it declares.
  static func prefix(of bytes: [UInt8], count: Int) -> [UInt8] {
    var output: [UInt8] = []
    _ = bytes.withUnsafeBufferPointer {
      inflateAll($0, limit: count, pieceSize: max(1, count), into: &output)
    }
    return Array(output.prefix(count))
  }

  private enum Outcome {
    case complete, truncated, tooLong
    case damaged(String)
  }

  private static func inflateAll(
    _ input: UnsafeBufferPointer<UInt8>, limit: Int, pieceSize: Int = 1 << 18,
    into output: inout [UInt8]
  ) -> Outcome {
    var stream = z_stream()
    guard bda_inflate_gzip_init(&stream) == Z_OK else { return .damaged("no memory for zlib") }
    defer { inflateEnd(&stream) }
    var piece = [UInt8](repeating: 0, count: pieceSize)
    var consumed = 0
    while true {
      // zlib counts in 32 bits, so the input is handed over in slices.
      let available = min(input.count - consumed, 1 << 30)
      stream.next_in = UnsafeMutablePointer(
        mutating: input.baseAddress?.advanced(by: consumed))
      stream.avail_in = UInt32(available)
      let (status, produced) = piece.withUnsafeMutableBufferPointer { buffer in
        stream.next_out = buffer.baseAddress
        stream.avail_out = UInt32(buffer.count)
        let status = inflate(&stream, Z_NO_FLUSH)
        return (status, buffer.count - Int(stream.avail_out))
      }
      consumed += available - Int(stream.avail_in)
      output.append(contentsOf: piece[..<produced])
      if output.count > limit { return .tooLong }
      switch status {
      case Z_OK:
        continue
      case Z_STREAM_END:
        if consumed == input.count { return .complete }
        guard input[consumed] == 0x1f else { return .damaged("bytes follow its end") }
        inflateReset(&stream)
      case Z_BUF_ERROR:
        return .truncated
      default:
        return .damaged(stream.msg.map { String(cString: $0) } ?? "zlib code \(status)")
      }
    }
  }

  /// The bytes as one gzip member without name or time, so equal input gives equal output.
  ///
  /// - Parameter level: from 1 (fast) to 9 (small).
  public static func compress(_ bytes: [UInt8], level: Int = 6) -> [UInt8] {
    var stream = z_stream()
    let prepared = bda_deflate_gzip_init(&stream, Int32(level))
    precondition(prepared == Z_OK, "zlib refused the level \(level) with code \(prepared).")
    defer { deflateEnd(&stream) }
    precondition(bytes.count < 1 << 31, "\(bytes.count) bytes are too many for one call.")
    var output = [UInt8](repeating: 0, count: Int(deflateBound(&stream, UInt(bytes.count))) + 32)
    let count = bytes.withUnsafeBufferPointer { input in
      output.withUnsafeMutableBufferPointer { buffer in
        stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
        stream.avail_in = UInt32(input.count)
        stream.next_out = buffer.baseAddress
        stream.avail_out = UInt32(buffer.count)
        _ = deflate(&stream, Z_FINISH)
        return buffer.count - Int(stream.avail_out)
      }
    }
    return Array(output[..<count])
  }
}
