internal import CHDF5
import Foundation

extension HDF5File {
  /// The value of an attribute of an object (the file itself by default), nil when there is none.
  ///
  /// Texts (fixed or variable in length), numbers, and lists of either are understood; anything else
  /// throws.
  public func attribute(
    _ name: String, of object: String = "/"
  ) throws(DatasetError) -> HDF5Attribute? {
    try reading(at: object) { (file, object) throws(DatasetError) in
      try file.attributeHere(name, of: object)
    }
  }

  /// The value of an attribute of an object at a path without links.
  private func attributeHere(
    _ name: String, of object: String
  ) throws(DatasetError) -> HDF5Attribute? {
    let defaults = bda_default_properties()
    let file = identifier.rawValue
    let isThere = H5Aexists_by_name(file, object, name, defaults)
    guard isThere >= 0 else { throw malformed(object, "has unreadable attributes") }
    guard isThere > 0 else { return nil }
    let label = "\(object)@\(name)"
    guard
      let attribute = HDF5Identifier(H5Aopen_by_name(file, object, name, defaults, defaults)),
      let type = HDF5Identifier(H5Aget_type(attribute.rawValue)),
      let space = HDF5Identifier(H5Aget_space(attribute.rawValue))
    else { throw malformed(label, "cannot be opened") }
    try requireNumberWidth(type, label)
    let shape = try extent(of: space, label)
    let count = try attributeCount(shape, label)
    switch H5Tget_class(type.rawValue) {
    case H5T_STRING:
      let texts = try strings(attribute, type, space, count, label)
      return shape.isEmpty ? texts.first.map { .string($0) } : .strings(texts)
    case H5T_INTEGER, H5T_ENUM:
      // Booleans are stored as an enumeration of 0 and 1.
      let values = try numbers(attribute, count, label, Int64.self).map { Int($0) }
      return shape.isEmpty ? values.first.map { .integer($0) } : .integers(values)
    case H5T_FLOAT:
      let values = try numbers(attribute, count, label, Double.self)
      return shape.isEmpty ? values.first.map { .real($0) } : .reals(values)
    default:
      throw unexpected(
        label, "is neither text nor numbers", remedy: "store it as text or as a number")
    }
  }

  /// The names of the attributes of an object, sorted.
  public func attributeNames(of object: String = "/") throws(DatasetError) -> [String] {
    try reading(at: object) { (file, object) throws(DatasetError) in
      let defaults = bda_default_properties()
      guard
        let opened = HDF5Identifier(H5Oopen(file.identifier.rawValue, object, defaults))
      else { throw file.malformed(object, "cannot be opened") }
      // Version 1.10 of the library ends the process when it lists attributes of which one cannot be
      // decoded. Looking for a name that none has decodes them all, and fails in order.
      guard H5Aexists(opened.rawValue, "no attribute has this name") >= 0 else {
        throw file.malformed(object, "has unreadable attributes")
      }
      let count = H5Aget_num_attrs(opened.rawValue)
      var names: [String] = []
      for index in 0..<max(0, count) {
        var buffer = [CChar](repeating: 0, count: 1024)
        let length = H5Aget_name_by_idx(
          opened.rawValue, ".", H5_INDEX_NAME, H5_ITER_INC, hsize_t(index), &buffer,
          buffer.count, defaults)
        guard length >= 0 else { throw file.malformed(object, "has unreadable attributes") }
        names.append(file.text(buffer))
      }
      return names.sorted()
    }
  }

  /// An attribute that must be one text.
  public func string(_ name: String, of object: String = "/") throws(DatasetError) -> String? {
    switch try attribute(name, of: object) {
    case nil: nil
    case .string(let value): value
    case .strings(let values) where values.count == 1: values[0]
    default: throw unexpected("\(object)@\(name)", "is not a text", remedy: "store it as a text")
    }
  }

  /// An attribute that must be a list of texts.
  public func strings(_ name: String, of object: String = "/") throws(DatasetError) -> [String]? {
    switch try attribute(name, of: object) {
    case nil: nil
    case .string(let value): [value]
    case .strings(let values): values
    default:
      throw unexpected(
        "\(object)@\(name)", "is not a list of texts", remedy: "store it as a list of texts")
    }
  }

