import ArgumentParser
import Foundation
import Reporting
import Results

/// Options that every subcommand reading records takes.
struct RecordOptions: ParsableArguments {
  /// Where `make reproduce` and single executables leave their records.
  static let defaultRuns = "results/runs"

  @Option(help: ArgumentHelp("The folder of records.", valueName: "dir"))
  var runs = RecordOptions.defaultRuns

  @Option(help: ArgumentHelp("Only this experiment.", valueName: "name"))
  var experiment: String?

  /// The records of the folder, of one experiment where it is named; files that hold none are named
  /// on standard error. An experiment that no record is of is an error that says which there are.
  func load() throws(ResultsError) -> [StoredRecord] {
    let scan = try RecordStore.contents(of: runs)
    for note in scan.passedOver { Output.diagnose(note) }
    guard let experiment else { return scan.records }
    let found = scan.records.filter { $0.record.experiment == experiment }
    guard found.isEmpty else { return found }
    let names = Set(scan.records.map(\.record.experiment)).sorted()
    let there =
      names.isEmpty
      ? "there are no records at all"
      : "there are records of \(names.map { "'\($0)'" }.joined(separator: ", "))"
    throw ResultsError(
      .missing,
      "The folder '\(runs)' holds no record of experiment '\(experiment)'; \(there); check the name, "
        + "or run that experiment first.")
  }

  /// The records of the folder as they were written, limited further; none is an error that says what
  /// was looked for.
  func load(
    protocolName: String?, budget: String?, methods: [String] = []
  ) throws(ResultsError) -> [RunRecord] {
    let records = try load().map(\.record).filter {
      (protocolName == nil || $0.protocolName == protocolName)
        && (budget == nil || $0.budget == budget)
        && (methods.isEmpty || methods.contains($0.method.name))
    }
    guard records.isEmpty else { return records }
    let limits = [
      experiment.map { "experiment '\($0)'" }, protocolName.map { "protocol '\($0)'" },
      budget.map { "budget '\($0)'" },
      methods.isEmpty ? nil : "method \(methods.map { "'\($0)'" }.joined(separator: " or "))",
    ].compactMap { $0 }
    let what = limits.isEmpty ? "" : " of \(limits.joined(separator: ", "))"
    throw ResultsError(
      .missing,
      "The folder '\(runs)' holds no record\(what); run the experiment first, or see "
        + "'report list' for what there is.")
  }
}

/// The option that names the folder of references.
struct ReferenceOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The folder of references, claims and published figures.", valueName: "dir"))
  var reference = "results/reference"

  /// The folder of records with thinned curves: `curves`, beside the references, whose own files stay
  /// small enough to read.
  var curves: String {
    // As it was given where that says it, since messages name it.
    let last = reference.split(separator: "/").last
    guard let last, last != ".", last != ".." else {
      return URL(fileURLWithPath: reference).standardizedFileURL.deletingLastPathComponent()
        .appendingPathComponent("curves").path
    }
    let parent = reference.split(separator: "/").dropLast().joined(separator: "/")
    let start = reference.hasPrefix("/") ? "/" : ""
    return start + (parent.isEmpty ? "" : parent + "/") + "curves"
  }

  /// The published numbers; without their file tables are still made, and say so.
  func publishedValues() throws(ResultsError) -> [PublishedValue] {
    do {
      return try PublishedFile.load(referenceFolder: reference)
    } catch  where error.kind == .missing {
      Output.diagnose("Without published numbers: \(error.message)")
      return []
    }
  }

  /// What runs of a budget are held against, of one experiment where it is named.
  ///
  /// A budget with claims and without references is checked for its claims alone, and that is said.
  ///
  /// - Throws: ``ResultsError`` of kind `missing` where the budget has neither.
  func expectations(
    of budget: String, experiment: String?
  ) throws(ResultsError) -> Expectations {
    let claims = try ClaimFile.load(referenceFolder: reference)
    func concerns(_ claim: Claim) -> Bool {
      claim.budget == budget && (experiment == nil || claim.experiment == experiment)
    }
    var references: [Reference] = []
    do {
      references = try ReferenceFile.load(referenceFolder: reference, budget: budget)
    } catch  where error.kind == .missing && claims.contains(where: concerns) {
      Output.diagnose("Claims only: \(error.message)")
    }
    let tolerances =
      references.isEmpty
      ? ToleranceFile(chosen: "there are no references", tolerances: [])
      : try ToleranceFile.load(referenceFolder: reference, budget: budget)
    return Expectations(
      budget: budget, references: references, tolerances: tolerances, claims: claims)
  }
}

/// What runs of one budget are held against: references with their tolerances, and claims.
struct Expectations {
  let budget: String
  let references: [Reference]
  let tolerances: ToleranceFile
  let claims: [Claim]

  /// Runs of the budget held against it, of one experiment where it is named; of an experiment that
  /// nothing is expected of, a report of nothing.
  func check(
    _ runs: [StoredRecord], experiment: String?, passesOverUnreferenced: Bool
  ) -> CheckReport {
    CheckReport(
      runs: runs, references: references, tolerances: tolerances, claims: claims, budget: budget,
      experiment: experiment,
      passesOverUnreferenced: passesOverUnreferenced || references.isEmpty)
  }
}
