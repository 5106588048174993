internal import CHDF5
import Foundation
import Synchronization

/// An HDF5 file opened for reading.
///
/// Objects are named by paths such as `train/features`; a leading slash makes no difference. Every
/// failure is a ``DatasetError`` that names the file and the object.
public final class HDF5File: Sendable {
  /// The path that was opened.
  public let path: String
  /// The largest array that is read, in bytes. A damaged header can declare any size; without a
  /// limit the attempt to make room for it would end the process.
  public let maximumArrayBytes: Int
  let identifier: HDF5Identifier
  /// The other files that this one's links lead into, as far as they were needed.
  private let companionFiles = Mutex<[String: HDF5File]>([:])

  private init(path: String, maximumArrayBytes: Int, identifier: consuming HDF5Identifier) {
    self.path = path
    self.maximumArrayBytes = maximumArrayBytes
    self.identifier = identifier
  }

  /// The opened file.
  ///
  /// Throws when the file is absent, unreadable, empty, not HDF5, in use by a writer, of a format
  /// newer than the library, or cut short. It is locked for reading where its file system has locks.
  ///
  /// - Parameter remedy: what to do where the file is absent, or no HDF5 file.
  public static func open(
    _ path: String, maximumArrayBytes: Int = 4 << 30,
    remedy: String = "check the path, or create it with `datasets convert` or `datasets synthesise`"
  ) throws(DatasetError) -> HDF5File {
    let size = try DataFile.requireRegular(path, remedy: remedy)
    guard size != 0 else {
      throw DatasetError(.malformed, "The file \(path) is empty (0 bytes): create it again.")
    }
    return try reading(path) { () throws(DatasetError) in
      HDF5File(
        path: path, maximumArrayBytes: maximumArrayBytes,
        identifier: try openIdentifier(path, size: size, remedy: remedy))
    }
  }

  /// Another file that this one names, opened the first time.
  func companion(_ path: String) throws(DatasetError) -> HDF5File {
    if let known = companionFiles.withLock({ $0[path] }) { return known }
    let file = try HDF5File.open(path, maximumArrayBytes: maximumArrayBytes)
    companionFiles.withLock { $0[path] = file }
    return file
  }

  /// Whether an object of this name exists.
  ///
  /// - Throws: ``DatasetError`` for a name that is there and leads nowhere, or into a file that is not
  ///   there: what somebody meant to give is not the same as what they left out.
  public func contains(_ name: String) throws(DatasetError) -> Bool {
    var passed: Set<String> = []
    return try reading { () throws(DatasetError) in
      try place(of: name, passing: &passed) != nil
    }
  }

  /// The names of the members of a group, sorted.
  public func members(of group: String = "/") throws(DatasetError) -> [String] {
    try reading(at: group) { (file, group) throws(DatasetError) in
      let opened = HDF5Identifier(
        H5Gopen2(file.identifier.rawValue, group, bda_default_properties()))
      guard let opened else {
        throw file.malformed(group, "cannot be opened as a group")
      }
      var length = 0
      guard let names = bda_member_names(opened.rawValue, &length) else {
        throw file.malformed(group, "cannot be listed")
      }
      defer { free(names) }
      return UnsafeBufferPointer(start: names, count: length).split(separator: 0).map { name in
        String(decoding: name.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      }
    }
  }

  /// The extents of an array; `[]` for a scalar.
  public func shape(of name: String) throws(DatasetError) -> [Int] {
    try reading(at: name) { (file, name) throws(DatasetError) in
      try file.shape(of: try file.openArray(name), name)
    }
  }

  /// An array, converted from any stored number type.
  ///
  /// Conversion follows HDF5: values outside the range of `Element` are clamped, fractions cut. Use
  /// ``readIntegers(_:in:)`` where nothing may be lost.
  public func read<Element: HDF5Element>(
    _ name: String, as type: Element.Type = Element.self
  ) throws(DatasetError) -> HDF5Array<Element> {
    try reading(at: name) { (file, name) throws(DatasetError) in
      let array = try file.openArray(name)
      _ = try file.numberType(of: array, name)
      let shape = try file.shape(of: array, name)
      let count = try file.elementCount(
        shape, of: array, name, stride: MemoryLayout<Element>.stride)
      guard count > 0 else { return HDF5Array(shape: shape, values: []) }
      var status: herr_t = -1
      let values = [Element](unsafeUninitializedCapacity: count) { buffer, initialized in
        status = H5Dread(
          array.rawValue, Element.hdf5Kind.nativeType, bda_all(), bda_all(),
          bda_default_properties(), buffer.baseAddress)
        initialized = status < 0 ? 0 : count
      }
      guard status >= 0 else { throw try file.unreadable(array, name) }
      return HDF5Array(shape: shape, values: values)
    }
  }

  /// Integers, from any stored number type, with nothing lost: a fraction, a non-finite value or a
  /// value outside `range` is an error that names the first such position.
  public func readIntegers(
    _ name: String, in range: ClosedRange<Int> = Int.min...Int.max
  ) throws(DatasetError) -> HDF5Array<Int64> {
    let stored = try reading(at: name) { (file, name) throws(DatasetError) in
      try file.numberType(of: try file.openArray(name), name)
    }
    switch stored {
    case .integer(signed: true, _), .integer(signed: false, bytes: 0..<8):
      let array = try read(name, as: Int64.self)
      try check(array.values, name, range) { Int(exactly: $0) }
      return array
    case .integer:
      let array = try read(name, as: UInt64.self)
      try check(array.values, name, range) { Int(exactly: $0) }
      return HDF5Array(shape: array.shape, values: array.values.map { Int64($0) })
    case .real:
      let array = try read(name, as: Double.self)
      try check(array.values, name, range, isWhole: { $0.isFinite && $0 == $0.rounded() }) {
        Int(exactly: $0)
      }
      return HDF5Array(shape: array.shape, values: array.values.map { Int64($0) })
    }
  }

  /// - Parameter integer: the value as an integer, nil where it is none or too large for one.
  private func check<Element>(
    _ values: [Element], _ name: String, _ range: ClosedRange<Int>,
    isWhole: (Element) -> Bool = { _ in true }, _ integer: (Element) -> Int?
  ) throws(DatasetError) {
    for (position, value) in values.enumerated() {
      guard isWhole(value) else {
        throw unexpected(
          name, "holds \(value) at position \(position), which is not a whole number",
          remedy: "store whole numbers there")
      }
      let whole = integer(value)
      guard let whole, range.contains(whole) else {
        throw unexpected(
          name,
          "holds \(whole.map { "\($0)" } ?? "\(value)") at position \(position), which is outside "
            + "\(range.lowerBound)...\(range.upperBound)",
          remedy: "correct the value")
      }
    }
  }
}

extension HDF5File {
  /// Whether an array is stored as unsigned bytes, which need no check when read as `UInt8`.
  func storesBytes(_ name: String) throws(DatasetError) -> Bool {
    try reading(at: name) { (file, name) throws(DatasetError) in
      try file.numberType(of: try file.openArray(name), name) == .integer(signed: false, bytes: 1)
    }
  }
}
