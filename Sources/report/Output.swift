import Commands
import Files
import Reporting
import Results

/// Output in the ways all subcommands share.
enum Output {
  private static let console = Console()

  /// Writes results to a file, or to standard output where no file is named.
  static func write(_ text: String, to path: String?) throws(ResultsError) {
    if let path {
      do { try AtomicFile.write(text, to: path) } catch { throw ResultsError(error) }
    } else {
      console.show(results: text)
    }
  }

  /// Writes one line of diagnostics to standard error; what it names may come from records of others.
  static func diagnose(_ line: String) { console.show(note: PrintableText.line(line)) }

  /// Runs a subcommand; an error of reading or writing becomes its sentence and its exit code.
  static func reporting(_ body: () throws -> Void) throws {
    do {
      try body()
    } catch let error as ResultsError {
      throw CommandFailure(PrintableText.line(error.message), exitCode: error.exitCode)
    }
  }
}
