internal import CHDF5
import Foundation

/// Numbers that have names in the file's own type.
extension HDF5File {
  /// The names of the numbers of an array whose type is an enumeration, as h5py's `enum_dtype` makes
  /// it; nil for other types, and for booleans, which are stored as the enumeration FALSE, TRUE.
  public func enumeration(of name: String) throws(DatasetError) -> [Int: String]? {
    try reading(at: name) { (file, name) throws(DatasetError) -> [Int: String]? in
      let array = try file.openArray(name)
      guard let type = HDF5Identifier(H5Dget_type(array.rawValue)),
        H5Tget_class(type.rawValue) == H5T_ENUM
      else { return nil }
      try file.requireNumberWidth(type, name)
      let count = H5Tget_nmembers(type.rawValue)
      let width = H5Tget_size(type.rawValue)
      guard let base = HDF5Identifier(H5Tget_super(type.rawValue)), (0...65_536).contains(count),
        width <= 8
      else { throw file.malformed(name, "has no readable names for its numbers") }
      let isSigned = H5Tget_sign(base.rawValue) == H5T_SGN_2
      let isBigEndian = H5Tget_order(base.rawValue) == H5T_ORDER_BE
      var names: [Int: String] = [:]
      for index in 0..<UInt32(count) {
        var bytes = [UInt8](repeating: 0, count: 32)
        guard let member = H5Tget_member_name(type.rawValue, index) else {
          throw file.malformed(name, "has no readable names for its numbers")
        }
        defer { H5free_memory(member) }
        guard let text = String(validatingCString: member),
          H5Tget_member_value(type.rawValue, index, &bytes) >= 0
        else { throw file.malformed(name, "has a name for a number that is not UTF-8") }
        let stored = bytes.prefix(width)
        var value: UInt64 = 0
        for byte in isBigEndian ? Array(stored) : stored.reversed() {
          value = value << 8 | UInt64(byte)
        }
        let unused = UInt64(64 - 8 * width)
        let number =
          isSigned
          ? Int(Int64(bitPattern: value << unused) >> Int64(unused)) : Int(exactly: value)
        if let number { names[number] = text }
      }
      return Set(names.values) == ["FALSE", "TRUE"] ? nil : names
    }
  }
}
