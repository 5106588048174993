import Files
import Foundation

/// Regular files of data, followed through symbolic links: what else lies under a name is said
/// before it is opened, since opening a pipe waits for ever and a device is no file.
enum DataFile {
  /// The bytes of the file at `path`, at most `limit` of them.
  ///
  /// - Parameter remedy: what to do when the file is absent, a clause such as "run `datasets fetch`".
  static func read(
    _ path: String, limit: Int = 1 << 31, remedy: String
  ) throws(DatasetError) -> [UInt8] {
    let size = try requireRegular(path, remedy: remedy)
    guard size <= limit else {
      throw DatasetError(
        .tooLarge,
        "The file \(path) has \(size) bytes, more than the \(limit) that are read of such a file: "
          + "give the file that is meant.")
    }
    return try FileBytes.read(path, remedy: remedy)
  }

  /// The size of the file at `path`; throws when it is absent, no regular file, or may not be read.
  @discardableResult
  static func requireRegular(_ path: String, remedy: String) throws(DatasetError) -> Int {
    var status = stat()
    guard stat(path, &status) == 0 else { throw unreachable(path, errno, remedy: remedy) }
    switch status.st_mode & S_IFMT {
    case S_IFREG, S_IFDIR:
      // A folder has its own sentence there.
      try FileBytes.requireReadable(path, remedy: remedy)
      return Int(status.st_size)
    case let kind:
      throw DatasetError(
        .unsupported,
        "\(path) is \(name(of: kind)), not a file of data: give the path of a regular file.")
    }
  }

  /// Whether it is certain that nothing is under `path`, or where a link there leads.
  static func isAbsent(_ path: String) -> Bool {
    PathState(path) == .nothing
  }

  /// Why nothing can be reached under `path`, from the number of the system's error.
  static func unreachable(_ path: String, _ code: Int32, remedy: String) -> DatasetError {
    if code == ELOOP {
      return DatasetError(
        .unreadable,
        "The symbolic link \(path) leads round in a circle: point it to the data, or remove it.")
    }
    guard PathState.isAbsence(code) else { return DatasetError(code, reaching: path) }
    if let target = linkTarget(path) {
      return DatasetError(
        .missing,
        "The symbolic link \(path) leads to \(target), which does not exist: \(remedy), or correct "
          + "the link.")
    }
    return DatasetError(.missing, "The file \(path) does not exist: \(remedy).")
  }

  /// What the symbolic link at `path` says, nil where there is none.
  ///
  /// `errno` stays what it was, since this is asked after a call that failed.
  static func linkTarget(_ path: String) -> String? {
    let code = errno
    defer { errno = code }
    return try? FileManager.default.destinationOfSymbolicLink(atPath: path)
  }

  /// The kind of a file that is neither regular nor a folder, with its article.
  static func name(of kind: mode_t) -> String {
    switch kind {
    case S_IFIFO: "a named pipe"
    case S_IFSOCK: "a socket"
    case S_IFCHR, S_IFBLK: "a device"
    default: "something else"
    }
  }
}
