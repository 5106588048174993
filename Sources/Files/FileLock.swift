import Foundation

/// The right to read, change and write one file, held by one process at a time; others wait for it.
///
/// A lock on a hidden file beside it, which goes with the right; the kernel frees it with the process.
/// Where the file system has no locks, everybody holds the right.
public final class FileLock {
  /// Far more than processes that take turns need; a file system on which the lock is another file
  /// whenever it is looked at would otherwise keep this one for ever.
  private static let mostAttempts = 10_000
  private let descriptor: Int32
  private let path: String

  /// Waits for the right to change the file at `path`; folders on the way are created.
  ///
  /// - Throws: ``FileError`` where the folder cannot be made or written into.
  public init(for path: String) throws(FileError) {
    let lock = Self.path(for: path)
    try AtomicFile.prepareFolder(PathParts.folder(of: path), for: path)
    guard let descriptor = try Self.acquire(lock, for: path, waits: true) else {
      throw FileError(EWOULDBLOCK, writing: path)
    }
    self.descriptor = descriptor
    self.path = lock
  }

  deinit { Self.release(descriptor, path: path) }

  // MARK: - What every lock of a file is made of

  /// The lock's file for the file at `path`: hidden, in the same folder.
  package static func path(for path: String) -> String {
    PathParts.sibling(of: path, named: ".\(PathParts.name(of: path)).lock")
  }

  /// An open, locked descriptor of the file `lock`, which is made if need be; nil where another process
  /// holds it and nobody `waits`.
  ///
  /// - Throws: ``FileError`` where `lock` cannot be opened, or is another file whenever it is looked at.
  package static func acquire(
    _ lock: String, for path: String, waits: Bool
  ) throws(FileError) -> Int32? {
    for _ in 0..<mostAttempts {
      // Not through a link: what it points to would be written over.
      let descriptor = FileDescriptor.open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o644)
      guard descriptor >= 0 else { throw error(errno, opening: lock, for: path) }
      // An error other than these two: the file system has no locks.
      while flock(descriptor, waits ? LOCK_EX : LOCK_EX | LOCK_NB) != 0 {
        if errno == EWOULDBLOCK {
          close(descriptor)
          return nil
        }
        guard errno == EINTR else { break }
      }
      // Whoever held it before may have removed the name that this descriptor was opened by.
      var (held, named) = (stat(), stat())
      let code = fstat(descriptor, &held) == 0 && stat(lock, &named) == 0 ? 0 : errno
      if code == 0, held.st_ino == named.st_ino { return descriptor }
      close(descriptor)
      // A file that another machine has removed is stale here.
      guard code == 0 || [ENOENT, ENOTDIR, ESTALE, EINTR].contains(code) else {
        throw FileError(code, writing: path)
      }
    }
    throw FileError(
      .inputOutput,
      "The lock '\(lock)' is another file whenever it is looked at, so the file system cannot hold it; "
        + "choose another folder.")
  }

  /// Gives back what ``acquire(_:for:waits:)`` returned.
  package static func release(_ descriptor: Int32, path: String) {
    unlink(path)
    close(descriptor)
  }

  private static func error(_ code: Int32, opening lock: String, for path: String) -> FileError {
    if code == ELOOP {
      return FileError(
        .inputOutput,
        "The lock '\(lock)' is a symbolic link, and what it points to would be written over; "
          + "remove the link.")
    }
    // What is there in the lock's place says nothing of the file beside it.
    if code == EISDIR || code == ENXIO || code == ENODEV {
      return FileError(
        .inputOutput,
        "The lock '\(lock)' is \(code == EISDIR ? "a folder" : "no regular file"), so that "
          + "'\(path)' cannot be locked; move it away or remove it.")
    }
    // A file that is there and may not be opened says nothing of its folder.
    guard code == EACCES || code == EPERM, access(lock, F_OK) == 0 else {
      return FileError(code, writing: path)
    }
    return FileError(
      .inputOutput,
      "The lock '\(lock)' may not be opened, as a rule because another user made it; make sure "
        + "that nobody writes '\(path)', then remove the lock, or choose another folder.")
  }
}