  /// An attribute that must be one whole number.
  public func integer(_ name: String, of object: String = "/") throws(DatasetError) -> Int? {
    switch try attribute(name, of: object) {
    case nil: nil
    case .integer(let value): value
    case .integers(let values) where values.count == 1: values[0]
    default:
      throw unexpected(
        "\(object)@\(name)", "is not a whole number", remedy: "store it as an integer")
    }
  }

  /// An attribute that must be a list of whole numbers.
  public func integers(_ name: String, of object: String = "/") throws(DatasetError) -> [Int]? {
    switch try attribute(name, of: object) {
    case nil: nil
    case .integer(let value): [value]
    case .integers(let values): values
    default:
      throw unexpected(
        "\(object)@\(name)", "is not a list of whole numbers", remedy: "store it as integers")
    }
  }

  /// An attribute that must be true or false: the enumeration as which h5py stores booleans, the
  /// numbers 0 and 1, or the texts "true" and "false".
  public func boolean(_ name: String, of object: String = "/") throws(DatasetError) -> Bool? {
    let words: String
    switch try attribute(name, of: object) {
    case nil: return nil
    case .integer(let value): words = "\(value)"
    case .integers(let values) where values.count == 1: words = "\(values[0])"
    case .real(let value): words = value == 0 ? "0" : value == 1 ? "1" : ""
    case .reals(let values) where values.count == 1:
      words = values[0] == 0 ? "0" : values[0] == 1 ? "1" : ""
    case .string(let value): words = value.lowercased()
    case .strings(let values) where values.count == 1: words = values[0].lowercased()
    default: words = ""
    }
    switch words {
    case "0", "false": return false
    case "1", "true": return true
    default:
      throw unexpected(
        "\(object)@\(name)", "is neither true nor false",
        remedy: "store it as a boolean, or as 0 or 1")
    }
  }

  private func attributeCount(_ shape: [Int], _ label: String) throws(DatasetError) -> Int {
    // Attributes are small by their nature; a million elements is a damaged header.
    var count = 1
    for extent in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: extent)
      guard !overflow, product <= 1 << 20 else { throw tooLarge(label, "\(shape)") }
      count = product
    }
    return count
  }

  private func numbers<Element: HDF5Element>(
    _ attribute: borrowing HDF5Identifier, _ count: Int, _ label: String, _ type: Element.Type
  ) throws(DatasetError) -> [Element] {
    var values = [Element](repeating: .hdf5Zero, count: count)
    guard count == 0 || H5Aread(attribute.rawValue, Element.hdf5Kind.nativeType, &values) >= 0
    else { throw malformed(label, "cannot be read") }
    return values
  }

  private func strings(
    _ attribute: borrowing HDF5Identifier, _ type: borrowing HDF5Identifier,
    _ space: borrowing HDF5Identifier, _ count: Int, _ label: String
  ) throws(DatasetError) -> [String] {
    guard count > 0 else { return [] }
    // Memory type and file type must agree in the character set, so the stored one is used.
    if H5Tis_variable_str(type.rawValue) > 0 {
      guard try requireWholeTexts(of: .attribute(attribute.rawValue), count: count, label) else {
        throw malformed(label, "cannot be read")
      }
      var pointers = [UnsafeMutablePointer<CChar>?](repeating: nil, count: count)
      guard H5Aread(attribute.rawValue, type.rawValue, &pointers) >= 0 else {
        throw malformed(label, "cannot be read")
      }
      let texts = pointers.map { $0.map { String(cString: $0) } ?? "" }
      _ = H5Dvlen_reclaim(type.rawValue, space.rawValue, bda_default_properties(), &pointers)
      return texts
    }
    let width = H5Tget_size(type.rawValue)
    let (size, overflow) = count.multipliedReportingOverflow(by: width)
    guard width > 0, !overflow, size <= 1 << 24 else {
      throw tooLarge(label, "[\(count)] x \(width)")
    }
    var bytes = [UInt8](repeating: 0, count: size)
    guard H5Aread(attribute.rawValue, type.rawValue, &bytes) >= 0 else {
      throw malformed(label, "cannot be read")
    }
    let padding: UInt8 = H5Tget_strpad(type.rawValue) == H5T_STR_SPACEPAD ? 32 : 0
    return (0..<count).map { index in
      var field = bytes[index * width..<(index + 1) * width]
      if padding == 0, let end = field.firstIndex(of: 0) { field = field[..<end] }
      while let last = field.last, last == padding { field.removeLast() }
      return String(decoding: field, as: UTF8.self)
    }
  }
}
