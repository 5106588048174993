import Files
import Foundation

/// Writes an image tree that appears under its name only when it is complete.
///
/// Files go to a hidden folder beside it, which is flushed and renamed at the end; a writer that
/// goes away before ``finish(_:check:)`` removes what it wrote. Tens of thousands of small files are
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
  ///
  /// - Parameter files: the files beside images that will be written, and may take the place of older ones.
  public init(path: String, files: Set<String> = []) throws(DatasetError) {
    self.path = path
    target =
      DataFile.linkTarget(path) == nil
      ? path : URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    let above = PathParts.folder(of: target)
    temporaryPath = PathParts.sibling(
      of: target, named: PartialName.make(for: PathParts.name(of: target)))
    if PathState(target) == .nothing { rename(Self.aside(target), target) }
    try Self.checkReplaceable(target)
    try Self.checkUnchanged(target, files)
    // Tens of thousands of files that a killed writer has left.
    AtomicFile.sweepStale(in: above)
    try DatasetError.converting { () throws(FileError) in
      try AtomicFile.prepareFolder(above, for: path)
    }
    let temporaryPath = temporaryPath
    while TemporaryFiles.making(temporaryPath, { mkdir(temporaryPath, 0o777) }) != 0 {
      guard errno == EINTR, !TemporaryFiles.areRemoved else {
        TemporaryFiles.remove(temporaryPath)
        throw Self.unwritable(path, errno)
      }
    }
  }

  deinit {
    if !isFinished { try? FileManager.default.removeItem(atPath: temporaryPath) }
    TemporaryFiles.remove(temporaryPath)
  }

  /// Writes one file of the tree; its name is relative to the tree, which it must not leave.
  public func write(_ bytes: [UInt8], to name: String) throws(DatasetError) {
    let name = try ArchivePath.checked(name, in: path)
    guard !TemporaryFiles.areRemoved else { throw Self.unwritable(path, EINTR) }
    let target = "\(temporaryPath)/\(name)"
    if let end = target.lastIndex(of: "/"), folders.insert(String(target[..<end])).inserted {
      try DatasetError.converting { () throws(FileError) in
        try AtomicFile.prepareFolder(String(target[..<end]), for: target)
      }
    }
    let descriptor = open(target, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw Self.unwritable(target, errno) }
    var error = bytes.withUnsafeBytes { FileDescriptor.write($0, to: descriptor) }
    // A signal does not keep a descriptor from being closed.
    if close(descriptor) != 0, errno != EINTR, error == 0 { error = errno }
    guard error == 0 else { throw Self.unwritable(target, error) }
  }

  /// Throws where something is at a path that no writer has made: a user's own folder or file must not
  /// be lost for its name.
  private static func checkReplaceable(_ path: String) throws(DatasetError) {
    let state = PathState(path)
    let isFolder = state == .folder
    let description = PathState("\(path)/\(ImageTreeDescription.fileName)")
    if let refusal = state.refusal(of: path) ?? description.refusal(of: path) {
      throw DatasetError(.unwritable, refusal)
    }
    if state == .nothing || description == .file { return }
    if isFolder, (try? FileManager.default.contentsOfDirectory(atPath: path))?.isEmpty == true {
      return
    }
    throw DatasetError(
      .unwritable,
      "There is a \(isFolder ? "folder" : "file") \(path) that this command has not made "
        + "(no \(ImageTreeDescription.fileName) is in it), and it would be lost: give it another name, "
        + "or choose another data folder.")
  }

  /// Throws where an older tree holds more than was written: images that somebody has added, or a split of
  /// their own, would be lost with it. What is missing is no loss. Lists the tree; reads no image.
  private static func checkUnchanged(
    _ path: String, _ ownFiles: Set<String>
  ) throws(DatasetError) {
    guard PathState(path) == .folder, let known = try? ImageTreeDescription.read(path),
      let files = try? FolderWalk(path).files
    else { return }
    let images = files.count { $0.lowercased().hasSuffix(".png") }
    let others = files.map { String($0.dropFirst(path.count + 1)) }.filter {
      !$0.lowercased().hasSuffix(".png") && $0 != ImageTreeDescription.fileName
        && !ownFiles.contains($0)
    }
    guard images > known.images || !others.isEmpty else { return }
    let more =
      others.isEmpty
      ? "\(images) images where \(known.images) were written"
      : "the file \(others[0])" + (others.count > 1 ? " and \(others.count - 1) more" : "")
        + " that this command has not made"
    throw DatasetError(
      .unwritable,
      "The folder \(path) would be replaced, and it has \(more): move what you have added to a place of "
        + "its own, or choose another data folder.")
  }

  private static func unwritable(_ path: String, _ error: Int32) -> DatasetError {
    DatasetError(
      .unwritable,
      "Cannot write \(path) (\(SystemError.text(of: error))): free some space or make the folder "
        + "writable, and run the command again.")
  }

  /// Describes the tree by what was written, and gives it its name, replacing an older one.
  ///
  /// - Parameter check: what must be true of the tree; where it throws, no tree is replaced.
  public func finish(
    _ description: ImageTreeDescription,
    check: (ImageTreeDescription) throws(DatasetError) -> Void = { _ throws(DatasetError) in }
  ) throws(DatasetError) -> ImageTreeDescription {
    let written = try ImageTree.load(
      temporaryPath, .init(side: 8, channels: 1, inverts: false), remedy: "run the command again")
    var completed = description
    completed.contentDigest = written.description.contentDigest
    completed.classes = written.classes.count
    completed.images = written.count
    try check(completed)
    try write(try completed.encoded(), to: ImageTreeDescription.fileName)
    sync()
    try giveName()
    isFinished = true
    return completed
  }

  /// Renames the tree, or exchanges it for an older one in one step, so that one of them has the name
  /// whenever the command is killed. Where the file system cannot exchange, the older one steps aside
  /// first, and comes back where the new one fails, or with the next writer where the command is killed.
  private func giveName() throws(DatasetError) {
    try Self.checkReplaceable(target)
    guard PathState(target) != .nothing else {
      guard rename(temporaryPath, target) == 0 else { throw nameless(errno) }
      return
    }
    var old = temporaryPath
    if !FileExchange.exchange(temporaryPath, target) {
      old = Self.aside(target)
      // What a command left there that was killed when both were whole.
      try? FileManager.default.removeItem(atPath: old)
      guard rename(target, old) == 0 else { throw nameless(errno) }
      guard rename(temporaryPath, target) == 0 else {
        let error = errno
        rename(old, target)
        throw nameless(error)
      }
    }
    try? FileManager.default.removeItem(atPath: old)
  }

  /// Where the older tree waits, under a name that nobody sweeps.
  private static func aside(_ target: String) -> String {
    PathParts.sibling(of: target, named: ".\(PathParts.name(of: target)).old")
  }

  private func nameless(_ error: Int32) -> DatasetError {
    DatasetError(
      .unwritable,
      "Cannot give the new folder \(path) its name (\(SystemError.text(of: error))): make the folder "
        + "above it writable, and run the command again.")
  }
}
