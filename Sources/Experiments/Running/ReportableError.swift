import ArgumentParser

/// An error of the outside world (file, digest, option, data) that a command can show as it is.
public protocol ReportableError: Error, CustomStringConvertible {
  /// One full sentence naming the thing and the remedy.
  var sentence: String { get }
  /// The exit code of a command that ends with this error.
  var exitStatus: ExitStatus { get }
}

extension ReportableError {
  /// The sentence.
  public var description: String { sentence }
}

/// The end of a run at the user's wish, thrown by ``Interruption/checkpoint()``.
public struct Interrupted: ReportableError, Equatable {
  /// An interruption.
  public init() {}

  /// What happened, and how to go on.
  public var sentence: String {
    "The run was interrupted; repeat the command to go on from what is recorded."
  }

  /// Exit code 130.
  public var exitStatus: ExitStatus { .interrupted }
}

extension Console {
  /// Runs a command's body and turns what it throws into a sentence on standard error and the exit
  /// code that belongs to it.
  ///
  /// Errors of the argument parser (usage, clean exits, exit codes) pass through: it words them.
  /// Results that could not be written to standard output are a failure, too: a truncated table
  /// must not look like a whole one.
  public func report(_ body: () throws -> Void) throws {
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
      show(error: "Results could not be written to standard output; free space or redirect it.")
      throw ExitStatus.unexpected.exitCode
    }
  }

  private static func belongsToArgumentParser(_ error: any Error) -> Bool {
    error is ExitCode || error is CleanExit || error is ValidationError
  }
}
