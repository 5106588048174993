import ArgumentParser
import Files
import Foundation
import Testing

@testable import Commands

/// A command with every kind of option that the entry point looks at.
struct SampleCommand: SuiteCommand {
  static let configuration = CommandConfiguration(
    commandName: "sample", version: suiteVersion, subcommands: [Work.self, Other.self],
    defaultSubcommand: Work.self)

  struct Work: ParsableCommand {
    @Option var alpha = 0.5
    @Option(name: .shortAndLong) var output = "x"
    @Option var method: [String] = []
    @Flag var quick = false
    @Argument var words: [String] = []

    func run() throws {
      if words == ["fail"] { throw CommandFailure("It failed.", exitCode: 65) }
    }
  }

  struct Other: ParsableCommand {
    @Option var method = "a"
    @Option var alpha: [Double] = []
  }
}

@Suite("The entry point of commands")
struct SuiteCommandTests {
  @Test(
    "refuses an option given twice where one value is meant",
    arguments: [
      ["--alpha", "0.3", "--alpha", "0.6"], ["--alpha=0.3", "--alpha", "0.3"],
      ["work", "--alpha", "1", "--alpha", "1"], ["-o", "a", "--output", "b"],
      ["-o", "a", "-o", "b"],
      ["other", "--method", "a", "--method", "b"],
    ])
  func repeated(arguments: [String]) throws {
    let error = #expect(throws: ValidationError.self) {
      try RepeatedOptions.check(arguments, of: SampleCommand.self)
    }
    #expect(error?.message.contains("is given twice") == true)
    #expect(SampleCommand.run(arguments, environment: [:]) == 64)
  }

  @Test(
    "takes lists, flags and single options as they are",
    arguments: [
      [], ["--alpha", "0.3"], ["--method", "a", "--method", "b"], ["--quick", "--quick"],
      ["other", "--alpha", "1", "--alpha", "2"], ["-o", "a", "--alpha", "0.1"],
      ["--", "--alpha", "--alpha"], ["--alpha", "1", "--", "--alpha"],
    ])
  func single(arguments: [String]) throws {
    try RepeatedOptions.check(arguments, of: SampleCommand.self)
  }

  @Test(
    "refuses empty words, naming the option, before anything takes one for a path",
    arguments: [
      (["--output", ""], "The option --output was given an empty text"),
      (["--output="], "The option --output was given an empty text"),
      (["-o", ""], "The option -o was given an empty text"),
      (["work", ""], "A word of the command line is an empty text"),
    ])
  func empty(arguments: [String], words: String) {
    let error = #expect(throws: ValidationError.self) { try EmptyWords.check(arguments) }
    #expect(error?.message.hasPrefix(words) == true, "\(error?.message ?? "")")
    #expect(SampleCommand.run(arguments, environment: [:]) == 64)
  }

  @Test("takes words with nothing behind a second equals sign, and what shells ask, as they are")
  func notEmpty() throws {
    try EmptyWords.check(["--set=note=", "--set", "note=", "--", "-"])
    try EmptyWords.check(["---completion", "work", "--", "--method", ""])
  }

  @Test("gives every error its exit code")
  func exitCodes() {
    #expect(SampleCommand.run([], environment: [:]) == 0)
    #expect(SampleCommand.run(["fail"], environment: [:]) == 65)
    #expect(SampleCommand.run(["--beta"], environment: [:]) == 64)
    #expect(SampleCommand.run(["--version"], environment: [:]) == 0)
  }

  @Test(
    "says a wrong BDA_THREADS", arguments: ["0", "x", "-1", "1.5", "99999", "99999999999999999999"])
  func threads(text: String) {
    #expect(SampleCommand.run([], environment: ["BDA_THREADS": text]) == 64)
    let error = #expect(throws: ValidationError.self) {
      try SuiteEnvironment.check(["BDA_THREADS": text])
    }
    #expect(error?.message.contains("\"\(text)\"") == true)
  }

  @Test("helps whatever the environment is", arguments: ["BDA_THREADS", "BDA_BACKEND"])
  func helpInAWrongEnvironment(variable: String) {
    for arguments in [["--help"], ["help"], ["other", "--help"], ["--version"]] {
      #expect(SampleCommand.run(arguments, environment: [variable: "0"]) == 0, "\(arguments)")
    }
    #expect(SampleCommand.run(["other"], environment: [variable: "0"]) == 64)
  }

  @Test("shows both ends of a sentence that quotes what nobody reads")
  func longSentences() {
    let recorder = Recorder()
    let console = recorder.console(isTerminal: false)
    let value = String(repeating: "9", count: 1_000_000)
    console.show(error: "The file a.yaml gives \(value) for the key K; write a smaller one.")
    let text = recorder.diagnostics
    #expect(text.hasPrefix("error: The file a.yaml gives 999"))
    #expect(text.hasSuffix("9 for the key K; write a smaller one.\n"))
    #expect(text.count < 3_000 && text.contains("characters are left out here"))
    let path = String(repeating: "x", count: 4_096)
    console.show(warning: path)
    #expect(recorder.diagnostics.contains(path))
  }

  @Test("lets no text of others steer the terminal")
  func printable() {
    #expect(
      PrintableText.line("a\u{1B}[2J\nb\u{9B}c\u{7F}é") == "a\u{FFFD}[2J b\u{FFFD}c\u{FFFD}é")
  }

  @Test("takes a right or empty BDA_THREADS", arguments: ["", "1", "1024"])
  func rightThreads(text: String) throws {
    try SuiteEnvironment.check(["BDA_THREADS": text])
  }
}
