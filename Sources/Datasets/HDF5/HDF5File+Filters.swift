internal import CHDF5

/// The filters that chunks are packed by.
extension HDF5File {
  /// The filters by their registered numbers.
  private enum Filter {
    static let nBit: Int32 = 5
    static let scaleOffset: Int32 = 6
  }

  /// The first filter of an array that the library does not have, as "lzf (id 32000)".
  func missingFilter(_ creation: borrowing HDF5Identifier) throws(DatasetError) -> String? {
    let count = H5Pget_nfilters(creation.rawValue)
    for index in 0..<UInt32(max(0, count)) {
      var flags: UInt32 = 0
      var name = [CChar](repeating: 0, count: 64)
      let id = bda_filter(creation.rawValue, index, &flags, &name, name.count)
      guard id > 0, H5Zfilter_avail(id) <= 0 else { continue }
      let known = Self.filterNames[Int(id)] ?? text(name)
      return "\(known.isEmpty ? "unknown" : known) (id \(id))"
    }
    return nil
  }

  /// Throws where the parameters that a file states for its filters contradict its array.
  ///
  /// The library's own n-bit and scale-offset unpack as many values, of as many bytes, as these
  /// parameters say, into memory that is made for the array: one wrong byte would be written far beyond it.
  ///
  /// - Parameters:
  ///   - values: the values of a chunk.
  ///   - size: the bytes of a value.
  func requireSoundFilters(
    _ creation: borrowing HDF5Identifier, _ name: String, values: Int, size: Int
  ) throws(DatasetError) {
    for index in 0..<UInt32(max(0, H5Pget_nfilters(creation.rawValue))) {
      var flags: UInt32 = 0
      var parameters = [UInt32](repeating: 0, count: 64)
      var count = parameters.count
      let id = bda_filter_parameters(creation.rawValue, index, &flags, &parameters, &count)
      let stated = parameters.prefix(count).map { Int($0) }
      switch id {
      case Filter.nBit:
        // Their number, whether nothing is to be done, values of a chunk, a class of types, and for
        // numbers their size, byte order, precision and offset; for what stays as it is only a size.
        guard count >= 5, stated[0] == count, stated[2] == values, stated[4] == size else {
          throw contradiction(name)
        }
        let isNumber = stated[3] == 1 && count == 8
        guard isNumber || (stated[3] == 4 && count == 5) else { throw contradiction(name) }
        if isNumber {
          guard stated[6] > 0, stated[6] + stated[7] <= 8 * size else { throw contradiction(name) }
        }
      case Filter.scaleOffset:
        // Kind and factor of the scale, values of a chunk, a class of types, the size of a value.
        guard count >= 8, stated[2] == values, stated[4] == size else { throw contradiction(name) }
      default: break
      }
    }
  }

  private func contradiction(_ name: String) -> DatasetError {
    malformed(name, "is packed by a filter whose parameters contradict its type or its chunks")
  }

  /// The names of registered filters that people meet.
  private static let filterNames: [Int: String] = [
    1: "deflate", 2: "shuffle", 3: "fletcher32", 4: "szip", 5: "nbit", 6: "scaleoffset", 305: "lzo",
    307: "bzip2", 32_000: "lzf", 32_001: "blosc", 32_003: "snappy", 32_004: "lz4",
    32_008: "bitshuffle", 32_013: "zfp", 32_015: "zstd", 32_017: "sz", 32_026: "blosc2",
  ]
}
