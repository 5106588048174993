internal import CHDF5

/// What lies under reading: opening objects, and asking for their type and extent. All of it runs
/// inside `HDF5Library.synchronized`.
extension HDF5File {
  /// The class of a stored number.
  enum StoredNumber: Equatable {
    case integer(signed: Bool, bytes: Int)
    case real
  }

  /// The array at a path without links; see ``place(of:passing:)``.
  func openArray(_ name: String) throws(DatasetError) -> HDF5Identifier {
    guard let access = HDF5Identifier(H5Pcreate(bda_dataset_access())) else {
      throw malformed(name, "cannot be opened")
    }
    let information = HDF5Identifier(
      H5Oopen(identifier.rawValue, name, bda_default_properties()))
    guard let information else { throw notOpened(name) }
    guard H5Iget_type(information.rawValue) == H5I_DATASET else {
      throw unexpected(name, "is a group, not an array", remedy: "store an array there")
    }
    // Values in other files are looked for beside this one, as h5py does, and then where a program
    // that runs in this folder would.
    guard let prefix = externalPrefix(of: try creation(of: information, name)) else {
      return information
    }
    guard H5Pset_efile_prefix(access.rawValue, prefix) >= 0 else { throw notOpened(name) }
    let path = "/" + name.split(separator: "/").joined(separator: "/")
    // The prefix is one of opening; the first handle must be gone, or the library returns it again.
    return try reopened(information, path, access)
  }

  private func reopened(
    _ old: consuming HDF5Identifier, _ name: String, _ access: borrowing HDF5Identifier
  ) throws(DatasetError) -> HDF5Identifier {
    drop(old)
    let array = HDF5Identifier(H5Dopen2(identifier.rawValue, name, access.rawValue))
    guard let array else { throw notOpened(name) }
    return array
  }

  private func drop(_ identifier: consuming HDF5Identifier) {}

  private func notOpened(_ name: String) -> DatasetError {
    let reasons = HDF5Library.errors()
    if Self.isAboutVersions(reasons) {
      return Self.newer("'\(name)' in the HDF5 file \(path) has a part", reasons)
    }
    return malformed(name, "cannot be opened (\(reasons.first ?? "no reason given"))")
  }

  func numberType(
    of array: borrowing HDF5Identifier, _ name: String
  ) throws(DatasetError) -> StoredNumber {
    guard let type = HDF5Identifier(H5Dget_type(array.rawValue)) else {
      throw malformed(name, "has no readable type")
    }
    try requireNumberWidth(type, name)
    switch H5Tget_class(type.rawValue) {
    case H5T_INTEGER, H5T_ENUM:
      // An enumeration of numbers is its numbers; booleans are stored so.
      return .integer(
        signed: isSigned(type), bytes: H5Tget_size(type.rawValue))
    case H5T_FLOAT:
      return .real
    case let other:
      throw unexpected(
        name, "holds \(Self.describe(other)), not numbers",
        remedy: "store integers or floating-point numbers there")
    }
  }

  /// The library makes room for a number of whatever width a file declares.
  func requireNumberWidth(
    _ type: borrowing HDF5Identifier, _ name: String
  ) throws(DatasetError) {
    let kinds = [H5T_INTEGER, H5T_ENUM, H5T_FLOAT]
    let width = H5Tget_size(type.rawValue)
    guard !kinds.contains(H5Tget_class(type.rawValue)) || (1...32).contains(width) else {
      throw unexpected(
        name, "holds numbers of \(width) bytes each", remedy: "store numbers of 1 to 8 bytes")
    }
  }

  private func isSigned(_ type: borrowing HDF5Identifier) -> Bool {
    guard H5Tget_class(type.rawValue) == H5T_ENUM else {
      return H5Tget_sign(type.rawValue) == H5T_SGN_2
    }
    guard let base = HDF5Identifier(H5Tget_super(type.rawValue)) else { return true }
    return H5Tget_sign(base.rawValue) == H5T_SGN_2
  }

  private static func describe(_ type: H5T_class_t) -> String {
    switch type {
    case H5T_STRING: "texts"
    case H5T_COMPOUND: "compound records"
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
    let stored = try storedBytes(of: array, name)
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
    let remedy =
      HDF5Library.lacksMemory ? Self.memoryRemedy : "the file is damaged, create it again"
    return DatasetError(.malformed, "'\(name)' in the HDF5 file \(path) \(what): \(remedy).")
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

  func text(_ buffer: [CChar]) -> String { HDF5Library.string(buffer) }
}
