/// The contents of a file in the binary form of CIFAR-10 and CIFAR-100 (Krizhevsky, 2009).
///
/// A record is one byte a label (CIFAR-10: the class; CIFAR-100: coarse, then fine class), then 1,024 red,
/// 1,024 green and 1,024 blue samples, row by row (www.cs.toronto.edu/~kriz/cifar.html). The invariant:
/// `pixels.count == 3,072 * labels.count`.
package struct CIFARRecords: Sendable, Equatable {
  /// The last label of each record.
  package let labels: [UInt8]
  /// The pixels `[records, 32, 32, 3]`, channels fastest.
  package let pixels: [UInt8]

  private static let plane = 1_024
  private static let image = 3 * plane

  /// Records of the given labels and pixels.
  package init(labels: [UInt8], pixels: [UInt8]) {
    precondition(
      pixels.count == Self.image * labels.count,
      "\(labels.count) records need \(Self.image * labels.count) samples, got \(pixels.count).")
    self.labels = labels
    self.pixels = pixels
  }

  /// The records of the decompressed bytes of a file. O(size).
  ///
  /// - Parameters:
  ///   - labelBytes: how many labels a record has.
  ///   - path: the file named in errors.
  package static func parse(
    _ bytes: [UInt8], labelBytes: Int, path: String
  ) throws(DatasetError) -> CIFARRecords {
    let record = labelBytes + image
    guard !bytes.isEmpty, bytes.count % record == 0 else {
      throw DatasetError(
        .malformed,
        "The file \(path) has \(bytes.count) bytes, which is no whole number of records of "
          + "\(record): fetch it again.")
    }
    let count = bytes.count / record
    var labels = [UInt8](repeating: 0, count: count)
    var pixels = [UInt8](repeating: 0, count: count * image)
    for index in 0..<count {
      let start = index * record + labelBytes
      labels[index] = bytes[start - 1]
      for pixel in 0..<plane {
        for channel in 0..<3 {
          pixels[index * image + 3 * pixel + channel] = bytes[start + plane * channel + pixel]
        }
      }
    }
    return CIFARRecords(labels: labels, pixels: pixels)
  }

  /// The bytes of a file of these records with one label each: what ``parse(_:labelBytes:path:)`` read.
  package var packed: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(labels.count * (Self.image + 1))
    for index in labels.indices {
      bytes.append(labels[index])
      for channel in 0..<3 {
        for pixel in 0..<Self.plane {
          bytes.append(pixels[index * Self.image + 3 * pixel + channel])
        }
      }
    }
    return bytes
  }
}
