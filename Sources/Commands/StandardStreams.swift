import Files
import Foundation
import Synchronization

/// The process's standard streams, which may be closed, full, or a pipe that nobody reads.
///
/// Nothing here traps, and nothing is lost silently: what could not be written to standard output is
/// remembered, and ends the command with exit code 1. Diagnostics that cannot be written are given
/// up, since there is nobody left to tell.
package enum StandardStreams {
  /// The error number of the first write to standard output that failed, 0 while none has.
  private static let failure = Atomic<Int32>(0)

  /// Prepares the process; called once, before any file is opened.
  ///
  /// - A closed descriptor among the first three is occupied, so that no file gets its number and
  ///   the lines of another stream with it; writing results to it still fails.
  /// - A pipe without reader (SIGPIPE) and a file beyond the size limit (SIGXFSZ) become errors of
  ///   the write, which have a sentence, instead of the end of the process.
  package static func prepare() {
    for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO]
    where fcntl(descriptor, F_GETFD) == -1 && errno == EBADF {
      // The lowest free number is given out, which is this one: lower ones were just occupied.
      _ = open("/dev/null", descriptor == STDERR_FILENO ? O_WRONLY : O_RDONLY)
    }
    signal(SIGPIPE, SIG_IGN)
    signal(SIGXFSZ, SIG_IGN)
  }

  /// Writes text to standard output; false where it did not arrive, which is remembered.
  @Sendable package static func writeResults(_ text: String) -> Bool {
    let problem = write(text, to: STDOUT_FILENO)
    guard problem != 0 else { return true }
    _ = failure.compareExchange(expected: 0, desired: problem, ordering: .relaxed)
    return false
  }

  /// Writes text to standard error; false where it did not arrive.
  @Sendable package static func writeDiagnostics(_ text: String) -> Bool {
    write(text, to: STDERR_FILENO) == 0
  }

  /// Whether something could not be written to standard output.
  package static var resultsWereLost: Bool { failure.load(ordering: .relaxed) != 0 }

  /// What happened to the results, and the remedy.
  static var lossSentence: String {
    let problem = failure.load(ordering: .relaxed)
    let reason = problem == 0 ? "" : " (\(SystemError.text(of: problem)))"
    return "Results could not be written to standard output\(reason); free some space, or redirect "
      + "it to a file or a reader that takes everything."
  }

  private static func write(_ text: String, to descriptor: Int32) -> Int32 {
    var text = text
    return text.withUTF8 { FileDescriptor.write(UnsafeRawBufferPointer($0), to: descriptor) }
  }
}
