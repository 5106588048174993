import Files
import Foundation

/// Why data could not be read, written, fetched or accepted.
///
/// The message is one full sentence that names the file, address or object and the remedy; it is
/// meant to be printed as it is. The exit code is what a command ends with.
public struct DatasetError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What went wrong, for code that decides by it.
  public enum Kind: String, Sendable {
    /// A file, folder or object inside a file is not there.
    case missing
    /// The system refuses to read the file, or to say whether it is there.
    case unreadable
    /// The bytes are not what the format says: truncated, damaged, not of this format.
    case malformed
    /// The format is right and the contents are not: shape, type, count, label, attribute.
    case unexpectedContents
    /// A digest differs from the pinned or recorded one.
    case digestMismatch
    /// More bytes are declared than can be meant.
    case tooLarge
    /// An address could not be reached or answered with an error.
    case network
    /// A file or folder cannot be written.
    case unwritable
    /// Something valid that this suite does not handle.
    case unsupported
  }

  /// What went wrong.
  public let kind: Kind
  /// One full sentence naming the thing and the remedy.
  public let message: String

  /// An error with its sentence.
  public init(_ kind: Kind, _ message: String) {
    self.kind = kind
    self.message = message
  }

  /// The exit code of a command that ends with this error: 66 when data is missing or cannot be read,
  /// 65 when it is present but wrong, 1 otherwise.
  public var exitCode: Int32 {
    switch kind {
    case .missing, .unreadable: 66
    case .malformed, .unexpectedContents, .digestMismatch, .tooLarge, .unsupported: 65
    case .network, .unwritable: 1
    }
  }

  /// The message.
  public var description: String { message }
}

// MARK: - The system's errors

extension DatasetError {
  /// The error of a system call that failed with the number `code` (`errno`) in reading the file at
  /// `path`: of its bytes nothing is known.
  package init(_ code: Int32, reading path: String) {
    self.init(
      .unreadable,
      "The file \(path) could not be read (\(SystemError.text(of: code))): "
        + "\(Self.remedy(code, permissions: "check its permissions")), then run the command again.")
  }

  /// The error of a system call that failed with the number `code` (`errno`) in looking for what is
  /// under `path`: whether it is there is not known.
  package init(_ code: Int32, reaching path: String) {
    let words = SystemError.text(of: code)
    let remedy = Self.remedy(code, permissions: "make the folders on the way readable")
    self.init(
      .unreadable,
      "\(path) could not be reached (\(words)): \(remedy), then run the command again.")
  }

  /// The error of a system call that failed with the number `code` (`errno`) in looking into the folder at
  /// `path`: what is in it is not known.
  package init(_ code: Int32, listing path: String) {
    let remedy = Self.remedy(
      code, permissions: "make the folder such that it may be listed and entered")
    self.init(
      .unreadable,
      "The folder \(path) could not be looked into (\(SystemError.text(of: code))): \(remedy), then "
        + "run the command again.")
  }

  /// What to do about an error of the system before the command is run again, a clause.
  private static func remedy(_ code: Int32, permissions: String) -> String {
    switch code {
    case EACCES, EPERM: permissions
    case EMFILE: "raise the limit of open files (ulimit -n)"
    case ENFILE: "close programs that have many files open"
    case ENOMEM, ENOBUFS: "free some memory"
    case EAGAIN, EBUSY: "wait until no other program works with it"
    case ENAMETOOLONG: "shorten the path"
    case ESTALE, ETIMEDOUT, ENOTCONN, EHOSTDOWN, EHOSTUNREACH: "check the connection to its disk"
    default: "check the disk"
    }
  }
}
