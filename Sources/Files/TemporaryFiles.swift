import Foundation
import Synchronization

/// The temporary files that exist now, so that an interrupted command can remove them.
public enum TemporaryFiles {
  private static let paths = Mutex(Set<String>())
  private static let folders = Mutex(Set<String>())
  private static let isRemoving = Atomic<Bool>(false)

  /// Held while files that belong together get their names.
  private static let naming = Mutex(())
  /// How many hundredths of a second the end of the command waits for them: a disk may hang.
  private static let patience = 1_000

  /// Does `body`, which gives several files their names, as a whole: a signal that ends the command waits
  /// for it, and when one has come it is not begun.
  static func whileNaming(
    _ path: String, _ body: () throws(FileError) -> Void
  ) throws(FileError) {
    try naming.withLock { _ throws(FileError) in
      guard !areRemoved else { throw FileError(EINTR, writing: path) }
      try body()
    }
  }

  /// Whether they are being removed for good: who writes into a temporary folder stops, so that it is not
  /// made again.
  package static var areRemoved: Bool { isRemoving.load(ordering: .acquiring) }

  /// Whether nothing has been written into a folder yet; from then on something has.
  static func isNew(folder: String) -> Bool {
    folders.withLock { $0.insert(folder).inserted }
  }

  /// Counts a file, or a folder with all in it, as temporary.
  package static func add(_ path: String) { paths.withLock { _ = $0.insert(path) } }

  /// Makes a file or a folder that counts as temporary from its first moment; nil where the command is about
  /// to end, and nothing is made: between a look and the system's call its end would miss it.
  package static func making(_ path: String, _ make: () -> Int32) -> Int32? {
    paths.withLock { paths in
      guard !areRemoved else { return nil }
      paths.insert(path)
      return make()
    }
  }

  /// Counts it no more: it has another name now, or is gone.
  package static func remove(_ path: String) { paths.withLock { _ = $0.remove(path) } }

  /// Removes every temporary file and folder of this process; called when it is about to end early.
  public static func removeAll() {
    isRemoving.store(true, ordering: .releasing)
    waiting { naming.withLockIfAvailable { _ in true } }
    for path in waiting({ paths.withLockIfAvailable { $0 } }) ?? []
    where unlink(path) != 0 && errno == EISDIR {
      // Another thread may still be writing into it.
      for _ in 0..<10 where PathState(path) == .folder {
        try? FileManager.default.removeItem(atPath: path)
      }
    }
  }
}

extension TemporaryFiles {
  /// What `attempt` gives, asked again while it gives nothing and there is patience.
  @discardableResult
  private static func waiting<Result>(_ attempt: () -> Result?) -> Result? {
    for _ in 0..<patience {
      if let result = attempt() { return result }
      usleep(10_000)
    }
    return attempt()
  }
}

extension AtomicFile {
  /// Removes what writers that are gone have left in a folder, and returns the paths removed.
  ///
  /// Stale is a temporary file or folder of a process of this machine that no longer runs, or one that
  /// nobody has touched for a day (another machine's, or of a number that a new process has now). Other
  /// folders are not looked into; what cannot be removed is left.
  @discardableResult
  public static func sweepStale(in folder: String) -> [String] {
    let names = (try? FolderListing.names(in: folder)) ?? []
    var removed: [String] = []
    for name in names {
      guard let writer = PartialName.writer(of: name) else { continue }
      let path = folder + "/" + name
      var status = stat()
      guard lstat(path, &status) == 0 else { continue }
      let kind = status.st_mode & S_IFMT
      guard kind == S_IFREG || kind == S_IFDIR else { continue }
      let age = time(nil) - Int(status.st_mtim.tv_sec)
      let isGone = writer.isLocal && kill(writer.process, 0) != 0 && errno == ESRCH
      guard isGone || age > 86_400 else { continue }
      let isRemoved =
        kind == S_IFREG
        ? unlink(path) == 0 : (try? FileManager.default.removeItem(atPath: path)) != nil
      if isRemoved { removed.append(path) }
    }
    return removed
  }
}

/// The names of temporary files and folders: `.NAME.<pid>-<random>.partial`.
public enum PartialName {
  /// A name nobody else uses, for a file called `name`.
  ///
  /// The first four digits of the random part belong to this machine, and on it to the container: on a
  /// shared file system the numbers of another one's processes mean nothing here.
  public static func make(for name: String) -> String {
    // File systems allow 255 bytes; the rest of the name takes at most 40.
    var stem = name
    while stem.utf8.count > 200 { stem.removeLast() }
    let random = digits(UInt64.random(in: 0...0xffff_ffff), count: 8)
    return ".\(stem).\(getpid())-\(machine)\(random).partial"
  }

  /// The path for which the temporary file at `path` was made, the end of a long name cut off; `path`
  /// itself where it is no temporary file.
  public static func destination(of path: String) -> String {
    let name = PathParts.name(of: path)
    guard writer(of: name) != nil else { return path }
    // A dot before the name, and behind it the tag of the writer.
    let parts = name.dropLast(".partial".count)
      .split(separator: ".", omittingEmptySubsequences: false)
    let stem = parts.dropFirst().dropLast().joined(separator: ".")
    return PathParts.sibling(of: path, named: stem)
  }

  /// Who writes the temporary file of that name; nil for other files.
  static func writer(of name: String) -> (process: pid_t, isLocal: Bool)? {
    guard name.hasPrefix("."), name.hasSuffix(".partial") else { return nil }
    let parts = name.dropLast(".partial".count).split(separator: ".")
    guard parts.count >= 2, let tag = parts.last, let dash = tag.firstIndex(of: "-"),
      let process = pid_t(tag[..<dash]), process > 0
    else { return nil }
    let random = tag[tag.index(after: dash)...]
    guard random.count == 12, random.allSatisfy(\.isHexDigit) else { return nil }
    return (process, random.hasPrefix(machine))
  }

  private static let machine: String = {
    var name = [CChar](repeating: 0, count: 256)
    gethostname(&name, name.count - 1)
    // Containers may have one name; each has its own numbers of processes.
    let numbers =
      (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/pid")) ?? ""
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in name.prefix(while: { $0 != 0 }).map({ UInt8(bitPattern: $0) }) + Array(numbers.utf8)
    {
      hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
    }
    return digits(hash & 0xffff, count: 4)
  }()

  private static func digits(_ value: UInt64, count: Int) -> String {
    let text = String(value, radix: 16)
    return String(repeating: "0", count: max(0, count - text.count)) + text
  }
}
