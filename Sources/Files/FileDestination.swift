import Foundation

/// Where bytes for a path have to go, once links are followed.
enum FileDestination: Equatable {
  /// An ordinary file, or none yet: replaced as a whole by a rename.
  case file(String)
  /// A device, a FIFO or a socket, or a stream that the system shows as a file: written through.
  case stream(String)

  /// The destination of a path.
  ///
  /// A symbolic link stays: what it points to, present or not, is the destination. Links that the
  /// system makes up for open streams (`/dev/stdout`, `/proc/self/fd/1`) are written through, since
  /// whoever opened the stream holds the file and not its name.
  ///
  /// - Throws: ``FileError`` for a folder, a circle of links, or a name that is too long.
  init(resolving path: String) throws(FileError) {
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
      if target.hasPrefix("/proc/") {
        self = .stream(path)
        return
      }
      guard let next = Self.linkTarget(of: target) else {
        self = .file(target)
        return
      }
      target = next
    }
    throw FileError(ELOOP, writing: path)
  }

  /// The path that a symbolic link names, absolute or relative to the process; nil for other files.
  private static func linkTarget(of path: String) -> String? {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = readlink(path, &buffer, buffer.count)
    guard count > 0 else { return nil }
    let target = String(decoding: buffer.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
    guard !target.hasPrefix("/"), let slash = path.lastIndex(of: "/") else { return target }
    return path[...slash] + target
  }
}
