import ArgumentParser
import Files
import Foundation

/// An error of the outside world (file, digest, option, data) that a command can show as it is.
package protocol ReportableError: Error, CustomStringConvertible {
  /// One full sentence naming the thing and the remedy.
  var sentence: String { get }
  /// The exit code of a command that ends with this error.
  var exitStatus: ExitStatus { get }
}

extension ReportableError {
  /// The sentence.
  package var description: String { sentence }
}

/// A sentence and an exit code: the form of errors whose own modules know nothing of commands.
package struct CommandFailure: ReportableError, Equatable {
  /// One full sentence naming the thing and the remedy.
  package let sentence: String
  /// The exit code of a command that ends with this error.
  package let exitStatus: ExitStatus

  /// A failure with its sentence; a code that is not documented becomes 1.
  package init(_ sentence: String, exitCode: Int32) {
    self.sentence = sentence
    exitStatus = ExitStatus(rawValue: exitCode) ?? .unexpected
  }
}

extension FileError: ReportableError {
  /// The error's sentence.
  package var sentence: String { message }
  /// Wrong usage where an output is an input or somebody's own file, else an unexpected failure.
  package var exitStatus: ExitStatus {
    kind == .isInput || kind == .isForeign ? .usage : .unexpected
  }
}

/// The end of a run at somebody's wish, thrown by ``Interruption/checkpoint()``.
package struct Interrupted: ReportableError, Equatable {
  /// The number of the signal that asked for it.
  package let signal: Int32

  /// An interruption by a signal, the interrupt key's by default.
  package init(signal: Int32 = SIGINT) { self.signal = signal }

  /// What happened, and how to go on.
  package var sentence: String {
    "The run was interrupted; repeat the command to go on from what is recorded."
  }

  /// 128 plus the signal's number: 129 for SIGHUP, 130 for SIGINT, 131 for SIGQUIT, 143 for SIGTERM.
  package var exitStatus: ExitStatus { ExitStatus(rawValue: 128 + signal) ?? .interrupted }
}

extension Console {
  /// Runs a command's body and turns what it throws into a sentence on standard error and the exit
  /// code that belongs to it.
  ///
  /// Errors of the argument parser (usage, clean exits, exit codes) pass through: it words them.
  /// Results that could not be written to standard output are a failure, too: a truncated table
  /// must not look like a whole one.
  package func report(_ body: () throws -> Void) throws {
    do {
      try body()
    } catch let error as any ReportableError {
      endStatus()
      show(error: error.sentence)
      throw error.exitStatus.exitCode
    } catch let error where Self.belongsToArgumentParser(error) {
      endStatus()
      throw error
    } catch {
      endStatus()
      show(error: "\(error)")
      throw ExitStatus.unexpected.exitCode
    }
    endStatus()
    if resultsWereLost {
      show(error: StandardStreams.lossSentence)
      throw ExitStatus.unexpected.exitCode
    }
  }

  private static func belongsToArgumentParser(_ error: any Error) -> Bool {
    error is ExitCode || error is CleanExit || error is ValidationError
  }
}
