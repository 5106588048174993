internal import CHDF5
import Files
import Foundation

/// How the values of an array are laid out in the file.
public struct HDF5Layout: Sendable, Equatable {
  /// The shape of the chunks, nil for one contiguous block.
  public var chunkShape: [Int]?
  /// DEFLATE's level from 1 to 9, nil for no compression.
  public var compressionLevel: Int?
  /// Whether bytes are reordered by significance first, which helps wide numbers compress.
  public var shuffles: Bool

  /// One contiguous block, uncompressed.
  public static let contiguous = HDF5Layout(
    chunkShape: nil, compressionLevel: nil, shuffles: false)

  /// Chunks, compressed unless `level` is nil.
  public static func chunked(_ shape: [Int], level: Int? = 4, shuffles: Bool = false) -> HDF5Layout
  {
    HDF5Layout(chunkShape: shape, compressionLevel: level, shuffles: shuffles)
  }
}

/// A new HDF5 file that appears under its name only when ``finish()`` has succeeded.
///
/// The library writes into memory, and the finished bytes go to the disk at once: a disk that is full
/// is then an ordinary error, where the library, refused in the middle of a file, cannot close it any
/// more and ends the process. Memory is that of the file, twice while it is finished.
///
/// Objects are named by paths; groups on the way are created. No time stamps are stored and numbers
/// are little-endian, so the same calls write the same bytes.
public final class HDF5Writer {
  /// The name under which the file appears.
  public let path: String
  private let destination: AtomicFile
  private var identifier: HDF5Identifier?

  /// Starts a new file; what is under `path` stays until ``finish()``.
  public init(path: String) throws(DatasetError) {
    self.path = path
    let destination = try DatasetError.converting { () throws(FileError) in
      try AtomicFile(path: path)
    }
    self.destination = destination
    let defaults = bda_default_properties()
    identifier = try HDF5Library.synchronized { () throws(DatasetError) in
      guard let access = HDF5Identifier(H5Pcreate(bda_file_access())),
        H5Pset_fapl_core(access.rawValue, Self.memoryStep, false) >= 0,
        let identifier = HDF5Identifier(
          H5Fcreate(destination.temporaryPath, bda_truncate(), defaults, access.rawValue))
      else {
        throw DatasetError(
          .unwritable,
          "Cannot create the HDF5 file \(path) (\(HDF5Library.deepestError())): free some "
            + "memory.")
      }
      return identifier
    }
  }

  /// By how many bytes the file in memory grows.
  private static let memoryStep = 1 << 20

  /// Writes an array; shape `[]` is a scalar.
  ///
  /// A chunk larger than the array is cut to the array's size; an empty array is contiguous.
  public func write<Element: HDF5Element>(
    _ values: [Element], shape: [Int], to name: String, layout: HDF5Layout = .contiguous
  ) throws(DatasetError) {
    let count = shape.reduce(1, *)
    precondition(
      count == values.count, "Shape \(shape) needs \(count) values, got \(values.count).")
    try HDF5Library.synchronized { () throws(DatasetError) in
      let file = try openFile()
      let parent = try openParent(of: name, in: file)
      let leaf = name.split(separator: "/").last.map { String($0) } ?? name
      let space = try makeSpace(shape)
      let properties = try makeProperties(shape, layout, name)
      let defaults = bda_default_properties()
      guard
        let array = HDF5Identifier(
          H5Dcreate2(
            parent.rawValue, leaf, Element.hdf5Kind.storedType, space.rawValue, defaults,
            properties.rawValue, defaults))
      else { throw failure("create '\(name)' in") }
      guard count > 0 else { return }
      let status = values.withUnsafeBufferPointer {
        H5Dwrite(
          array.rawValue, Element.hdf5Kind.nativeType, bda_all(), bda_all(), defaults,
          $0.baseAddress)
      }
      guard status >= 0 else { throw failure("write '\(name)' into") }
    }
  }

  /// Writes an array.
  public func write<Element: HDF5Element>(
    _ array: HDF5Array<Element>, to name: String, layout: HDF5Layout = .contiguous
  ) throws(DatasetError) {
    try write(array.values, shape: array.shape, to: name, layout: layout)
  }

  /// Writes one number as a scalar.
  public func write<Element: HDF5Element>(scalar: Element, to name: String) throws(DatasetError) {
    try write([scalar], shape: [], to: name)
  }

