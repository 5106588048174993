import Foundation
import TestSupport
import Testing

/// Prose goes stale: every command that a document shows is taken from it and tried.
@Suite("Commands shown in documents")
struct DocumentedCommandsTests {
  private static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  private static let executables = [
    "counter-example", "hyper-cleaning", "hyper-representation", "few-shot", "datasets", "report",
    "sweep",
  ]

  /// The documents for users, relative to the root.
  private static let documents =
    ["README.md", "CONTRIBUTING.md", "datasets/README.md", "results/README.md"]
    + ["experiments/sweeps/README.md"]
    + executables.prefix(4).map { "experiments/\($0)/README.md" }
    + ["CheckAClaim", "CleanMyLabels", "FromOtherLibraries", "TryANewMethod"].map {
      "docs/Suite.docc/\($0).md"
    }

  /// One command as a document shows it.
  struct Shown: Sendable, CustomTestStringConvertible {
    let document: String
    let words: [String]
    var testDescription: String { "\(document): \(words.joined(separator: " "))" }
  }

  private static func text(_ document: String) -> String {
    (try? String(contentsOf: root.appendingPathComponent(document), encoding: .utf8)) ?? ""
  }

  /// The commands in code blocks: lines that start with a program of ours, continued lines joined,
  /// comments cut off, quotes removed.
  static let shown: [Shown] = documents.flatMap { document -> [Shown] in
    let joined = text(document).replacing(/\s*\\\n\s*/, with: " ")
    return joined.split(separator: "\n").compactMap { line -> Shown? in
      guard line.hasPrefix("    ") || line.hasPrefix(".build") else { return nil }
      // What stands behind two spaces or a hash explains the command.
      let body = line.drop { $0 == " " }.prefix { !"#|>&".contains($0) }
      let command = body.split(separator: "  ").first ?? ""
      var words = command.split(whereSeparator: \.isWhitespace).map(String.init)
      while let first = words.first, first.contains("="), first.first?.isUppercase == true {
        words.removeFirst()
      }
      guard let program = words.first?.split(separator: "/").last.map(String.init),
        executables.contains(program), words.count > 1,
        words[0] == program || words[0] == ".build/release/\(program)",
        // A table row of options with their meaning, or a sentence, is no command.
        words.allSatisfy({ !$0.contains("@") && !$0.hasSuffix(":") })
      else { return nil }
      words[0] = program
      return Shown(document: document, words: words)
    }
  }

  @Test("There are commands to try: the reader of documents works")
  func found() {
    #expect(Self.shown.count >= 10, "\(Self.shown.map(\.testDescription))")
    for executable in Self.executables.prefix(4) + ["sweep"] {
      #expect(Self.shown.contains { $0.words[0] == executable }, "none of \(executable)")
    }
  }

  @Test("Each is understood by its program", arguments: shown)
  func understood(_ command: Shown) throws {
    let folder = try TemporaryFolder()
    var arguments = Array(command.words.dropFirst()).map {
      $0.trimmingCharacters(in: CharacterSet(charactersIn: "\"'"))
    }
    let program = command.words[0]
    let isExperiment = !["datasets", "report"].contains(program)
    let runs = isExperiment && ["run", "sweep", "scaling"].contains(arguments[0])
    if runs { arguments.append("--dry-run") }
    let result = try CommandRunner.run(
      program, arguments,
      environment: ["BDA_DATA_DIR": folder.path("data"), "BDA_MIRROR": folder.path("mirror")],
      currentDirectory: isExperiment ? Self.root : folder.url, timeout: 120)
    if runs || arguments.contains("list") && !["report", "sweep"].contains(program) {
      #expect(result.exitCode == 0, "\(result.standardError)")
    } else {
      // Data, inputs or records are absent here; what is shown must not be wrong usage.
      #expect(![1, 64].contains(result.exitCode), "\(result.standardError)")
    }
  }

  @Test("Each verb of make that is named exists")
  func verbs() throws {
    let makefile = Self.text("Makefile")
    let pattern = try Regex("`(?:[A-Z_]+=[^` ]+ )*make ([a-z-]+)|^    make ([a-z-]+)")
      .anchorsMatchLineEndings()
    var count = 0
    for document in Self.documents {
      for match in Self.text(document).matches(of: pattern) {
        let verb = (match.output[1].substring ?? match.output[2].substring).map(String.init) ?? ""
        count += 1
        #expect(makefile.contains("\n\(verb): "), "\(document) names make \(verb)")
      }
    }
    #expect(count >= 5)
  }

  @Test("Each configuration file is accepted by its experiment", arguments: configurations)
  func accepted(_ path: String) throws {
    let program = String(path.split(separator: "/")[1])
    // A file for one protocol says so in the command that it opens with.
    let named = Self.text(path).firstMatch(of: /--protocol ([a-z0-9-]+)/)
    let result = try CommandRunner.run(
      program,
      ["run", "--dry-run", "--config", path] + (named.map { ["--protocol", String($0.1)] } ?? []),
      currentDirectory: Self.root)
    #expect(result.exitCode == 0, "\(path): \(result.standardError)")
  }

  static let configurations: [String] = executables.prefix(4).flatMap { experiment -> [String] in
    let folder = "experiments/\(experiment)"
    let names = try? FileManager.default.contentsOfDirectory(
      atPath: root.appendingPathComponent(folder).path)
    return (names ?? []).filter { $0.hasSuffix(".yaml") }.sorted().map { "\(folder)/\($0)" }
  }
}
