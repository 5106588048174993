internal import CHDF5

/// A look at where texts of any length lie before the library follows.
///
/// An array of such texts holds a reference for each: its length, a heap, and the number of an object
/// there (HDF5 file format, "Global Heap"). Version 1.10 of the library takes the number for a place in a
/// list, and the object's size for the length: damaged ones lead it out of its memory, which ends the
/// process. So the references are read as bytes first, and the heaps without the library.
extension HDF5File {
  /// What has texts as its values.
  enum TextHolder {
    case array(hid_t)
    case attribute(hid_t)

    var identifier: hid_t {
      switch self {
      case .array(let identifier), .attribute(let identifier): identifier
      }
    }
  }

  /// Whether the references of `count` texts of any length could be read; throws where one of them is
  /// not what its heap has. Inside the lock. O(count + bytes of the heaps).
  func requireWholeTexts(
    of holder: TextHolder, count: Int, _ label: String
  ) throws(DatasetError) -> Bool {
    guard let place = try place(of: holder, label) else { return true }
    let size = Int(bda_text_reference_size)
    var bytes = [UInt8](repeating: 0, count: count * size)
    guard let type = HDF5Identifier(bda_text_references()),
      read(holder, as: type.rawValue, into: &bytes) >= 0
    else { return false }
    let reader = try DataReader(place.path, remedy: "check the path")
    var heaps: [UInt64: [UInt32: Int]] = [:]
    func number(_ position: Int, _ width: Int) -> UInt64 {
      (0..<width).reversed().reduce(0) { $0 << 8 | UInt64(bytes[position + $1]) }
    }
    for index in 0..<count {
      let length = number(index * size, 4)
      let address = number(index * size + 4, 8)
      // The library looks at neither: an empty text, and one that was never written.
      guard length != 0, address != 0 else { continue }
      if heaps[address] == nil {
        heaps[address] = try HDF5Heaps.objects(in: reader, address: address, base: place.base)
      }
      let object = UInt32(truncatingIfNeeded: number(index * size + 12, 4))
      guard heaps[address]?[object] == Int(length) else {
        throw malformed(label, "has a text at position \(index) that is not where it should be")
      }
    }
    return true
  }

  private func read(_ holder: TextHolder, as type: hid_t, into bytes: inout [UInt8]) -> herr_t {
    switch holder {
    case .array(let array):
      H5Dread(array, type, bda_all(), bda_all(), bda_default_properties(), &bytes)
    case .attribute(let attribute): H5Aread(attribute, type, &bytes)
    }
  }

  /// The file that holds the values, which links lead to, and where its addresses count from; nil where
  /// the references lie in several files (virtual arrays) or are not of the usual size.
  private func place(
    of holder: TextHolder, _ label: String
  ) throws(DatasetError) -> (path: String, base: Int)? {
    if case .array(let array) = holder {
      guard let creation = HDF5Identifier(H5Dget_create_plist(array)) else {
        throw malformed(label, "has no readable properties")
      }
      if H5Pget_layout(creation.rawValue) == H5D_VIRTUAL { return nil }
    }
    var name = [CChar](repeating: 0, count: 1 << 13)
    var (addressSize, lengthSize) = (0, 0)
    var base: hsize_t = 0
    guard let file = HDF5Identifier(H5Iget_file_id(holder.identifier)),
      let creation = HDF5Identifier(H5Fget_create_plist(file.rawValue)),
      H5Pget_sizes(creation.rawValue, &addressSize, &lengthSize) >= 0,
      H5Pget_userblock(creation.rawValue, &base) >= 0,
      H5Fget_name(file.rawValue, &name, name.count) >= 0
    else { throw malformed(label, "has no readable properties") }
    guard addressSize == 8, lengthSize == 8 else { return nil }
    return (HDF5Library.string(name), Int(clamping: base))
  }
}
