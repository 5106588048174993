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
    let url = URL(fileURLWithPath: path)
    let folder = url.deletingLastPathComponent()
    try AtomicFile.prepareFolder(folder.path, for: path)
    let lock = folder.appendingPathComponent(".\(url.lastPathComponent).lock").path
    for _ in 0..<Self.mostAttempts {
      let descriptor = FileDescriptor.open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o644)
      guard descriptor >= 0 else { throw FileError(errno, writing: path) }
      while flock(descriptor, LOCK_EX) != 0, errno == EINTR {}
      // Whoever held it before may have removed the name that this descriptor was opened by.
      var (held, named) = (stat(), stat())
      if fstat(descriptor, &held) == 0, stat(lock, &named) == 0, held.st_ino == named.st_ino {
        self.descriptor = descriptor
        self.path = lock
        return
      }
      close(descriptor)
    }
    throw FileError(
      .inputOutput,
      "The lock '\(lock)' is another file whenever it is looked at, so the file system cannot hold it; "
        + "choose another folder.")
  }

  deinit {
    unlink(path)
    close(descriptor)
  }
}
