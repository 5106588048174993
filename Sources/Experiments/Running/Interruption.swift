import Foundation
import Synchronization

/// The user's wish to stop, as a flag that loops poll between steps.
///
/// The first SIGINT or SIGTERM only raises the flag: the loop ends its step, writes a record with
/// status `interrupted`, and the command exits with code 130. The second one ends the process at
/// once, giving the cursor back.
public enum Interruption {
  private static let requests = Atomic<Int>(0)
  private static let cursorIsHidden = Atomic<Bool>(false)
  /// Whether the terminal has echoed `^C` into the line that a message would begin in.
  private static let isOnTerminal = Atomic<Bool>(false)

  /// Starts listening to SIGINT and SIGTERM. Call once, before the first long loop.
  public static func install() {
    // Globals are created lazily under a lock, which a signal handler must not wait for.
    _ = (requests.load(ordering: .relaxed), cursorIsHidden.load(ordering: .relaxed))
    isOnTerminal.store(isatty(STDERR_FILENO) == 1, ordering: .relaxed)
    for number in [SIGINT, SIGTERM] { signal(number, handler) }
    // A parent may have started this process with both blocked; a blocked signal is never handled.
    var listened = sigset_t()
    sigemptyset(&listened)
    for number in [SIGINT, SIGTERM] { sigaddset(&listened, number) }
    pthread_sigmask(SIG_UNBLOCK, &listened, nil)
  }

  /// Whether the user asked to stop.
  public static var isRequested: Bool { requests.load(ordering: .relaxed) > 0 }

  /// Returns if nobody asked to stop.
  /// - Throws: ``Interrupted`` otherwise, which ends a command with exit code 130.
  public static func checkpoint() throws(Interrupted) {
    if isRequested { throw Interrupted() }
  }

  /// Raises the flag from code, as the first signal would.
  public static func request() { requests.add(1, ordering: .relaxed) }

  /// Takes the flag down and stops listening, so that tests do not disturb each other.
  package static func reset() {
    for number in [SIGINT, SIGTERM] { signal(number, SIG_DFL) }
    requests.store(0, ordering: .relaxed)
  }

  /// Whether a second signal has to show the cursor again before it ends the process.
  static func restoresCursor(_ hidden: Bool) {
    cursorIsHidden.store(hidden, ordering: .relaxed)
  }

  /// Uses nothing but atomics, `write`, `signal` and `raise`: all else is forbidden in a handler.
  private static let handler: @convention(c) (Int32) -> Void = { number in
    let earlier = Interruption.requests.add(1, ordering: .relaxed).oldValue
    if earlier == 0 {
      if Interruption.isOnTerminal.load(ordering: .relaxed) { Interruption.say("\n") }
      Interruption.say(
        "interrupted: ending this step and writing the record; once more stops at once\n")
      return
    }
    if Interruption.cursorIsHidden.load(ordering: .relaxed) { Interruption.say("\u{1B}[?25h\n") }
    signal(number, SIG_DFL)
    raise(number)
  }

  private static func say(_ text: StaticString) {
    _ = write(STDERR_FILENO, text.utf8Start, text.utf8CodeUnitCount)
  }
}
