import ArgumentParser
import Commands
import Datasets
import Foundation
import Results

/// Says which runs command lines of `run` stand for, for programs: identity is decided here and in no
/// other program. The same for every experiment.
package struct PlanCommand<Own: OwnRunOptions>: ParsableCommand {
  /// The command's description.
  package static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "plan",
      abstract: "Say which records `run` would write, for programs; computes nothing.",
      discussion: """
        Each line of standard input is the arguments of one `run`, as a JSON list of texts: \
        ["--method", "bda", "--seed", "0"]. Each line of standard output is the answer to one of \
        them, {"runs": [{"title", "record", "configurationDigest", "unread"}]} or {"error": sentence, \
        "exitCode": number}: a record is that run's where its configuration, with the unread keys null, \
        has this digest.
        """)
  }

  /// The command without arguments.
  package init() {}

  /// Answers every line.
  package func run() throws {
    let console = Console()
    try console.report {
      var planner = RunPlanner<Own>()
      // Everything is read before anything is written: the other side need not do both at a time.
      let lines = Array(AnyIterator { readLine() }).filter { !$0.isEmpty }
      for line in lines {
        console.show(result: try PlanAnswer(Self.places(of: line, &planner)).line)
      }
    }
  }

  private static func places(
    of line: String, _ planner: inout RunPlanner<Own>
  ) -> Result<[RunPlace], CommandFailure> {
    do {
      let words = try Value(parsing: Data(line.utf8), source: "standard input").arrayValue
      let arguments = words?.compactMap(\.stringValue) ?? []
      guard let words, words.count == arguments.count else {
        throw CommandFailure(
          "The line '\(line.prefix(80))' is no JSON list of texts; give the arguments of one `run` a "
            + "line, as in [\"--method\", \"bda\"].",
          exitCode: ExitStatus.usage.rawValue)
      }
      return .success(try planner.places(arguments))
    } catch let error as any ReportableError {
      return .failure(CommandFailure(error.sentence, exitCode: error.exitStatus.rawValue))
    } catch {
      return .failure(
        CommandFailure(
          RunCommand<Own>.message(for: error),
          exitCode: RunCommand<Own>.exitCode(for: error).rawValue
        ))
    }
  }
}

/// One line of `plan`: the runs that a command line stands for, or why it stands for none.
package struct PlanAnswer: Codable, Sendable, Equatable {
  /// The runs; nil where the command line is refused.
  package var runs: [RunPlace]?
  /// Why it is refused, in one sentence.
  package var error: String?
  /// The exit code that the command would end with.
  package var exitCode: Int32?

  init(_ result: Result<[RunPlace], CommandFailure>) {
    switch result {
    case .success(let places): runs = places
    case .failure(let failure):
      error = failure.sentence
      exitCode = failure.exitStatus.rawValue
    }
  }

  /// The answer as one line of JSON.
  var line: String {
    get throws { try Value(encoding: self).canonicalText }
  }

  /// The answer of a line; nil for anything else.
  package init?(line: String) {
    guard let value = try? Value(parsing: Data(line.utf8), source: "plan"),
      let answer = try? value.decoded(as: PlanAnswer.self, source: "plan"),
      (answer.runs == nil) != (answer.error == nil)
    else { return nil }
    self = answer
  }
}
