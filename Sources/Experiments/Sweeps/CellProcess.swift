import Files
import Foundation

/// A command that runs in a process group of its own, so that the interrupt key reaches it once,
/// through the sweep, and not twice (the second one would end it without a checkpoint).
final class CellProcess {
  /// Its number.
  let identifier: pid_t
  private var status: Int32?

  /// Starts a command whose output, both streams, is added to a log.
  init(_ path: String, _ arguments: [String], log: String) throws(ProcessStart.Failure) {
    var command = ProcessStart([path] + arguments)
    command.output = .appending(to: log)
    command.errors = .appending(to: log)
    command.hasOwnGroup = true
    identifier = try command.start()
  }

  /// The exit code it ended with, 128 plus the number of the signal that ended it; nil while it runs.
  var exitCode: Int32? {
    if status == nil {
      var word: Int32 = 0
      let answer = waitpid(identifier, &word, WNOHANG)
      if answer == identifier { status = word }
      // Nobody knows how it ended: that of a failure.
      if answer < 0, errno != EINTR { status = 0xFF00 }
    }
    return status.map {
      switch ProcessEnding(status: $0) {
      case .exit(let code): code
      case .signal(let number): 128 + number
      }
    }
  }

  /// Asks it to stop.
  func send(signal: Int32) {
    if status == nil { kill(identifier, signal) }
  }
}
