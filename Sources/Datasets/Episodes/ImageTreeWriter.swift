import Files
import Foundation

/// Writes an image tree that appears under its name only when it is complete.
///
/// Files go to a hidden folder beside it, which is flushed and renamed at the end; a writer that
/// goes away before ``finish(_:)`` removes what it wrote. Tens of thousands of small files are
/// flushed together, not one by one.
public final class ImageTreeWriter {
  /// The folder under which the tree appears.
  public let path: String
  private let target: String
  private let temporaryPath: String
  private var isFinished = false
  private var folders: Set<String> = []

  /// A writer of the tree at `path`; folders on the way are created. A symbolic link there stays, and
  /// the folder that it leads to is written.
  public init(path: String) throws(DatasetError) {
    self.path = path
    target =
      DataFile.linkTarget(path) == nil
      ? path : URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    let url = URL(fileURLWithPath: target)
    let above = url.deletingLastPathComponent()
    temporaryPath = above.appendingPathComponent(PartialName.make(for: url.lastPathComponent)).path
    // Tens of thousands of files that a killed writer has left.
    AtomicFile.sweepStale(in: above.path)
    try Self.create(temporaryPath)
  }

  deinit {
    if !isFinished { try? FileManager.default.removeItem(atPath: temporaryPath) }
  }

  /// Writes one file of the tree; its name is relative to the tree, which it must not leave.
  public func write(_ bytes: [UInt8], to name: String) throws(DatasetError) {
    let name = try ArchivePath.checked(name, in: path)
    let target = "\(temporaryPath)/\(name)"
    if let end = target.lastIndex(of: "/"), folders.insert(String(target[..<end])).inserted {
      try Self.create(String(target[..<end]))
    }
    let descriptor = open(target, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0o644)
    defer { if descriptor >= 0 { close(descriptor) } }
    // A tree's files are small: the system takes each of them in one call.
    guard descriptor >= 0, Foundation.write(descriptor, bytes, bytes.count) == bytes.count else {
      throw DatasetError(
        .unwritable,
        "Cannot write \(target) (\(lastSystemError())): free some space or make the folder writable, "
          + "and run the command again.")
    }
  }

  /// Describes the tree by what was written, and gives it its name, replacing an older one.
  public func finish(
    _ description: ImageTreeDescription
  ) throws(DatasetError) -> ImageTreeDescription {
    let written = try ImageTree.load(
      temporaryPath, .init(side: 8, channels: 1, inverts: false), remedy: "run the command again")
    var completed = description
    completed.contentDigest = written.description.contentDigest
    completed.classes = written.classes.count
    completed.images = written.count
    try write(try completed.encoded(), to: ImageTreeDescription.fileName)
    sync()
    let manager = FileManager.default
    let old = temporaryPath + ".old"
    let replaces = manager.fileExists(atPath: target)
    guard !replaces || rename(target, old) == 0, rename(temporaryPath, target) == 0 else {
      throw DatasetError(
        .unwritable,
        "Cannot give the new folder \(path) its name (\(lastSystemError())): make the folder above "
          + "it writable, and run the command again.")
    }
    isFinished = true
    if replaces { try? manager.removeItem(atPath: old) }
    return completed
  }

  private static func create(_ folder: String) throws(DatasetError) {
    do {
      try FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: true)
    } catch {
      throw DatasetError(
        .unwritable,
        "Cannot create the folder \(folder): make sure that it may be written, or choose another "
          + "one.")
    }
  }
}
