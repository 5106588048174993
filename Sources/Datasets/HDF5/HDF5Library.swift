internal import CHDF5
import Foundation

/// The only way into the C library: one caller at a time, its own error printing off.
///
/// Whether HDF5 is safe for threads is a build option that cannot be relied on, so every call is
/// made under one lock (recursive, because closing a handle may happen inside another call).
enum HDF5Library {
  private static let lock = NSRecursiveLock()

  static func synchronized<Result: ~Copyable>(
    _ body: () throws(DatasetError) -> Result
  ) throws(DatasetError) -> Result {
    lock.lock()
    defer { lock.unlock() }
    // The setting belongs to the thread, hence each time; it costs nanoseconds.
    bda_silence_errors()
    return try body()
  }

  /// The library's own words for what failed last, the deepest of its stack.
  static func deepestError() -> String { errors().first ?? "no reason given" }

  /// The library's own words for what failed last, the deepest first.
  static func errors() -> [String] {
    var text = [CChar](repeating: 0, count: 4096)
    bda_error_stack(&text, text.count)
    return string(text).split(separator: "\n").map { String($0) }
  }

  /// The text of a C string's buffer.
  static func string(_ buffer: [CChar]) -> String {
    String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}

/// The version of the HDF5 library in use, such as "1.10.8"; records store it.
public func hdf5LibraryVersion() -> String {
  var major: UInt32 = 0
  var minor: UInt32 = 0
  var release: UInt32 = 0
  H5get_libversion(&major, &minor, &release)
  return "\(major).\(minor).\(release)"
}

/// Owns one identifier of the C library and releases it when it goes away.
struct HDF5Identifier: ~Copyable, Sendable {
  let rawValue: hid_t

  /// Owns `rawValue`, or nil when the call that made it has failed.
  init?(_ rawValue: hid_t) {
    guard rawValue >= 0 else { return nil }
    self.rawValue = rawValue
  }

  deinit {
    // Dropping the last reference closes the object, of whichever kind it is.
    let id = rawValue
    try? HDF5Library.synchronized { () throws(DatasetError) in _ = H5Idec_ref(id) }
  }
}
