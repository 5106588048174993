import Foundation

/// The files of a tree of folders, asked of the system itself (``FolderListing``), links followed.
///
/// Each folder is entered once, so that links in a circle end. A folder that cannot be listed is an
/// error and not an empty one.
public struct FolderWalk: Sendable {
  /// A folder that could not be listed.
  public struct Failure: Error, Equatable, Sendable, CustomStringConvertible {
    /// The folder.
    public let folder: String
    /// The system's words.
    public let reason: String
    /// The sentence.
    public var description: String {
      "The folder '\(folder)' could not be listed (\(reason)); check its permissions and the disk."
    }
  }

  /// The paths of all files, each below the path that the walk began at, sorted.
  public private(set) var files: [String] = []
  /// Folders that were not entered, since they are others under a second name.
  public private(set) var repeated: [(folder: String, first: String)] = []
  /// Links that lead nowhere.
  public private(set) var dangling: [String] = []
  private var visited: [Place: String] = [:]

  private struct Place: Hashable {
    var device: UInt64
    var number: UInt64
  }

  /// Walks through a folder; names that begin with a dot only where they are asked for.
  public init(_ folder: String, includingHidden: Bool = false) throws(Failure) {
    try visit(folder, includingHidden)
    files.sort()
  }

  private mutating func visit(_ folder: String, _ includingHidden: Bool) throws(Failure) {
    var status = stat()
    guard stat(folder, &status) == 0 else {
      throw Failure(folder: folder, reason: SystemError.last)
    }
    let place = Place(device: UInt64(status.st_dev), number: UInt64(status.st_ino))
    if let first = visited[place] {
      repeated.append((folder, first))
      return
    }
    visited[place] = folder
    let names: [String]
    do { names = try FolderListing.names(in: folder) } catch {
      throw Failure(folder: folder, reason: error.reason)
    }
    for name in names where includingHidden || !name.hasPrefix(".") {
      let path = folder + "/" + name
      guard stat(path, &status) == 0 else {
        dangling.append(path)
        continue
      }
      if status.st_mode & S_IFMT == S_IFDIR {
        try visit(path, includingHidden)
      } else {
        files.append(path)
      }
    }
  }
}
