import ArgumentParser
import Files
import Foundation

/// The root command of an executable of the suite: parsing, errors and exit codes in one way.
///
///     @main
///     struct Report: SuiteCommand {
///       static let configuration = CommandConfiguration(
///         commandName: "report", version: suiteVersion, subcommands: [TableCommand.self])
///     }
///
/// Beyond what the argument parser does:
/// - an empty word is an error (the parser takes it for a value, and a path is then another one);
/// - an option given twice is an error unless it is declared as a list (the parser keeps the last);
/// - help and versions that cannot be written end with exit code 1, not 0;
/// - a ``ReportableError`` from any command becomes its sentence and its exit code;
/// - a wrong `BDA_THREADS` is said, but for who asks for help;
/// - `~` is the home folder behind the `=` of an option, too.
package protocol SuiteCommand: ParsableCommand {
  /// The reportable form of an error that a subcommand threw; nil for those of the argument parser.
  static func reportable(_ error: any Error) -> (any ReportableError)?
  /// Prepares the process once the arguments are known to be right: listening to signals, as a rule.
  static func prepare()
}

extension SuiteCommand {
  /// The error itself, if it is reportable.
  package static func reportable(_ error: any Error) -> (any ReportableError)? {
    error as? any ReportableError
  }

  /// Prepares nothing; experiments do when they know their options.
  package static func prepare() {}

  /// Runs the command that the process's arguments describe, and ends the process.
  package static func main() {
    // Else Swift's runtime takes the quit key for a crash, shows registers, and goes on.
    signal(SIGQUIT, SIG_DFL)
    // A parent that ignores it hands that on, and then the system tells nobody how helper processes end.
    signal(SIGCHLD, SIG_DFL)
    StandardStreams.prepare()
    MemoryExhaustion.prepare()
    // Beside its column of options, 26 wide and indented by 2, the argument parser leaves out all text where
    // there is no room for it.
    if let columns = getenv("COLUMNS"), let width = Int(String(cString: columns)), width < 28 {
      unsetenv("COLUMNS")
    }
    guard let arguments = ProcessArguments.all else {
      Console().show(
        error: "The system does not tell the words of this command line; mount /proc, or raise the "
          + "number of open files (ulimit -n).")
      Foundation.exit(ExitStatus.unexpected.rawValue)
    }
    if let word = ProcessArguments.notUTF8 {
      Console().show(
        error: "The word \"\(word)\" of the command line is not UTF-8, so that it would name "
          + "another file; rename the file or folder.")
      Foundation.exit(ExitStatus.usage.rawValue)
    }
    guard ProcessArguments.worksInUTF8 else {
      Console().show(
        error: "The path of the folder that the command works in is not UTF-8, so that files in it "
          + "would not be found again; rename it, or work in another one.")
      Foundation.exit(ExitStatus.usage.rawValue)
    }
    Foundation.exit(run(arguments.dropFirst().map { HomeFolder.expanding($0) }))
  }

  /// The exit code of running the command that the arguments describe.
  static func run(
    _ arguments: [String],
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) -> Int32 {
    let console = Console()
    var code = ExitStatus.success.rawValue
    do {
      try EmptyWords.check(arguments)
      try RepeatedOptions.check(arguments, of: self)
      var command = try parseAsRoot(arguments)
      // The parser's own command shows the help that a wrong environment's sentence points to.
      if !String(reflecting: type(of: command)).hasPrefix("ArgumentParser.") {
        try SuiteEnvironment.check(environment)
      }
      prepare()
      try command.run()
    } catch {
      if let error = reportable(error) {
        console.show(error: error.sentence)
        return error.exitStatus.rawValue
      }
      code = exitCode(for: error).rawValue
      let text = fullMessage(for: error)
      if code == ExitStatus.success.rawValue {
        if !text.isEmpty { console.show(result: text) }
      } else if !text.isEmpty {
        console.show(plain: text)
      }
    }
    // A judgement that nobody could read is none; an error has been said already.
    let judgements: [ExitStatus] = [
      .success, .claimOutsideTolerance, .diverged, .onlyImprovements, .referenceMissing,
    ]
    guard StandardStreams.resultsWereLost, judgements.contains(where: { $0.rawValue == code })
    else { return code }
    console.show(error: StandardStreams.lossSentence)
    return ExitStatus.unexpected.rawValue
  }
}

/// The environment variables that every command understands.
package enum SuiteEnvironment {
  /// The kernels that can be asked for: the names of the Tensors target's `KernelBackend`.
  package static let backends = ["portable", "onednn"]

  /// Returns when every variable is unset, empty or valid.
  /// - Throws: `ValidationError` naming the variable, its value and what is valid.
  static func check(_ environment: [String: String]) throws {
    if let text = environment["BDA_BACKEND"], !text.isEmpty, !backends.contains(text) {
      throw ValidationError(
        "The environment variable BDA_BACKEND wants \(backends.joined(separator: " or ")) but is "
          + "\"\(text)\"; correct it or unset it.")
    }
    guard let text = environment["BDA_THREADS"], !text.isEmpty else { return }
    guard let threads = Int(text), (1...1024).contains(threads) else {
      throw ValidationError(
        "The environment variable BDA_THREADS wants a number from 1 to 1024 but is \"\(text)\"; "
          + "correct it or unset it.")
    }
  }
}
