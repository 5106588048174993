import Foundation

/// The end of a process that gets no more memory.
///
/// An array that the system has no room for cannot be refused in Swift: the runtime library writes how
/// many bytes were wanted and aborts, and so do the C++ libraries. That becomes a sentence and an exit
/// code here. What was being written has a temporary name, and the next start sweeps it.
package enum MemoryExhaustion {
  /// Replaces what the runtime does on an abort, which is to print the registers; called once.
  package static func prepare() { signal(SIGABRT, handler) }

  /// Uses nothing but `write` and `_exit`: all else is forbidden in a handler, and there is no memory.
  private static let handler: @convention(c) (Int32) -> Void = { _ in
    let sentence: StaticString = """
      error: The process ended because the system gave it no more memory, or because a library gave \
      up; the line above says which. Ask for less (smaller data or networks, fewer threads with \
      BDA_THREADS), or lift the limit (ulimit -v, or that of the container); a run that has a \
      checkpoint is continued by the same command.

      """
    _ = write(STDERR_FILENO, sentence.utf8Start, sentence.utf8CodeUnitCount)
    _exit(ExitStatus.memoryExhausted.rawValue)
  }
}
