import Files
import Foundation

/// The right to run one run, held by one process at a time: a lock on a hidden file beside its record.
///
/// The kernel frees it with the process, so nothing has to be cleaned up after a kill. Where the file
/// system has no locks, everybody holds the right.
struct RunLock {
  private let descriptor: Int32
  private let path: String

  /// The lock of the run with a record's path; nil where another process holds it.
  ///
  /// - Throws: ``FileError`` where the folder cannot be made or written into.
  init?(for record: String) throws(FileError) {
    let url = URL(fileURLWithPath: record)
    let folder = url.deletingLastPathComponent()
    try AtomicFile.prepareFolder(folder.path, for: record)
    AtomicFile.sweepStale(in: folder.path)
    let path = folder.appendingPathComponent(".\(url.lastPathComponent).lock").path
    while true {
      let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
      guard descriptor >= 0 else { throw FileError(errno, writing: path) }
      if flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
        let code = errno
        if code == EWOULDBLOCK {
          close(descriptor)
          return nil
        }
        if code == EINTR {
          close(descriptor)
          continue
        }
      }
      // Whoever held it before may have removed the name that this descriptor was opened by.
      var (held, named) = (stat(), stat())
      guard fstat(descriptor, &held) == 0, stat(path, &named) == 0, held.st_ino == named.st_ino
      else {
        close(descriptor)
        continue
      }
      self.descriptor = descriptor
      self.path = path
      return
    }
  }

  /// Gives the right back.
  func release() {
    unlink(path)
    close(descriptor)
  }
}
