import Foundation

/// Why a file could not be written, in one sentence for people.
public struct FileError: Error, Equatable, Sendable, CustomStringConvertible {
  /// What went wrong, in the categories that a caller may want to tell apart.
  public enum Kind: String, Sendable, CaseIterable {
    /// The folder is not there and cannot be made.
    case missingFolder
    /// The file system or the permissions forbid it.
    case noPermission
    /// The disk, the quota or the limit of the process is used up.
    case noSpace
    /// A part of the path is longer than the file system allows.
    case nameTooLong
    /// A folder is where the file should be.
    case isFolder
    /// The file is what the command reads.
    case isInput
    /// The file is there, and the command has not made it.
    case isForeign
    /// Anything else the system reports.
    case inputOutput
  }

  /// What went wrong.
  public let kind: Kind
  /// One full sentence that names the file and the remedy.
  public let message: String

  /// An error with its sentence.
  public init(_ kind: Kind, _ message: String) {
    self.kind = kind
    self.message = message
  }

  /// The sentence.
  public var description: String { message }

  /// The error of a system call on `path` that failed with the number `code` (`errno`).
  public init(_ code: Int32, writing path: String) {
    let reason = SystemError.text(of: code)
    switch code {
    case ENOSPC, EDQUOT:
      self.init(
        .noSpace,
        "The file '\(path)' could not be written (\(reason)); free some space and run "
          + "the command again.")
    case EFBIG:
      self.init(
        .noSpace,
        "The file '\(path)' could not be written (\(reason)); raise the limit of file sizes "
          + "(ulimit -f) and run the command again.")
    case EPERM:
      self.init(
        .noPermission,
        "The file '\(path)' could not be written (\(reason)); it or its folder is protected, or another "
          + "user's in a folder where only owners replace their files: choose another folder.")
    case EACCES, EROFS:
      self.init(
        .noPermission,
        "The file '\(path)' could not be written (\(reason)); make its folder writable, or choose "
          + "another one.")
    case ENAMETOOLONG:
      self.init(
        .nameTooLong,
        "The file '\(path.prefix(80))...' could not be written because a name in its path is "
          + "longer than the file system allows; choose a shorter one.")
    case EISDIR:
      self.init(
        .isFolder,
        "The file '\(path)' could not be written because a folder has that name; choose another "
          + "name, or remove the folder.")
    case ENOENT, ENOTDIR:
      self.init(
        .missingFolder,
        "The file '\(path)' could not be written (\(reason)); check the folders in its path.")
    case EMFILE, ENFILE:
      self.init(
        .inputOutput,
        "The file '\(path)' could not be written (\(reason)); raise the limit of open files "
          + "(ulimit -n) and run the command again.")
    default:
      self.init(
        .inputOutput,
        "The file '\(path)' could not be written (\(reason)); check the path, the free space and "
          + "the permissions.")
    }
  }
}

/// The system's words for failed calls.
public enum SystemError {
  /// The words for an error number, such as "No space left on device".
  public static func text(of code: Int32) -> String { String(cString: strerror(code)) }

  /// The words for what lies at the bottom of an error of Foundation's, whose own words name the
  /// framework and not the reason.
  public static func text(of error: any Error) -> String {
    var current: NSError? = error as NSError
    while let this = current {
      if this.domain == NSPOSIXErrorDomain { return text(of: Int32(truncatingIfNeeded: this.code)) }
      current = this.userInfo[NSUnderlyingErrorKey] as? NSError
    }
    return "the system gives no reason"
  }

  /// The words for the last failed call of this thread.
  public static var last: String { text(of: errno) }
}
