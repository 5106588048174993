import Foundation

/// The files of a tree of folders, asked of the system itself (``FolderListing``), links followed.
///
/// Each folder is entered once, so that links in a circle end. A folder that cannot be listed is an
/// error and not an empty one.
public struct FolderWalk: Sendable {
  /// A folder that could not be listed, or a file that could not be looked at.
  public struct Failure: Error, Equatable, Sendable, CustomStringConvertible {
    /// The path.
    public let path: String
    /// The sentence.
    public let description: String

    fileprivate init(listing path: String, reason: String) {
      self.path = path
      description =
        "The folder '\(path)' could not be listed (\(reason)); check its permissions and the disk."
    }

    fileprivate init(_ code: Int32, lookingAt path: String) {
      self.path = path
      description =
        "'\(path)' could not be looked at (\(SystemError.text(of: code))); see that its folder may be "
        + "entered, and check the disk."
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
    guard try visit(folder, includingHidden) else { throw Failure(ENOENT, lookingAt: folder) }
    files.sort()
  }

  /// Whether the folder is there: one within may go while the others are walked through.
  private mutating func visit(_ folder: String, _ includingHidden: Bool) throws(Failure) -> Bool {
    var status = stat()
    guard stat(folder, &status) == 0 else {
      let code = errno
      guard PathState.isAbsence(code) else { throw Failure(code, lookingAt: folder) }
      return false
    }
    let place = Place(device: UInt64(status.st_dev), number: UInt64(status.st_ino))
    if let first = visited[place] {
      repeated.append((folder, first))
      return true
    }
    visited[place] = folder
    let names: [String]
    do { names = try FolderListing.names(in: folder) } catch {
      throw Failure(listing: folder, reason: error.reason)
    }
    for name in names where includingHidden || !name.hasPrefix(".") {
      let path = folder + "/" + name
      guard stat(path, &status) == 0 else {
        let code = errno
        guard PathState.isAbsence(code) || code == ELOOP else {
          throw Failure(code, lookingAt: path)
        }
        dangling.append(path)
        continue
      }
      if status.st_mode & S_IFMT == S_IFDIR {
        _ = try visit(path, includingHidden)
      } else {
        files.append(path)
      }
    }
    return true
  }
}
