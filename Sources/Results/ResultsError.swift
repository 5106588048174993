/// Why a record, reference, claim or published figure could not be read or written.
public struct ResultsError: Error, Equatable, Sendable, CustomStringConvertible {
  /// What went wrong, in the categories that a caller may want to tell apart.
  public enum Kind: String, Sendable {
    /// A file or folder that should be there is not.
    case missing
    /// The file is there and does not hold what it should.
    case malformed
    /// The file has a key that this version does not know.
    case unknownKey
    /// The file was written for another version of the format.
    case schemaVersion
    /// The file could not be opened, read or written.
    case inputOutput
  }

  /// What went wrong.
  public let kind: Kind
  /// One full sentence that names the thing and the remedy.
  public let message: String

  /// An error with its sentence.
  public init(_ kind: Kind, _ message: String) {
    self.kind = kind
    self.message = message
  }

  /// The process's exit code: 5 missing, 65 present but wrong, 1 for input and output failures.
  public var exitCode: Int32 {
    switch kind {
    case .missing: 5
    case .malformed, .unknownKey, .schemaVersion: 65
    case .inputOutput: 1
    }
  }

  /// The sentence.
  public var description: String { message }
}
