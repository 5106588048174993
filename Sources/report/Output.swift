import ArgumentParser
import Foundation
import Results

/// Output in the ways all subcommands share.
enum Output {
  /// Writes results to a file, or to standard output where no file is named.
  ///
  /// A reader of standard output that has gone away ends the program with status 141, as the signal
  /// would; any other failure, such as a full disk, is an error of input and output (status 1).
  static func write(_ text: String, to path: String?) throws {
    if let path { return try AtomicFile.write(text, to: path) }
    switch bytes(of: text, to: STDOUT_FILENO) {
    case 0: return
    case EPIPE: throw ExitCode(141)
    case let code:
      throw ResultsError(
        .inputOutput,
        "Standard output could not be written (\(String(cString: strerror(code)))); check free "
          + "space, or where the output is sent.")
    }
  }

  /// Writes one line of diagnostics to standard error; where that is closed, nobody is listening.
  static func diagnose(_ line: String) { _ = bytes(of: line + "\n", to: STDERR_FILENO) }

  /// Runs a subcommand; an error of reading or writing becomes its sentence and its exit code.
  static func reporting(_ body: () throws -> Void) throws {
    // A closed pipe is then a return value of `write` instead of a sudden end.
    signal(SIGPIPE, SIG_IGN)
    do {
      try body()
    } catch let error as ResultsError {
      diagnose("Error: \(error.message)")
      throw ExitCode(error.exitCode)
    }
  }

  /// Writes all bytes and returns 0, or the number of the system's error.
  private static func bytes(of text: String, to descriptor: Int32) -> Int32 {
    Data(text.utf8).withUnsafeBytes { bytes in
      var rest = bytes[...]
      while !rest.isEmpty {
        let count = UnsafeRawBufferPointer(rebasing: rest).baseAddress.map {
          Foundation.write(descriptor, $0, rest.count)
        }
        guard let count, count >= 0 else {
          if errno == EINTR { continue }
          return errno
        }
        rest = rest.dropFirst(count)
      }
      return 0
    }
  }
}
