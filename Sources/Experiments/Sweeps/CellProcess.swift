import Files
import Foundation

/// A command that runs in a process group of its own, so that the interrupt key reaches it once,
/// through the sweep, and not twice (the second one would end it without a checkpoint).
final class CellProcess {
  /// Its number.
  let identifier: pid_t
  private var status: Int32?

  /// Starts a command whose output, both streams, is added to a log.
  ///
  /// - Throws: the system's error number where it cannot be started.
  init(_ path: String, _ arguments: [String], log: String) throws(SystemNumber) {
    var actions = posix_spawn_file_actions_t()
    var attributes = posix_spawnattr_t()
    posix_spawn_file_actions_init(&actions)
    posix_spawnattr_init(&attributes)
    defer {
      posix_spawn_file_actions_destroy(&actions)
      posix_spawnattr_destroy(&attributes)
    }
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(
      &actions, STDOUT_FILENO, log, O_WRONLY | O_CREAT | O_APPEND, 0o644)
    posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
    posix_spawnattr_setpgroup(&attributes, 0)
    let environment = ProcessInfo.processInfo.environment.map { "\($0.key)=\($0.value)" }
    var words = ([path] + arguments).map { strdup($0) } + [nil]
    var variables = environment.map { strdup($0) } + [nil]
    defer {
      for word in words { free(word) }
      for variable in variables { free(variable) }
    }
    var number: pid_t = 0
    let problem = posix_spawn(&number, path, &actions, &attributes, &words, &variables)
    guard problem == 0 else { throw SystemNumber(problem) }
    identifier = number
  }

  /// How it ended; nil while it runs.
  var ending: Ending? {
    if status == nil {
      var word: Int32 = 0
      let answer = waitpid(identifier, &word, WNOHANG)
      if answer == identifier { status = word }
      if answer < 0, errno != EINTR { status = 0xFF00 }
    }
    return status.map(Ending.init)
  }

  /// Asks it to stop.
  func send(signal: Int32) {
    if status == nil { kill(identifier, signal) }
  }

  /// The end of a process.
  struct Ending {
    /// Its exit code; 128 plus the number of the signal that ended it.
    let code: Int32

    init(_ word: Int32) {
      let signal = word & 0x7F
      code = signal == 0 ? (word >> 8) & 0xFF : 128 + signal
    }
  }

  /// An error number of the system.
  struct SystemNumber: Error {
    let number: Int32
    init(_ number: Int32) { self.number = number }
    var text: String { SystemError.text(of: number) }
  }
}
