import ArgumentParser
import Files
import Results

/// `report accept`.
struct AcceptCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "accept",
    abstract: "Stores completed runs as references, one line a run.",
    discussion: """
      Writes identity, configuration, environment and final metrics of each run of the budget into \
      REFERENCE/BUDGET/EXPERIMENT.jsonl, in place of the line of the same run; lines of runs that \
      are not among the records stay, unless --replace is given; with --method it concerns those \
      methods alone. Look at 'report check' first, and at the difference in version control \
      afterwards: a changed number is a changed line. Runs that were interrupted or failed are left \
      out and named.

      With --curves the runs are stored as records in the folder curves beside REFERENCE as well, \
      curves thinned to at most 26 points: what 'report page' and 'report figure' draw where there \
      are no runs.

      \(Report.exitCodes)
      """)

  @OptionGroup var records: RecordOptions
  @OptionGroup var references: ReferenceOptions

  @Option(help: ArgumentHelp("The budget to store.", valueName: "name")) var budget = "smoke"
  @Flag(help: "Also keep records with thinned curves, for figures.") var curves = false
  @Option(help: "Only this method; repeat for several.") var method: [String] = []
  @Flag(
    help: """
      Drop the references of these experiments that are not among the records; with --method, of \
      these methods alone.
      """)
  var replace = false

  func run() throws {
    try Output.reporting {
      var accepted: [String: [Reference]] = [:]
      for record in try records.load(protocolName: nil, budget: budget, methods: method) {
        let kind = record.status.kind
        guard kind == .completed || kind.isBreakdown else {
          Output.diagnose("Left out \(record.identity): \(kind.rawValue).")
          continue
        }
        accepted[record.experiment, default: []].append(Reference(record))
        // A curve that is stored already would speak of another run than the reference.
        if curves || PathState(references.curves + "/" + record.relativePath) == .file {
          try record.thinned(to: 26).write(intoRuns: references.curves)
        }
      }
      for (experiment, runs) in accepted.sorted(by: { $0.key < $1.key }) {
        // Another command that stores runs of the experiment must not read in between: its lines, or these,
        // would be lost.
        let lock = try ResultsError.converting { () throws(FileError) in
          try FileLock(
            for: ReferenceFile.path(
              folder: references.reference, budget: budget, experiment: experiment))
        }
        defer { withExtendedLifetime(lock) {} }
        // What is wholly replaced need not be readable: so a damaged file is written again.
        let kept =
          replace && method.isEmpty ? [] : try stored(experiment).filter { !isReplaced($0) }
        let file = ReferenceFile(
          experiment: experiment, budget: budget, references: kept + runs)
        let path = try file.write(intoReferences: references.reference)
        try Output.write(
          "\(path): \(runs.count) runs stored, \(file.references.count) in all\n", to: nil)
      }
    }
  }

  /// Whether a stored reference goes even where no record takes its place.
  private func isReplaced(_ reference: Reference) -> Bool {
    replace && method.contains(reference.method)
  }

  /// The references of an experiment that are stored now, none where the file does not exist.
  private func stored(_ experiment: String) throws(ResultsError) -> [Reference] {
    let path = ReferenceFile.path(
      folder: references.reference, budget: budget, experiment: experiment)
    do {
      return try ReferenceFile(readingFrom: path).references
    } catch  where error.kind == .missing {
      return []
    }
  }
}
