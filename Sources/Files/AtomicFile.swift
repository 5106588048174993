import Foundation
import Synchronization

/// A file that appears under its name only when it is complete.
///
/// Bytes go to a hidden temporary file in the same folder, `.NAME.<pid>-<random>.partial` (so that
/// the last step is a rename within one file system); ``commit()`` flushes them to the disk, renames,
/// and flushes the folder. A value that goes away without `commit()` removes its temporary file, so
/// a failed writer leaves nothing behind, and the old file under the name, if any, stays as it was.
///
/// A symbolic link is kept and its target replaced. A device, a FIFO or a socket is written through:
/// it has no older content to protect, and a rename would put an ordinary file in its place.
///
/// A file that is replaced keeps its permissions, which the temporary one has before it has any bytes; a
/// new one has those that the process gives (0666 without its umask).
public final class AtomicFile: Sendable {
  /// The name under which the file appears, as it was given.
  public let path: String
  /// Where the bytes go until then.
  public let temporaryPath: String
  private let destination: FileDestination
  /// The permissions of the file that is replaced; nil where there is none.
  private let permissions: mode_t?
  private let isFinished = Mutex(false)
  /// What the owner needs to write a file.
  private static let ownersRights: mode_t = 0o600
  private static let groupsRights: mode_t = 0o070

  /// Reserves a temporary file for `path`; folders on the way are created.
  public init(path: String) throws(FileError) {
    self.path = path
    destination = try FileDestination(resolving: path)
    let place: String
    // What is gathered for a stream is nobody else's.
    var mode: mode_t = 0o600
    var kept: mode_t?
    var owners = (user: getuid(), group: getgid())
    switch destination {
    case .file(let target):
      place = target
      // Known now, and not only when all is computed that was to be written.
      var status = stat()
      let isThere = stat(target, &status) == 0
      if isThere, status.st_mode & S_IFMT == S_IFDIR {
        throw FileError(EISDIR, writing: path)
      }
      if isThere, status.st_mode & S_IFMT == S_IFREG {
        kept = status.st_mode & 0o777
        owners = (status.st_uid, status.st_gid)
      } else {
        mode = 0o666
      }
      try Self.prepareFolder(PathParts.folder(of: target), for: path)
    case .stream:
      place = FileManager.default.temporaryDirectory.path + "/stream"
    }
    // What a process that was killed here has left, once for each folder that this one writes into.
    let folder = PathParts.folder(of: place)
    if TemporaryFiles.isNew(folder: folder) { Self.sweepStale(in: folder) }
    temporaryPath = PathParts.sibling(
      of: place, named: PartialName.make(for: PathParts.name(of: place)))
    let temporaryPath = temporaryPath
    guard
      let descriptor = TemporaryFiles.making(
        temporaryPath,
        { FileDescriptor.open(temporaryPath, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, mode) })
    else { throw FileError(EINTR, writing: path) }
    guard descriptor >= 0 else {
      let code = errno
      TemporaryFiles.remove(temporaryPath)
      guard case .stream = destination else { throw FileError(code, writing: path) }
      throw FileError(
        .inputOutput,
        "The output for '\(path)' is first gathered in the folder '\(folder)', which failed "
          + "(\(SystemError.text(of: code))); set TMPDIR to a folder that can be written.")
    }
    // Its owner may write it until it has its name. File systems without permissions refuse, and have
    // none to keep.
    if var permissions = kept {
      // Whose the file was: both where that may be said, else the group. Another group gets no rights.
      if fchown(descriptor, owners.user, owners.group) != 0,
        fchown(descriptor, uid_t.max, owners.group) != 0
      {
        permissions &= ~Self.groupsRights
      }
      fchmod(descriptor, permissions | Self.ownersRights)
      kept = permissions
    }
    permissions = kept
    close(descriptor)
  }

  deinit {
    if !isFinished.withLock({ $0 }) {
      unlink(temporaryPath)
      TemporaryFiles.remove(temporaryPath)
    }
  }

  /// Makes the bytes the content of the file and gives it its name.
  public func commit(_ bytes: [UInt8]) throws(FileError) {
    try fill(bytes)
    try commit()
  }

  /// Makes the bytes the content of the temporary file, on the disk, which ``commit()`` gives its name:
  /// of several files that belong together all can be filled before the first one appears.
  public func fill(_ bytes: [UInt8]) throws(FileError) {
    let descriptor = FileDescriptor.open(temporaryPath, O_WRONLY | O_TRUNC | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileError(errno, writing: path) }
    var problem = bytes.withUnsafeBytes { FileDescriptor.write($0, to: descriptor) }
    // Some file systems find only then that there is no room.
    if problem == 0 { problem = FileDescriptor.synchronize(descriptor) }
    // A signal does not keep a descriptor from being closed.
    if close(descriptor) != 0, errno != EINTR, problem == 0 { problem = errno }
    guard problem == 0 else { throw FileError(problem, writing: path) }
  }

