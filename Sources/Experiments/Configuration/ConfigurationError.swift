import Commands

/// A configuration file or a `--set` option that cannot be used.
package struct ConfigurationError: ReportableError, Equatable {
  /// What is wrong.
  package enum Kind: Sendable, Equatable {
    /// The file is not there or cannot be read.
    case missing
    /// The file's content is wrong: syntax, an unknown key, a wrong type, a value that is not valid.
    case invalidFile
    /// An option is wrong in the same way.
    case invalidOption
  }

  /// What is wrong, for programs.
  package let kind: Kind
  /// What is wrong, for people: one full sentence naming file, line and key, and the remedy.
  package let sentence: String

  /// An error with its sentence.
  package init(_ kind: Kind, _ sentence: String) {
    self.kind = kind
    self.sentence = sentence
  }

  /// 66 for a missing file, 65 for wrong content, 64 for a wrong option.
  package var exitStatus: ExitStatus {
    switch kind {
    case .missing: .dataMissing
    case .invalidFile: .dataInvalid
    case .invalidOption: .usage
    }
  }
}
