import Foundation

/// A file of data that is read in parts, at any place.
///
/// The invariant: fewer bytes than were asked for mean that the file ends there. What the system
/// refuses (too many open files, a disk that fails, no permission) is thrown with its words, and
/// never taken for the end of the file or for damage.
final class DataReader {
  private let path: String
  private let descriptor: Int32

  /// Opens the file at `path`, which is known to be a regular one.
  ///
  /// - Parameter remedy: what to do where it is absent, a clause.
  init(_ path: String, remedy: String) throws(DatasetError) {
    descriptor = try FileBytes.open(path, remedy: remedy)
    self.path = path
  }

  deinit { close(descriptor) }

  /// The bytes from `offset` on, fewer than `count` where the file ends before. O(count).
  func bytes(at offset: Int, upTo count: Int) throws(DatasetError) -> [UInt8] {
    var problem: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      filled = 0
      while filled < count {
        let step = pread(
          descriptor, buffer.baseAddress?.advanced(by: filled), count - filled,
          off_t(offset + filled))
        if step < 0 && errno == EINTR { continue }
        if step < 0 { problem = errno }
        guard step > 0 else { break }
        filled += step
      }
    }
    guard problem == 0 else { throw DatasetError(problem, reading: path) }
    return bytes
  }

  /// Exactly `count` bytes from `offset` on, nil where the file ends before.
  func whole(at offset: Int, count: Int) throws(DatasetError) -> [UInt8]? {
    let bytes = try bytes(at: offset, upTo: count)
    return bytes.count == count ? bytes : nil
  }
}
