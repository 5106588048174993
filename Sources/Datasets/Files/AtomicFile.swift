import Foundation
import Synchronization

/// A file that appears under its name only when it is complete.
///
/// Bytes go to a hidden temporary file in the same folder (so that the last step is a rename within
/// one file system); ``commit()`` flushes them to the disk and renames. A value that goes away
/// without `commit()` removes its temporary file, so an interrupted or failed writer leaves nothing
/// behind, and the old file under the name, if any, stays as it was.
public final class AtomicFile: Sendable {
  /// The name under which the file appears.
  public let path: String
  /// Where the bytes go until then.
  public let temporaryPath: String
  private let isFinished = Mutex(false)

  /// Reserves a temporary file next to `path`; folders on the way are created.
  public init(path: String) throws(DatasetError) {
    self.path = path
    let url = URL(fileURLWithPath: path)
    let folder = url.deletingLastPathComponent()
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    } catch {
      throw DatasetError(
        .unwritable,
        "Cannot create the folder \(folder.path): make sure that it may be written, or choose "
          + "another one.")
    }
    let unique = UUID().uuidString.prefix(8)
    temporaryPath =
      folder.appendingPathComponent(".\(url.lastPathComponent).\(unique).partial").path
    TemporaryFiles.add(temporaryPath)
    let descriptor = open(temporaryPath, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      let reason = lastSystemError()
      TemporaryFiles.remove(temporaryPath)
      throw DatasetError(
        .unwritable,
        "Cannot write into the folder \(folder.path) (\(reason)): make sure that it may be "
          + "written, or choose another one.")
    }
    close(descriptor)
  }

  deinit {
    if !isFinished.withLock({ $0 }) {
      unlink(temporaryPath)
      TemporaryFiles.remove(temporaryPath)
    }
  }

  /// Flushes the temporary file to the disk and gives it its name.
  public func commit() throws(DatasetError) {
    let descriptor = open(temporaryPath, O_RDWR | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure("open") }
    let flushed = fsync(descriptor)
    close(descriptor)
    guard flushed == 0 else { throw failure("flush") }
    guard rename(temporaryPath, path) == 0 else { throw failure("rename") }
    isFinished.withLock { $0 = true }
    TemporaryFiles.remove(temporaryPath)
  }

  private func failure(_ step: String) -> DatasetError {
    DatasetError(
      .unwritable,
      "Cannot \(step) the new \(path) (\(lastSystemError())): free some space or make the folder "
        + "writable, and run the command again.")
  }

  /// Writes all bytes under `path` atomically.
  public static func write(_ bytes: [UInt8], to path: String) throws(DatasetError) {
    let file = try AtomicFile(path: path)
    let written = bytes.withUnsafeBytes { buffer -> Bool in
      let descriptor = open(file.temporaryPath, O_WRONLY | O_TRUNC | O_CLOEXEC)
      guard descriptor >= 0 else { return false }
      defer { close(descriptor) }
      var offset = 0
      while offset < buffer.count {
        let step = Foundation.write(
          descriptor, buffer.baseAddress?.advanced(by: offset), buffer.count - offset)
        if step < 0 && errno == EINTR { continue }
        guard step > 0 else { return false }
        offset += step
      }
      return true
    }
    guard written else { throw file.failure("write") }
    try file.commit()
  }
}

/// The temporary files that exist now, so that an interrupted command can remove them.
public enum TemporaryFiles {
  private static let paths = Mutex(Set<String>())

  static func add(_ path: String) { paths.withLock { _ = $0.insert(path) } }
  static func remove(_ path: String) { paths.withLock { _ = $0.remove(path) } }

  /// Removes every temporary file of this process; called when it is about to end early.
  public static func removeAll() {
    for path in paths.withLock({ $0 }) { unlink(path) }
  }
}

/// The system's words for the last failed call, such as "No space left on device".
func lastSystemError() -> String { String(cString: strerror(errno)) }
