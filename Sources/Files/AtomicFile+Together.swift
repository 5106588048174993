import Foundation

/// Files that belong together.
extension AtomicFile {
  /// Names files that are written already, so that those of two results never seem to be of one.
  ///
  /// The file that vouches for the others, a record or a key to them, goes first where there is an older
  /// one, and the new one comes last: where the command is killed in between, there is none. Where one of
  /// the steps fails, all files are again as they were, if the file system has second names for files. A
  /// signal that ends the command waits until it is done, and so does another command that names files
  /// which the same one vouches for: it replaces all of them.
  ///
  /// - Parameters:
  ///   - files: the files, filled.
  ///   - voucher: the file that vouches for them, filled.
  ///   - outdated: the paths of older files that no new one replaces, which go with the older voucher.
  /// - Throws: ``FileError`` for the first file that cannot be removed or named.
  public static func commit(
    _ files: [AtomicFile], vouchedForBy voucher: AtomicFile, removing outdated: [String] = []
  ) throws(FileError) {
    var lock: FileLock?
    if case .file(let target) = try FileDestination(resolving: voucher.path) {
      lock = try FileLock(for: target)
    }
    defer { withExtendedLifetime(lock) {} }
    try TemporaryFiles.whileNaming(voucher.path) { () throws(FileError) in
      let older = try OlderFiles(files.map(\.path) + outdated, vouchedForBy: voucher.path)
      do throws(FileError) {
        for path in outdated { try remove(path) }
        for file in files { try file.commit() }
        try voucher.commit()
      } catch {
        older.restore()
        throw error
      }
      older.forget()
    }
  }

  /// Removes the regular file that writing under the path would replace, if there is one.
  ///
  /// Links stay, and so does all that is written through: a device, a pipe, a socket, an open stream.
  public static func remove(_ path: String) throws(FileError) {
    guard case .file(let target) = try FileDestination(resolving: path), PathState(target) == .file
    else { return }
    while unlink(target) != 0 {
      if PathState.isAbsence(errno) { return }
      guard errno == EINTR else { throw FileError(errno, writing: path) }
    }
  }
}
