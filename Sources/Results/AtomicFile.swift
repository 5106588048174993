import Foundation

/// Writing files so that a reader, or a crash, never sees half of one.
public enum AtomicFile {
  /// Writes all the data under the path, or leaves what was there before.
  ///
  /// A temporary file in the same folder is written, flushed to the disk (fsync) and renamed; the
  /// folder is created when absent. The temporary name starts with a dot and does not end in
  /// ".json", so that readers of a folder pass it by.
  ///
  /// - Throws: ``ResultsError`` of kind `inputOutput`, after removing the temporary file.
  public static func write(_ data: Data, to path: String) throws(ResultsError) {
    let url = URL(fileURLWithPath: path)
    let folder = url.deletingLastPathComponent()
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    } catch {
      throw ResultsError(
        .inputOutput,
        "The folder '\(folder.path)' could not be created "
          + "(\(error.localizedDescription)); check the path and its permissions.")
    }
    let temporary = folder.appendingPathComponent(
      ".\(url.lastPathComponent).\(UUID().uuidString).tmp"
    ).path
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw failure(path, errno) }
    var problem = writeAll(data, to: descriptor)
    if problem == 0, fsync(descriptor) != 0 { problem = errno }
    if close(descriptor) != 0, problem == 0 { problem = errno }
    if problem == 0, rename(temporary, path) != 0 { problem = errno }
    guard problem == 0 else {
      unlink(temporary)
      throw failure(path, problem)
    }
    synchronizeFolder(folder.path)
  }

  /// Writes a text as UTF-8; see ``write(_:to:)-(Data,_)``.
  public static func write(_ text: String, to path: String) throws(ResultsError) {
    try write(Data(text.utf8), to: path)
  }

  private static func writeAll(_ data: Data, to descriptor: Int32) -> Int32 {
    data.withUnsafeBytes { bytes in
      var offset = 0
      while offset < bytes.count {
        let count = Foundation.write(
          descriptor, bytes.baseAddress?.advanced(by: offset), bytes.count - offset)
        if count < 0 {
          if errno == EINTR { continue }
          return errno
        }
        offset += count
      }
      return 0
    }
  }

  /// Makes the rename itself durable; a file system without it loses nothing but that.
  private static func synchronizeFolder(_ path: String) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    _ = fsync(descriptor)
    close(descriptor)
  }

  private static func failure(_ path: String, _ code: Int32) -> ResultsError {
    ResultsError(
      .inputOutput,
      "The file '\(path)' could not be written (\(String(cString: strerror(code)))); "
        + "check free space and permissions.")
  }
}
