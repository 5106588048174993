internal import CHDF5

/// What lies under reading: opening objects, and asking for their type and extent. All of it runs
/// inside `HDF5Library.synchronized`.
extension HDF5File {
  /// The class of a stored number.
  enum StoredNumber: Equatable {
    case integer(signed: Bool, bytes: Int)
    case real
  }

  /// Whether every link on the way to `name` exists and leads to an object.
  func exists(_ name: String) -> Bool {
    let parts = name.split(separator: "/")
    var prefix = ""
    for part in parts {
      prefix += "/" + part
      // A missing intermediate group makes H5Lexists fail, hence one question per level.
      guard H5Lexists(identifier.rawValue, prefix, bda_default_properties()) > 0 else {
        return false
      }
      guard H5Oexists_by_name(identifier.rawValue, prefix, bda_default_properties()) > 0 else {
        return false
      }
    }
    return true
  }

  func requireObject(_ name: String) throws(DatasetError) {
    guard exists(name) else {
      throw DatasetError(
        .unexpectedContents,
        "The HDF5 file \(path) has no object named '\(name)': check the name, or write the file "
          + "in the documented layout.")
    }
  }

  func openArray(_ name: String) throws(DatasetError) -> HDF5Identifier {
    try requireObject(name)
    let object = HDF5Identifier(H5Oopen(identifier.rawValue, name, bda_default_properties()))
    guard let object else { throw malformed(name, "cannot be opened") }
    guard H5Iget_type(object.rawValue) == H5I_DATASET else {
      throw unexpected(name, "is a group, not an array", remedy: "store an array there")
    }
    return object
  }

  func numberType(
    of array: borrowing HDF5Identifier, _ name: String
  ) throws(DatasetError) -> StoredNumber {
    guard let type = HDF5Identifier(H5Dget_type(array.rawValue)) else {
      throw malformed(name, "has no readable type")
    }
    switch H5Tget_class(type.rawValue) {
    case H5T_INTEGER:
      return .integer(
        signed: H5Tget_sign(type.rawValue) == H5T_SGN_2, bytes: H5Tget_size(type.rawValue))
    case H5T_FLOAT:
      return .real
    case let other:
      throw unexpected(
        name, "holds \(Self.describe(other)), not numbers",
        remedy: "store integers or floating-point numbers there")
    }
  }

  private static func describe(_ type: H5T_class_t) -> String {
    switch type {
    case H5T_STRING: "texts"
    case H5T_COMPOUND: "compound records"
    case H5T_ENUM: "an enumeration (booleans are stored so)"
    case H5T_REFERENCE: "references"
    case H5T_VLEN: "lists of varying length"
    case H5T_ARRAY: "arrays as elements"
    case H5T_OPAQUE: "opaque bytes"
    case H5T_BITFIELD: "bit fields"
    case H5T_TIME: "times"
    default: "an unknown type"
    }
  }

  func shape(of array: borrowing HDF5Identifier, _ name: String) throws(DatasetError) -> [Int] {
    guard let space = HDF5Identifier(H5Dget_space(array.rawValue)) else {
      throw malformed(name, "has no readable extent")
    }
    return try extent(of: space, name)
  }

  func extent(of space: borrowing HDF5Identifier, _ name: String) throws(DatasetError) -> [Int] {
    guard H5Sget_simple_extent_type(space.rawValue) != H5S_NULL else {
      throw unexpected(name, "is declared without any data", remedy: "write its values")
    }
    let rank = H5Sget_simple_extent_ndims(space.rawValue)
    guard rank >= 0 else { throw malformed(name, "has no readable extent") }
    guard rank > 0 else { return [] }
    var extents = [hsize_t](repeating: 0, count: Int(rank))
    guard H5Sget_simple_extent_dims(space.rawValue, &extents, nil) >= 0 else {
      throw malformed(name, "has no readable extent")
    }
    var shape: [Int] = []
    for extent in extents {
      guard let whole = Int(exactly: extent) else { throw tooLarge(name, "\(extents)") }
      shape.append(whole)
    }
    return shape
  }

  /// The number of elements, refused when no honest file of this size can hold them.
  func elementCount(
    _ shape: [Int], of array: borrowing HDF5Identifier, _ name: String, stride: Int
  ) throws(DatasetError) -> Int {
    if shape.contains(0) { return 0 }
    var bytes = stride
    for extent in shape {
      let (product, overflow) = bytes.multipliedReportingOverflow(by: extent)
      guard !overflow, product <= maximumArrayBytes else { throw tooLarge(name, "\(shape)") }
      bytes = product
    }
    let stored = H5Dget_storage_size(array.rawValue)
    guard stored > 0 else {
      throw unexpected(
        name, "declares the shape \(shape) but stores no values", remedy: "write its values")
    }
    // DEFLATE gains at most a factor of 1032; beyond that, chunks are missing. Small arrays may
    // rest on fill values without harm.
    guard bytes < 64 << 20 || Double(bytes) <= 2048 * 8 * Double(stored) else {
      throw tooLarge(name, "\(shape) with only \(stored) bytes stored")
    }
    return bytes / stride
  }

  // MARK: - Sentences

  func malformed(_ name: String, _ what: String) -> DatasetError {
    DatasetError(
      .malformed,
      "'\(name)' in the HDF5 file \(path) \(what): the file is damaged, create it again.")
  }

  func unexpected(_ name: String, _ what: String, remedy: String) -> DatasetError {
    DatasetError(
      .unexpectedContents, "'\(name)' in the HDF5 file \(path) \(what): \(remedy).")
  }

  func tooLarge(_ name: String, _ shape: String) -> DatasetError {
    DatasetError(
      .tooLarge,
      "'\(name)' in the HDF5 file \(path) declares the shape \(shape), more than the "
        + "\(maximumArrayBytes) bytes that are read at most or than the file can hold: check how "
        + "the file was written.")
  }

  func text(_ buffer: [CChar]) -> String {
    String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
