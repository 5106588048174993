import Commands

/// A sweep that cannot be read, asked for or handed over.
package struct SweepError: ReportableError, Equatable {
  /// One full sentence naming the thing and the remedy.
  package let sentence: String
  /// 64 for an option, 65 for a file's content, 66 for a missing file, 1 otherwise.
  package let exitStatus: ExitStatus

  /// An error with its sentence.
  package init(_ sentence: String, _ exitStatus: ExitStatus = .dataInvalid) {
    self.sentence = sentence
    self.exitStatus = exitStatus
  }
}
