import Foundation

/// What lies under a path, links followed.
///
/// A path that cannot be looked at (a folder on the way may not be entered, the disk fails) is not one
/// with nothing under it: who called it absent would have good data made again.
public enum PathState: Equatable, Sendable {
  /// Nothing.
  case nothing
  /// A folder.
  case folder
  /// A regular file.
  case file
  /// A pipe, a socket or a device.
  case other
  /// What the system does not tell, with the number of its error.
  case unreachable(Int32)

  /// What is there now.
  public init(_ path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else {
      self = Self(failure: errno)
      return
    }
    switch status.st_mode & S_IFMT {
    case S_IFDIR: self = .folder
    case S_IFREG: self = .file
    default: self = .other
    }
  }

  /// What a failed look at a path says, with the number of its error: who looks a second time may be told
  /// something else.
  public init(failure code: Int32) {
    self = Self.isAbsence(code) ? .nothing : .unreachable(code)
  }

  /// Whether a number of the system's error means that there is nothing; others do not.
  public static func isAbsence(_ code: Int32) -> Bool { code == ENOENT || code == ENOTDIR }

  /// The sentence about a path that cannot be looked at; nil where it can.
  ///
  /// - Parameter name: the path, as the user knows it.
  public func refusal(of name: String) -> String? {
    guard case .unreachable(let code) = self else { return nil }
    return
      "'\(name)' cannot be reached (\(SystemError.text(of: code))); see that the folders on its way may "
      + "be entered and that the disk answers, and repeat the command."
  }
}
