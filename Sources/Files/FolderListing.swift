import Foundation

/// The names in a folder, asked of the system itself: Foundation takes an error in the middle of a
/// listing for its end, and what was not listed for absent.
public enum FolderListing {
  /// Why a folder could not be listed.
  public struct Failure: Error, Equatable, Sendable {
    /// The number of the system's error.
    public let code: Int32
    /// The system's words for it.
    public var reason: String { SystemError.text(of: code) }
    /// Whether there is no such folder.
    public var isAbsence: Bool { code == ENOENT || code == ENOTDIR }
  }

  /// The names in a folder, sorted, hidden ones included and those that are not UTF-8 left out.
  public static func names(in folder: String) throws(Failure) -> [String] {
    guard let stream = opendir(folder) else { throw Failure(code: errno) }
    defer { closedir(stream) }
    var names: [String] = []
    while true {
      errno = 0
      guard let entry = readdir(stream) else {
        guard errno == 0 else { throw Failure(code: errno) }
        return names.sorted()
      }
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(validatingCString: $0) }
      }
      if let name, name != ".", name != ".." { names.append(name) }
    }
  }
}
