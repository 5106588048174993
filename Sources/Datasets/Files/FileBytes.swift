import Foundation

/// Reading whole files with errors that say what to do.
enum FileBytes {
  /// The bytes of a file.
  ///
  /// - Parameter remedy: what to do when the file is absent, a clause such as "run `datasets fetch`".
  static func read(_ path: String, remedy: String) throws(DatasetError) -> [UInt8] {
    try requireReadable(path, remedy: remedy)
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw unreadable(path, lastSystemError()) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw unreadable(path, lastSystemError()) }
    let size = Int(status.st_size)
    var failure: String?
    let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      count = 0
      while count < size {
        let step = Foundation.read(
          descriptor, buffer.baseAddress?.advanced(by: count), size - count)
        if step < 0 && errno == EINTR { continue }
        if step < 0 { failure = lastSystemError() }
        guard step > 0 else { break }
        count += step
      }
    }
    if let failure { throw unreadable(path, failure) }
    return bytes
  }

  /// Throws when the path is absent, a folder, or may not be read.
  static func requireReadable(_ path: String, remedy: String) throws(DatasetError) {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw DatasetError(.missing, "The file \(path) does not exist: \(remedy).")
    }
    guard !isFolder.boolValue else {
      throw DatasetError(
        .unreadable, "\(path) is a folder where a file is expected: give the path of a file.")
    }
    guard access(path, R_OK) == 0 else { throw unreadable(path, lastSystemError()) }
  }

  /// The size of a file in bytes, nil when it is absent.
  static func size(_ path: String) -> Int? {
    var status = stat()
    guard stat(path, &status) == 0, (status.st_mode & S_IFMT) == S_IFREG else { return nil }
    return Int(status.st_size)
  }

  static func unreadable(_ path: String, _ reason: String) -> DatasetError {
    DatasetError(
      .unreadable,
      "The file \(path) cannot be read (\(reason)): check its permissions and the disk.")
  }
}
