import Bilevel
import Foundation
import Results

/// How the linear solves of a run ended, for its record and for the person who waits for it.
struct SolverTally: Sendable, Equatable {
  /// The number of solves by outcome.
  private(set) var outcomes: [String: Int] = [:]
  /// The last solve that did not converge.
  private(set) var lastUnconverged: LinearSolverReport?
  /// The last solve.
  private(set) var last: LinearSolverReport?
  /// The largest |b - A q| / |b|.
  private(set) var largestResidual = 0.0

  mutating func add(_ diagnostics: EstimatorDiagnostics) {
    for report in diagnostics.linearSolves {
      outcomes[report.outcome.name, default: 0] += 1
      last = report
      if report.outcome != .converged { lastUnconverged = report }
      let relative =
        report.rightSideNorm > 0 ? report.residualNorm / report.rightSideNorm : 0
      // A NaN is larger than everything, and stays.
      if !(relative <= largestResidual), !largestResidual.isNaN { largestResidual = relative }
    }
  }

  /// The tally as a tree, in the record's diagnostics; nil where nothing was solved.
  var value: Value? {
    guard let last else { return nil }
    var members: [String: Value] = [
      "solver": .string(last.solver),
      "outcomes": .object(sorted: outcomes.mapValues { .integer($0) }),
      "lastOutcome": .string(last.outcome.name), "lastSteps": .integer(last.steps),
      "lastResidual": .number(last.residualNorm),
      "largestRelativeResidual": .number(largestResidual),
    ]
    if let lastUnconverged { members["advice"] = .string(lastUnconverged.outcome.advice) }
    return .object(sorted: members)
  }

  /// One sentence for the terminal; nil where every solve converged.
  var sentence: String? {
    guard let lastUnconverged, let last else { return nil }
    let total = outcomes.values.reduce(0, +)
    let converged = outcomes[LinearSolverOutcome.converged.name] ?? 0
    return "\(total - converged) of \(total) linear solves (\(last.solver)) did not converge; the "
      + "largest relative residual was \(String(format: "%.2g", largestResidual)). \(lastUnconverged.outcome.advice)"
  }

  /// The reason why the result cannot be used: the last solve grew or met non-finite numbers.
  var failure: String? { last?.failure }

  /// The tally that a checkpoint's tree holds.
  init?(_ value: Value?) {
    guard let value else { return }
    guard let state = value["state"], let outcomes = state["outcomes"]?.objectValue,
      let residual = state["largestResidual"]?.doubleValue
    else { return nil }
    self.outcomes = outcomes.compactMapValues(\.integerValue)
    largestResidual = residual
    last = Self.report(state["last"])
    lastUnconverged = Self.report(state["lastUnconverged"])
  }

  init() {}

  /// Everything, for a checkpoint.
  var checkpoint: Value {
    [
      "state": [
        "outcomes": .object(sorted: outcomes.mapValues { .integer($0) }),
        "largestResidual": .number(largestResidual), "last": Self.value(last),
        "lastUnconverged": Self.value(lastUnconverged),
      ]
    ]
  }

  private static func value(_ report: LinearSolverReport?) -> Value {
    guard let report else { return .null }
    return [
      "solver": .string(report.solver), "outcome": .string(report.outcome.name),
      "steps": .integer(report.steps), "residual": .number(report.residualNorm),
      "rightSide": .number(report.rightSideNorm),
    ]
  }

  private static func report(_ value: Value?) -> LinearSolverReport? {
    guard let value, let solver = value["solver"]?.stringValue,
      let outcome = value["outcome"]?.stringValue.flatMap({ LinearSolverOutcome(named: $0) }),
      let steps = value["steps"]?.integerValue, let residual = value["residual"]?.doubleValue,
      let rightSide = value["rightSide"]?.doubleValue
    else { return nil }
    return LinearSolverReport(
      solver: solver, outcome: outcome, steps: steps, residualNorm: residual,
      rightSideNorm: rightSide)
  }
}

extension LinearSolverReport {
  /// The reason why the result of a run that ends with this solve cannot be used: it grew or met non-finite
  /// numbers.
  package var failure: String? {
    switch outcome {
    case .nonFinite, .breakdown(.divergence):
      "The last linear solve ended as \(outcome.name), so the hypergradient is not usable: "
        + outcome.advice
    default: nil
    }
  }
}

extension LinearSolverOutcome {
  /// The outcome in one word, for records.
  package var name: String {
    switch self {
    case .converged: "converged"
    case .maximumSteps: "maximum-steps"
    case .breakdown(let kind): kind.rawValue
    case .nonFinite: "non-finite"
    }
  }

  /// The outcome of a word.
  init?(named name: String) {
    switch name {
    case "converged": self = .converged
    case "maximum-steps": self = .maximumSteps
    case "non-finite": self = .nonFinite
    default:
      guard let kind = LinearSolverBreakdown(rawValue: name) else { return nil }
      self = .breakdown(kind)
    }
  }
}
