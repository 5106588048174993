import Files
import Foundation

/// Reading whole files with errors that say what to do.
enum FileBytes {
  /// The bytes of a file.
  ///
  /// - Parameter remedy: what to do when the file is absent, a clause such as "run `datasets fetch`".
  static func read(_ path: String, remedy: String) throws(DatasetError) -> [UInt8] {
    try requireReadable(path, remedy: remedy)
    let descriptor = try open(path, remedy: remedy)
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw DatasetError(errno, reading: path) }
    let size = Int(status.st_size)
    var problem: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      count = 0
      while count < size {
        let step = Foundation.read(
          descriptor, buffer.baseAddress?.advanced(by: count), size - count)
        if step < 0 && errno == EINTR { continue }
        if step < 0 { problem = errno }
        guard step > 0 else { break }
        count += step
      }
    }
    guard problem == 0 else { throw DatasetError(problem, reading: path) }
    return bytes
  }

  /// A descriptor of a regular file, for reading; the caller closes it.
  static func open(_ path: String, remedy: String) throws(DatasetError) -> Int32 {
    while true {
      let descriptor = Foundation.open(path, O_RDONLY | O_CLOEXEC)
      if descriptor >= 0 { return descriptor }
      let code = errno
      if code == EINTR { continue }
      // Removed since it was looked for.
      if PathState.isAbsence(code) { throw DataFile.unreachable(path, code, remedy: remedy) }
      throw DatasetError(code, reading: path)
    }
  }

  /// Throws when the path is absent, a folder, or may not be read.
  static func requireReadable(_ path: String, remedy: String) throws(DatasetError) {
    var status = stat()
    guard stat(path, &status) == 0 else { throw DataFile.unreachable(path, errno, remedy: remedy) }
    guard status.st_mode & S_IFMT != S_IFDIR else {
      throw DatasetError(
        .unreadable, "\(path) is a folder where a file is expected: give the path of a file.")
    }
    guard access(path, R_OK) == 0 else { throw DatasetError(errno, reading: path) }
  }

  /// Whether a regular file is under the path.
  ///
  /// - Throws: where the system does not say.
  static func isThere(_ path: String) throws(DatasetError) -> Bool {
    switch PathState(path) {
    case .file: return true
    case .unreachable(let code): throw DataFile.unreachable(path, code, remedy: "")
    case .nothing, .folder, .other: return false
    }
  }

  /// The size of a file in bytes, nil when it is absent or cannot be reached.
  static func size(_ path: String) -> Int? {
    var status = stat()
    guard stat(path, &status) == 0, (status.st_mode & S_IFMT) == S_IFREG else { return nil }
    return Int(status.st_size)
  }
}
