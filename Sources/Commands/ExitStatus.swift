import ArgumentParser

/// The exit codes every command of the suite uses, so that scripts can tell outcomes apart.
package enum ExitStatus: Int32, CaseIterable, Sendable {
  /// Everything asked for was done.
  case success = 0
  /// Something failed that no other code describes.
  case unexpected = 1
  /// A claim or a comparison with a reference lies outside its tolerance.
  case claimOutsideTolerance = 2
  /// A run diverged, or met non-finite numbers.
  case diverged = 3
  /// Every deviation from the reference is an improvement: the reference wants updating.
  case onlyImprovements = 4
  /// A reference or a record to compare with does not exist.
  case referenceMissing = 5
  /// The command line is wrong (the argument parser's own code).
  case usage = 64
  /// A file is there, but its content is wrong (digest, shape, syntax, unknown key).
  case dataInvalid = 65
  /// A file is not there or cannot be read.
  case dataMissing = 66
  /// The system gave no more memory; checkpoints stay.
  case memoryExhausted = 71
  /// The terminal went away (SIGHUP); what was finished is recorded.
  case hungUp = 129
  /// The user interrupted the command (SIGINT); what was finished is recorded.
  case interrupted = 130
  /// The user ended the command by the quit key (SIGQUIT); what was finished is recorded.
  case quit = 131
  /// The system or a scheduler ended the command (SIGTERM); what was finished is recorded.
  case terminated = 143

  /// What the code means, as a phrase for help texts and summaries.
  package var meaning: String {
    switch self {
    case .success: "success"
    case .unexpected: "unexpected failure"
    case .claimOutsideTolerance: "a claim or reference comparison is outside its tolerance"
    case .diverged: "a run diverged or met non-finite numbers"
    case .onlyImprovements: "only improvements over the reference: consider updating it"
    case .referenceMissing: "a reference or record is missing"
    case .usage: "wrong command line"
    case .dataInvalid: "data or configuration present but wrong"
    case .dataMissing: "data or configuration missing or unreadable"
    case .memoryExhausted: "the system gave no more memory; checkpoints stay"
    case .hungUp: "the terminal went away; what was finished is recorded"
    case .interrupted: "interrupted; what was finished is recorded"
    case .quit: "ended by the quit key; what was finished is recorded"
    case .terminated: "terminated; what was finished is recorded"
    }
  }

  /// The list of all codes with their meanings, for the discussion of a command's help.
  package static var discussion: String { list(allCases, \.meaning) }

  /// The list of the codes of a command that makes one result, all or none: it compares that with
  /// nothing, and when it is ended early nothing is recorded and no checkpoint stays.
  package static var discussionOfOneResult: String {
    list([
      .success, .unexpected, .usage, .dataInvalid, .dataMissing, .memoryExhausted, .hungUp,
      .interrupted, .quit, .terminated,
    ]) { status in String(status.meaning.prefix { $0 != ";" }) }
  }

  private static func list(_ codes: [ExitStatus], _ meaning: (ExitStatus) -> String) -> String {
    let width = codes.map { String($0.rawValue).count }.max() ?? 0
    let rows = codes.map { status in
      let code = String(status.rawValue)
      return "  " + String(repeating: " ", count: width - code.count) + code + "  "
        + meaning(status)
    }
    return (["Exit codes:"] + rows).joined(separator: "\n")
  }

  /// The argument parser's form of the code: throwing it from `run()` ends the command silently.
  package var exitCode: ExitCode { ExitCode(rawValue) }
}
