import Foundation

/// Where bytes for a path have to go, once links are followed.
enum FileDestination: Equatable {
  /// An ordinary file, or none yet: replaced as a whole by a rename.
  case file(String)
  /// A device, a FIFO or a socket, or a stream that the system shows as a file: written through.
  case stream(String)

  /// The destination of a path.
  ///
  /// A symbolic link stays: what it points to, present or not, is the destination. What the system shows
  /// of open streams (`/dev/stdout`, `/dev/fd/3`, `/proc/self/fd/1`) is written through, since whoever
  /// opened the stream holds the file and not its name.
  ///
  /// - Throws: ``FileError`` for a folder, a name that only a folder can have, a circle of links, a link
  ///   whose target is not UTF-8, or a name that is too long.
  init(resolving path: String) throws(FileError) {
    try Self.requireNameOfFile(path, for: path)
    var status = stat()
    if stat(path, &status) == 0 {
      switch status.st_mode & S_IFMT {
      case S_IFREG: break
      case S_IFDIR: throw FileError(EISDIR, writing: path)
      default:
        self = .stream(path)
        return
      }
    } else if errno != ENOENT && errno != ENOTDIR {
      throw FileError(errno, writing: path)
    }
    var target = path
    // As many as Linux itself follows.
    for _ in 0..<40 {
      if Self.isShownBySystem(target) {
        self = .stream(path)
        return
      }
      guard let next = try Self.linkTarget(of: target, for: path) else {
        self = .file(target)
        return
      }
      try Self.requireNameOfFile(next, for: path)
      target = next
    }
    throw FileError(ELOOP, writing: path)
  }

  /// Throws where a path ends in a slash: the system refuses it too, but only when the file gets its
  /// name, after all that was to be written has been computed.
  private static func requireNameOfFile(
    _ target: String, for path: String
  ) throws(FileError) {
    guard target.utf8.last == UInt8(ascii: "/") else { return }
    let link = target == path ? "" : " leads to '\(target)', which"
    throw FileError(
      .isFolder,
      "The output '\(path)'\(link) ends in a slash and so names a folder; give the name of a file.")
  }

  /// Whether the last name of a path lies in a folder below `/proc`, whatever that folder is called
  /// there: `/dev/fd` is one of them.
  private static func isShownBySystem(_ path: String) -> Bool {
    guard let resolved = realpath(PathParts.folder(of: path), nil) else {
      return path.hasPrefix("/proc/")
    }
    defer { free(resolved) }
    return String(cString: resolved).hasPrefix("/proc/")
  }

  /// The path that a symbolic link names, absolute or relative to the process; nil for other files.
  private static func linkTarget(
    of link: String, for path: String
  ) throws(FileError) -> String? {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = readlink(link, &buffer, buffer.count)
    guard count > 0 else { return nil }
    let bytes = buffer.prefix(count).map { UInt8(bitPattern: $0) }
    let target = String(decoding: bytes, as: UTF8.self)
    // A text repairs what is not UTF-8, and would name another file.
    guard Array(target.utf8) == bytes else {
      throw FileError(
        .inputOutput,
        "The file '\(path)' could not be written because the symbolic link '\(link)' leads to a name "
          + "that is not UTF-8 ('\(target)'); rename what it leads to, or give another path.")
    }
    return bytes.first == UInt8(ascii: "/") ? target : PathParts.sibling(of: link, named: target)
  }
}