  /// Flushes the temporary file to the disk and gives it its name.
  public func commit() throws(FileError) {
    let target: String
    switch destination {
    case .file(let path): target = path
    case .stream(let stream):
      // Dropped with the value, since it was never to keep its name.
      try Self.copy(temporaryPath, toStream: stream, named: path)
      return
    }
    let descriptor = FileDescriptor.open(temporaryPath, O_RDWR | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileError(errno, writing: path) }
    if let permissions, permissions & Self.ownersRights != Self.ownersRights {
      fchmod(descriptor, permissions)
    }
    let problem = FileDescriptor.synchronize(descriptor)
    close(descriptor)
    guard problem == 0 else { throw FileError(problem, writing: path) }
    while rename(temporaryPath, target) != 0 {
      guard errno == EINTR else { throw FileError(errno, writing: path) }
    }
    isFinished.withLock { $0 = true }
    TemporaryFiles.remove(temporaryPath)
    Self.synchronizeFolder(PathParts.folder(of: target))
  }

  // MARK: - Whole contents

  /// Writes all bytes under the path, or leaves what was there before.
  public static func write(_ bytes: [UInt8], to path: String) throws(FileError) {
    if case .stream(let stream) = try FileDestination(resolving: path) {
      let descriptor = try openStream(stream, named: path)
      defer { close(descriptor) }
      let problem = bytes.withUnsafeBytes { FileDescriptor.write($0, to: descriptor) }
      guard problem == 0 else { throw FileError(problem, writing: path) }
      return
    }
    try AtomicFile(path: path).commit(bytes)
  }

  /// Writes all data under the path, or leaves what was there before.
  public static func write(_ data: Data, to path: String) throws(FileError) {
    try write([UInt8](data), to: path)
  }

  /// Writes a text as UTF-8 under the path, or leaves what was there before.
  public static func write(_ text: String, to path: String) throws(FileError) {
    try write(Array(text.utf8), to: path)
  }

  // MARK: - Streams

  private static func copy(
    _ source: String, toStream stream: String, named path: String
  ) throws(FileError) {
    let input = FileDescriptor.open(source, O_RDONLY | O_CLOEXEC)
    guard input >= 0 else { throw FileError(errno, writing: path) }
    defer { close(input) }
    let output = try openStream(stream, named: path)
    defer { close(output) }
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = piece.withUnsafeMutableBytes { read(input, $0.baseAddress, $0.count) }
      if count == 0 { return }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw FileError(errno, writing: path) }
      let problem = piece.withUnsafeBytes { bytes in
        FileDescriptor.write(UnsafeRawBufferPointer(rebasing: bytes.prefix(count)), to: output)
      }
      guard problem == 0 else { throw FileError(problem, writing: path) }
    }
  }

  /// A descriptor of a stream; a FIFO waits for its reader, as it does for every writer.
  private static func openStream(_ stream: String, named path: String) throws(FileError) -> Int32 {
    while true {
      let descriptor = open(stream, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY)
      if descriptor >= 0 { return descriptor }
      if errno == EINTR { continue }
      let code = errno
      // Sockets cannot be opened, only connected to.
      if code == ENXIO, let socket = connected(to: stream) { return socket }
      throw FileError(code, writing: path)
    }
  }

  private static func connected(to path: String) -> Int32? {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { return nil }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    let descriptor = socket(
      AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return nil }
    let size = socklen_t(MemoryLayout<sockaddr_un>.size)
    let isConnected = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, size) == 0
      }
    }
    if isConnected { return descriptor }
    close(descriptor)
    return nil
  }

  // MARK: - Folders

  /// Creates a folder, and those above it, where they are not there.
  ///
  /// - Parameter path: the file that it is for, for messages.
  public static func prepareFolder(_ folder: String, for path: String) throws(FileError) {
    var current = folder.hasPrefix("/") ? "/" : ""
    for part in folder.split(separator: "/") {
      current += current.isEmpty || current.hasSuffix("/") ? String(part) : "/" + part
      var code: Int32
      repeat { code = mkdir(current, 0o777) == 0 ? 0 : errno } while code == EINTR
      if code == 0 || code == EEXIST { continue }
      var status = stat()
      // A folder that is there may still refuse `mkdir` with "read-only file system".
      if stat(current, &status) == 0, status.st_mode & S_IFMT == S_IFDIR { continue }
      throw folderError(code, current, for: path)
    }
    var status = stat()
    if stat(folder, &status) == 0, status.st_mode & S_IFMT != S_IFDIR {
      throw folderError(ENOTDIR, folder, for: path)
    }
  }

  private static func folderError(
    _ code: Int32, _ folder: String, for path: String
  ) -> FileError {
    if code == ENAMETOOLONG { return FileError(code, writing: path) }
    let kind: FileError.Kind =
      [EACCES, EPERM, EROFS].contains(code)
      ? .noPermission : code == ENOSPC || code == EDQUOT ? .noSpace : .missingFolder
    return FileError(
      kind,
      "The folder '\(folder)' could not be created (\(SystemError.text(of: code))); check the path "
        + "and its permissions, or choose another folder.")
  }

  /// Whether the names in the folder are on the disk, as far as the system can tell.
  ///
  /// A file system that cannot flush folders gives them no less than it gives files; only a disk that
  /// fails or is full makes it false.
  @discardableResult
  public static func synchronizeFolder(_ path: String) -> Bool {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return true }
    defer { close(descriptor) }
    return ![EIO, ENOSPC, EDQUOT].contains(FileDescriptor.synchronize(descriptor))
  }
}
