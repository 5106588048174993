import Foundation

/// A program that has been started, with its streams in files.
///
/// Foundation's `Process` looks up the open descriptors in a directory and copies more of an entry than there
/// is (swift-corelibs-foundation, pull request 5472): one start in some thousands ends the tests.
final class SpawnedProgram {
  /// How a program ended.
  struct Ending {
    /// The exit code, or the number of the signal that ended it.
    let code: Int32
    /// Whether a signal ended it.
    let bySignal: Bool
  }

  /// The process identifier.
  let identifier: pid_t
  private var ending: Ending?

  /// Starts the program at `path`, which reads nothing.
  ///
  /// - Parameters:
  ///   - folder: where it works; the folder of the tests by default.
  ///   - output: the file that gets its standard output.
  ///   - errors: the file that gets its standard error, which may be the same.
  init(
    _ path: String, _ arguments: [String], environment: [String: String], folder: String? = nil,
    output: String, errors: String
  ) throws {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    let writing = O_WRONLY | O_CREAT | O_APPEND
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output, writing, 0o644)
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, errors, writing, 0o644)
    // Whatever else the tests have open stays theirs, among it locks. To close what is not open is no error.
    for descriptor in Int32(3)..<256 {
      posix_spawn_file_actions_addclose(&actions, descriptor)
    }
    // Signals mean to the program what they mean to one started by hand.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var all = sigset_t()
    sigfillset(&all)
    posix_spawnattr_setsigdefault(&attributes, &all)
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
    // The shell changes the folder, since a spawned process has no portable way to.
    let words =
      folder.map { ["/bin/sh", "-c", "cd \"$0\" && exec \"$@\"", $0, path] } ?? [path]
    var texts = (words + arguments).map { strdup($0) }
    var values = environment.map { strdup("\($0)=\($1)") }
    defer { for text in texts + values { free(text) } }
    texts.append(nil)
    values.append(nil)
    var child: pid_t = 0
    let code = posix_spawn(&child, words[0], &actions, &attributes, texts, values)
    guard code == 0 else {
      throw CommandRunnerError(
        description: "\(words[0]) could not be started: \(String(cString: strerror(code))).")
    }
    identifier = child
  }

  /// How it ended; nil where it has not within `timeout` seconds.
  func end(within timeout: Double = .infinity) -> Ending? {
    let begin = ContinuousClock.now
    while ending == nil {
      var status: Int32 = 0
      let isBounded = timeout < .infinity
      let found = waitpid(identifier, &status, isBounded ? WNOHANG : 0)
      if found == identifier {
        let signal = status & 0x7f
        ending = Ending(code: signal == 0 ? (status >> 8) & 0xff : signal, bySignal: signal != 0)
      } else if found < 0, errno != EINTR {
        return nil
      } else if isBounded {
        if ContinuousClock.now - begin > .seconds(timeout) { return nil }
        usleep(2_000)
      }
    }
    return ending
  }
}
