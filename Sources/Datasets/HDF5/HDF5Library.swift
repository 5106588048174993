internal import CHDF5
import Foundation
import Synchronization

/// The only way into the C library: one caller at a time, its own error printing off.
///
/// Whether HDF5 is safe for threads is a build option that cannot be relied on, so every call is
/// made under one lock (recursive, because closing a handle may happen inside another call).
enum HDF5Library {
  private static let lock = NSRecursiveLock()
  private static let record = Mutex(Record())

  /// Keeps the library from clearing up when the process ends, which has to be said before its first
  /// call. Whatever is written has been closed by then; and where a file was damaged, it clears up
  /// for ever and says on stderr that it gave up ("infinite loop closing library").
  private static let leavesTheEndAlone: Bool = H5dont_atexit() >= 0

  /// What failed since the outermost caller came in.
  private struct Record {
    var depth = 0
    /// The last failure.
    var last: HDF5Failure?
    /// The first that was the system's.
    var refusal: HDF5Failure?
  }

  static func synchronized<Result: ~Copyable>(
    _ body: () throws(DatasetError) -> Result
  ) throws(DatasetError) -> Result {
    lock.lock()
    defer { lock.unlock() }
    _ = leavesTheEndAlone
    // The setting belongs to the thread, hence each time; it costs nanoseconds.
    bda_watch_errors { _, _ in
      HDF5Library.recordFailure()
      return 0
    }
    record.withLock { record in
      if record.depth == 0 { record = Record() }
      record.depth += 1
    }
    defer { record.withLock { $0.depth -= 1 } }
    return try body()
  }

  /// The version, such as "1.10.8". Even to ask for it is a call of the library, and may be the first.
  static var version: String {
    let numbers = try? synchronized { () throws(DatasetError) -> [UInt32] in
      var (major, minor, release) = (UInt32(0), UInt32(0), UInt32(0))
      H5get_libversion(&major, &minor, &release)
      return [major, minor, release]
    }
    return (numbers ?? []).map(String.init).joined(separator: ".")
  }

  // MARK: - What failed

  /// The library's own words for what failed last, the deepest of its stack.
  static func deepestError() -> String { errors().first ?? "no reason given" }

  /// The library's own words for what failed last, the deepest first.
  static func errors() -> [String] { record.withLock { $0.last?.reasons ?? [] } }

  /// Whether there was no memory for what failed last.
  static var lacksMemory: Bool { record.withLock { $0.last?.isAboutMemory ?? false } }

  /// The first failure that was the system's and not that of the bytes in a file.
  static var refusal: HDF5Failure? {
    get { record.withLock { $0.refusal } }
    set { record.withLock { $0.refusal = newValue } }
  }

  /// Forgets what failed, where it has been dealt with.
  static func forgetFailures() {
    record.withLock { record in
      record.last = nil
      record.refusal = nil
    }
  }

  /// Called by the library within a call that fails, and not asked for afterwards: by then a handle
  /// may have been released, which empties the library's own record.
  private static func recordFailure() {
    // Room for a path and what is said of it.
    var text = [CChar](repeating: 0, count: 1 << 13)
    bda_error_stack(&text, text.count)
    let failure = HDF5Failure(
      descriptions: text.prefix { $0 != 0 }.split(separator: bda_error_separator())
        .map { string(Array($0)) })
    record.withLock { record in
      record.last = failure
      if record.refusal == nil, failure.isRefusal { record.refusal = failure }
    }
  }

  /// The text of a C string's buffer.
  static func string(_ buffer: [CChar]) -> String {
    String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}

extension HDF5File {
  /// What `body` reads from the file at `path`, inside the lock.
  ///
  /// Where the system refused a read on the way, that is the error, whatever was made of it: an
  /// object that could not be looked up is not known to be absent, nor its file to be damaged. An
  /// error that is about the machine already, or about what no reading can change, stays.
  static func reading<Result>(
    _ path: String, _ body: () throws(DatasetError) -> Result
  ) throws(DatasetError) -> Result {
    try HDF5Library.synchronized { () throws(DatasetError) in
      let outer = HDF5Library.refusal
      HDF5Library.refusal = nil
      defer { HDF5Library.refusal = outer }
      let result: Result
      do throws(DatasetError) {
        result = try body()
      } catch {
        guard error.kind != .unreadable, error.kind != .unsupported,
          let refused = HDF5Library.refusal?.error(reading: path)
        else { throw error }
        throw refused
      }
      if let refused = HDF5Library.refusal?.error(reading: path) { throw refused }
      return result
    }
  }

  /// What `body` reads from this file, see ``reading(_:_:)``.
  func reading<Result>(
    _ body: () throws(DatasetError) -> Result
  ) throws(DatasetError) -> Result {
    try Self.reading(path, body)
  }
}

/// The version of the HDF5 library in use, such as "1.10.8"; records store it.
public func hdf5LibraryVersion() -> String { HDF5Library.version }

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