  /// Sets an attribute of an object that exists, the file itself by default.
  public func setAttribute(
    _ name: String, _ value: HDF5Attribute, of object: String = "/"
  ) throws(DatasetError) {
    try HDF5Library.synchronized { () throws(DatasetError) in
      let file = try openFile()
      guard
        let owner = HDF5Identifier(H5Oopen(file, object, bda_default_properties()))
      else { throw failure("find '\(object)' in") }
      switch value {
      case .string(let text): try setTexts([text], shape: [], name, of: owner)
      case .strings(let texts): try setTexts(texts, shape: [texts.count], name, of: owner)
      case .integer(let number): try setNumbers([Int64(number)], shape: [], name, of: owner)
      case .integers(let numbers):
        try setNumbers(numbers.map { Int64($0) }, shape: [numbers.count], name, of: owner)
      case .real(let number): try setNumbers([number], shape: [], name, of: owner)
      case .reals(let numbers):
        try setNumbers(numbers, shape: [numbers.count], name, of: owner)
      }
    }
  }

  /// Flushes everything to the disk and gives the file its name; nothing may be written after it.
  public func finish() throws(DatasetError) {
    let file = try complete()
    try DatasetError.converting { () throws(FileError) in try file.commit() }
  }

  /// The file with all its bytes but without its name, which `commit()` of it gives; nothing may be
  /// written after it.
  public func complete() throws(DatasetError) -> AtomicFile {
    let bytes = try HDF5Library.synchronized { () throws(DatasetError) -> [UInt8] in
      let file = try openFile()
      guard H5Fflush(file, H5F_SCOPE_GLOBAL) >= 0 else { throw failure("flush") }
      let size = H5Fget_file_image(file, nil, 0)
      guard size > 0 else { throw failure("finish") }
      var copied = 0
      let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
        copied = H5Fget_file_image(file, buffer.baseAddress, size)
        count = max(0, min(copied, size))
      }
      guard copied == size else { throw failure("finish") }
      // Releasing the last identifier closes the file.
      identifier = nil
      return bytes
    }
    try DatasetError.converting { () throws(FileError) in
      try destination.fill(bytes)
    }
    return destination
  }

  // MARK: - Parts, all called inside the lock

  private func openFile() throws(DatasetError) -> hid_t {
    let rawValue: hid_t =
      switch identifier {
      case .some(let identifier): identifier.rawValue
      case .none: -1
      }
    precondition(rawValue >= 0, "The writer of \(path) has been finished already.")
    return rawValue
  }

  private func openParent(of name: String, in file: hid_t) throws(DatasetError) -> HDF5Identifier {
    let defaults = bda_default_properties()
    var prefix = "/"
    for part in name.split(separator: "/").dropLast() {
      let group = prefix + part
      if H5Lexists(file, group, defaults) <= 0 {
        guard let properties = HDF5Identifier(H5Pcreate(bda_group_creation())),
          H5Pset_obj_track_times(properties.rawValue, false) >= 0,
          HDF5Identifier(H5Gcreate2(file, group, defaults, properties.rawValue, defaults)) != nil
        else { throw failure("create the group '\(group)' in") }
      }
      prefix = group + "/"
    }
    guard let parent = HDF5Identifier(H5Gopen2(file, prefix, defaults)) else {
      throw failure("open the group '\(prefix)' in")
    }
    return parent
  }

  private func makeSpace(_ shape: [Int]) throws(DatasetError) -> HDF5Identifier {
    let extents = shape.map { hsize_t($0) }
    let space = HDF5Identifier(
      shape.isEmpty
        ? H5Screate(H5S_SCALAR) : H5Screate_simple(Int32(shape.count), extents, nil))
    guard let space else { throw failure("describe the shape \(shape) in") }
    return space
  }

  private func makeProperties(
    _ shape: [Int], _ layout: HDF5Layout, _ name: String
  ) throws(DatasetError) -> HDF5Identifier {
    guard let properties = HDF5Identifier(H5Pcreate(bda_dataset_creation())),
      H5Pset_obj_track_times(properties.rawValue, false) >= 0
    else { throw failure("prepare '\(name)' in") }
    guard let chunkShape = layout.chunkShape, !shape.isEmpty, !shape.contains(0) else {
      return properties
    }
    precondition(
      chunkShape.count == shape.count && chunkShape.allSatisfy { $0 > 0 },
      "Chunks of shape \(chunkShape) do not fit an array of shape \(shape).")
    let chunk = zip(chunkShape, shape).map { hsize_t(min($0, $1)) }
    guard H5Pset_chunk(properties.rawValue, Int32(chunk.count), chunk) >= 0 else {
      throw failure("set the chunks of '\(name)' in")
    }
    if layout.shuffles, H5Pset_shuffle(properties.rawValue) < 0 {
      throw failure("set the filters of '\(name)' in")
    }
    if let level = layout.compressionLevel, H5Pset_deflate(properties.rawValue, UInt32(level)) < 0 {
      throw failure("set the filters of '\(name)' in")
    }
    return properties
  }

  private func setNumbers<Element: HDF5Element>(
    _ values: [Element], shape: [Int], _ name: String, of owner: borrowing HDF5Identifier
  ) throws(DatasetError) {
    let attribute = try makeAttribute(name, Element.hdf5Kind.storedType, shape, of: owner)
    guard values.isEmpty || H5Awrite(attribute.rawValue, Element.hdf5Kind.nativeType, values) >= 0
    else { throw failure("write the attribute '\(name)' into") }
  }

  private func setTexts(
    _ texts: [String], shape: [Int], _ name: String, of owner: borrowing HDF5Identifier
  ) throws(DatasetError) {
    // Fixed width, null-padded UTF-8: every reader understands it, and it needs no heap.
    let encoded = texts.map { Array($0.utf8) }
    let width = max(1, encoded.map(\.count).max() ?? 1)
    // A place in the heap takes sixteen bytes itself.
    guard width <= max(16, Self.mostBytesOfAttribute / max(1, texts.count)) else {
      return try setLongTexts(texts, shape: shape, name, of: owner)
    }
    guard let type = HDF5Identifier(H5Tcopy(bda_c_string())),
      H5Tset_size(type.rawValue, width) >= 0, H5Tset_cset(type.rawValue, H5T_CSET_UTF8) >= 0,
      H5Tset_strpad(type.rawValue, H5T_STR_NULLPAD) >= 0
    else { throw failure("prepare the attribute '\(name)' in") }
    let bytes = encoded.flatMap { $0 + [UInt8](repeating: 0, count: width - $0.count) }
    let attribute = try makeAttribute(name, type.rawValue, shape, of: owner)
    guard bytes.isEmpty || H5Awrite(attribute.rawValue, type.rawValue, bytes) >= 0 else {
      throw failure("write the attribute '\(name)' into")
    }
  }

  /// The most bytes of one attribute of texts that are stored in the header of its object, which holds 64 kB
  /// of attributes in all.
  private static let mostBytesOfAttribute = 32_768

  /// Texts of variable length: only their places stand in the header, and they in the file's heap.
  private func setLongTexts(
    _ texts: [String], shape: [Int], _ name: String, of owner: borrowing HDF5Identifier
  ) throws(DatasetError) {
    guard let type = HDF5Identifier(H5Tcopy(bda_c_string())),
      H5Tset_size(type.rawValue, bda_variable_size()) >= 0,
      H5Tset_cset(type.rawValue, H5T_CSET_UTF8) >= 0
    else { throw failure("prepare the attribute '\(name)' in") }
    let attribute = try makeAttribute(name, type.rawValue, shape, of: owner)
    // One buffer that the pointers lead into, which must stay where it is while the library reads it.
    let bytes = texts.flatMap { Array($0.utf8CString) }
    let written = bytes.withUnsafeBufferPointer { buffer -> Bool in
      var position = 0
      let pointers = texts.map { text -> UnsafePointer<CChar>? in
        defer { position += text.utf8.count + 1 }
        return buffer.baseAddress.map { $0 + position }
      }
      return H5Awrite(attribute.rawValue, type.rawValue, pointers) >= 0
    }
    guard written else { throw failure("write the attribute '\(name)' into") }
  }

  private func makeAttribute(
    _ name: String, _ type: hid_t, _ shape: [Int], of owner: borrowing HDF5Identifier
  ) throws(DatasetError) -> HDF5Identifier {
    let space = try makeSpace(shape)
    let defaults = bda_default_properties()
    guard
      let attribute = HDF5Identifier(
        H5Acreate2(owner.rawValue, name, type, space.rawValue, defaults, defaults))
    else { throw failure("create the attribute '\(name)' in") }
    return attribute
  }

  private func failure(_ step: String) -> DatasetError {
    DatasetError(
      .unwritable,
      "Cannot \(step) the HDF5 file \(path) (\(HDF5Library.deepestError())): free some memory.")
  }
}
