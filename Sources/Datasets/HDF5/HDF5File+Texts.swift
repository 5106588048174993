internal import CHDF5

/// Arrays of texts, and what kind of number an array holds.
extension HDF5File {
  /// A list of texts stored as an array or, where there is no such array, as an attribute of the file;
  /// nil where there is neither.
  ///
  /// - Throws: where a text is not UTF-8, naming its position: what it says would be guesswork.
  public func texts(_ name: String) throws(DatasetError) -> [String]? {
    let fields: [[UInt8]]
    let label: String
    if try contains(name) {
      fields = try reading(at: name) { (file, name) throws(DatasetError) in
        try file.textFields(name)
      }
      label = name
    } else if let texts = try strictStrings(name) {
      return texts
    } else {
      return nil
    }
    return try decoded(fields, label)
  }

  /// Whether an array holds texts and not numbers.
  public func storesTexts(_ name: String) throws(DatasetError) -> Bool {
    try reading(at: name) { (file, name) throws(DatasetError) in
      let array = try file.openArray(name)
      guard let type = HDF5Identifier(H5Dget_type(array.rawValue)) else {
        throw file.malformed(name, "has no readable type")
      }
      return H5Tget_class(type.rawValue) == H5T_STRING
    }
  }

  /// The number type that holds every value of an array as it is stored; half precision is `float`, and
  /// what is wider than 8 bytes is the nearest of 8.
  public func elementKind(_ name: String) throws(DatasetError) -> HDF5ElementKind {
    try reading(at: name) { (file, name) throws(DatasetError) in
      let array = try file.openArray(name)
      switch try file.numberType(of: array, name) {
      case .integer(let signed, let bytes):
        switch bytes {
        case 1: return signed ? .int8 : .uint8
        case 2: return signed ? .int16 : .uint16
        case 3, 4: return signed ? .int32 : .uint32
        default: return signed ? .int64 : .uint64
        }
      case .real:
        guard let type = HDF5Identifier(H5Dget_type(array.rawValue)) else {
          throw file.malformed(name, "has no readable type")
        }
        return H5Tget_size(type.rawValue) <= 4 ? .float : .double
      }
    }
  }

  /// The bytes of each text of an array. Inside the lock.
  private func textFields(_ name: String) throws(DatasetError) -> [[UInt8]] {
    let array = try openArray(name)
    guard let type = HDF5Identifier(H5Dget_type(array.rawValue)),
      let space = HDF5Identifier(H5Dget_space(array.rawValue))
    else { throw malformed(name, "has no readable type") }
    guard H5Tget_class(type.rawValue) == H5T_STRING else {
      throw unexpected(name, "holds numbers, not texts", remedy: "store texts there")
    }
    let width = H5Tget_size(type.rawValue)
    guard (1...1 << 20).contains(width) else {
      throw unexpected(
        name, "holds texts of \(width) bytes each",
        remedy: "store texts of variable length, or of 1048576 bytes at most")
    }
    let isVariable = H5Tis_variable_str(type.rawValue) > 0
    let count = try elementCount(try shape(of: array, name), of: array, name, stride: width)
    guard count > 0 else { return [] }
    let defaults = bda_default_properties()
    if isVariable {
      guard try requireWholeTexts(of: .array(array.rawValue), count: count, name) else {
        throw try unreadable(array, name)
      }
      var pointers = [UnsafeMutablePointer<CChar>?](repeating: nil, count: count)
      guard
        H5Dread(array.rawValue, type.rawValue, bda_all(), bda_all(), defaults, &pointers) >= 0
      else { throw try unreadable(array, name) }
      let fields = pointers.map { pointer -> [UInt8] in
        guard let pointer else { return [] }
        return Array(UnsafeBufferPointer(start: pointer, count: strlen(pointer)))
          .map { UInt8(bitPattern: $0) }
      }
      _ = H5Dvlen_reclaim(type.rawValue, space.rawValue, defaults, &pointers)
      return fields
    }
    var bytes = [UInt8](repeating: 0, count: count * width)
    guard H5Dread(array.rawValue, type.rawValue, bda_all(), bda_all(), defaults, &bytes) >= 0
    else { throw try unreadable(array, name) }
    let isSpacePadded = H5Tget_strpad(type.rawValue) == H5T_STR_SPACEPAD
    return (0..<count).map { index in
      var field = bytes[index * width..<(index + 1) * width]
      if !isSpacePadded, let end = field.firstIndex(of: 0) { field = field[..<end] }
      while isSpacePadded, field.last == 32 { field.removeLast() }
      return Array(field)
    }
  }

  private func decoded(_ fields: [[UInt8]], _ label: String) throws(DatasetError) -> [String] {
    var texts: [String] = []
    for (position, field) in fields.enumerated() {
      guard let text = String(validating: field, as: UTF8.self) else {
        throw notText(label, position)
      }
      texts.append(text)
    }
    return texts
  }

  /// The texts of an attribute of the file; what is not UTF-8 was read with U+FFFD in its place.
  private func strictStrings(_ name: String) throws(DatasetError) -> [String]? {
    guard let texts = try strings(name) else { return nil }
    if let position = texts.firstIndex(where: { $0.unicodeScalars.contains("\u{FFFD}") }) {
      throw notText("/@\(name)", position)
    }
    return texts
  }

  private func notText(_ label: String, _ position: Int) -> DatasetError {
    unexpected(
      label, "holds a name at position \(position) that is not text in UTF-8",
      remedy: "store the names as UTF-8")
  }
}
