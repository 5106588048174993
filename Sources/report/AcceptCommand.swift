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
      are no runs. Curves that are stored follow their references: they are replaced, and dropped, with \
      them.

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
      var accepted: [String: [RunRecord]] = [:]
      for record in try records.load(protocolName: nil, budget: budget, methods: method) {
        let kind = record.status.kind
        guard kind == .completed || kind.isBreakdown else {
          Output.diagnose("Left out \(record.identity): \(kind.rawValue).")
          continue
        }
        accepted[record.experiment, default: []].append(record)
      }
      var locks: [FileLock] = []
      defer { withExtendedLifetime(locks) {} }
      var changes: [Change] = []
      // All is made before anything is replaced: what one experiment's runs are refused for leaves every
      // reference and every curve as it was. Commands wait for one another in the order of the names.
      for (experiment, runs) in accepted.sorted(by: { $0.key < $1.key }) {
        // Another command that stores runs of the experiment must not read in between: its lines, or these,
        // would be lost.
        locks.append(
          try ResultsError.converting { () throws(FileError) in
            try FileLock(for: path(of: experiment))
          })
        changes.append(try change(of: experiment, by: runs))
      }
      for change in changes {
        try change.commit()
        if !change.outdated.isEmpty {
          Output.diagnose(
            "\(change.experiment): removed the stored curves of \(change.outdated.count) runs whose "
              + "references are dropped.")
        }
        try Output.write(change.summary + "\n", to: nil)
      }
    }
  }

  /// What is written and removed for one experiment: made, and not in its place yet.
  private struct Change {
    let experiment: String
    /// The references.
    let file: AtomicFile
    /// The records with thinned curves.
    let curves: [AtomicFile]
    /// The paths of stored curves whose references are dropped.
    let outdated: [String]
    /// What was stored, in a line.
    let summary: String

    /// Puts everything in its place.
    ///
    /// Older curves go first and new ones come last: where a step fails or the command is killed, a run
    /// may lack its curves, and none has curves that speak of another run than its reference.
    func commit() throws(ResultsError) {
      try ResultsError.converting { () throws(FileError) in
        for path in outdated + curves.map(\.path) { try AtomicFile.remove(path) }
        try file.commit()
        for curve in curves { try curve.commit() }
      }
    }
  }

  /// What storing these runs of an experiment writes and removes.
  private func change(
    of experiment: String, by runs: [RunRecord]
  ) throws(ResultsError) -> Change {
    // What is wholly replaced need not be readable: so a damaged file is written again.
    let kept =
      replace && method.isEmpty ? [] : try stored(experiment).filter { !isReplaced($0.method) }
    let file = ReferenceFile(
      experiment: experiment, budget: budget, references: kept + runs.map { Reference($0) })
    let prepared = try file.prepared(intoReferences: references.reference)
    var thinned: [AtomicFile] = []
    for record in runs {
      let path = references.curves + "/" + record.relativePath
      // A curve that is stored already would speak of another run than the reference.
      guard curves || PathState(path) == .file else { continue }
      thinned.append(try record.thinned(to: 26).prepared(path))
    }
    let counts = "\(runs.count) runs stored, \(file.references.count) in all"
    return Change(
      experiment: experiment, file: prepared, curves: thinned,
      outdated: try outdatedCurves(of: experiment, beside: file.references),
      summary: "\(path(of: experiment)): \(counts)")
  }

  /// Whether what is stored of a method goes even where no record takes its place.
  private func isReplaced(_ name: String) -> Bool {
    replace && (method.isEmpty || method.contains(name))
  }

  /// The paths of stored curves of runs that are not among these references, none where nothing is
  /// replaced.
  private func outdatedCurves(
    of experiment: String, beside accepted: [Reference]
  ) throws(ResultsError) -> [String] {
    guard replace else { return [] }
    let known = Set(accepted.map(\.identity))
    var found: [StoredRecord] = []
    do {
      found = try RecordStore.load(references.curves + "/" + RunRecord.encoded(experiment))
    } catch  where error.kind == .missing {}
    return found.filter { stored in
      let identity = stored.record.identity
      return identity.experiment == experiment && identity.budget == budget
        && isReplaced(identity.method) && !known.contains(identity)
    }.map(\.path)
  }

  /// The references of an experiment that are stored now, none where the file does not exist.
  private func stored(_ experiment: String) throws(ResultsError) -> [Reference] {
    do {
      return try ReferenceFile.stored(
        at: path(of: experiment), referenceFolder: references.reference, budget: budget
      ).references
    } catch  where error.kind == .missing {
      return []
    }
  }

  /// Where the references of an experiment lie.
  private func path(of experiment: String) -> String {
    ReferenceFile.path(folder: references.reference, budget: budget, experiment: experiment)
  }
}
