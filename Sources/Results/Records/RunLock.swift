import Files
import Foundation

/// The right to run one run, held by one process at a time: a lock on a hidden file beside its record.
///
/// The kernel frees it with the process, so nothing has to be cleaned up after a kill. Where the file
/// system has no locks, everybody holds the right.
package struct RunLock {
  private let descriptor: Int32
  private let path: String

  /// The process that holds a lock, as it wrote itself into the file.
  package struct Holder: Sendable, Equatable {
    /// Its number; nil where the file does not tell.
    package let process: Int32?
    /// Its machine; nil where the file does not tell.
    package let machine: String?

    /// A holder of whom this much is known.
    package init(process: Int32?, machine: String?) {
      self.process = process
      self.machine = machine
    }
  }

  /// The lock of the run with a record's path; nil where another process holds it.
  ///
  /// - Throws: ``FileError`` where the folder cannot be made or written into.
  package init?(for record: String) throws(FileError) {
    let folder = PathParts.folder(of: record)
    try AtomicFile.prepareFolder(folder, for: record)
    AtomicFile.sweepStale(in: folder)
    let path = Self.path(for: record)
    guard let descriptor = try FileLock.acquire(path, for: record, waits: false) else { return nil }
    self.descriptor = descriptor
    self.path = path
    // For people and lists alone: the lock itself is the kernel's.
    let note = Array("\(getpid()) \(Self.machine)\n".utf8)
    if ftruncate(descriptor, 0) == 0 {
      _ = note.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    }
  }

  /// The name of this machine; never asked of the network, which may take seconds to answer.
  private static var machine: String {
    var name = [CChar](repeating: 0, count: 256)
    guard gethostname(&name, name.count - 1) == 0 else { return "unknown" }
    return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  // MARK: - Looking at a lock

  /// The lock's file for a record's path.
  package static func path(for record: String) -> String {
    FileLock.path(for: record)
  }

  /// The path of the record whose lock a file is; nil where it is no lock.
  package static func record(ofLockAt path: String) -> String? {
    let name = PathParts.name(of: path)
    guard name.hasPrefix("."), name.hasSuffix(".json.lock") else { return nil }
    return PathParts.sibling(of: path, named: String(name.dropFirst().dropLast(5)))
  }

  /// Who is running the run with a record's path; nil where nobody is. Takes no lock, so that nobody
  /// is kept from starting by being looked at; a process of another machine is believed to be alive.
  package static func holder(for record: String) -> Holder? {
    let words = note(in: record)
    let holder = Holder(
      process: words.first.flatMap { Int32($0) }, machine: words.count > 1 ? words[1] : nil)
    guard holder.machine == Self.machine, let process = holder.process else {
      return holder.process == nil ? nil : holder
    }
    return kill(process, 0) == 0 || errno == EPERM ? holder : nil
  }

  /// Whether somebody holds the right to the run with a record's path: a process that wrote itself into
  /// the lock and is alive, or any other program that locks it and writes nothing.
  package static func isHeld(_ record: String) -> Bool {
    if holder(for: record) != nil { return true }
    return note(in: record).first.flatMap { Int32($0) } == nil && isLocked(record)
  }

  /// Whether the kernel says that the lock beside a record is held, whatever its file says.
  ///
  /// A lock that is free is taken for an instant, shared, in which a run that begins would be turned
  /// away: this is only for locks that a run's process has found held, or that no run has written
  /// itself into. False where there is no lock, or the file system has none.
  package static func isLocked(_ record: String) -> Bool {
    let descriptor = open(path(for: record), O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    return flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK
  }

  /// The words that a holder wrote into the lock: its number and its machine.
  private static func note(in record: String) -> [String] {
    let text = (try? String(contentsOfFile: path(for: record), encoding: .utf8)) ?? ""
    return text.split(whereSeparator: \.isWhitespace).map(String.init)
  }

  // MARK: - Giving it back

  /// Gives the right back.
  package func release() {
    FileLock.release(descriptor, path: path)
  }
}
